"""What stands around every mail of the shop: colours, logo, postal address, header, footer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from notifier.domain.message import MessageKind
from notifier.domain.rights import Right
from notifier.errors import Conflict, InvalidInput
from notifier.rendering.blocks import (
    BLOCK_PARTS,
    DEFAULT_PAPER,
    LOOK_PART,
    Blocks,
    Look,
    read_look,
    stored_look,
)
from notifier.rendering.examine import Finding
from notifier.services.edit_blocks import (
    blocks_place,
    look_place,
    publish_stored,
    save_blocks,
    save_look,
)
from notifier.services.edit_template import discard_draft
from notifier.services.load_around import load_around
from notifier.services.preview_template import in_theme, show_draft
from notifier.services.template_faults import BrokenDraft, CannotPublish, Trouble
from notifier.services.template_grid import languages
from notifier.services.template_history import load_history
from notifier.services.template_place import Place
from notifier.web.admin import page
from notifier.web.admin.door import needs, shop
from notifier.web.admin.page import note, show, words_of
from notifier.web.admin.said import by_field, said_of
from notifier.web.admin.template_languages import language_names
from notifier.web.admin.template_room import (
    author,
    expected_version,
    known_locale,
    room,
    warm_room,
)
from notifier.web.admin.templates_preview import closed
from notifier.web.here import env

blueprint = Blueprint("templates_blocks", __name__)

WORDS = "templates"
FIELDS = ("accent", "paper", "logo_url", "postal_address")
ACTS = ("save", "publish", "discard")


@blueprint.get("/<shop>/templates/around/")
@needs(Right.SEE)
def look() -> Any:
    """Colours, logo and address, in every language the same."""
    warm_room()
    return _look_page()


@blueprint.post("/<shop>/templates/around/")
@needs(Right.EDIT)
def change_look() -> Any:
    """Keep or publish them; nothing is published that breaks a mail."""
    place, wish = look_place(shop().slug), _wish()
    if wish == "discard":
        return _discarded(place)
    given = {name: request.form.get(name, "") for name in FIELDS}
    if request.form.get("own_accent") != "1":
        given["accent"] = ""
    if request.form.get("own_paper") != "1":
        given["paper"] = ""
    try:
        save_look(
            env(),
            room(),
            read_look(given),
            shop=place.shop,
            by=author(),
            expected_version=expected_version(),
            publish=wish == "publish",
            locales=languages(shop()),
        )
    except InvalidInput as error:
        problems = dict(by_field(error))
        return _look_page(given=given, problems=problems, status=422)
    except CannotPublish as error:
        return _look_page(given=given, troubles=error.troubles, status=409)
    except Conflict as error:
        return _look_page(given=given, problem=said_of(error), status=409)
    return _done("look", wish)


@blueprint.get("/<shop>/templates/around/<locale>/")
@needs(Right.SEE)
def blocks(locale: str) -> Any:
    """Header and footer of one language."""
    warm_room()
    return _blocks_page(blocks_place(shop().slug, known_locale(locale)))


@blueprint.post("/<shop>/templates/around/<locale>/")
@needs(Right.EDIT)
def change_blocks(locale: str) -> Any:
    """Keep or publish them; nothing is published that breaks a mail."""
    place, wish = blocks_place(shop().slug, known_locale(locale)), _wish()
    if wish == "discard":
        return _discarded(place)
    parts = {part: request.form.get(part, "") for part in BLOCK_PARTS}
    try:
        save_blocks(
            env(),
            room(),
            parts,
            shop=place.shop,
            locale=place.locale,
            by=author(),
            expected_version=expected_version(),
            publish=wish == "publish",
        )
    except BrokenDraft as error:
        return _blocks_page(place, written=parts, findings=error.findings, status=422)
    except CannotPublish as error:
        return _blocks_page(place, written=parts, troubles=error.troubles, status=409)
    except Conflict as error:
        return _blocks_page(place, written=parts, problem=said_of(error), status=409)
    return _done("blocks", wish, locale=place.locale)


@blueprint.post("/<shop>/templates/around/again")
@needs(Right.EDIT)
def publish_again() -> Any:
    """Publish an old version of either once more."""
    locale = request.form.get("locale", "")
    place = blocks_place(shop().slug, known_locale(locale)) if locale else look_place(shop().slug)
    number = request.form.get("number", "")
    if not number.isdecimal() or len(number) > 6:
        raise InvalidInput.of("number", "number", "must be the number of a version")
    publish_stored(
        env(),
        room(),
        place,
        version=int(number),
        by=author(),
        expected_version=expected_version(),
        locales=languages(shop()),
    )
    return _done("blocks" if locale else "look", "publish", locale=locale)


@blueprint.post("/<shop>/templates/around/preview")
@needs(Right.SEE)
def preview() -> Response:
    """A mail with what is written now around it, in the closed frame."""
    locale = known_locale(request.form.get("locale", "") or languages(shop())[0])
    with env().db.read() as tx:
        around = load_around(tx, shop().slug, locale)
    if any(part in request.form for part in BLOCK_PARTS):
        parts = {part: request.form.get(part, "") for part in BLOCK_PARTS}
        bad = {one.part for one in room().examine_blocks(Blocks(parts=parts))}
        kept = {part: text for part, text in parts.items() if text.strip() and part not in bad}
        around = Blocks(look=around.look, parts=kept)
    else:
        around = Blocks(look=_look_as_typed(around.look), parts=around.parts)
    place = Place(shop=shop().slug, kind=MessageKind.BACK_IN_STOCK.value, locale=locale)
    shown = show_draft(env(), room(), shop(), place, {}, around=around)
    theme = "dark" if request.form.get("theme") == "dark" else "light"
    return closed(in_theme(shown.message.html, theme))


def _look_as_typed(saved: Look) -> Look:
    """The values of the form; those that cannot be used yet are left as they were."""
    given = {name: request.form.get(name, "") for name in FIELDS}
    for name in ("accent", "paper"):
        if request.form.get(f"own_{name}") != "1":
            given[name] = ""
    try:
        return read_look(given)
    except InvalidInput:
        return saved


def _wish() -> str:
    wish = request.form.get("act", "save")
    if wish not in ACTS:
        raise InvalidInput.of("act", "choice", f"must be one of {', '.join(ACTS)}")
    return wish


def _discarded(place: Place) -> Any:
    done = discard_draft(env(), place, by=author())
    words = words_of(WORDS, page.locale())
    note(words["said_discarded" if done else "said_nothing"])
    return _to("look" if place.locale == "*" else "blocks", locale=place.locale)


def _done(which: str, wish: str, *, locale: str = "") -> Any:
    words = words_of(WORDS, page.locale())
    note(words["around_published" if wish == "publish" else "around_saved"])
    return _to(which, locale=locale)


def _to(which: str, *, locale: str) -> Any:
    if which == "blocks":
        return redirect(url_for("templates_blocks.blocks", locale=locale), code=303)
    return redirect(url_for("templates_blocks.look"), code=303)


def _look_page(
    *,
    given: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
    troubles: Sequence[Trouble] = (),
    problem: str = "",
    status: int = 200,
) -> Response:
    place = look_place(shop().slug)
    standing, versions = load_history(env(), place)
    current = standing.current
    own = stored_look(current.parts.get(LOOK_PART, "")) if current else Look()
    values = {name: getattr(own, name) for name in FIELDS} if given is None else given
    config = shop().config
    return show(
        "templates_look",
        words=WORDS,
        status=status,
        standing=standing,
        versions=versions,
        values=values,
        problems=problems or {},
        troubles=troubles,
        problem=problem,
        defaults={
            "accent": config.accent or "#1f5f4a",
            "paper": DEFAULT_PAPER,
            "logo_url": config.logo_url,
            "postal_address": config.postal_address,
        },
        names=_names(),
    )


def _blocks_page(
    place: Place,
    *,
    written: dict[str, str] | None = None,
    findings: Sequence[Finding] = (),
    troubles: Sequence[Trouble] = (),
    problem: str = "",
    status: int = 200,
) -> Response:
    standing, versions = load_history(env(), place)
    current = standing.current
    shown = dict(current.parts) if current and written is None else (written or {})
    return show(
        "templates_blocks",
        words=WORDS,
        status=status,
        place=place,
        standing=standing,
        versions=versions,
        shown={part: shown.get(part, "") for part in BLOCK_PARTS},
        parts=BLOCK_PARTS,
        findings=findings,
        troubles=troubles,
        problem=problem,
        names=_names(),
    )


def _names() -> dict[str, str]:
    return language_names(languages(shop()), page.locale())

"""What was said before, by whom, since when; and what does the default say now?"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for

from notifier.domain.rights import Right
from notifier.errors import InvalidInput, NotFound
from notifier.rendering.draft import Draft
from notifier.services.edit_template import roll_back, save_draft
from notifier.services.template_faults import BrokenDraft
from notifier.services.template_history import changed_defaults, compare, load_history
from notifier.services.template_place import Place, Version, default_parts, message_kind
from notifier.web.admin import page
from notifier.web.admin.door import needs
from notifier.web.admin.page import WRONG, note, show, words_of
from notifier.web.admin.template_languages import language_names
from notifier.web.admin.template_room import author, expected_version, place_of, room
from notifier.web.here import env

blueprint = Blueprint("templates_history", __name__)

WORDS = "templates"
_HERE = "/<shop>/templates/<kind>/<locale>"


@blueprint.get(f"{_HERE}/history")
@needs(Right.SEE)
def history(kind: str, locale: str) -> Any:
    """Every version: who, when, and what differs from the one before."""
    place = place_of(kind, locale)
    standing, versions = load_history(env(), place)
    return show(
        "templates_history",
        words=WORDS,
        place=place,
        standing=standing,
        versions=versions,
        language=language_names([locale], page.locale())[locale],
    )


@blueprint.get(f"{_HERE}/history/<int:number>")
@needs(Right.SEE)
def version(kind: str, locale: str, number: int) -> Any:
    """One version, line by line. `?against=default`, `published`, or the number of another."""
    place = place_of(kind, locale)
    standing, versions = load_history(env(), place)
    with env().db.read() as tx:
        default = default_parts(tx, place)
    wanted = _find(versions, number)
    against = request.args.get("against", "")
    before, other = _other(against, wanted, versions, default)
    return show(
        "templates_version",
        words=WORDS,
        place=place,
        standing=standing,
        version=wanted,
        against=against,
        other=other,
        diffs=compare(before, {**default, **wanted.parts}),
        language=language_names([locale], page.locale())[locale],
    )


@blueprint.post(f"{_HERE}/history/<int:number>/publish")
@needs(Right.EDIT)
def publish_again(kind: str, locale: str, number: int) -> Any:
    """Back to an old version: a new one that says the same."""
    place = place_of(kind, locale)
    words = words_of(WORDS, page.locale())
    try:
        made = roll_back(
            env(),
            room(),
            place,
            version=number,
            by=author(),
            expected_version=expected_version(),
        )
    except BrokenDraft as error:
        note(words["cannot_go_back"].replace("{why}", str(error.findings[0])), kind=WRONG)
        return redirect(
            url_for("templates_history.version", kind=kind, locale=locale, number=number), code=303
        )
    said = words["went_back"].replace("{number}", str(number)).replace("{version}", str(made))
    note(said)
    return redirect(url_for("templates_edit.edit", kind=kind, locale=locale), code=303)


@blueprint.get(f"{_HERE}/changes")
@needs(Right.SEE)
def new_default(kind: str, locale: str) -> Any:
    """The default changed since it was copied: yours, the default then, the default now."""
    place = place_of(kind, locale)
    standing, _ = load_history(env(), place)
    return show(
        "templates_default",
        words=WORDS,
        place=place,
        standing=standing,
        changes=changed_defaults(env(), place),
        language=language_names([locale], page.locale())[locale],
    )


@blueprint.post(f"{_HERE}/changes")
@needs(Right.EDIT)
def answer_default(kind: str, locale: str) -> Any:
    """Keep one's own, take the default, or put both together: each ends in a draft."""
    place = place_of(kind, locale)
    part, wish = request.form.get("part", ""), request.form.get("wish", "")
    change = next((one for one in changed_defaults(env(), place) if one.part == part), None)
    if change is None:
        raise NotFound("This part has no new default any more.")
    texts = {"keep": change.own, "take": change.now, "merge": change.merged}
    text = texts.get(wish)
    if text is None:
        raise InvalidInput.of("wish", "choice", "must be keep, take or merge")
    _save(place, part, text)
    words = words_of(WORDS, page.locale())
    note(words[f"default_{wish}_done"])
    return redirect(url_for("templates_edit.edit", kind=kind, locale=locale), code=303)


def _save(place: Place, part: str, text: str) -> None:
    with env().db.read() as tx:
        default = default_parts(tx, place)
    standing, _ = load_history(env(), place)
    own = dict(standing.current.parts) if standing.current else {}
    save_draft(
        env(),
        room(),
        Draft(
            kind=message_kind(place.kind),
            locale=place.locale,
            parts={**default, **own, part: text},
        ),
        shop=place.shop,
        by=author(),
        expected_version=expected_version(),
        even_broken=True,
        accepted=[part],
    )


def _find(versions: list[Version], number: int) -> Version:
    found = next((one for one in versions if one.number == number), None)
    if found is None:
        raise NotFound(f"There is no version {number}.")
    return found


def _other(
    against: str, wanted: Version, versions: list[Version], default: dict[str, str]
) -> tuple[dict[str, str], Version | None]:
    """What to compare with: the version before, unless another is asked for."""
    if against == "default":
        return default, None
    if against == "published":
        published = next((one for one in versions if one.state == "published"), None)
        return {**default, **(published.parts if published else {})}, published
    if against:
        if not against.isdecimal() or len(against) > 6:
            raise InvalidInput.of("against", "choice", "must be default, published or a number")
        other = _find(versions, int(against))
        return {**default, **other.parts}, other
    earlier = [one for one in versions if one.number < wanted.number]
    return {**default, **(earlier[0].parts if earlier else {})}, earlier[0] if earlier else None

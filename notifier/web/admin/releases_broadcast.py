"""How does a person of the shop write to all who wait for something?

Choose what, write in the languages of those who wait, look at it, send it. Nothing is stored before
it is sent: what is written travels in the form.
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, current_app, redirect, request, url_for
from markupsafe import Markup

from notifier.domain.broadcast import MAX_SHORT, MAX_SUBJECT, MAX_TEXT, PRODUCT, Wording
from notifier.domain.rights import Right
from notifier.errors import Conflict, InvalidInput, TemplateProblem
from notifier.rendering import Renderer
from notifier.services.broadcast import Audience, Looked, Target, audience, find_target, look
from notifier.services.browse_products import MOST, list_products
from notifier.services.preview_template import in_theme
from notifier.services.send_broadcast import send_broadcast
from notifier.web.admin.door import is_fresh, needs, person, shop
from notifier.web.admin.page import counted, locale, note, number, show, words_of
from notifier.web.admin.paging import asked_cursor, asked_limit, page_of
from notifier.web.admin.said import by_field, said_of
from notifier.web.admin.template_languages import language_names
from notifier.web.admin.templates_preview import closed, sheet
from notifier.web.here import env
from notifier.web.public import RENDERER

blueprint = Blueprint("releases_broadcast", __name__)

FIELDS = ("subject", "text", "short")


@blueprint.get("/<shop>/broadcast")
@needs(Right.SEND)
def index() -> Any:
    """What is it about? Products, and how many wait for each variant."""
    search, limit = request.args.get("q", ""), asked_limit()
    after = asked_cursor(int)
    found = list_products(
        env(), shop(), search=search, after=int(after[0]) if after else None, limit=limit + 1
    )
    page = page_of(found, limit=limit, last=lambda row: (row.variant.id,))
    return show("broadcast_choose", page=page, q=search, most=MOST)


@blueprint.get("/<shop>/broadcast/write")
@needs(Right.SEND, fresh=True)
def write() -> Any:
    """Who waits, in which languages, and a place to write in each."""
    return _form(_target(request.args), {})


@blueprint.post("/<shop>/broadcast/write")
@needs(Right.SEND)
def act() -> Any:
    """Look at what was written, go back to it, or send it."""
    target, texts = _target(request.form), _texts()
    wish = request.form.get("wish", "")
    if wish not in ("look", "write", "send"):
        raise InvalidInput.of("wish", "choice", "must be one of look, write, send")
    if wish == "write":
        return _form(target, texts)
    try:
        if wish == "send" and is_fresh():
            return _send(target, texts)
        return _look(target, texts)
    except InvalidInput as error:
        wrong = dict(by_field(error))
        if "token" in wrong:
            raise
        return _form(target, texts, wrong=wrong, status=422)
    except TemplateProblem as error:
        return _form(target, texts, trouble=str(error), status=422)


@blueprint.post("/<shop>/broadcast/shown")
@needs(Right.SEND)
def shown() -> Response:
    """One rendered message as a document for a closed frame."""
    target, texts = _target(request.form), _texts()
    theme = "dark" if request.form.get("theme") == "dark" else "light"
    asked = request.form.get("locale", "")
    try:
        looked = look(env(), _renderer(), shop(), target, texts, found=audience(env(), target))
        one = next((one for one in looked if one.locale == asked), None)
    except (InvalidInput, TemplateProblem) as error:
        return closed(sheet(Markup("<p>{}</p>").format(said_of(error)), theme))
    if one is None or one.mail is None:
        return closed(sheet(Markup("<p>{}</p>").format(_words()["nobody_left"]), theme))
    return closed(in_theme(one.mail.html, theme))


def _send(target: Target, texts: dict[str, Wording]) -> Any:
    try:
        release_id = send_broadcast(
            env(),
            _renderer(),
            shop(),
            target,
            texts,
            token=request.form.get("token", ""),
            again=request.form.get("again") == "1",
            by=person(),
            ip=request.remote_addr or "",
        )
    except Conflict as error:
        if error.code not in ("too_soon", "nobody_waits"):
            raise
        return _look(target, texts, trouble=_words()[error.code], status=409)
    note(_words()["did_send"])
    return redirect(url_for("releases.one", release_id=release_id), code=303)


def _form(
    target: Target,
    texts: dict[str, Wording],
    *,
    wrong: dict[str, str] | None = None,
    trouble: str = "",
    status: int = 200,
) -> Any:
    found = audience(env(), target)
    own = shop().config.locale
    locales = list(dict.fromkeys((own, *found.locales, *texts)))
    wrong = wrong or {}
    return show(
        "broadcast_write",
        status=status,
        target=target,
        found=found,
        groups=_groups(found),
        names=language_names(locales, locale()),
        own=own,
        texts={one: texts.get(one, Wording()) for one in locales},
        by_sms=[one.locale for one in found.readers if one.medium == "sms"],
        wrong=wrong,
        # what is wrong with a language that has no field here
        trouble=trouble
        or "; ".join(
            text for field, text in wrong.items() if field.partition(".")[0] not in locales
        ),
        limits={"subject": MAX_SUBJECT, "text": MAX_TEXT, "short": MAX_SHORT},
        placeholder=PRODUCT,
    )


def _look(
    target: Target, texts: dict[str, Wording], *, trouble: str = "", status: int = 200
) -> Any:
    """The message as it would arrive, how many get it, and the button that sends it."""
    found = audience(env(), target)
    looked = look(env(), _renderer(), shop(), target, texts, found=found)
    asked_to_send = request.form.get("wish") == "send"
    return show(
        "broadcast_look",
        status=status,
        target=target,
        found=found,
        groups=_groups(found),
        looked=looked,
        names=language_names([one.locale for one in looked] + [*texts], locale()),
        segments={one.locale: _segments(one) for one in looked if one.segments},
        texts={one: text for one, text in texts.items() if not text.is_empty},
        fields=FIELDS,
        trouble=trouble,
        must_confirm=not is_fresh(),
        asked_to_send=asked_to_send,
        here=url_for(
            "releases_broadcast.write",
            product=target.product_key,
            variant=None if target.whole_product else target.variant.key,
        ),
        token=request.form.get("token") or secrets.token_urlsafe(24),
    )


def _groups(found: Audience) -> dict[str, dict[str, int]]:
    """By language, how many read it by which medium."""
    groups: dict[str, dict[str, int]] = {}
    for one in found.readers:
        groups.setdefault(one.locale, {})[one.medium] = one.people
    return groups


def _segments(one: Looked) -> str:
    """`1 text message each (GSM-7, 98 characters)`."""
    cost = one.segments
    if cost is None:
        return ""
    words = _words()
    units, encoding = number(cost.units), cost.encoding.value
    return counted(words, "segments", cost.count, units=units, encoding=encoding)


def _target(given: Any) -> Target:
    return find_target(
        env(),
        shop(),
        product=given.get("product", "").strip()[:512],
        variant=given.get("variant", "").strip()[:512],
    )


def _texts() -> dict[str, Wording]:
    """What stands in the form, by language."""
    found: dict[str, dict[str, str]] = {}
    for name, value in request.form.items():
        field, _, language = name.partition(".")
        if field in FIELDS and 2 <= len(language) <= 16:
            found.setdefault(language, {})[field] = value.replace("\r\n", "\n").strip()
    return {language: Wording(**fields) for language, fields in found.items()}


def _renderer() -> Renderer:
    made: Renderer = current_app.extensions[RENDERER]
    return made


def _words() -> Any:
    return words_of("releases_broadcast", locale())

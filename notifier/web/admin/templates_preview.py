"""How does a message look that is being written? A document of its own, shown in a closed frame.

What a template says is a stranger's: the frame runs no script and loads nothing but pictures
(trust WS-38). Nothing is stored or sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

from flask import Blueprint, Response, g, request
from markupsafe import Markup

from notifier.domain.message_samples import SAMPLES
from notifier.domain.rights import Right
from notifier.domain.sms_text import Encoding
from notifier.i18n import format_money
from notifier.services.load_around import load_around
from notifier.services.preview_template import Shown, blocks_draft, in_theme, show_draft
from notifier.web.admin import page
from notifier.web.admin.door import needs, shop
from notifier.web.admin.page import words_of
from notifier.web.admin.template_room import place_of, plain, room, written_parts
from notifier.web.here import env

blueprint = Blueprint("templates_preview", __name__)

POLICY = (
    "default-src 'none'; img-src data: https:; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'; form-action 'none'; base-uri 'none'; sandbox"
)
_HERE = "/<shop>/templates/<kind>/<locale>"


@blueprint.post(f"{_HERE}/preview")
@needs(Right.SEE)
def preview(kind: str, locale: str) -> Response:
    """One part of the message as a page. `show`: html, text or short; `theme`: light or dark."""
    shown = _shown(kind, locale)
    wanted = request.form.get("show", "html")
    theme = "dark" if request.form.get("theme") == "dark" else "light"
    draw = _DRAWN.get(wanted, _html)
    return closed(draw(shown, theme))


@blueprint.post(f"{_HERE}/check")
@needs(Right.SEE)
def check(kind: str, locale: str) -> Response:
    """What is wrong with the text as it is, and what it comes to, for the editor's margin."""
    shown = _shown(kind, locale)
    short = shown.message.short
    answer = {
        "findings": [plain(one) for one in shown.findings],
        "subject": shown.message.subject,
        "short": short,
        "segments": _segments_words(shown) if short else "",
    }
    return Response(json.dumps(answer, ensure_ascii=False), mimetype="application/json")


def closed(html: str) -> Response:
    """A document for the closed frame."""
    g.may_be_framed = True
    answer = Response(html, mimetype="text/html")
    answer.headers["Content-Security-Policy"] = POLICY
    return answer


def _shown(kind: str, locale: str) -> Shown:
    place = place_of(kind, locale)
    parts = written_parts()
    blocks = {name: text for name, text in parts.items() if name.startswith(("header", "footer"))}
    around = None
    if blocks:
        with env().db.read() as tx:
            around = blocks_draft(load_around(tx, place.shop, place.locale), blocks)
    return show_draft(
        env(),
        room(),
        shop(),
        place,
        parts,
        sample=request.form.get("sample", SAMPLES[0]),
        case=request.form.get("case", ""),
        around=around,
    )


def _html(shown: Shown, theme: str) -> str:
    if not shown.message.html:
        return _failed(shown, theme, "email.html")
    return in_theme(shown.message.html, theme)


def _text(shown: Shown, theme: str) -> str:
    if not shown.message.text:
        return _failed(shown, theme, "email.txt")
    return sheet(Markup("<pre>{}</pre>").format(shown.message.text), theme)


def _short(shown: Shown, theme: str) -> str:
    if not shown.message.short:
        return _failed(shown, theme, "short.txt")
    words = words_of("templates", page.locale())
    body = Markup('<p class="bubble">{}</p><p class="muted">{}</p>').format(
        shown.message.short, _segments_words(shown)
    )
    if shown.dear and shown.segments.encoding is Encoding.UCS2:
        body += Markup('<p class="muted">{}</p>').format(
            words["dear"].replace("{characters}", " ".join(shown.dear))
        )
    return sheet(body, theme)


_DRAWN: dict[str, Callable[[Shown, str], str]] = {"html": _html, "text": _text, "short": _short}


def _failed(shown: Shown, theme: str, part: str) -> str:
    """Why there is nothing to see."""
    words = words_of("templates", page.locale())
    mine = [one for one in shown.findings if one.part == part] or list(shown.findings)
    items = Markup("").join(Markup("<li>{}</li>").format(str(one)) for one in mine[:10])
    title = words["not_rendered"] if mine else words["no_such_part"]
    return sheet(Markup("<h1>{}</h1><ul>{}</ul>").format(title, items), theme)


def _segments_words(shown: Shown) -> str:
    """`GSM-7, 98 characters: 1 message, $0.01`."""
    words, cost = words_of("templates", page.locale()), shown.segments
    units, encoding = page.number(cost.units), cost.encoding.value
    said = page.counted(words, "segments", cost.count, units=units, encoding=encoding)
    price = Decimal(str(shop().config.sms_segment_price)) * cost.count
    if price:
        money = format_money(price, shop().config.currency, page.locale())
        said = f"{said}, {words['costs'].replace('{money}', money)}"
    if cost.count > shown.most_segments:
        said = f"{said}. {words['too_many_segments'].replace('{most}', str(shown.most_segments))}"
    return said


def sheet(body: Markup, theme: str) -> str:
    """A plain page in the colours of a mail program."""
    ink, ground, soft, bubble = (
        ("#ececea", "#16181a", "#b3b0a8", "#2b4a3e")
        if theme == "dark"
        else ("#22262a", "#ffffff", "#5d636a", "#e5f0eb")
    )
    style = (
        f"body{{margin:0;padding:20px;background:{ground};color:{ink};"
        "font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}"
        "pre{margin:0;white-space:pre-wrap;font:14px/1.55 ui-monospace,Menlo,Consolas,monospace}"
        f".bubble{{display:inline-block;max-width:22rem;margin:0 0 12px;padding:10px 14px;"
        f"border-radius:16px 16px 16px 4px;background:{bubble}}}"
        f".muted{{margin:0 0 6px;color:{soft};font-size:13px}}h1{{font-size:17px}}"
    )
    return Markup(
        '<!doctype html><html lang="{}"><meta charset="utf-8"><title>{}</title>'
        "<style>{}</style><body>{}</body></html>"
    ).format(page.locale(), words_of("templates", page.locale())["preview"], Markup(style), body)

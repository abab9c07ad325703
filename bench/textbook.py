"""What would a careful programmer write from the manuals: one mail after the other, nothing kept?

The shipped templates, compiled once in Jinja's sandbox and rendered three times a mail; the styles
put into the tags by css-inline, mail by mail; the mail built by the standard library. The product's
values are given to it.
"""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

import css_inline
from jinja2 import pass_context
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from notifier.channels.base import Letter
from notifier.domain.message import MessageKind
from notifier.domain.template_rules import EMAIL_PARTS, PIECES
from notifier.rendering.blocks import Look
from notifier.rendering.filters import ALLOWED
from notifier.resources import templates_folder

Build = Callable[[dict[str, Any], Letter], bytes]
"""From the values a frame is filled with and a letter's envelope to the bytes of its mail."""


def textbook(kind: MessageKind, locale: str) -> Build:
    """What builds mails of that kind."""
    folder = templates_folder()
    html, text = _sandbox(html=True), _sandbox(html=False)
    css = (folder / "layout" / "email.css").read_text(encoding="utf-8")

    def source(*names: str) -> str:
        return folder.joinpath(*names).read_text(encoding="utf-8")

    pieces = html.from_string(source("layout", "pieces.html")).module
    html.globals.update({name: _with_shop(getattr(pieces, name)) for name in PIECES})
    parts = {
        part: (html if part.endswith("html") else text).from_string(
            source("messages", locale, str(kind), part)
        )
        for part in EMAIL_PARTS
    }
    text_frame = text.from_string(source("layout", "email.txt"))
    html_frame = html.from_string(source("layout", "email.html"))
    inliner = css_inline.CSSInliner(extra_css=css, keep_style_tags=True, keep_at_rules=True)
    look = Look().frame()

    def build(values: dict[str, Any], letter: Letter) -> bytes:
        given = {**look, "header": "", "footer": "", **values}
        words = parts["email.txt"].render(given)
        body = Markup(parts["email.html"].render(given))
        mail = EmailMessage(policy=SMTP)
        mail["From"] = letter.sender
        mail["To"] = letter.address
        mail["Subject"] = parts["subject.txt"].render(given).strip()
        mail["Date"] = format_datetime(values["date"])
        mail["Message-ID"] = f"<{letter.uid}@kettle.example>"
        for name, value in letter.headers:
            mail[name] = value
        mail.set_content(text_frame.render({**given, "content": words.strip()}))
        page = inliner.inline(html_frame.render({**given, "content": body}))
        mail.add_alternative(page, subtype="html")
        return mail.as_bytes()

    return build


def _sandbox(*, html: bool) -> SandboxedEnvironment:
    made = SandboxedEnvironment(autoescape=html, trim_blocks=True, lstrip_blocks=True)
    made.filters.update(ALLOWED)
    return made


def _with_shop(macro: Callable[..., Any]) -> Callable[..., Any]:
    @pass_context
    def piece(context: Context, *arguments: Any) -> Any:
        return macro(context["shop"], *arguments)

    return piece

"""What does one message say to one recipient?

Pure: the same templates and the same context give the same message. Nothing is read or sent
here; the lookup may read its own store.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Template
from markupsafe import Markup

from notifier.domain.message import ABOUT_ORDERS, Medium, MessageKind
from notifier.domain.message_context import complete_context, one_line
from notifier.domain.template_rules import MAX_OUTPUT
from notifier.errors import TemplateProblem
from notifier.i18n import direction, section
from notifier.rendering.blocks import NO_BLOCKS, BlockLookup, Blocks
from notifier.rendering.environment import PlainValuesEnvironment
from notifier.rendering.failures import as_template_problem
from notifier.rendering.filters import truncate
from notifier.rendering.finished import check_finished
from notifier.rendering.layout import Layout, shipped_layout
from notifier.rendering.short_text import MAX_SEGMENTS, MOST_ABOUT_ORDERS, discreet, fit_short
from notifier.rendering.sources import (
    Chosen,
    FileTemplates,
    TemplateLookup,
    TemplateSource,
    choose_sources,
    version_of,
)
from notifier.rendering.styles import inline_styles
from notifier.resources import templates_folder

_CACHED = 512  # compiled parts kept; an edit makes a new version, so old ones must go
_BLANK_LINES = re.compile(r"[ \t]+\n|\n{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One message. Mail has subject, text and html; SMS has short; the rest is empty.

    `locale` is the language it is in. `version` names exactly the templates and the layout used.
    """

    kind: MessageKind
    locale: str
    version: str
    subject: str = ""
    text: str = ""
    html: str = ""
    short: str = ""


class Renderer:
    """Renders messages. Safe to share between threads."""

    def __init__(
        self,
        lookup: TemplateLookup,
        *,
        layout: Layout | None = None,
        blocks: BlockLookup | None = None,
    ) -> None:
        self._lookup = lookup
        self._blocks = blocks
        self._layout = layout or shipped_layout()
        self._html = PlainValuesEnvironment(html=True, pieces=self._layout.pieces)
        self._text = PlainValuesEnvironment(html=False)
        self._cache: dict[tuple[str, str], Template] = {}

    def render(
        self,
        kind: MessageKind,
        *,
        medium: Medium,
        shop: str,
        locale: str,
        context: Mapping[str, Any],
        complete: bool = True,
    ) -> Rendered:
        """The message `kind` for one recipient; `context` as domain/message_context.py says.

        `complete`: False lets what the law wants be missing. For what is shown, never for what is
        sent.

        Raises TemplateProblem: no template, a failing one, or a context it cannot work with.
        """
        chosen = choose_sources(self._lookup, kind, medium=medium, shop=shop, locale=locale)
        around = self._around(shop, chosen.locale)
        full = complete_context(kind, _with_look(context, around))
        words = section(chosen.locale, "mail")
        guarded = discreet(full, words) if full["shop"]["discreet"] else full
        version = self._version(chosen, around)
        if medium is Medium.SMS:
            short = self._short(kind, chosen, guarded, words)
            return Rendered(kind=kind, locale=chosen.locale, version=version, short=short)
        framed = {
            **full,
            **_frame_values(kind, chosen.locale, full, words),
            **around.look.frame(),
        }
        framed_text = {**framed, **self._printed(around, full, ".txt")}
        framed = {**framed, **self._printed(around, full, ".html")}
        text = self._text_part(chosen, full, framed_text)
        html = self._html_part(chosen, full, framed)
        if complete:
            where = chosen.parts["email.html"].where
            check_finished(kind, full, text=text, html=html, where=where)
        return Rendered(
            kind=kind,
            locale=chosen.locale,
            version=version,
            subject=self._subject(chosen, guarded),
            text=text,
            html=html,
        )

    def version(self, kind: MessageKind, *, medium: Medium, shop: str, locale: str) -> str:
        """The version `render` would use now, to be pinned when a message is planned."""
        chosen = choose_sources(self._lookup, kind, medium=medium, shop=shop, locale=locale)
        return self._version(chosen, self._around(shop, chosen.locale))

    def _version(self, chosen: Chosen, around: Blocks) -> str:
        parts = [part.version for part in chosen.parts.values()]
        own = (around.version,) if around.version else ()
        return version_of(self._layout.version, *parts, *own)

    def _around(self, shop: str, locale: str) -> Blocks:
        return self._blocks.blocks(shop=shop, locale=locale) if self._blocks else NO_BLOCKS

    def _printed(self, around: Blocks, context: dict[str, Any], ending: str) -> dict[str, str]:
        """The shop's header and footer, for the HTML or the text part; '' where there is none."""
        printed = {}
        for name in ("header", "footer"):
            text = around.parts.get(f"{name}{ending}", "")
            printed[name] = self._block(f"{name}{ending}", text, context) if text.strip() else ""
        return printed

    def _block(self, part: str, text: str, context: dict[str, Any]) -> str:
        source = TemplateSource(source=text, version=version_of(text), where=part, part=part)
        said = self.render_part(source, {"shop": context["shop"]}).strip()
        return Markup(said) if part.endswith(".html") else said

    def _subject(self, chosen: Chosen, context: dict[str, Any]) -> str:
        subject = one_line(self.render_part(chosen.parts["subject.txt"], context).strip())
        if context["shop"]["discreet"]:
            subject = subject[:1].upper() + subject[1:]
        longest = MAX_OUTPUT["subject.txt"]
        return subject if len(subject) <= longest else subject[: longest - 1].rstrip() + "…"

    def _text_part(self, chosen: Chosen, context: dict[str, Any], framed: dict[str, Any]) -> str:
        source = chosen.parts["email.txt"]
        content = self.render_part(source, context).strip()
        if not content:
            raise TemplateProblem("the text part is empty", where=source.where)
        whole = self._layout.text_frame.render({**framed, "content": content})
        return _checked(_tidy_text(whole), source)

    def _html_part(self, chosen: Chosen, context: dict[str, Any], framed: dict[str, Any]) -> str:
        source = chosen.parts["email.html"]
        body = self.render_part(source, context)
        whole = self._layout.html_frame.render({**framed, "content": Markup(body)})
        return _checked(whole, source)

    def _short(
        self,
        kind: MessageKind,
        chosen: Chosen,
        context: dict[str, Any],
        words: Mapping[str, str],
    ) -> str:
        source = chosen.parts["short.txt"]
        return fit_short(
            lambda fitted: " ".join(one_line(self.render_part(source, fitted)).split()),
            context,
            words=words,
            where=source.where,
            most=MOST_ABOUT_ORDERS if kind in ABOUT_ORDERS else MAX_SEGMENTS,
        )

    def render_part(self, source: TemplateSource, context: dict[str, Any]) -> str:
        """What the template itself prints, without the frame. `context` is complete."""
        with as_template_problem(source.where):
            return self._compiled(source).render(context)

    def _compiled(self, source: TemplateSource) -> Template:
        key = (source.where, source.version)
        found = self._cache.get(key)
        if found is None:
            while len(self._cache) >= _CACHED:
                self._cache.pop(next(iter(self._cache)))
            found = self._cache[key] = self._compile(source)
        return found

    def _compile(self, source: TemplateSource) -> Template:
        text = source.source
        if not source.part.endswith(".html"):
            return self._text.compile_text(text, where=source.where)
        styled = inline_styles(text, self._layout.css, environment=self._html)
        return self._html.compile_text(styled, where=source.where)


def _with_look(context: Mapping[str, Any], around: Blocks) -> Mapping[str, Any]:
    own = around.look.of_shop()
    return {**context, "shop": {**context["shop"], **own}} if own else context


def shipped_renderer() -> Renderer:
    """A renderer of the templates that come with the program."""
    return Renderer(FileTemplates(templates_folder() / "messages"))


def _frame_values(
    kind: MessageKind, locale: str, context: dict[str, Any], words: Mapping[str, str]
) -> dict[str, Any]:
    links = context["links"]
    return {
        "lang": locale,
        "dir": direction(locale),
        "words": words,
        "reason": _reason(kind, context, words),
        "unsubscribe_url": links.get("unsubscribe", ""),
        "manage_url": links.get("manage", ""),
    }


def _reason(kind: MessageKind, context: dict[str, Any], words: Mapping[str, str]) -> str:
    shop = context["shop"]["name"]
    if kind is MessageKind.SOURCE_TROUBLE:
        return words["reason_merchant"].replace("{shop}", shop)
    if kind is MessageKind.MANAGE_LINK:
        return words["reason_manage"].replace("{shop}", shop)
    if kind in ABOUT_ORDERS:
        dated = context["order"]["placed_on"]
        phrase = words["reason_order" if dated else "reason_order_undated"]
        said = phrase.replace("{placed_on}", dated).replace("{shop}", shop)
        return said.replace("{product}", truncate(context["product"]["name"], 140))
    dated = context["asked_on"]
    name = "reason_confirm" if kind is MessageKind.CONFIRM else "reason_asked"
    phrase = words[name if dated else f"{name}_undated"]
    said = phrase.replace("{asked_on}", dated).replace("{shop}", shop)
    return said.replace("{product}", truncate(context["product"]["name"], 140))


def _tidy_text(text: str) -> str:
    lines = _BLANK_LINES.sub(lambda gap: "\n" if gap[0][0] != "\n" else "\n\n", text)
    while "\n\n\n" in lines:
        lines = lines.replace("\n\n\n", "\n\n")
    return lines.strip() + "\n"


def _checked(text: str, source: TemplateSource) -> str:
    part = source.part
    size = len(text.encode()) if part == "email.html" else len(text)
    if size > MAX_OUTPUT[part]:
        raise TemplateProblem(
            f"it comes out at {size} characters; {MAX_OUTPUT[part]} is the most",
            where=source.where,
        )
    return text

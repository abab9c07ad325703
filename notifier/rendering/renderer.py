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

from notifier.domain.message import ABOUT_ORDERS, TO_MERCHANT, Medium, MessageKind
from notifier.domain.message_context import complete_context
from notifier.domain.one_line import one_line
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """With what a message is written. `version` names all of it."""

    kind: MessageKind
    chosen: Chosen
    around: Blocks
    version: str

    def complete(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """The context as the templates may use it, in the shop's own look.

        Raises TemplateProblem for one they cannot work with.
        """
        return complete_context(self.kind, _with_look(context, self.around))


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A mail whose subject is not finished yet (see finish_subject)."""

    subject: str
    text: str
    html: str


class Renderer:
    """Renders messages. Safe to share between threads."""

    def __init__(
        self,
        lookup: TemplateLookup,
        *,
        layout: Layout | None = None,
        blocks: BlockLookup | None = None,
        environment: type[PlainValuesEnvironment] = PlainValuesEnvironment,
    ) -> None:
        self.lookup = lookup
        self.blocks = blocks
        self.layout = layout or shipped_layout()
        self._html = environment(html=True, pieces=self.layout.pieces)
        self._text = environment(html=False)
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
        plan = self.plan(kind, medium=medium, shop=shop, locale=locale)
        chosen, full = plan.chosen, plan.complete(context)
        if medium is Medium.SMS:
            short = self.draw_short(plan, full)
            return Rendered(kind=kind, locale=chosen.locale, version=plan.version, short=short)
        drawn = self.draw_mail(plan, full)
        if complete:
            where = chosen.parts["email.html"].where
            check_finished(kind, full, text=drawn.text, html=drawn.html, where=where)
        return Rendered(
            kind=kind,
            locale=chosen.locale,
            version=plan.version,
            subject=finish_subject(drawn.subject, is_discreet=full["shop"]["discreet"]),
            text=drawn.text,
            html=drawn.html,
        )

    def plan(self, kind: MessageKind, *, medium: Medium, shop: str, locale: str) -> Plan:
        """Which templates, layout and blocks a message would be written with now.

        Raises TemplateProblem where there is no template.
        """
        chosen = choose_sources(self.lookup, kind, medium=medium, shop=shop, locale=locale)
        around = self.blocks.blocks(shop=shop, locale=chosen.locale) if self.blocks else NO_BLOCKS
        parts = [part.version for part in chosen.parts.values()]
        own = (around.version,) if around.version else ()
        version = version_of(self.layout.version, *parts, *own)
        return Plan(kind=kind, chosen=chosen, around=around, version=version)

    def draw_mail(self, plan: Plan, full: dict[str, Any]) -> Drawn:
        """The parts of a mail, the subject as its template prints it. `full`: complete."""
        chosen, around = plan.chosen, plan.around
        words = section(chosen.locale, "mail")
        guarded = discreet(full, words) if full["shop"]["discreet"] else full
        framed = {
            **full,
            **_frame_values(plan.kind, chosen.locale, full, words),
            **around.look.frame(),
        }
        for_text = {**framed, **self._printed(around, full, ".txt")}
        for_html = {**framed, **self._printed(around, full, ".html")}
        return Drawn(
            text=self._text_part(chosen, full, for_text),
            html=self._html_part(chosen, full, for_html),
            subject=self.render_part(chosen.parts["subject.txt"], guarded),
        )

    def draw_short(self, plan: Plan, full: dict[str, Any]) -> str:
        """The text message. `full`: complete."""
        source = plan.chosen.parts["short.txt"]
        words = section(plan.chosen.locale, "mail")
        return fit_short(
            lambda fitted: finish_short(self.render_part(source, fitted)),
            discreet(full, words) if full["shop"]["discreet"] else full,
            words=words,
            where=source.where,
            most=MOST_ABOUT_ORDERS if plan.kind in ABOUT_ORDERS else MAX_SEGMENTS,
        )

    def version(self, kind: MessageKind, *, medium: Medium, shop: str, locale: str) -> str:
        """The version `render` would use now, to be pinned when a message is planned."""
        return self.plan(kind, medium=medium, shop=shop, locale=locale).version

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

    def _text_part(self, chosen: Chosen, context: dict[str, Any], framed: dict[str, Any]) -> str:
        source = chosen.parts["email.txt"]
        content = self.render_part(source, context).strip()
        if not content:
            raise TemplateProblem("the text part is empty", where=source.where)
        whole = self.layout.text_frame.render({**framed, "content": content})
        return _checked(_tidy_text(whole), source)

    def _html_part(self, chosen: Chosen, context: dict[str, Any], framed: dict[str, Any]) -> str:
        source = chosen.parts["email.html"]
        body = self.render_part(source, context)
        whole = self.layout.html_frame.render({**framed, "content": Markup(body)})
        return _checked(whole, source)

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
        styled = inline_styles(text, self.layout.css, environment=self._html)
        return self._html.compile_text(styled, where=source.where)


def _with_look(context: Mapping[str, Any], around: Blocks) -> Mapping[str, Any]:
    own = around.look.of_shop()
    return {**context, "shop": {**context["shop"], **own}} if own else context


def finish_subject(printed: str, *, is_discreet: bool) -> str:
    """A subject as it is sent, from what its template printed."""
    subject = one_line(printed.strip())
    if is_discreet:
        subject = subject[:1].upper() + subject[1:]
    longest = MAX_OUTPUT["subject.txt"]
    return subject if len(subject) <= longest else subject[: longest - 1].rstrip() + "…"


def finish_short(printed: str) -> str:
    """A text message on one line, from what its template printed."""
    return " ".join(one_line(printed).split())


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
    if kind in TO_MERCHANT:
        return words["reason_merchant"].replace("{shop}", shop)
    if kind is MessageKind.MANAGE_LINK:
        return words["reason_manage"].replace("{shop}", shop)
    if kind in ABOUT_ORDERS:
        dated = context["order"]["placed_on"]
        phrase = words["reason_order" if dated else "reason_order_undated"]
        said = phrase.replace("{placed_on}", str(dated)).replace("{shop}", shop)
        return said.replace("{product}", truncate(context["product"]["name"], 140))
    dated = context["asked_on"]
    name = "reason_confirm" if kind is MessageKind.CONFIRM else "reason_asked"
    phrase = words[name if dated else f"{name}_undated"]
    said = phrase.replace("{asked_on}", str(dated)).replace("{shop}", shop)
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

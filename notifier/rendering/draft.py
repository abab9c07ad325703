"""May this template be used? Everything that is looked at before one is saved (trust WS-T4).

Runs inside the child process (see draft_room.py): a draft is a stranger's code until it has
passed. Each rule that is broken ends in one TemplateProblem with the part and the line. What an
editor is shown of a draft that is not finished yet is in examine.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from jinja2 import nodes

from notifier.domain.message import Medium, MessageKind
from notifier.domain.message_context import Value, complete_context, schema_of
from notifier.domain.message_samples import SAMPLES, sample_context
from notifier.domain.template_rules import (
    EMAIL_PARTS,
    EXPRESSION,
    NO_SHORT_TEXT,
    PARTS,
    URL_ATTRIBUTES,
    Attribute,
    attributes_of,
    balance_problem,
    html_problems,
    must_print,
)
from notifier.errors import TemplateProblem
from notifier.rendering.blocks import NO_BLOCKS, Blocks
from notifier.rendering.environment import PlainValuesEnvironment
from notifier.rendering.failures import as_template_problem
from notifier.rendering.layout import shipped_layout
from notifier.rendering.locked import check_source as check_locked
from notifier.rendering.masking import Masked, mask
from notifier.rendering.renderer import Rendered, Renderer
from notifier.rendering.sources import (
    FileTemplates,
    GivenParts,
    Layered,
    TemplateSource,
    version_of,
)
from notifier.rendering.syntax import Names, names_in, read_template, shape_of
from notifier.resources import templates_folder

_SCHEME = re.compile(r"\b([a-zA-Z][a-zA-Z0-9+.-]*)://")
_PRINTABLE: Mapping[str, Value] = {"style": Value.COLOUR, "bgcolor": Value.COLOUR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """New text for some or all parts of one message. The rest comes from the shipped templates.

    `around`: what the shop has around all its mails.
    """

    kind: MessageKind
    locale: str
    parts: Mapping[str, str]
    around: Blocks = NO_BLOCKS


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBlocks:
    """The same blocks for every shop and language: a draft's."""

    given: Blocks

    def blocks(self, *, shop: str, locale: str) -> Blocks:
        return self.given


def try_draft(draft: Draft) -> tuple[Rendered, ...]:
    """One rendered message per sample, with mail and text message in one.

    Raises TemplateProblem for the first thing that is wrong.
    """
    for part in draft.parts:
        check_source(draft, part)
    renderer = renderer_of(draft, draft.parts)
    return tuple(_try_sample(draft, renderer, sample) for sample in SAMPLES)


def check_source(draft: Draft, part: str) -> None:
    """What can be seen without rendering. Raises TemplateProblem for the first thing wrong."""
    _known_part(draft.kind, part)
    _check_source(draft.kind, part, draft.parts[part], environment=environment_of(part))


def environment_of(part: str) -> PlainValuesEnvironment:
    """The closed room a part runs in."""
    if part != "email.html":
        return PlainValuesEnvironment(html=False)
    return PlainValuesEnvironment(html=True, pieces=shipped_layout().pieces)


def renderer_of(draft: Draft, parts: Mapping[str, str]) -> Renderer:
    """A renderer of these parts, with the shipped ones behind them."""
    lookup = Layered(GivenParts(draft.kind, parts), _shipped())
    return Renderer(lookup, blocks=GivenBlocks(given=draft.around))


@cache
def _shipped() -> FileTemplates:
    return FileTemplates(templates_folder() / "messages")


def _known_part(kind: MessageKind, part: str) -> None:
    if part not in PARTS or (part == "short.txt" and kind in NO_SHORT_TEXT):
        raise TemplateProblem(f"a {kind} message has no part {part!r:.40}", where=kind)


def _check_source(
    kind: MessageKind, part: str, source: str, *, environment: PlainValuesEnvironment
) -> None:
    schema = schema_of(kind)
    tree = read_template(source, schema=schema, environment=environment, where=part)
    with as_template_problem(part):
        environment.compile_text(source, where=part)
        masked = mask(source, environment=environment)
    check_locked(kind, part, tree, masked)
    if part != "email.html":
        _only_https(masked, part)
        return
    for problem in html_problems(masked.html):
        raise TemplateProblem(
            problem.message, where=part, line=problem.line, code=problem.code, values=problem.values
        )
    names = names_in(tree, schema)
    for attribute in attributes_of(masked.html):
        _check_printed(attribute, masked, names, environment=environment, where=part)


def _only_https(masked: Masked, part: str) -> None:
    for link in _SCHEME.finditer(masked.html):
        if link[1].lower() != "https":
            line = masked.html.count("\n", 0, link.start()) + 1
            raise TemplateProblem(
                f"{link[0]} is not allowed; a link starts with https://",
                where=part,
                line=line,
                code="https",
                values={"typed": link[0]},
            )


def _check_printed(
    attribute: Attribute,
    masked: Masked,
    names: Names,
    *,
    environment: PlainValuesEnvironment,
    where: str,
) -> None:
    problem = printed_problem(attribute, masked, names, environment=environment)
    if problem:
        raise TemplateProblem(problem, where=where, line=attribute.line)


def printed_problem(
    attribute: Attribute, masked: Masked, names: Names, *, environment: PlainValuesEnvironment
) -> str:
    """Links print links, colours print colours: a sentence where one does not, else ''."""
    starts_with_value = attribute.value.startswith(EXPRESSION[0])
    wanted = _PRINTABLE.get(attribute.name)
    if attribute.name in URL_ATTRIBUTES and starts_with_value:
        wanted = Value.URL
    for number, code in enumerate(masked.code_in(attribute.value)):
        if wanted is Value.URL and number > 0:
            continue
        if wanted and not _prints(_expression(code, environment), wanted, names):
            return (
                f"{attribute.name} of <{attribute.tag}> may only print a {wanted} of the message,"
                f" not {code}"
            )
    return ""


def _prints(node: nodes.Node | None, wanted: Value, names: Names) -> bool:
    if isinstance(node, nodes.CondExpr) and node.expr2 is not None:
        return all(_prints(one, wanted, names) for one in (node.expr1, node.expr2))
    if isinstance(node, nodes.Const):
        return wanted is Value.URL and str(node.value).startswith("https://")
    return node is not None and shape_of(node, names) is wanted


def _expression(code: str, environment: PlainValuesEnvironment) -> nodes.Node | None:
    output = environment.parse(code).find(nodes.Output)
    return output.nodes[0] if output is not None and output.nodes else None


def _try_sample(draft: Draft, renderer: Renderer, sample: str) -> Rendered:
    given = sample_context(draft.kind, draft.locale, sample)
    for part in draft.parts:
        check_part(draft, part, renderer=renderer, given=given)
    rendered = Rendered(kind=draft.kind, locale=draft.locale, version="")
    if any(part in EMAIL_PARTS for part in draft.parts):
        rendered = renderer.render(
            draft.kind, medium=Medium.EMAIL, shop="", locale=draft.locale, context=given
        )
    if "short.txt" in draft.parts:
        by_sms = renderer.render(
            draft.kind, medium=Medium.SMS, shop="", locale=draft.locale, context=given
        )
        rendered = replace(rendered, short=by_sms.short)
    return rendered


def check_part(draft: Draft, part: str, *, renderer: Renderer, given: Mapping[str, Any]) -> None:
    """What a part prints with these values. Raises TemplateProblem for the first thing wrong."""
    text = draft.parts[part]
    context = complete_context(draft.kind, given)
    source = TemplateSource(source=text, version=version_of(text), where=part, part=part)
    _check_output(draft.kind, source, renderer.render_part(source, context), context)


def _check_output(
    kind: MessageKind, source: TemplateSource, output: str, context: dict[str, Any]
) -> None:
    part = source.part
    if not output.strip():
        raise TemplateProblem("it comes out empty", where=part, code="empty")
    if part == "subject.txt" and "\n" in output.strip():
        message = "a subject is one line; it comes out with a line break"
        raise TemplateProblem(message, where=part, code="one_line")
    if part == "email.html":
        known = frozenset(_urls(context))
        for problem in html_problems(output, known_urls=known):
            message, values = f"in the finished mail: {problem.message}", problem.values
            raise TemplateProblem(message, where=part, code=problem.code, values=values)
        unbalanced = balance_problem(output)
        if unbalanced:
            message, values = f"in the finished mail: {unbalanced.message}", unbalanced.values
            raise TemplateProblem(message, where=part, code=unbalanced.code, values=values)
    for path in must_print(kind, part):
        is_in = _has_link if part == "email.html" else _says
        if not all(is_in(output, value) for value in _values_at(context, path)):
            message = f"{path} must always be in it, and it is not"
            raise TemplateProblem(message, where=part, code="must_be_in", values={"typed": path})


def _values_at(context: Mapping[str, Any], path: str) -> list[str]:
    """What `shop.name`, or `paragraphs[].text` of every one in a list, stands for."""
    group, _, name = path.partition(".")
    if group.endswith("[]"):
        return [one[name] for one in context[group.removesuffix("[]")]]
    return [context[group][name]]


def _says(text: str, value: str) -> bool:
    """True when the text holds `value`; a link only where it is not the start of a longer one."""
    if not value.startswith("http"):
        return value in text
    return re.search(re.escape(value) + r"(?![^\s.,;:!)])", text) is not None


def _has_link(html: str, value: str) -> bool:
    """True when `value` is where one can follow or read it: a link's target, or the text."""
    hrefs = {one.value for one in attributes_of(html) if one.name == "href"}
    return value in hrefs if value.startswith("http") else value in html


def _urls(value: object) -> list[str]:
    if isinstance(value, dict):
        return [url for one in value.values() for url in _urls(one)]
    if isinstance(value, list):
        return [url for one in value for url in _urls(one)]
    return [value] if isinstance(value, str) and value.startswith("http") else []

"""What is shown of a draft while somebody is still writing it: everything wrong, and how it looks.

`try_draft` stops at the first fault; an editor marks them all. What can be shown is shown, so that
a fault in the text part does not blank the HTML beside it. Runs inside the child process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from notifier.domain.message import Medium
from notifier.domain.message_context import complete_context
from notifier.domain.message_samples import SAMPLES, sample_context
from notifier.domain.template_rules import (
    EMAIL_PARTS,
    HtmlProblem,
    attributes_of,
    balance_problem,
    html_problems,
)
from notifier.errors import TemplateProblem
from notifier.rendering.blocks import BLOCK_PARTS, MAX_BLOCK, Blocks, block_schema
from notifier.rendering.draft import (
    Draft,
    check_part,
    check_source,
    environment_of,
    printed_problem,
    renderer_of,
)
from notifier.rendering.failures import TEMPLATE_FAILURES, as_template_problem
from notifier.rendering.masking import mask
from notifier.rendering.renderer import Rendered, Renderer
from notifier.rendering.sources import TemplateSource, version_of
from notifier.rendering.syntax import names_in, read_template

_UNSHOWABLE: tuple[type[BaseException], ...] = (*TEMPLATE_FAILURES, TemplateProblem)
_STAND_IN = "-"  # where a part cannot be rendered, so that the others can


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault: in which part, in which line (1-based, None where it is in no one line).

    `code` and `values`: of its sentence in the admin; `sample`: only with those values.
    """

    part: str
    message: str
    line: int | None = None
    code: str = ""
    values: Mapping[str, Any] = field(default_factory=dict, compare=False)
    sample: str = ""

    def __str__(self) -> str:
        place = f"{self.part}, line {self.line}" if self.line else self.part
        return f"{place}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """All faults of a draft, and the message as far as it can be rendered."""

    findings: tuple[Finding, ...]
    shown: Rendered


def examine(
    draft: Draft, *, sample: str = SAMPLES[0], context: Mapping[str, Any] | None = None
) -> Examined:
    """Every fault with every sample, and the look with one of them (or with a real `context`)."""
    faults = [*_faults_of_sources(draft)]
    bad = {one.part for one in faults}
    parts = {part: text for part, text in draft.parts.items() if part not in bad}
    renderer = renderer_of(draft, parts)
    for part in parts:
        finding = _fault_of_output(draft, part, renderer)
        if finding:
            faults.append(finding)
    if not faults:
        faults += _faults_of_whole(draft, renderer)
    if bad:
        parts = {part: parts.get(part, _STAND_IN) for part in draft.parts}
        renderer = renderer_of(draft, parts)
    given = sample_context(draft.kind, draft.locale, sample) if context is None else context
    shown = _show(draft, parts, renderer, given)
    blank: dict[str, Any] = {_FIELD[part]: "" for part in bad if part in _FIELD}
    return Examined(findings=tuple(_once(faults)), shown=replace(shown, **blank))


def mail_faults(draft: Draft) -> tuple[Finding, ...]:
    """What is wrong with the finished mail, where its parts are known to be sound."""
    mail = {part: text for part, text in draft.parts.items() if part in EMAIL_PARTS}
    return tuple(_faults_of_whole(replace(draft, parts=mail), renderer_of(draft, mail)))


_FIELD = {
    "subject.txt": "subject",
    "email.txt": "text",
    "email.html": "html",
    "short.txt": "short",
}


def _faults_of_sources(draft: Draft) -> Iterator[Finding]:
    for part in draft.parts:
        try:
            check_source(draft, part)
        except TemplateProblem as problem:
            yield _finding(problem, part)
            if part == "email.html":
                yield from _more_html_faults(draft.parts[part], part, beside=problem.line)


def _more_html_faults(source: str, part: str, *, beside: int | None) -> Iterator[Finding]:
    """The other lines with HTML that is not allowed, where the code in it can be read."""
    try:
        masked = mask(source, environment=environment_of(part))
    except TEMPLATE_FAILURES:
        return
    for problem in html_problems(masked.html):
        if problem.line != beside:
            yield _of_html(part, problem)


def _fault_of_output(draft: Draft, part: str, renderer: Renderer) -> Finding | None:
    for sample in SAMPLES:
        try:
            check_part(
                draft,
                part,
                renderer=renderer,
                given=sample_context(draft.kind, draft.locale, sample),
            )
        except TemplateProblem as problem:
            return _finding(problem, part, sample=sample)
    return None


def _faults_of_whole(draft: Draft, renderer: Renderer) -> Iterator[Finding]:
    media = [Medium.EMAIL] if any(part in EMAIL_PARTS for part in draft.parts) else []
    media += [Medium.SMS] if "short.txt" in draft.parts else []
    for medium in media:
        for sample in SAMPLES:
            given = sample_context(draft.kind, draft.locale, sample)
            try:
                renderer.render(
                    draft.kind, medium=medium, shop="", locale=draft.locale, context=given
                )
            except TemplateProblem as problem:
                home = "short.txt" if medium is Medium.SMS else "email.html"
                yield _finding(problem, home, sample=sample)
                break


def _finding(problem: TemplateProblem, part: str, *, sample: str = "") -> Finding:
    where = problem.where if problem.where in (*_FIELD, *BLOCK_PARTS) else part
    sample = "" if sample == SAMPLES[0] else sample
    aside = f" (with the sample “{sample}”)" if sample else ""
    return Finding(
        part=where,
        message=problem.message + aside,
        line=problem.line,
        code=problem.code,
        values=problem.values,
        sample=sample,
    )


def _of_html(part: str, problem: HtmlProblem) -> Finding:
    return Finding(
        part=part,
        message=problem.message,
        line=problem.line,
        code=problem.code,
        values=problem.values,
    )


def _once(findings: list[Finding]) -> Iterator[Finding]:
    seen: set[tuple[str, int | None, str]] = set()
    for one in findings:
        key = (one.part, one.line, one.message)
        if key not in seen:
            seen.add(key)
            yield one


def _show(
    draft: Draft, parts: Mapping[str, str], renderer: Renderer, given: Mapping[str, Any]
) -> Rendered:
    """The message as far as it goes; what fails stays empty."""
    shown = Rendered(kind=draft.kind, locale=draft.locale, version="")
    try:
        mail = renderer.render(
            draft.kind,
            medium=Medium.EMAIL,
            shop="",
            locale=draft.locale,
            context=given,
            complete=False,
        )
        shown = replace(mail, version="")
    except _UNSHOWABLE:
        shown = replace(shown, html="", text="")
    if "short.txt" in parts:
        shown = replace(shown, short=_short(draft, parts, renderer, given))
    return shown


def _short(
    draft: Draft, parts: Mapping[str, str], renderer: Renderer, given: Mapping[str, Any]
) -> str:
    """The text message; one that is too long is shown all the same."""
    try:
        return renderer.render(
            draft.kind, medium=Medium.SMS, shop="", locale=draft.locale, context=given
        ).short
    except TemplateProblem:
        text = parts["short.txt"]
        source = TemplateSource(
            source=text, version=version_of(text), where="short.txt", part="short.txt"
        )
        try:
            printed = renderer.render_part(source, complete_context(draft.kind, given))
        except TemplateProblem:
            return ""
        return " ".join(printed.split())


# --- what is around every mail ---------------------------------------------------------------


def block_faults(around: Blocks) -> tuple[Finding, ...]:
    """Everything wrong with a header or a footer by itself."""
    return tuple(
        fault
        for part, text in around.parts.items()
        if text.strip()
        for fault in _faults_of_block(part, text)
    )


def _faults_of_block(part: str, text: str) -> Iterator[Finding]:
    if part not in BLOCK_PARTS:
        yield Finding(part=part, message="there is no such block")
        return
    if len(text) > MAX_BLOCK:
        said = f"it has {len(text)} characters; {MAX_BLOCK} is the most"
        yield Finding(part=part, message=said, code="too_long", values={"most": MAX_BLOCK})
        return
    is_html = part.endswith(".html")
    environment = environment_of("email.html" if is_html else part)
    try:
        tree = read_template(text, schema=block_schema(), environment=environment, where=part)
        with as_template_problem(part):
            masked = mask(text, environment=environment)
            environment.compile_text(text, where=part)
    except TemplateProblem as problem:
        yield _finding(problem, part)
        return
    if not is_html:
        return
    found = [_of_html(part, one) for one in html_problems(masked.html)]
    names = names_in(tree, block_schema())
    for attribute in attributes_of(masked.html):
        said = printed_problem(attribute, masked, names, environment=environment)
        if said:
            found.append(Finding(part=part, message=said, line=attribute.line))
    unbalanced = balance_problem(masked.html)
    if unbalanced and not found:
        found.append(_of_html(part, unbalanced))
    yield from found

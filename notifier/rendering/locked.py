"""Could this template leave out or hide what the law wants said about an order?

Asked of its source when it is saved: the locked sentences are printed by a loop that stands under
no condition and changes nothing, and both choices are offered alike (trust OD-6, OD-14). What it
then really prints is looked at in finished.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import NoReturn

from jinja2 import nodes

from notifier.domain.message import ABOUT_ORDERS, LEGAL_NOTICES, MessageKind
from notifier.domain.template_rules import VOID_TAGS
from notifier.errors import TemplateProblem
from notifier.rendering.masking import Masked
from notifier.rendering.syntax import path_of

PRINT_ALL = "{% for clause in clauses %}{{ clause.text }}{% endfor %}"
OFFER = '{{ choice(links.wait, "…", links.cancel, "…") }}'
_OFFERED = ("links.wait", "links.cancel")
_LOOP_MARK = re.compile(r"\{%-?\s*for\s+(\w+)\s+in\s+clauses\b")
_CLAUSE_MARK = re.compile(r"\{\{-?\s*(\w+)\.text\s*-?\}\}")
_OFFER_MARK = re.compile(r"\{\{-?\s*choice\s*\(")
_PLAIN_TAGS = frozenset(
    {"p", "div", "span", "bdi", "b", "strong", "ul", "ol", "li", "table", "tbody", "tr", "td"}
)
_SHAPING = frozenset({"style", "bgcolor", "width", "height", "title", "aria-hidden"})


def check_source(kind: MessageKind, part: str, tree: nodes.Template, masked: Masked) -> None:
    """Raises TemplateProblem when the template could leave out or hide what is locked.

    `part` is one of a mail's two; other kinds of messages have nothing locked.
    """
    if kind not in ABOUT_ORDERS or part not in ("email.txt", "email.html"):
        return
    loops = [node for node in tree.body if _is_loop_over_clauses(node)]
    if not any(_prints_each(loop) for loop in loops):
        _refuse_sentences(tree, part)
    if kind in LEGAL_NOTICES:
        _check_offer(tree, part)
    if part == "email.html":
        _check_surroundings(masked, part, offers=kind in LEGAL_NOTICES)


def _is_loop_over_clauses(node: nodes.Node) -> bool:
    return isinstance(node, nodes.For) and path_of(node.iter) == "clauses"


def _prints_each(loop: nodes.Node) -> bool:
    """Whether the loop prints the text of each clause as it is, whatever it is."""
    if not isinstance(loop, nodes.For) or not isinstance(loop.target, nodes.Name):
        return False
    wanted = f"{loop.target.name}.text"
    return any(
        path_of(printed) == wanted
        for output in loop.body
        if isinstance(output, nodes.Output)
        for printed in output.nodes
    )


def _refuse_sentences(tree: nodes.Template, part: str) -> NoReturn:
    inner = next((one for one in tree.find_all(nodes.For) if _is_loop_over_clauses(one)), None)
    if inner is None:
        _refuse(f"the sentences the law asks for are missing; put in {PRINT_ALL}", part, 1)
    _refuse(
        "the sentences the law asks for must all be printed, as they are and under no condition: "
        + PRINT_ALL,
        part,
        inner.lineno,
    )


def _check_offer(tree: nodes.Template, part: str) -> None:
    """Both choices, side by side and always: neither may be harder to find (trust OD-6)."""
    printed = [one for node in tree.body if isinstance(node, nodes.Output) for one in node.nodes]
    if part == "email.html":
        if not any(_is_offer(one) for one in printed):
            _refuse(f"both choices must be offered alike, under no condition: {OFFER}", part, 1)
        return
    paths = {path_of(one) for one in printed}
    for path in _OFFERED:
        if path not in paths:
            _refuse(f"{path} must be printed, under no condition", part, 1)


def _is_offer(node: nodes.Node) -> bool:
    if not isinstance(node, nodes.Call) or path_of(node.node) != "choice":
        return False
    return tuple(path_of(one) for one in node.args[::2]) == _OFFERED


def _check_surroundings(masked: Masked, part: str, *, offers: bool) -> None:
    """The locked sentences and the two choices stand in the mail's plain style."""
    finder = _Surroundings(masked, offers=offers)
    finder.feed(masked.html)
    finder.close()
    if finder.problem:
        _refuse(finder.problem, part, finder.line)


class _Surroundings(HTMLParser):
    """Follows the open tags and looks at those around a locked mark."""

    def __init__(self, masked: Masked, *, offers: bool) -> None:
        super().__init__()
        self.problem = ""
        self.line = 1
        self._masked = masked
        self._loops = {
            match[1] for code in masked.codes if (match := _LOOP_MARK.match(code)) is not None
        }
        self._offers = offers
        self._open: list[tuple[str, Mapping[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID_TAGS:
            self._open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            if self._open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        if self.problem or not any(self._is_locked(code) for code in self._masked.code_in(data)):
            return
        for tag, attributes in self._open:
            why = _why_not_plain(tag, attributes)
            if why:
                self.problem, self.line = why, self.getpos()[0]
                return

    def _is_locked(self, code: str) -> bool:
        clause = _CLAUSE_MARK.match(code)
        if clause is not None:
            return clause[1] in self._loops
        return self._offers and _OFFER_MARK.match(code) is not None


def _why_not_plain(tag: str, attributes: Mapping[str, str | None]) -> str:
    if tag not in _PLAIN_TAGS:
        return f"what the law asks for may not stand inside <{tag}>"
    shaping = sorted(_SHAPING & attributes.keys())
    if shaping:
        return f"what the law asks for may not stand inside <{tag} {shaping[0]}=…>: take that out"
    if attributes.get("class") not in (None, "", "terms", "term"):
        return f'what the law asks for may not stand inside <{tag} class="{attributes["class"]}">'
    return ""


def _refuse(message: str, part: str, line: int) -> NoReturn:
    raise TemplateProblem(message, where=part, line=line)

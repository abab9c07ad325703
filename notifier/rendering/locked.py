"""Does a message about an order say all that the law wants said, where everybody can read it?

Asked twice. When a template is saved, its source: the locked sentences are printed by a loop that
stands under no condition and changes nothing (trust OD-14). And when a message is finished, its
two parts: each sentence and each link must be there to be seen, or nothing is sent (case F20).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, NoReturn

from jinja2 import nodes

from notifier.domain.message import ABOUT_ORDERS, LEGAL_NOTICES, MessageKind
from notifier.domain.template_rules import VOID_TAGS, must_print
from notifier.errors import TemplateProblem
from notifier.rendering.masking import Masked
from notifier.rendering.syntax import path_of

PRINT_ALL = "{% for clause in clauses %}{{ clause.text }}{% endfor %}"
OFFER = '{{ choice(links.wait, "…", links.cancel, "…") }}'
_OFFERED = ("links.wait", "links.cancel")
_CLAUSE_MARK = re.compile(r"\{\{-?\s*(\w+)\.text\s*-?\}\}")
_OFFER_MARK = re.compile(r"\{\{-?\s*choice\s*\(")
_PLAIN_TAGS = frozenset("p div span bdi b strong ul ol li table tbody tr td center".split())
_SHAPING = frozenset({"style", "bgcolor", "width", "height", "title", "aria-hidden"})
_URL = re.compile(r"https?://[^\s<>\"]+")
_UNSEEN = re.compile(
    r"display:none|visibility:(hidden|collapse)|opacity:0(\.0*)?(;|$)|font-size:0*[0-9](\.\d+)?px"
    r"|(max-)?(height|width):[01](px)?(;|$)|line-height:[0-9](px)?(;|$)|text-indent:-"
    r"|color:transparent|mso-hide"
)


# --- the source of a template -------------------------------------------------------------


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


_LOOP_MARK = re.compile(r"\{%-?\s*for\s+(\w+)\s+in\s+clauses\b")


def _why_not_plain(tag: str, attributes: Mapping[str, str | None]) -> str:
    if tag not in _PLAIN_TAGS:
        return f"what the law asks for may not stand inside <{tag}>"
    shaping = sorted(_SHAPING & attributes.keys())
    if shaping:
        return f"what the law asks for may not stand inside <{tag} {shaping[0]}=…>: take that out"
    if attributes.get("class") not in (None, "", "terms", "term"):
        return f'what the law asks for may not stand inside <{tag} class="{attributes["class"]}">'
    return ""


# --- a finished message -------------------------------------------------------------------


def check_finished(
    kind: MessageKind, context: Mapping[str, Any], *, text: str, html: str, where: str
) -> None:
    """Raises TemplateProblem when a part of a finished mail lacks a locked sentence or a link."""
    if kind not in ABOUT_ORDERS:
        return
    page = read_visible(html)
    parts = (
        ("email.txt", _squeeze(text), frozenset(_links_in(text))),
        ("email.html", _squeeze(page.text), page.links),
    )
    for part, said, links in parts:
        for sentence in _sentences(context):
            if _squeeze(sentence) not in said:
                raise TemplateProblem(
                    f"the sentence the law asks for is not to be seen in {part}: {sentence!r:.120}",
                    where=where,
                )
        for path in must_print(kind, part):
            value = _at(context, path)
            if path.startswith("links.") and value and value not in links:
                raise TemplateProblem(f"{path} is not to be seen in {part}", where=where)


def _sentences(context: Mapping[str, Any]) -> Iterator[str]:
    for clause in context["clauses"]:
        yield clause["text"]
    if context["links"]["withdraw"] and context["labels"]["withdraw"]:
        yield context["labels"]["withdraw"]


def _links_in(text: str) -> Iterator[str]:
    for url in _URL.findall(text):
        yield url.rstrip(".,;:!?)")


def _at(context: Mapping[str, Any], path: str) -> str:
    group, _, name = path.partition(".")
    return str(context[group][name])


def _squeeze(text: str) -> str:
    return " ".join(text.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Visible:
    """What a reader of an HTML mail sees: its text, and where its links lead."""

    text: str
    links: frozenset[str]


def read_visible(html: str) -> Visible:
    """The text and the links of a mail, without what a style hides."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Visible(text="".join(reader.said), links=frozenset(reader.links))


@dataclass(slots=True)
class _Tag:
    name: str
    hidden: bool


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.links: set[str] = set()
        self._open: list[_Tag] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        hidden = self._hidden() or tag in ("head", "style", "title") or _hides(found)
        if tag in VOID_TAGS or tag == "meta":
            self.said.append(" ")
            return
        self._open.append(_Tag(tag, hidden))
        href = found.get("href")
        if tag == "a" and href and not hidden:
            self.links.add(href)
        if tag not in _INLINE:
            self.said.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag not in _INLINE:
            self.said.append(" ")
        while self._open:
            if self._open.pop().name == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self._hidden():
            self.said.append(data)

    def _hidden(self) -> bool:
        return bool(self._open) and self._open[-1].hidden


_INLINE = frozenset("a b strong i em u s small sub sup span bdi".split())


def _hides(attributes: Mapping[str, str | None]) -> bool:
    style = "".join((attributes.get("style") or "").lower().split())
    return _UNSEEN.search(style) is not None


def _refuse(message: str, part: str, line: int) -> NoReturn:
    raise TemplateProblem(message, where=part, line=line)

"""Is all that the law wants said to be seen in a finished message about an order?

The last look before it is handed over: each locked sentence and each link that the customer needs
stands in both parts of the mail, and no style hides it. What lacks one is not sent (case F20,
trust OD-14).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from notifier.domain.message import ABOUT_ORDERS, MessageKind
from notifier.domain.template_rules import VOID_TAGS, must_print
from notifier.errors import TemplateProblem

_URL = re.compile(r"https?://[^\s<>\"]+")
_UNSEEN = re.compile(
    r"display:none|visibility:(hidden|collapse)|opacity:0(\.0*)?(;|$)|font-size:0*[0-9](\.\d+)?px"
    r"|(max-)?(height|width):[01](px)?(;|$)|line-height:[0-9](px)?(;|$)|text-indent:-"
    r"|color:transparent|mso-hide"
)
_INLINE = frozenset({"a", "b", "strong", "i", "em", "u", "s", "small", "sub", "sup", "span", "bdi"})
_NEVER_SEEN = frozenset({"head", "style", "title"})


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
        hidden = self._hidden() or tag in _NEVER_SEEN or _hides(found)
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


def _hides(attributes: Mapping[str, str | None]) -> bool:
    style = "".join((attributes.get("style") or "").lower().split())
    return _UNSEEN.search(style) is not None

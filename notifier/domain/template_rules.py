"""What may a message template contain, and what must it?

The allow-lists and limits that hold when a template is saved (trust WS-T1…T5), and the check of
the HTML itself. The HTML grammar is deliberately narrow: what is not a plain, well-formed tag
with quoted attributes is refused, so that no two programs can read the same mail differently.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from notifier.domain.message import ABOUT_ORDERS, LEGAL_NOTICES, TO_MERCHANT, MessageKind


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


MAX_SOURCE = 64_000  # characters of one part
MAX_DEPTH = 40  # of the syntax tree
MAX_LOOPS = 3  # loops inside loops
MAX_TEXT_LITERAL = 1_000  # characters of a quoted text
MAX_NUMBER = 1_000_000

PARTS = ("subject.txt", "email.txt", "email.html", "short.txt")
EMAIL_PARTS = ("subject.txt", "email.txt", "email.html")
NO_SHORT_TEXT = TO_MERCHANT

MAX_OUTPUT: Mapping[str, int] = {
    "subject.txt": 200,  # characters (trust EM-12); longer ones are cut
    "email.txt": 100_000,
    "email.html": 100_000,  # bytes: Gmail clips at 102 kB (trust EM-11)
    "short.txt": 1_600,  # what Twilio takes at most (trust SM-2)
}

NODES = _words(
    "Template Output TemplateData Name Const If For CondExpr Compare Operand And Or Not Getattr"
    " Getitem Filter Test Call Keyword Concat Add Sub Neg List Tuple"
)
FILTERS = _words(
    "upper lower title capitalize trim default truncate replace join length first last escape e"
    " round int plural"
)
TESTS = _words("defined undefined none true false even odd")
LOOP_FIELDS = frozenset({"first", "last", "index", "index0", "length"})

PIECES: Mapping[str, tuple[str, ...]] = {
    "preheader": ("text",),
    "button": ("url", "text"),
    "choice": ("url", "text", "url", "text"),
    "quiet_link": ("url", "text"),
    "product_card": ("group",),
    "fact": ("text", "text"),
}
"""The layout's building blocks a template may call, and what each argument must be."""


_GOAL: Mapping[MessageKind, tuple[str, ...]] = {
    MessageKind.CONFIRM: ("links.confirm",),
    MessageKind.BACK_IN_STOCK: ("product.url",),
    MessageKind.REMINDER: ("product.url",),
    MessageKind.PREORDER_OPEN: ("product.url",),
    MessageKind.STILL_WAITING: ("links.keep",),
    MessageKind.MANAGE_LINK: ("links.manage",),
    MessageKind.SOURCE_TROUBLE: ("source.problem",),
    **dict.fromkeys(ABOUT_ORDERS, ("links.decide", "links.withdraw")),
    **dict.fromkeys(LEGAL_NOTICES, ("links.wait", "links.cancel", "links.withdraw")),
    MessageKind.ORDER_BACKORDERED: ("links.decide", "links.cancel", "links.withdraw"),
    MessageKind.ORDER_CANCELLED: (
        "links.decide",
        "cancellation.at",
        "cancellation.ground",
        "cancellation.refund_by",
    ),
}


_WRITTEN = "paragraphs[].text"  # all that the merchant wrote


def must_print(kind: MessageKind, part: str) -> tuple[str, ...]:
    """The paths that `part` of a message of `kind` must print, or it has lost its purpose.

    The postal address, the reason line and the unsubscribe link are not asked of the template:
    the layout always adds them (trust EM-11). A text message names the shop (trust SM-12). About
    an order it carries the one link behind which everything can be read and decided.
    """
    if part == "subject.txt":
        return ()
    if part == "short.txt" and kind in ABOUT_ORDERS:
        return ("shop.name", "links.decide")
    if kind is MessageKind.BROADCAST:
        return ("shop.name", "news.short") if part == "short.txt" else (_WRITTEN,)
    goal = _GOAL.get(kind, ())
    return ("shop.name", *goal) if part == "short.txt" else goal


# --- the HTML -----------------------------------------------------------------------------

EXPRESSION = ("\ue000", "\ue001")  # what stands where a template prints a value: \ue000 7 \ue001
STATEMENT = ("\ue002", "\ue003")  # … and where it says {% if … %}

TAGS = _words(
    "a b strong i em u s small sub sup br hr p div span bdi h1 h2 h3 h4 ul ol li blockquote center"
    " table thead tbody tfoot tr th td img"
)
VOID_TAGS = frozenset({"br", "hr", "img"})
ATTRIBUTES = _words(
    "href src alt title style class align valign width height border cellpadding cellspacing"
    " bgcolor role dir lang colspan rowspan aria-hidden aria-label"
)
URL_ATTRIBUTES = frozenset({"href", "src"})
PRINTING_ATTRIBUTES = frozenset({"href", "src", "alt", "title", "aria-label", "style", "bgcolor"})

_ATTRIBUTE = r"""[a-zA-Z][-a-zA-Z]*\s*=\s*(?:"[^"<>]*"|'[^'<>]*')"""
_TAG = re.compile(rf"<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+{_ATTRIBUTE})*)\s*/?>")
_ONE_ATTRIBUTE = re.compile(r"""([a-zA-Z][-a-zA-Z]*)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_LOOSE_TAG = re.compile(r"</?([a-zA-Z][-:a-zA-Z0-9]*)([^>]*)")
_UNQUOTED = re.compile(r"""([-:a-zA-Z]+)\s*=\s*[^\s"'>]""")
_BAD_STYLE = re.compile(
    r"url\s*\(|expression|javascript|behaviou?r|-moz-binding|position|[@\\<>]|/\*"
)
_SAFE_LINK = re.compile(r"(?:https://[^\s\\]+|mailto:[^\s\\]+|tel:[-+0-9]+|#[-\w]*)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlProblem:
    """What is wrong in the HTML, and in which line (1-based). `code` and `values`: of its sentence
    in the admin, where it has one."""

    message: str
    line: int
    code: str = ""
    values: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    tag: str
    name: str
    value: str
    line: int


def html_problems(source: str, *, known_urls: frozenset[str] = frozenset()) -> list[HtmlProblem]:
    """Everything in `source` that the allow-list does not know. `known_urls` pass as links.

    `source` is a template with its code masked (see EXPRESSION, STATEMENT) or a rendered body.
    A value that starts with a masked expression is left to the caller, who knows what it prints.
    """
    found: list[HtmlProblem] = []
    for match, line in _angle_brackets(source):
        if isinstance(match, str):
            found.append(HtmlProblem(message=match, line=line))
            continue
        tag = match.group(2).lower()
        if tag not in TAGS:
            message = f"<{tag}> is not allowed in a message"
            values = {"typed": f"<{tag}>"}
            found.append(HtmlProblem(message=message, line=line, code="tag", values=values))
            continue
        for attribute in _attributes(match, line=line):
            problem = _attribute_problem(attribute, known_urls)
            if problem:
                found.append(HtmlProblem(message=problem, line=line))
    return found


def attributes_of(source: str) -> Iterator[Attribute]:
    """Every attribute of every well-formed tag, its entities resolved."""
    for match, line in _angle_brackets(source):
        if not isinstance(match, str):
            yield from _attributes(match, line=line)


def balance_problem(source: str) -> HtmlProblem | None:
    """The first tag that is not closed, or closed without having been opened."""
    opened: list[tuple[str, int]] = []
    for match, line in _angle_brackets(source):
        if isinstance(match, str):
            return HtmlProblem(message=match, line=line)
        tag = match.group(2).lower()
        if tag in VOID_TAGS:
            continue
        if not match.group(1):
            opened.append((tag, line))
        elif not opened or opened[-1][0] != tag:
            inside = f" while <{opened[-1][0]}> is still open" if opened else " but never opened"
            message, values = f"</{tag}> is closed{inside}", {"typed": f"</{tag}>"}
            return HtmlProblem(message=message, line=line, code="not_opened", values=values)
        else:
            opened.pop()
    if opened:
        tag, line = opened[-1]
        message, values = f"<{tag}> is never closed", {"typed": f"<{tag}>"}
        return HtmlProblem(message=message, line=line, code="not_closed", values=values)
    return None


def _angle_brackets(source: str) -> Iterator[tuple[re.Match[str] | str, int]]:
    """Each `<`: its tag, or a sentence that says why it is none; with its line."""
    position = source.find("<")
    while position >= 0:
        line = source.count("\n", 0, position) + 1
        match = _TAG.match(source, position)
        yield (match or _why_no_tag(source, position)), line
        position = source.find("<", match.end() if match else position + 1)


def _why_no_tag(source: str, position: int) -> str:
    loose = _LOOSE_TAG.match(source, position)
    if source.startswith("<!--", position):
        return "HTML comments are not allowed; write {# … #}"
    if loose is None:
        return "a single < must be written &lt;"
    tag, rest = loose.group(1).lower(), loose.group(2)
    if tag not in TAGS:
        return f"<{tag}> is not allowed in a message"
    if STATEMENT[0] in rest:
        return f"{{% … %}} inside the tag <{tag}>: put the whole tag inside the condition"
    unquoted = _UNQUOTED.search(rest)
    if unquoted:
        return f'{unquoted.group(1)}= in <{tag}> needs quotes: {unquoted.group(1)}="…"'
    return f"<{tag}> cannot be read: close it with > and give each attribute a quoted value"


def _attributes(match: re.Match[str], *, line: int) -> Iterator[Attribute]:
    tag = match.group(2).lower()
    for name, double, single in _ONE_ATTRIBUTE.findall(match.group(3)):
        value = html.unescape(double or single)
        yield Attribute(tag=tag, name=name.lower(), value=value, line=line)


def _attribute_problem(attribute: Attribute, known_urls: frozenset[str]) -> str | None:
    tag, name, value = attribute.tag, attribute.name, attribute.value
    if name not in ATTRIBUTES or STATEMENT[0] in name:
        return f"the attribute {name} of <{tag}> is not allowed"
    if STATEMENT[0] in value:
        return f"{{% … %}} inside {name} of <{tag}>: put the whole tag inside the condition"
    if EXPRESSION[0] in value and name not in PRINTING_ATTRIBUTES:
        return f"no value may be printed into {name} of <{tag}>"
    if name == "style" and _BAD_STYLE.search(value.lower()):
        return f"the style of <{tag}> may not contain {_BAD_STYLE.search(value.lower())[0]!r}"  # type: ignore[index]
    if name in URL_ATTRIBUTES and not value.startswith(EXPRESSION[0]) and value not in known_urls:
        if not _SAFE_LINK.match(value):
            return (
                f"{name} of <{tag}> must start with https:// and hold no blanks, not {value!r:.60}"
            )
        if name == "src" and not value.startswith("https://"):
            return f"src of <{tag}> must start with https://, not {value!r:.60}"
    return None

"""How does one look at a template's HTML without tripping over the code in it?

`mask` swaps each `{{ … }}`, `{% … %}` and `{# … #}` for a short mark that is ordinary text to
an HTML reader, `unmask` puts the code back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment

from notifier.domain.template_rules import EXPRESSION, STATEMENT

_BEGIN = {
    "variable_begin": EXPRESSION,
    "block_begin": STATEMENT,
    "comment_begin": STATEMENT,
    "raw_begin": STATEMENT,
    "raw_end": STATEMENT,
}
_END = {"variable_end", "block_end", "comment_end"}
_WHOLE = {"raw_begin", "raw_end"}  # the lexer gives these in one piece
_MARK = re.compile(f"(?:{EXPRESSION[0]}|{STATEMENT[0]})(\\d+)(?:{EXPRESSION[1]}|{STATEMENT[1]})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """`html` with marks; `codes[n]` is the code behind mark n, with its braces."""

    html: str
    codes: Sequence[str]

    def code_in(self, text: str) -> list[str]:
        """The code behind each mark in `text`, in order."""
        return [self.codes[int(number)] for number in _MARK.findall(text)]


def mask(source: str, *, environment: Environment, as_comments: bool = False) -> Masked:
    """`source` with its code masked and its lines kept.

    `as_comments`: statements become HTML comments, which an HTML parser leaves in place even
    between table rows.
    """
    html: list[str] = []
    codes: list[str] = []
    code: list[str] = []
    inside: tuple[str, str] | None = None
    for _, kind, text in environment.lexer.tokeniter(source, None):
        if inside is None and kind not in _BEGIN:
            html.append(text)
            continue
        if inside is None:
            inside, code = _BEGIN[kind], []
        code.append(text)
        if kind in _END or kind in _WHOLE:
            mark = f"{inside[0]}{len(codes)}{inside[1]}"
            codes.append("".join(code))
            html.append(f"<!--{mark}-->" if as_comments and inside is STATEMENT else mark)
            html.append("\n" * codes[-1].count("\n"))
            inside = None
    return Masked(html="".join(html), codes=codes)


def unmask(html: str, codes: Sequence[str]) -> str:
    """`html` with the code back in its place, and not a line more than before."""

    def code_at(mark: re.Match[str]) -> str:
        code = codes[int(mark[1])]
        return code + mark[2][code.count("\n") :]

    return re.sub(f"{_MARK.pattern}(\n*)", code_at, html)

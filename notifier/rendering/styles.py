"""How do the layout's styles get into each tag, once per template instead of once per message?

Mail programs drop style sheets, so each tag carries its own styles. Inlining costs about as much
as rendering, therefore it is done on the template's source. css-inline reads the source with its
code masked and says which style each tag gets; only that is written into the source, so code,
lines and everything else stay where the author put them.
"""

from __future__ import annotations

import re

from css_inline import CSSInliner
from jinja2 import Environment

from notifier.rendering.masking import mask, unmask

_INLINER = CSSInliner(inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False)
_START_TAG = re.compile(r"""<([a-zA-Z][a-zA-Z0-9]*)((?:"[^"]*"|'[^']*'|[^'"<>])*?)(\s*/?>)""")
_NUMBER = re.compile(r'\sdata-n="(\d+)"')
_STYLE = re.compile(r"""\sstyle=(?:"([^"]*)"|'([^']*)')""")


def inline_styles(source: str, css: str, *, environment: Environment) -> str:
    """A template's source (a whole document or a piece) with the styles of `css` in its tags."""
    masked = mask(source, environment=environment)
    tags = list(_START_TAG.finditer(masked.html))
    for_parser = mask(source, environment=environment, as_comments=True).html
    found = _styles_of(_numbered(for_parser), css)
    pieces: list[str] = []
    end = 0
    for number, tag in enumerate(tags):
        pieces += (masked.html[end : tag.start()], _with_style(tag, found.get(number)))
        end = tag.end()
    return unmask("".join((*pieces, masked.html[end:])), masked.codes)


def _numbered(html: str) -> str:
    count = iter(range(len(html)))
    return _START_TAG.sub(lambda tag: f'<{tag[1]} data-n="{next(count)}"{tag[2]}{tag[3]}', html)


def _styles_of(html: str, css: str) -> dict[int, str]:
    if re.search(r"<html\b", html):
        inliner = CSSInliner(
            inline_style_tags=False,
            keep_style_tags=True,
            load_remote_stylesheets=False,
            extra_css=css,
        )
        inlined = inliner.inline(html)
    else:
        inlined = _INLINER.inline_fragment(html, css)
    styles: dict[int, str] = {}
    for tag in _START_TAG.finditer(inlined):
        number, style = _NUMBER.search(tag[2]), _STYLE.search(tag[2])
        if number and style:
            styles[int(number[1])] = style[1] or style[2]
    return styles


def _with_style(tag: re.Match[str], style: str | None) -> str:
    if style is None:
        return tag[0]
    rest = _STYLE.sub("", tag[2])
    return f'<{tag[1]}{rest} style="{style}"{tag[3]}'

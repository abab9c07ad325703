"""Where does each item of an XML feed begin and end?

A piece is taken for an item only when it opens and closes the item's tag once, outside of CDATA,
and holds no comment and no processing instruction. In a file without a fault it is then one whole
element: a `<` that is not in those begins a tag.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from notifier.connectors.reading.frames import Alone, is_like_ascii
from notifier.connectors.reading.window import Window

_SPACE = b" \t\r\n"
_CDATA = re.compile(rb"<!\[CDATA\[.*?\]\]>", re.DOTALL)
_ASIDE = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)
_TAG = re.compile(rb"<[^>]*>")
_MEANS = re.compile(rb"""\sxmlns(?::[\w.\-]+)?\s*=\s*(?:"[^"]*"|'[^']*')""")
_CODED = re.compile(rb"""^\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.\-]+)["']""")


class XmlFrame:
    """The frame of an XML feed; `find_xml_frame` makes it."""

    encoding = ""

    def __init__(self, head: bytes, name: bytes, *, context: str, tags: re.Pattern[bytes]) -> None:
        self.head = head
        self.context = context
        self._tags = tags
        self._begin = b"<" + name
        self._end = b"</" + name
        self._opened = re.compile(rb"<" + re.escape(name) + rb"(?=[\s/>])")
        self._closed = re.compile(rb"</" + re.escape(name) + rb"\s*>")

    def piece(self, window: Window) -> bytes | None:
        begin = len(self._begin)
        if not window.has(begin + 1) or not self._opened.match(window.data, window.at):
            return None
        at = begin
        while True:
            at = window.find(self._end, at)
            if at < 0:
                return None
            at = window.past(_SPACE, at + len(self._end))
            if window.has(at + 1) and window.data[window.at + at] == 0x3E:
                return window.take(window.past(_SPACE, at + 1))

    def stands_alone(self, piece: bytes) -> Alone:
        bare = _CDATA.sub(b"", piece) if b"<![CDATA[" in piece else piece
        whole = (
            b"<!" not in bare
            and b"<?" not in bare
            and len(self._opened.findall(bare)) == 1
            and len(self._closed.findall(bare)) == 1
        )
        return Alone.YES if whole else Alone.NO

    def closes(self, tail: bytes) -> bool:
        return self._tags.search(tail) is None


def find_xml_frame(start: bytes, *, tags: Sequence[str]) -> XmlFrame | None:
    """The frame of a feed that begins with `start` and whose items have one of these tags."""
    names = b"|".join(re.escape(tag.encode()) for tag in tags)
    tag = re.compile(rb"<((?:[\w.\-]+:)?(?:" + names + rb"))(?=[\s/>])")
    found = tag.search(start)
    if found is None or b"\0" in start[:4]:
        return None
    head = start[: found.start()]
    coded = _CODED.match(head.removeprefix(b"\xef\xbb\xbf"))
    if coded is not None and not is_like_ascii(coded[1].decode()):
        return None
    bare = _ASIDE.sub(b"", head)
    if b"<!--" in bare or b"<![CDATA[" in bare or re.search(rb"<!DOCTYPE[^>]*\[", bare):
        return None
    said = b"".join(_meaning(one) for one in _TAG.findall(bare))
    return XmlFrame(head, found[1], context=f"xml {found[1]!r} {said!r}", tags=tag)


def _meaning(tag: bytes) -> bytes:
    """What of a tag before the items their meaning can depend on: not a date in an attribute."""
    if tag[1:2] in b"!?":
        return tag
    name = re.match(rb"</?[^\s/>]*", tag)
    return (name[0] if name else tag) + b"".join(_MEANS.findall(tag)) + b">"

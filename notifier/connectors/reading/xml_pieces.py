"""What do the items of a damaged XML feed say, each read for itself?

One `<` in a title, or a `<br>` in a description, and a parser loses everything behind it. Cut out
by the bytes, an item that is damaged spoils only itself, and HTML in its texts is taken away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any

from lxml import etree

from notifier.connectors.reading.frame_xml import XmlFrame, find_xml_frame
from notifier.connectors.reading.frames import Alone, read_head
from notifier.connectors.reading.window import TooLong, Window
from notifier.connectors.reading.xml_safety import SAFELY

_SPACES = re.compile(rb"""\sxmlns(?::[\w.\-]+)?\s*=\s*(?:"[^"<]*"|'[^'<]*')""")
_CODED = re.compile(rb"""<\?xml[^>]*\sencoding\s*=\s*["']([\w.\-]{1,40})["']""")
_USED = re.compile(rb"</?([A-Za-z_][\w.\-]*):")
_STRAY = re.compile(rb"<(?![A-Za-z_/!])")
_HTML = re.compile(
    rb"</?(?:a|b|br|center|div|em|font|h[1-6]|hr|i|img|li|ol|p|small|span|strong|sub|sup|table|"
    rb"tbody|td|th|tr|u|ul)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)


def read_pieces(body: IO[bytes], *, tag: str, at_least: int) -> Iterator[Any]:
    """The items as elements, if at least so many can be cut out of the file; else none."""
    frame = find_xml_frame(read_head(body), tags=[tag])
    if frame is None:
        return
    try:
        if sum(1 for _ in _cut(body, frame)) < at_least:
            return
        for piece in _cut(body, frame):
            element = _element(piece, frame.head)
            if element is not None:
                yield element
    except TooLong:
        return


def _cut(body: IO[bytes], frame: XmlFrame) -> Iterator[bytes]:
    window = Window(body, at=len(frame.head))
    while (piece := frame.piece(window)) is not None:
        if frame.stands_alone(piece) is Alone.YES:
            yield piece


def _element(piece: bytes, head: bytes) -> Any:
    if b"<![CDATA[" not in piece:
        piece = _STRAY.sub(b"&lt;", _HTML.sub(b" ", piece))
    named = b"".join(dict.fromkeys(_SPACES.findall(head)))
    missing = set(_USED.findall(piece)) - set(re.findall(rb"xmlns:([\w.\-]+)", named)) - {b"xml"}
    named += b"".join(b' xmlns:%s="urn:undeclared:%s"' % (name, name) for name in sorted(missing))
    coded = _CODED.search(head[:400])
    parser = etree.XMLParser(
        encoding=coded[1].decode() if coded else "utf-8",
        **SAFELY,
    )
    try:
        root = etree.fromstring(b"<r" + named + b">" + piece + b"</r>", parser)
    except (etree.XMLSyntaxError, LookupError):
        return None
    return root[0] if root is not None and len(root) else None

"""Is an XML file whole, and what does its outermost tag lack?

Looks at the bytes round the items: the first and the last few, without parsing.
"""

from __future__ import annotations

import re
from typing import IO, Protocol

from notifier.connectors.reading.records import Notes
from notifier.connectors.reading.text import find_encoding
from notifier.errors import LookFailed

GOOGLE = b"http://base.google.com/ns/1.0"
_ENDS = 64 * 1024
_CHUNK = 1024 * 1024
_BEFORE = re.compile(rb"(?:\xef\xbb\xbf|\s)+(?=<)")
_DECLARED = re.compile(
    rb"(?:\xef\xbb\xbf|\s)*<\?xml[^>]*?\sencoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE
)
_WIDE = re.compile(rb"utf-?16|ucs-?2|unicode", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)


class Readable(Protocol):
    """What a parser needs of a file."""

    def read(self, size: int = -1, /) -> bytes: ...


def refuse_cut_off(body: IO[bytes]) -> str:
    """The name of the root element. Raises LookFailed when the file does not close it."""
    body.seek(0)
    head = body.read(_ENDS)
    size = body.seek(0, 2)
    body.seek(max(0, size - _ENDS))
    tail = body.read()
    wide = head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head[:4]
    if wide:  # UTF-16: enough to take the zero bytes away, tag names are ASCII
        head, tail = head.replace(b"\0", b""), tail.replace(b"\0", b"")
    head = _COMMENT.sub(b"", head)
    found = re.search(rb"<([A-Za-z_][\w:.\-]*)", head)
    if found is None:
        raise LookFailed("not_xml", "The feed holds no XML element.")
    name = found[1]
    if b"</" + name not in tail and not re.search(rb"/>\s*$", tail):
        raise LookFailed(
            "truncated",
            f"The feed stops before its closing tag </{name.decode()}>; it was cut off.",
        )
    return name.decode()


def declare_prefixes(body: IO[bytes], root: str, notes: Notes) -> Readable:
    """`body` at its start, with the prefixes declared that it uses and does not declare.

    Many home-made feeds write `g:id` without `xmlns:g`. Each use would count as an error, and a
    parser that has noted a hundred errors notes no more, not even the grave ones.
    """
    body.seek(0)
    head = body.read(_ENDS)
    before = _BEFORE.match(head)
    body.seek(before.end() if before else 0)
    used = set(re.findall(rb"<([A-Za-z_][\w.\-]*):", head))
    declared = set(re.findall(rb"xmlns:([\w.\-]+)\s*=", head))
    missing = sorted(used - declared - {b"xml", b"xmlns"})
    opening = re.search(rb"<" + re.escape(root.encode()) + rb"(?=[\s>/])", head)
    if not missing or opening is None:
        return body
    names = ", ".join(prefix.decode() for prefix in missing)
    notes.warn(f"the XML does not declare its prefix {names}")
    added = b"".join(
        b' xmlns:%s="%s"' % (p, GOOGLE if p == b"g" else b"urn:undeclared:" + p) for p in missing
    )
    body.seek(opening.end())
    return _Prefixed(head[before.end() if before else 0 : opening.end()] + added, body)


def wrong_label(body: IO[bytes]) -> str:
    """The encoding of a file that says another one; empty where it is right.

    .NET writes UTF-16 into the text of a feed, which is then saved as UTF-8; scripts write UTF-8
    over what a database gave them in Windows-1252. Keeps the place.
    """
    at = body.tell()
    body.seek(0)
    head = body.read(400)
    said = _DECLARED.match(head)
    label = ""
    if said and _WIDE.match(said[1]):
        label = "utf-8"
    elif said is None or said[1].lower() == b"utf-8":
        label = "windows-1252" if find_encoding(body)[0] == "cp1252" else ""
    body.seek(at)
    return label


def count_opened(body: IO[bytes], tag: str) -> int:
    """How many elements of that name are opened in the file, by a plain search."""
    name = re.escape(tag.rsplit("}", 1)[-1].rsplit(":", 1)[-1].encode())
    opened = re.compile(rb"<(?:[\w.\-]+:)?" + name + rb"[\s/>]")
    longest = 2 * len(name) + 40
    count = 0
    kept = b""
    body.seek(0)
    while chunk := body.read(_CHUNK):
        window = kept + chunk.replace(b"\0", b"")  # UTF-16
        last = max(0, len(window) - longest)
        ends = [m.end() for m in opened.finditer(window) if m.start() < last]
        count += len(ends)
        kept = window[max(last, ends[-1] if ends else 0) :]
    return count + len(opened.findall(kept))


class _Prefixed:
    """A file whose start is replaced."""

    def __init__(self, start: bytes, rest: IO[bytes]) -> None:
        self._start = start
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        if not self._start:
            return self._rest.read(size)
        given = self._start[:size] if size >= 0 else self._start
        self._start = self._start[len(given) :]
        return given

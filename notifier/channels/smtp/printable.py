"""How is text written in quoted-printable, and where do its lines break when a value is put in?

`quote_printable` writes a whole text. A `QuotedForm` does so for a form (domain/letter_form.py):
what surrounds the blanks is written once, and a letter's values are put in so that the octets are
those `quote_printable` gives for the whole text, soft line breaks included. Where lines break
depends on the lengths of the values only, as long as each of their octets stands for itself; so
the cuts are found once for each set of lengths and kept.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from collections.abc import Iterator

from notifier.domain.letter_form import Cut

__all__ = [
    "QuotedForm",
    "dot_stuffed",
    "lengths_of",
    "quote_printable",
    "without_stuffing",
]

_LINE_STARTS_WITH_FROM = re.compile(rb"^From ", re.MULTILINE)
# Octets that stand for themselves wherever they are: no `=`, no blank or dot to end a line with.
_ITSELF = re.compile(rb"(?:[!-<>-~][ -<>-~]*)?[!-\-/-<>-~]")
_BLANK_AT_THE_END = re.compile(rb"^(.{74,})(=20|=09)$", re.MULTILINE)
_FROM = b"From "
_BLANKS = (b"=20", b"=09")
_SOFT_BREAK = b"=\n"
_MOST_MOULDS = 64  # kept for one text

Slice = tuple[int, int, int]
"""Number of a value, and from where to where of its octets."""


def quote_printable(text: str) -> bytes:
    """UTF-8 in quoted-printable with CR LF line ends, ended by one (RFC 2045 6.7)."""
    octets = _quoted(_octets(text))
    # A mailbox in mbox format would change "From " at the start of a line and break a signature.
    if b"From " in octets:
        octets = _LINE_STARTS_WITH_FROM.sub(b"=46rom=\n ", octets)
    octets = octets.replace(b"\n", b"\r\n")
    return octets if octets.endswith(b"\r\n") else octets + b"\r\n"


def dot_stuffed(octets: bytes) -> bytes:
    """Lines as they go over the wire: one that starts with a dot gets a second (RFC 5321 4.5.2)."""
    stuffed = octets.replace(b"\n.", b"\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def without_stuffing(octets: bytes) -> bytes:
    """The lines as they were before `dot_stuffed`."""
    plain = octets.replace(b"\n..", b"\n.") if b"\n.." in octets else octets
    return plain[1:] if plain.startswith(b"..") else plain


def _quoted(octets: bytes) -> bytes:
    written = b2a_qp(octets, quotetabs=False, istext=True)
    # It writes a blank before a line end as three octets without asking whether they fit.
    if written.endswith(_BLANKS) or any(one + b"\n" in written for one in _BLANKS):
        return _BLANK_AT_THE_END.sub(rb"\1=\n\2", written)
    return written


def _octets(text: str) -> bytes:
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return plain.encode("utf-8", "replace")


class QuotedForm:
    """A text with blanks, ready for the wire: quoted-printable, CR LF, dots stuffed."""

    __slots__ = ("_lines", "_moulds")

    def __init__(self, cut: Cut) -> None:
        self._lines: list[bytes | _Line] = []
        fixed: list[bytes] = []
        for line in _lines(cut):
            if len(line) == 1 and isinstance(line[0], bytes):
                fixed.append(line[0])
                continue
            self._lines += (_written(b"".join(fixed)), _Line(line))
            fixed = []
        self._lines.append(_written(b"".join(fixed)))
        self._moulds: dict[tuple[int, ...], _Mould] = {}

    def write(self, values: list[bytes], lengths: tuple[int, ...]) -> bytes:
        """The text with these values. `lengths`: see `lengths_of`."""
        return b"".join(self.pieces(values, lengths))

    def pieces(self, values: list[bytes], lengths: tuple[int, ...]) -> list[bytes]:
        """The same in pieces, for who joins them with others."""
        if -1 in lengths:
            return [self.anew(values)]
        mould = self._moulds.get(lengths)
        if mould is None:
            if len(self._moulds) >= _MOST_MOULDS:
                self._moulds.clear()
            mould = self._moulds[lengths] = _Mould(self._lines, values)
        if mould.may_say_from or any(
            _needs_care(values[slot][place : place + 5]) for slot, place in mould.line_starts
        ):
            return [self.anew(values)]
        return mould.cast(values)

    def anew(self, values: list[bytes]) -> bytes:
        """The same for any values, with each line that has blanks written anew."""
        return b"".join(
            one if isinstance(one, bytes) else _written(one.whole(values)) for one in self._lines
        )


def _needs_care(octets: bytes) -> bool:
    """Whether a line that starts so may have to be written otherwise: a dot has to be stuffed,
    and mailboxes in mbox format change "From "."""
    return octets[:1] == b"." or (octets[:1] == b"F" and _FROM.startswith(octets))


def lengths_of(values: list[bytes]) -> tuple[int, ...]:
    """The length of each value whose octets all stand for themselves; -1 for another."""
    return tuple([len(one) if _ITSELF.fullmatch(one) else -1 for one in values])


def _lines(cut: Cut) -> list[list[bytes | int]]:
    """The form's lines, each with its line end, as octets and numbers of values."""
    lines: list[list[bytes | int]] = [[]]
    for piece in cut:
        if isinstance(piece, int):
            lines[-1].append(piece)
            continue
        first, *rest = _octets(piece).split(b"\n")
        lines[-1].append(first)
        for one in rest:
            lines[-1].append(b"\n")
            lines.append([one])
    tidy = [_joined(line) for line in lines]
    return [line for line in tidy if line]


def _joined(line: list[bytes | int]) -> list[bytes | int]:
    """Neighbouring octets in one piece, none of them empty."""
    joined: list[bytes | int] = []
    for one in line:
        last = joined[-1] if joined else None
        if isinstance(one, bytes) and isinstance(last, bytes):
            joined[-1] = last + one
        elif one != b"":
            joined.append(one)
    return joined


def _written(octets: bytes) -> bytes:
    return dot_stuffed(quote_printable(octets.decode())) if octets else b""


class _Line:
    """One line with blanks."""

    __slots__ = ("pieces",)

    def __init__(self, pieces: list[bytes | int]) -> None:
        self.pieces = pieces

    def whole(self, values: list[bytes]) -> bytes:
        return b"".join(one if isinstance(one, bytes) else values[one] for one in self.pieces)

    def cut(self, values: list[bytes]) -> Iterator[bytes | Slice]:
        """The line as it is written with these values: octets, and parts of values."""
        written = _quoted(self.whole(values))
        if not written.endswith(b"\n"):
            written += b"\n"
        at = 0
        for piece in self.pieces:
            if isinstance(piece, bytes):
                end = _past(written, at, len(piece))
                yield written[at:end]
                at = end
                continue
            begin = 0
            for number in range(len(values[piece])):
                if written[at : at + 2] == _SOFT_BREAK:
                    yield (piece, begin, number)
                    yield _SOFT_BREAK
                    begin, at = number, at + 2
                at += 1
            yield (piece, begin, len(values[piece]))
        yield written[at:]


class _Mould:
    """The text for values of certain lengths. `line_starts`: the octets of values, as number of
    the value and place in it, that come to stand at the start of a line. `may_say_from`: a line
    starts with "From ", or with a part of it and a value."""

    __slots__ = ("_holes", "_pieces", "line_starts", "may_say_from")

    def __init__(self, lines: list[bytes | _Line], values: list[bytes]) -> None:
        self._pieces: list[bytes] = []
        self._holes: list[tuple[int, int, int, int]] = []
        self.line_starts: list[tuple[int, int]] = []
        fixed = bytearray()
        for line in lines:
            if isinstance(line, bytes):
                fixed += line
                continue
            starts_line = True
            for one in line.cut(values):
                if isinstance(one, bytes):
                    octets = one.replace(b"\n", b"\r\n").replace(b"\n.", b"\n..")
                    fixed += b"." + octets if starts_line and octets[:1] == b"." else octets
                    starts_line = octets.endswith(b"\n") if octets else starts_line
                elif one[1] < one[2]:
                    if starts_line:
                        self.line_starts.append(one[:2])
                    self._holes.append((len(self._pieces) + 1, *one))
                    self._pieces += (bytes(fixed), b"")
                    fixed.clear()
                    starts_line = False
        self._pieces.append(bytes(fixed))
        blanks = self.cast([b"\0" * len(one) for one in values])
        starts = (b"\n" + b"".join(blanks)).split(b"\n")[1:]
        self.may_say_from = any(
            line[:1] == b"F" and _FROM.startswith(line[:5].partition(b"\0")[0]) for line in starts
        )

    def cast(self, values: list[bytes]) -> list[bytes]:
        pieces = self._pieces.copy()
        for place, slot, begin, end in self._holes:
            pieces[place] = values[slot][begin:end]
        return pieces


def _past(written: bytes, at: int, count: int) -> int:
    """The place after `count` more octets of the source in the written text."""
    for _ in range(count):
        if written[at : at + 2] == _SOFT_BREAK:
            at += 2
        at += 3 if written[at : at + 1] == b"=" else 1
    return at

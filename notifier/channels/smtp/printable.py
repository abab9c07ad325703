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
_MOST_CUTS = 64  # kept for one line

Slice = tuple[int, int, int]
"""Number of a value, and from where to where of its octets."""


def quote_printable(text: str) -> bytes:
    """UTF-8 in quoted-printable with CR LF line ends, ended by one (RFC 2045 6.7)."""
    octets = b2a_qp(_octets(text), quotetabs=False, istext=True)
    # A mailbox in mbox format would change "From " at the start of a line and break a signature.
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


def _octets(text: str) -> bytes:
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return plain.encode("utf-8", "replace")


class QuotedForm:
    """A text with blanks, ready for the wire: quoted-printable, CR LF, dots stuffed."""

    __slots__ = ("_pieces",)

    def __init__(self, cut: Cut) -> None:
        self._pieces: list[bytes | _Line] = []
        fixed: list[bytes] = []
        lines = _lines(cut)
        for line in lines:
            if len(line) == 1 and isinstance(line[0], bytes):
                fixed.append(line[0])
                continue
            self._pieces += (_written(b"".join(fixed)), _Line(line))
            fixed = []
        self._pieces.append(_written(b"".join(fixed)))

    def write(self, values: list[bytes], lengths: list[int], out: list[bytes]) -> None:
        """Put the text with these values at the end of `out`. `lengths`: see `lengths_of`."""
        for piece in self._pieces:
            out.append(piece if type(piece) is bytes else piece.write(values, lengths))  # type: ignore[union-attr]


def lengths_of(values: list[bytes]) -> list[int]:
    """The length of each value whose octets all stand for themselves; -1 for another."""
    return [len(one) if _ITSELF.fullmatch(one) else -1 for one in values]


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

    __slots__ = ("_cuts", "_pieces", "_slots")

    def __init__(self, pieces: list[bytes | int]) -> None:
        self._pieces = pieces
        self._slots = [one for one in pieces if isinstance(one, int)]
        self._cuts: dict[tuple[int, ...], list[bytes | Slice]] = {}

    def write(self, values: list[bytes], lengths: list[int]) -> bytes:
        key = tuple([lengths[slot] for slot in self._slots])
        cuts = self._cuts.get(key)
        if cuts is None:
            if -1 in key:
                return self._write_anew(values)
            cuts = self._cut(values, key)
        line = b"".join(
            [one if type(one) is bytes else values[one[0]][one[1] : one[2]] for one in cuts]
        )
        if b"From " in line:
            return self._write_anew(values)
        if b"\n." in line or line[0] == 0x2E:
            return dot_stuffed(line)
        return line

    def _write_anew(self, values: list[bytes]) -> bytes:
        return _written(self._whole(values))

    def _whole(self, values: list[bytes]) -> bytes:
        return b"".join(one if isinstance(one, bytes) else values[one] for one in self._pieces)

    def _cut(self, values: list[bytes], key: tuple[int, ...]) -> list[bytes | Slice]:
        """Where each octet of the line stands once it is written, found with these values."""
        written = b2a_qp(self._whole(values), quotetabs=False, istext=True)
        if not written.endswith(b"\n"):
            written += b"\n"
        cuts: list[bytes | Slice] = []
        at = 0
        for piece in self._pieces:
            if isinstance(piece, bytes):
                end = _past(written, at, len(piece))
                cuts.append(written[at:end].replace(b"\n", b"\r\n"))
                at = end
                continue
            begin = 0
            for number in range(len(values[piece])):
                if written[at : at + 2] == b"=\n":
                    cuts += ((piece, begin, number), b"=\r\n")
                    begin, at = number, at + 2
                at += 1
            cuts.append((piece, begin, len(values[piece])))
        cuts.append(written[at:].replace(b"\n", b"\r\n"))
        if len(self._cuts) >= _MOST_CUTS:
            self._cuts.clear()
        self._cuts[key] = cuts
        return cuts


def _past(written: bytes, at: int, count: int) -> int:
    """The place after `count` more octets of the source in the written text."""
    for _ in range(count):
        if written[at : at + 2] == b"=\n":
            at += 2
        at += 3 if written[at : at + 1] == b"=" else 1
    return at

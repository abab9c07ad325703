"""How does a compressed body become bytes without ever growing past its limit?

A gzip bomb turns 10 kB into 10 MB per step, so the output of each step is bounded, the total is
bounded, and the ratio of what came out to what came in is bounded as well.
"""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from notifier.errors import LookFailed

_STEP = 256 * 1024
_RATIO_COUNTS_FROM = 1024 * 1024  # a small body may well be very repetitive


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeLimits:
    """`max_bytes` counts what is left after unpacking; `max_ratio` is out ÷ in."""

    max_bytes: int
    max_ratio: int = 100


def inflate(chunks: Iterable[bytes], *, encoding: str, limits: SizeLimits) -> Iterator[bytes]:
    """The unpacked pieces of `chunks`.

    `encoding` is gzip, x-gzip, deflate, bzip2, identity or empty. Raises LookFailed `too_big`,
    `bomb`, `truncated` (the packed stream stops before its end) or `bad_encoding`.
    """
    taken = [0]
    unpacked = _unpack(_counted(chunks, taken), encoding)
    given = 0
    for piece in unpacked:
        given += len(piece)
        if given > limits.max_bytes:
            raise LookFailed(
                "too_big",
                f"The body is larger than the limit of {limits.max_bytes} bytes. "
                "Raise max_bytes if that is right.",
            )
        if given > _RATIO_COUNTS_FROM and given > limits.max_ratio * max(taken[0], 1):
            raise LookFailed(
                "bomb",
                f"The body unpacks to more than {limits.max_ratio} times its size. "
                "That looks like a decompression bomb, so it was not read.",
            )
        yield piece


def _counted(chunks: Iterable[bytes], taken: list[int]) -> Iterator[bytes]:
    for chunk in chunks:
        taken[0] += len(chunk)
        yield chunk


def _unpack(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    if encoding in ("", "identity"):
        return chunks
    if encoding in ("gzip", "x-gzip"):
        return _gunzip(chunks)
    if encoding == "deflate":
        return _undeflate(chunks)
    if encoding == "bzip2":
        return _bunzip(chunks)
    raise LookFailed(
        "bad_encoding", f"The body is packed as {encoding!r}, which was not asked for."
    )


def _gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """RFC 1952: one or more members, one after the other; zero padding after the last is common."""
    member = zlib.decompressobj(16 + zlib.MAX_WBITS)
    started = False
    for chunk in chunks:
        rest = chunk
        while rest:
            if member.eof:
                rest = rest.lstrip(b"\0")
                if not rest:
                    break
                member = zlib.decompressobj(16 + zlib.MAX_WBITS)
            started = True
            yield from _drain(member, rest)
            rest = member.unused_data if member.eof else b""
    if started and not member.eof:
        raise _cut_off("gzip")


def _undeflate(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """HTTP's `deflate`: zlib by RFC 9110, but some servers send it raw."""
    member = None
    for chunk in chunks:
        if not chunk:
            continue
        if member is None:
            is_zlib = chunk[0] & 0x0F == 8 and chunk[0] >> 4 <= 7
            member = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        yield from _drain(member, chunk)
    if member is not None and not member.eof:
        raise _cut_off("deflate")


def _drain(member: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
    rest = chunk
    while rest:
        try:
            yield member.decompress(rest, _STEP)
        except zlib.error as trouble:
            raise LookFailed(
                "bad_encoding", f"The packed body is damaged ({trouble})."
            ) from trouble
        rest = member.unconsumed_tail


def _bunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    member = bz2.BZ2Decompressor()
    for chunk in chunks:
        rest = chunk
        while (rest or not member.needs_input) and not member.eof:
            try:
                yield member.decompress(rest, _STEP)
            except OSError as trouble:
                raise LookFailed(
                    "bad_encoding", f"The packed body is damaged ({trouble})."
                ) from trouble
            rest = b""
    if not member.eof:
        raise _cut_off("bzip2")


def _cut_off(kind: str) -> LookFailed:
    return LookFailed("truncated", f"The {kind} body stops before its end; it was cut off.")

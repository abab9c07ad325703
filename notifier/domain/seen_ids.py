"""Has this id been seen before in the same file, and did it say the same then?

A feed may hold a million ids; a set of strings would cost 100 MB. This is an open-addressed table
of 64-bit hashes with a two-byte fingerprint of what was said: ten bytes an id, at most 70 % full.
Two different ids fall together with a chance below 1 in 30 million for a million ids.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable
from enum import Enum


class Seen(Enum):
    NEW = "new"
    SAME = "same"
    DIFFERENT = "different"


class SeenIds:
    """Remembers ids and a fingerprint of what each said."""

    def __init__(self) -> None:
        self._count = 0
        self._resize(1 << 10)

    def has(self, key: Hashable) -> bool:
        """Whether it was here before."""
        mark = (hash(key) & 0xFFFFFFFFFFFFFFFF) or 1
        at = mark & self._mask
        while (found := self._hashes[at]) != 0:
            if found == mark:
                return True
            at = (at + 1) & self._mask
        return False

    def see(self, key: Hashable, said: object) -> Seen:
        """Note that `key` said `said` (hashable), and tell whether it was here before."""
        mark = (hash(key) & 0xFFFFFFFFFFFFFFFF) or 1
        print_ = hash(said) & 0xFFFF
        hashes, mask = self._hashes, self._mask
        at = mark & mask
        while (found := hashes[at]) != 0:
            if found == mark:
                return Seen.SAME if self._prints[at] == print_ else Seen.DIFFERENT
            at = (at + 1) & mask
        hashes[at] = mark
        self._prints[at] = print_
        self._count += 1
        if self._count * 10 > self._size * 7:
            self._grow()
        return Seen.NEW

    def _resize(self, size: int) -> None:
        self._size = size
        self._mask = size - 1
        self._hashes = array("Q", bytes(8 * size))
        self._prints = array("H", bytes(2 * size))

    def _grow(self) -> None:
        old_hashes, old_prints = self._hashes, self._prints
        self._resize(self._size * 2)
        for mark, print_ in zip(old_hashes, old_prints, strict=True):
            if mark:
                at = mark & self._mask
                while self._hashes[at]:
                    at = (at + 1) & self._mask
                self._hashes[at] = mark
                self._prints[at] = print_

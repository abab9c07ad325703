"""What changed from version to version of a template, and did its default change since then?

Differences are lines, as a reader of two printed sheets would mark them; words within a line that
was changed are marked too.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from notifier.services.env import Env
from notifier.services.template_place import (
    Place,
    Standing,
    default_parts,
    load_standing,
    same_text,
    tidy_text,
)
from notifier.store import templates
from notifier.store.templates import Version

_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_AROUND = 3  # equal lines kept before and after a change


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of characters of a line; `marked`: it is what differs."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """One line of a comparison. `sort`: `same`, `gone`, `new`, or `gap` for equal lines left out.
    Numbers are 1-based; 0 where the line is not on that side."""

    sort: str
    before: int = 0
    after: int = 0
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDiff:
    """What differs in one part."""

    part: str
    lines: tuple[DiffLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDefault:
    """A default that is not what it was: `own` was copied from `then`, and `now` came since.
    `merged` is the author's text with what came since, None where both changed the same lines."""

    part: str
    own: str
    then: str
    now: str
    merged: str | None
    since: tuple[DiffLine, ...]  # then → now
    yours: tuple[DiffLine, ...]  # then → own


def load_history(env: Env, place: Place) -> tuple[Standing, list[Version]]:
    """Where the template stands, and its hundred newest versions, newest first."""
    with env.db.read() as tx:
        standing = load_standing(tx, place)
        rows = templates.history(tx, shop=place.shop, locale=place.locale, kind=place.kind)
    return standing, rows


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[PartDiff, ...]:
    """The parts that differ, each with its lines."""
    parts = [*before, *(part for part in after if part not in before)]
    return tuple(
        PartDiff(part=part, lines=diff_lines(before.get(part, ""), after.get(part, "")))
        for part in parts
        if not same_text(before.get(part, ""), after.get(part, ""))
    )


def changed_defaults(env: Env, place: Place) -> tuple[ChangedDefault, ...]:
    """The parts whose default changed since the shop's text was copied from it."""
    with env.db.read() as tx:
        current = load_standing(tx, place).current
        default = default_parts(tx, place) if current else {}
    if current is None:
        return ()
    found = []
    for part, own in current.parts.items():
        then, now = current.copied.get(part, ""), default.get(part, "")
        if then and now and not same_text(then, now) and not same_text(own, now):
            found.append(
                ChangedDefault(
                    part=part,
                    own=own,
                    then=then,
                    now=now,
                    merged=merge(own, then, now),
                    since=diff_lines(then, now),
                    yours=diff_lines(then, own),
                )
            )
    return tuple(found)


def diff_lines(before: str, after: str) -> tuple[DiffLine, ...]:
    """Both texts line by line; long runs of equal lines are left out."""
    old, new = tidy_text(before).splitlines(), tidy_text(after).splitlines()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    lines: list[DiffLine] = []
    for group in matcher.get_grouped_opcodes(_AROUND):
        if group[0][1] > 0 or lines:
            lines.append(DiffLine(sort="gap"))
        for opcode in group:
            lines += _lines_of(opcode, old, new)
    if lines and matcher.get_opcodes()[-1][0] == "equal" and _is_cut(lines, len(new)):
        lines.append(DiffLine(sort="gap"))
    return tuple(lines)


def _is_cut(lines: Sequence[DiffLine], last: int) -> bool:
    return max(line.after for line in lines) < last


def _lines_of(
    opcode: tuple[str, int, int, int, int], old: Sequence[str], new: Sequence[str]
) -> Iterator[DiffLine]:
    tag, a, b, c, d = opcode
    if tag == "equal":
        for offset in range(b - a):
            pieces = (Piece(text=old[a + offset]),)
            yield DiffLine(sort="same", before=a + offset + 1, after=c + offset + 1, pieces=pieces)
        return
    pairs = [_words(x, y) for x, y in zip(old[a:b], new[c:d], strict=False)]
    for offset in range(b - a):
        marked = pairs[offset][0] if offset < len(pairs) else (Piece(text=old[a + offset]),)
        yield DiffLine(sort="gone", before=a + offset + 1, pieces=marked)
    for offset in range(d - c):
        marked = pairs[offset][1] if offset < len(pairs) else (Piece(text=new[c + offset]),)
        yield DiffLine(sort="new", after=c + offset + 1, pieces=marked)


def _words(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Two lines with the words that differ marked; plain where they have little in common."""
    left, right = _WORD.findall(old), _WORD.findall(new)
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    if matcher.ratio() < 0.4:
        return (Piece(text=old),), (Piece(text=new),)
    before, after = [], []
    for tag, a, b, c, d in matcher.get_opcodes():
        if b > a:
            before.append(Piece(text="".join(left[a:b]), marked=tag != "equal"))
        if d > c:
            after.append(Piece(text="".join(right[c:d]), marked=tag != "equal"))
    return tuple(before), tuple(after)


def merge(own: str, then: str, now: str) -> str | None:
    """`own` with what changed from `then` to `now`; None where both changed the same lines."""
    base = tidy_text(then).splitlines()
    mine = _edits(base, tidy_text(own).splitlines())
    theirs = [one for one in _edits(base, tidy_text(now).splitlines()) if one not in mine]
    if any(_meet(one, other) for one in mine for other in theirs):
        return None
    for start, end, lines in sorted((*mine, *theirs), key=lambda one: one[0], reverse=True):
        base[start:end] = lines
    return "\n".join(base) + "\n"


_Edit = tuple[int, int, list[str]]


def _edits(base: Sequence[str], new: Sequence[str]) -> list[_Edit]:
    matcher = difflib.SequenceMatcher(None, base, new, autojunk=False)
    return [(a, b, list(new[c:d])) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]


def _meet(one: _Edit, other: _Edit) -> bool:
    """Whether two edits touch the same or neighbouring lines."""
    return one[0] <= other[1] and other[0] <= one[1]

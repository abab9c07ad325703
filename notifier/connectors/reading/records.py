"""What do the readers of the different formats hand on, and what do they note on the way?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from notifier.connectors.base import RowProblem
from notifier.connectors.reading.columns import Field

MAX_PROBLEMS_KEPT = 200


@dataclass(slots=True)
class Record:
    """One row of any format: its number in the file (1 is the first) and what fields it fills.

    `options` are named properties of the variant; `minor_units`: amounts are in cents.
    `is_again`: the row may have been read before; then it is passed over.
    `fault`: why the row cannot be read, when the reader of its format knows that already.
    """

    number: int
    values: dict[Field, Any]
    options: tuple[tuple[str, str], ...] = ()
    minor_units: bool = False
    fault: str = ""
    is_again: bool = False


Records = Iterator[Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What the merchant says about his file. Empty means: find out."""

    preset: str = "auto"
    record: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    default_currency: str = ""
    decimal: str = ""
    date_order: str = ""
    encoding: str = ""
    delimiter: str = ""


@dataclass(slots=True, kw_only=True)
class Notes:
    """What is noted while a file is read. Bounded, however large the file is.

    `complete` turns False when the reader had to guess its way through damage. `columns` are the
    names the file has, in its own spelling. `flawless` turns False when anything at all had to be
    forgiven that is not told of a single row. `numbers`: the rows' numbers in the file, where only
    some of them are read. `listed`: how many items the feed has, which may be products with
    variants; `promised`: how many it says it has, 0 when it does not say.

    `follows`: page after page is read, so what one says of others is no doubt; then `total`,
    `pages`, `limit` (items a page) and `goes_on` are what the last page said, `turned` how many
    were read, and `repeated` counts rows that were there before.
    """

    complete: bool = True
    flawless: bool = True
    numbers: Sequence[int] = ()
    data_at: datetime | None = None
    format: str = ""
    columns: list[str] = field(default_factory=list)
    rows: int = 0
    listed: int = 0
    promised: int = 0
    follows: bool = False
    total: int = 0
    pages: int = 0
    limit: int = 0
    goes_on: bool = False
    turned: int = 0
    repeated: int = 0
    refused: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    first_seen: dict[str, str] = field(default_factory=dict)
    unknown_words: Counter[str] = field(default_factory=Counter)

    def row(self, number: int) -> int:
        """The number in the file of the row with this number among those that are read."""
        return self.numbers[number - 1] if number <= len(self.numbers) else number

    def refuse(self, number: int, *, field: str, value: object, message: str) -> None:
        """Note a row that could not be read."""
        self.refused += 1
        number = self.row(number)
        if len(self.problems) < MAX_PROBLEMS_KEPT:
            shown = str(value)[:100]
            problem = RowProblem(row=number, field=field, value=shown, message=message)
            self.problems.append(problem)

    def warn(self, kind: str, example: str = "") -> None:
        """Note something odd. `kind` is a sentence without values, so that it can be counted."""
        if kind in self.warnings or len(self.warnings) < MAX_PROBLEMS_KEPT:
            self.warnings[kind] += 1
            if example:
                self.first_seen.setdefault(kind, example)

    def forget_rows(self) -> None:
        """Begin to count anew, since all rows are read a second time."""
        self.rows = self.refused = 0
        self.problems.clear()

    def doubt(self, why: str, example: str = "") -> None:
        """Note why absence from the feed says nothing, whatever else it says."""
        self.complete = False
        self.warn(why, example)

    def unknown_word(self, word: str) -> None:
        """Note an availability word that neither we nor the merchant's map know."""
        shown = word[:40]
        if shown in self.unknown_words or len(self.unknown_words) < MAX_PROBLEMS_KEPT:
            self.unknown_words[shown] += 1

    def sentences(self) -> list[str]:
        """The warnings, the most frequent first, each with its count and a first example."""
        found = []
        for kind, count in self.warnings.most_common():
            example = self.first_seen.get(kind)
            times = f" ({count} times)" if count > 1 else ""
            found.append(f"{kind}{times}{f', first: {example}' if example else ''}.")
        if self.unknown_words:
            words = ", ".join(f"{w!r} {n} times" for w, n in self.unknown_words.most_common(10))
            found.append(f"Availability words that nobody knows: {words}. Add them to `words`.")
        return found

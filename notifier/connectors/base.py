"""What must a connector offer, and what does one look at a source bring back?

A connector is one file in this folder (or an entry point in the group `notifier.connectors`).
It has a frozen `Settings` dataclass, from which the configuration check, the admin form and the
docs are made, and a class `Source` that follows the protocol below. It reads; it decides nothing:
what a change means is domain.stock's business, whether a look may be believed is
domain.snapshot's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, ClassVar, Protocol

from notifier.domain.observation import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """One row that could not be read. It never discards the rest of the look."""

    row: int
    field: str
    value: str
    message: str


class Traces(Protocol):
    """What a look leaves behind, by which the next one knows rows that are as they were."""

    def write(self, file: IO[bytes]) -> None:
        """At the file's place."""
        ...

    def has(self, key: str) -> bool:
        """Whether it holds a row with this id."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """The traces of the last look that was believed, in a file; the connector closes it.

    Rows with one of the ids `doubtful` must be shown, whether they are as they were or not.
    """

    traces: IO[bytes]
    doubtful: Collection[str]


Recall = Callable[[], Recalled | None]


@dataclass(slots=True, kw_only=True)
class Look:
    """What one look at a source shows.

    `observations` is read once, as a stream. It raises errors.LookFailed at the point where the
    source turns out to be broken or cut off; whoever reads it must then believe nothing of it.
    The other fields may still change while the stream is read and are final after it ends.

    `full`: the look names everything the source has, so absence is evidence. A connector lowers
    it to False when it had to guess its way through damage.
    `data_at`: the source's own time for its data (Last-Modified, a date in the feed), or None.
    `cursor`: what to hand to the next look (ETag, page …); stored only if this look is applied.
    `not_modified`: the source says nothing changed since `cursor`; the data count as fresh.
    `same`: how many rows are not among the observations since they are as they were at the look
    that was recalled; final when the connector returns. `traces`: what to recall at the next look.
    """

    observations: Iterator[Observation]
    full: bool
    data_at: datetime | None = None
    cursor: dict[str, str] = field(default_factory=dict)
    not_modified: bool = False
    same: int = 0
    traces: Traces | None = None
    rows: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One answer of `notifier check`: what is so, and what to do about it when it is bad.

    `level` is `ok`, `warn` (works, will bite later) or `bad` (does not work).
    """

    level: str
    about: str
    message: str
    advice: str = ""

    @classmethod
    def ok(cls, about: str, message: str) -> Finding:
        return cls(level="ok", about=about, message=message)

    @classmethod
    def warn(cls, about: str, message: str, *, advice: str = "") -> Finding:
        return cls(level="warn", about=about, message=message, advice=advice)

    @classmethod
    def bad(cls, about: str, message: str, *, advice: str) -> Finding:
        return cls(level="bad", about=about, message=message, advice=advice)


class SourceConnector(Protocol):
    """A way to ask one source. Made anew for each look; holds no state between looks."""

    Settings: ClassVar[type[Any]]

    def look(self, cursor: Mapping[str, str], *, only: Sequence[WatchedVariant] = ()) -> Look:
        """Look at the source now. `only` names the variants wanted; sources that cannot ask for
        single variants ignore it. Raises errors.LookFailed.
        """
        ...

    def check(self) -> list[Finding]:
        """Try the source the way a look would and say what is right and wrong. Never raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedVariant:
    """A variant somebody waits for, as a connector needs it to ask for it alone."""

    key: str
    sku: str = ""
    url: str = ""

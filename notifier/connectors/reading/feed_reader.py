"""How does the body of a feed, whatever its format, become a stream of observations?"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import IO, cast

from notifier.connectors.reading.columns import Field
from notifier.connectors.reading.frames import Frame
from notifier.connectors.reading.json_records import read_json
from notifier.connectors.reading.look_again import Excerpt, cut, excerpt, find_frame
from notifier.connectors.reading.marks import Marks
from notifier.connectors.reading.new_prints import NewPrints
from notifier.connectors.reading.paging import ONE_PAGE
from notifier.connectors.reading.prints import Prints
from notifier.connectors.reading.records import Hints, Notes, Records
from notifier.connectors.reading.rows import RowReader, RowRefused
from notifier.connectors.reading.several_places import SeveralPlaces
from notifier.connectors.reading.table_records import read_table
from notifier.connectors.reading.text import Shape, sniff_shape
from notifier.connectors.reading.xml_records import read_xml
from notifier.domain.availability import Availability
from notifier.domain.inflate import SizeLimits, inflate
from notifier.domain.observation import Observation
from notifier.domain.seen_ids import Seen, SeenIds
from notifier.errors import LookFailed

MAX_BAD_SHARE = 0.05
FEW_BAD_ROWS = 2
_SHAPES_OF_PRESET = {"csv": {Shape.TABLE}, "json": {Shape.JSON}, "xml": {Shape.XML}}
_SPOOL = 2 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Again:
    """What the last look left behind, and what this one does.

    `recall` gives the prints of the last look, if they are of the context it is given. `same`: how
    many rows were not read, since they are as they were then; it is right from the first
    observation on. `made`: the prints of this look, at its end.
    """

    about: str
    recall: Callable[[str], Prints | None]
    same: int = 0
    made: NewPrints | None = None


def read_feed(
    body: IO[bytes],
    *,
    hints: Hints,
    notes: Notes,
    now: datetime,
    limits: SizeLimits,
    may_be_empty: bool = False,
    again: Again | None = None,
) -> Iterator[Observation]:
    """The observations in `body` (seekable), as a stream; what is odd is noted in `notes`.

    With `again` without those rows that are as they were at the last look. Raises LookFailed, at
    the latest at the end, when the whole cannot be believed: not a feed, cut off, damaged beyond
    reading, without a single row (unless `may_be_empty`), or with more than 5 % of rows that
    cannot be read.
    """
    body, shape = _unpacked(body, hints, limits)
    wanted = _SHAPES_OF_PRESET.get(hints.preset)
    if wanted is not None and shape not in wanted:
        raise LookFailed(
            "wrong_format", f"The feed is {shape}, but the preset says {hints.preset}."
        )
    frame = find_frame(body, shape, hints) if again is not None else None
    marks = None
    if again is not None and frame is not None:
        context = f"{again.about} {frame.context}"
        old = again.recall(context)
        few = None
        if old is not None:
            short = excerpt(body, frame, old, context=context)
            few = _read_few(short, shape, frame, hints=hints, notes=notes, now=now)
        if few is not None:
            again.same, again.made = few.same, few.prints
            yield from few.observations
            return
        prints = cut(body, frame, context=context)
        marks = Marks(prints) if prints is not None else None
        body.seek(0)
    rows = RowReader(hints, notes, now=now)
    try:
        records = _READERS[shape](body, hints=hints, notes=notes)
        yield from _observations(records, rows, notes, marks)
    except LookFailed as trouble:
        if not (may_be_empty and trouble.code == "no_items"):
            raise
    _judge(notes, may_be_empty=may_be_empty)
    if again is not None and marks is not None and notes.complete and notes.flawless:
        again.made = marks.finish(rows=notes.rows)


def read_pages(
    bodies: Iterator[IO[bytes]],
    *,
    hints: Hints,
    notes: Notes,
    now: datetime,
    limits: SizeLimits,
    may_be_empty: bool = False,
) -> Iterator[Observation]:
    """The observations of all pages of one answer, as if they were one feed.

    Raises LookFailed as read_feed does, naming the page.
    """
    records = _all_records(bodies, hints=hints, notes=notes, limits=limits)
    yield from _observations(records, RowReader(hints, notes, now=now), notes, None)
    _judge(notes, may_be_empty=may_be_empty)


def _all_records(
    bodies: Iterator[IO[bytes]], *, hints: Hints, notes: Notes, limits: SizeLimits
) -> Records:
    first: Shape | None = None
    for body in bodies:
        before = notes.rows
        with body:
            try:
                unpacked, shape = _unpacked(body, hints, limits)
                first = first or shape
                if shape is not first:
                    raise LookFailed("wrong_format", f"It is {shape}, the first one {first}.")
                for record in _READERS[shape](unpacked, hints=hints, notes=notes):
                    record.number += before
                    yield record
            except LookFailed as trouble:
                if trouble.code == "no_items" and before:
                    continue  # an empty page after the last
                raise LookFailed(
                    trouble.code,
                    f"Page {notes.turned} cannot be read, so none was believed: {trouble}",
                    retry_after=trouble.retry_after,
                ) from trouble


_READERS = {Shape.XML: read_xml, Shape.JSON: read_json, Shape.TABLE: read_table}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Few:
    """What was found in the rows that are not as they were."""

    observations: list[Observation]
    same: int
    prints: NewPrints


def _read_few(
    short: Excerpt | None,
    shape: Shape,
    frame: Frame,
    *,
    hints: Hints,
    notes: Notes,
    now: datetime,
) -> _Few | None:
    """Read what is not as it was; None when it is not certain that this says all."""
    if short is None:
        return None
    found = Notes(numbers=[place + 1 for place in short.places])
    marks = Marks(short.new, places=short.places)
    hints = replace(hints, encoding=frame.encoding or hints.encoding)
    try:
        records = _READERS[shape](short.body, hints=hints, notes=found)
        observations = list(_observations(records, RowReader(hints, found, now=now), found, marks))
        prints = marks.finish(rows=found.rows) if found.complete and found.flawless else None
        if prints is None:
            return None
        found.rows += short.same
        found.listed += short.same
        _judge(found, may_be_empty=False)
    except LookFailed:
        return None  # the whole tells why
    for one in fields(Notes):
        setattr(notes, one.name, getattr(found, one.name))
    return _Few(observations=observations, same=short.same, prints=prints)


def _observations(
    records: Records, rows: RowReader, notes: Notes, marks: Marks | None
) -> Iterator[Observation]:
    """Each row once. Of rows with one id that disagree about stock the first is believed.

    Believing both would make the variant flap at every look. Rows of one id at several places are
    one observation, which comes at the end.
    """
    seen, spots = SeenIds(), SeenIds()
    places = SeveralPlaces()
    for record in records:
        notes.rows += 1
        place = record.values.get(Field.LOCATION)
        try:
            observation = rows.read(record)
        except RowRefused as refused:
            notes.refuse(
                record.number, field=refused.field, value=refused.value, message=str(refused)
            )
            if marks is not None:
                marks.refused(refused.key)
            if refused.key:
                # it is there, only unreadable: not absent, and what was believed of it stays
                unknown = Observation(key=refused.key, availability=Availability.UNKNOWN)
                if place:
                    places.add(unknown, place=str(place))
                else:
                    yield unknown
            continue
        if record.is_again and seen.has(observation.key):
            continue
        eta = observation.eta and observation.eta.iso()
        said = (observation.availability, observation.quantity, eta)
        before = seen.see(observation.key, said)
        if notes.follows:
            spot = (observation.key, str(place)) if place else observation.key
            if spots.see(spot, None) is not Seen.NEW:
                notes.repeated += 1
                continue
        if marks is not None:
            marks.read(record, observation, is_first=before is Seen.NEW)
        if place:
            places.add(observation, place=str(place))
            continue
        if before is not Seen.NEW:
            where = f"row {notes.row(record.number)}, {observation.key}"
            notes.warn("an id is there more than once", where)
        if before is Seen.DIFFERENT:
            notes.warn("rows with the same id disagree about stock, the first was believed", where)
            continue
        yield observation
    yield from places.merged()


def _judge(notes: Notes, *, may_be_empty: bool) -> None:
    """Whether what was read can be believed as a whole, and absence from it."""
    if notes.promised > notes.listed:
        notes.doubt(ONE_PAGE)
    good = notes.rows - notes.refused
    too_many = notes.refused > FEW_BAD_ROWS and notes.refused > MAX_BAD_SHARE * notes.rows
    if notes.refused and (too_many or not good):
        first = notes.problems[0]
        raise LookFailed(
            "too_many_bad_rows",
            f"{notes.refused} of {notes.rows} rows cannot be read, so none was believed. "
            f"The first is row {first.row}: {first.message}",
        )
    if not good and not may_be_empty:
        raise LookFailed("empty", "The feed is readable but holds no rows. Nothing was changed.")


def _unpacked(body: IO[bytes], hints: Hints, limits: SizeLimits) -> tuple[IO[bytes], Shape]:
    """The body without its gzip, bzip2 or zip wrapping, and its shape."""
    for _ in range(3):
        shape = sniff_shape(body, encoding=hints.encoding)
        if shape in (Shape.XML, Shape.JSON, Shape.TABLE):
            return body, shape
        chunks = _zipped(body) if shape is Shape.ZIP else _pieces(body)
        encoding = "identity" if shape is Shape.ZIP else shape.value
        # Closed when the last reference goes; a stream cannot say earlier when it is done.
        unpacked = cast("IO[bytes]", tempfile.SpooledTemporaryFile(max_size=_SPOOL))  # noqa: SIM115
        for piece in inflate(chunks, encoding=encoding, limits=limits):
            unpacked.write(piece)
        body = unpacked
    raise LookFailed("bad_encoding", "The feed is packed more than twice over.")


def _pieces(body: IO[bytes]) -> Iterator[bytes]:
    while piece := body.read(64 * 1024):
        yield piece


def _zipped(body: IO[bytes]) -> Iterator[bytes]:
    """The one file in a zip archive, piece by piece."""
    try:
        with zipfile.ZipFile(body) as archive:
            names = [i for i in archive.infolist() if not i.is_dir() and i.file_size]
            if len(names) != 1:
                raise LookFailed(
                    "bad_encoding", f"The zip archive holds {len(names)} files; it must hold one."
                )
            with archive.open(names[0]) as member:
                while piece := member.read(64 * 1024):
                    yield piece
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as trouble:
        raise LookFailed("truncated", f"The zip archive is damaged: {trouble}.") from trouble

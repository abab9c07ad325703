"""How did each date that was promised for a variant turn out?

Told from the dates as they were given and from what was seen of the stock. A promise ends with the
first of three: it came there, another date took its place, or nobody promises any more. What was
still missing when its last day was over is late, whatever was promised after that.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from statistics import median
from zoneinfo import ZoneInfo

from notifier.domain.availability import Availability
from notifier.domain.eta import Eta
from notifier.domain.outages import Seen
from notifier.domain.stock import Level, Rules, level_of


class Outcome(StrEnum):
    KEPT = "kept"  # there on one of its days
    EARLY = "early"  # there before its first day; kept, too
    LATE = "late"  # there after its last day, or not yet
    REVISED = "revised"  # another date took its place before its last day was over
    TAKEN_BACK = "taken_back"  # before its last day was over; or the variant was given up
    OPEN = "open"
    SAID_AGAIN = "said_again"  # the same date as before: no new promise
    WAS_THERE = "was_there"  # nothing to promise
    UNKNOWN = "unknown"  # what was seen of the stock then is not kept any more


JUDGED = (Outcome.KEPT, Outcome.EARLY, Outcome.LATE)
NO_PROMISE = (Outcome.SAID_AGAIN, Outcome.WAS_THERE, Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A date that was given at `at`; `eta` None: from then on there was none."""

    at: datetime
    eta: Eta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """How one promise turned out. `days`: how many it came early or late (so far, while
    `came_on` is None), or by how many its last day was moved, backwards when negative."""

    outcome: Outcome
    days: int | None = None
    came_on: date | None = None
    revised_to: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """`share_kept`: of those whose day has come with nothing in their place, how many were there in
    time; None when there are none. `median_days_late`: of the late ones."""

    promises: int
    kept: int
    early: int
    late: int
    revised: int
    taken_back: int
    open: int
    share_kept: float | None
    median_days_late: float | None


@dataclass(frozen=True, slots=True)
class _Past:
    """When it was seen to be there, and to be given up; oldest first. `known_from`: the first look
    that is kept."""

    there: list[datetime]
    given_up: list[datetime]
    states: list[tuple[datetime, bool]]
    known_from: datetime | None

    def was_there(self, at: datetime) -> bool:
        place = bisect_right(self.states, at, key=lambda one: one[0])
        return place > 0 and self.states[place - 1][1]


def judge(
    said: Sequence[Said], seen: Iterable[Seen], *, rules: Rules, zone: str, now: datetime
) -> list[Turned | None]:
    """How each of `said` turned out; None for one that takes a date back. Both oldest first.

    Days are those of the shop's `zone`; `rules` say from which quantity on it is there.
    """
    past = _read(seen, rules)
    where = ZoneInfo(zone)
    found: list[Turned | None] = []
    for place, one in enumerate(said):
        if one.eta is None or one.eta.latest is None:
            found.append(None)
        elif past.known_from is None or one.at < past.known_from:
            found.append(Turned(outcome=Outcome.UNKNOWN))
        elif past.was_there(one.at):
            found.append(Turned(outcome=Outcome.WAS_THERE))
        elif _is_said_again(said, place, past):
            found.append(Turned(outcome=Outcome.SAID_AGAIN))
        else:
            found.append(_turned(one, _other(said, place), past, where=where, now=now))
    return found


def count(turned: Iterable[Turned | None]) -> Totals:
    """What they come to, without those that were no promise or cannot be told."""
    those = [one for one in turned if one is not None and one.outcome not in NO_PROMISE]
    by = Counter(one.outcome for one in those)
    judged = sum(by[outcome] for outcome in JUDGED)
    late = [one.days for one in those if one.outcome is Outcome.LATE and one.days is not None]
    return Totals(
        promises=len(those),
        kept=by[Outcome.KEPT],
        early=by[Outcome.EARLY],
        late=by[Outcome.LATE],
        revised=by[Outcome.REVISED],
        taken_back=by[Outcome.TAKEN_BACK],
        open=by[Outcome.OPEN],
        share_kept=(judged - by[Outcome.LATE]) / judged if judged else None,
        median_days_late=float(median(late)) if late else None,
    )


def _read(seen: Iterable[Seen], rules: Rules) -> _Past:
    past = _Past([], [], [], None)
    known_from: datetime | None = None
    for one in seen:
        known_from = known_from or one.at
        if one.availability is Availability.UNKNOWN:
            continue
        there = level_of(one.availability, one.quantity, rules=rules) is Level.THERE
        past.states.append((one.at, there))
        if there:
            past.there.append(one.at)
        elif one.availability is Availability.DISCONTINUED:
            past.given_up.append(one.at)
    return _Past(past.there, past.given_up, past.states, known_from)


def _is_said_again(said: Sequence[Said], place: int, past: _Past) -> bool:
    """Whether the line before names the same days and it did not come in between."""
    if place == 0:
        return False
    before, one = said[place - 1], said[place]
    if before.eta is None or one.eta is None or before.eta.iso() != one.eta.iso():
        return False
    came = _after(past.there, before.at)
    return came is None or came > one.at


def _other(said: Sequence[Said], place: int) -> Said | None:
    """The next line that does not name the same days."""
    eta = said[place].eta
    iso = eta.iso() if eta else None
    return next(
        (one for one in said[place + 1 :] if (one.eta.iso() if one.eta else None) != iso), None
    )


def _turned(
    one: Said, other: Said | None, past: _Past, *, where: ZoneInfo, now: datetime
) -> Turned:
    assert one.eta is not None
    assert one.eta.earliest is not None
    assert one.eta.latest is not None
    last = one.eta.latest
    came = _after(past.there, one.at)
    gone = _after(past.given_up, one.at)
    ends = [at for at in (gone, other.at if other else None) if at is not None]
    end = min(ends, default=None)
    if came is not None and (end is None or came <= end):
        return _came(one.eta.earliest, last, came=came, where=where)
    if end is not None and end.astimezone(where).date() <= last:
        if other is None or end != other.at or other.eta is None or other.eta.latest is None:
            return Turned(outcome=Outcome.TAKEN_BACK, ended_at=end)
        moved = (other.eta.latest - last).days
        revised = Outcome.REVISED
        return Turned(outcome=revised, days=moved, revised_to=other.eta.iso(), ended_at=end)
    if came is not None and (gone is None or came <= gone):
        return _came(one.eta.earliest, last, came=came, where=where)
    over = (gone or now).astimezone(where).date()
    if over <= last:
        return Turned(outcome=Outcome.OPEN)
    return Turned(outcome=Outcome.LATE, days=(over - last).days, ended_at=gone)


def _came(first: date, last: date, *, came: datetime, where: ZoneInfo) -> Turned:
    day = came.astimezone(where).date()
    if day < first:
        early = (first - day).days
        return Turned(outcome=Outcome.EARLY, days=early, came_on=day, ended_at=came)
    if day <= last:
        return Turned(outcome=Outcome.KEPT, came_on=day, ended_at=came)
    return Turned(outcome=Outcome.LATE, days=(day - last).days, came_on=day, ended_at=came)


def _after(moments: list[datetime], at: datetime) -> datetime | None:
    place = bisect_right(moments, at)
    return moments[place] if place < len(moments) else None

"""When is the next moment at which a promotional SMS may reach this person?

The hours must hold at every place where the person may be: in all time zones of the number, and
in the one the person gave. What cannot be known is taken at its strictest. Nothing here sends;
whoever sends later must look at stock and consent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from notifier.domain.business_days import Holidays, never

__all__ = [
    "SAFE",
    "UNKNOWN_PLACE",
    "Rules",
    "Window",
    "hours",
    "known_zone",
    "next_allowed",
    "places_and_rules",
    "strictest",
]

HORIZON = timedelta(days=14)  # an allowed moment that is further off than this will not come


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Hours of a day by the wall clock: `opens` belongs to it, `closes` does not."""

    opens: time
    closes: time

    def __contains__(self, moment: time) -> bool:
        return self.opens <= moment < self.closes


def hours(opens: int, closes: int) -> Window:
    """A window of whole hours, 0 to 23."""
    return Window(opens=time(opens), closes=time(closes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Allowed hours by kind of day. None: not at all on such a day. `as_of` dates the source."""

    name: str
    weekday: Window | None
    saturday: Window | None
    sunday: Window | None
    holiday: Window | None
    as_of: date | None = None

    def window_on(self, day: date, *, is_holiday: bool) -> Window | None:
        """The window of one local day. A holiday on a weekend obeys both."""
        by_weekday = {5: self.saturday, 6: self.sunday}.get(day.weekday(), self.weekday)
        return _overlap(by_weekday, self.holiday) if is_holiday else by_weekday


SAFE = Rules(
    name="safe preset",
    weekday=hours(10, 18),
    saturday=hours(10, 17),
    sunday=hours(12, 17),
    holiday=None,
)
"""Inside the hours of every state and of the common practice in Europe. The installed default."""

_NOON_TO_SIX = hours(12, 18)
UNKNOWN_PLACE = Rules(
    name="unknown place",
    weekday=_NOON_TO_SIX,
    saturday=_NOON_TO_SIX,
    sunday=_NOON_TO_SIX,
    holiday=_NOON_TO_SIX,
)
"""On top of the other rules where only the shop's own zone is known: six hours of slack."""


def next_allowed(
    now: datetime,
    *,
    zones: Sequence[str],
    rules: Rules,
    holidays: Holidays = never,
    jitter: timedelta = timedelta(0),
) -> datetime | None:
    """`now` itself when it is allowed in all `zones`, else the next moment that is, in UTC.

    A deferred moment is moved by `jitter` (the caller's random share, so that not everybody is
    told at the stroke of eight), but never past the middle of the common window. None: the zones
    and rules leave no common hour within two weeks, so this person gets no SMS.
    """
    if not zones:
        raise ValueError("next_allowed needs at least one time zone; see places_and_rules.")
    places = [ZoneInfo(zone) for zone in zones]
    start = now.astimezone(UTC)
    moment = start
    while moment - start <= HORIZON:
        later = max(_opening(moment, zone, rules, holidays) for zone in places)
        if later == moment:
            if moment == start:
                return start
            room = min(_closing(moment, zone, rules, holidays) for zone in places) - moment
            return moment + min(jitter, room / 2)
        moment = later
    return None


def places_and_rules(
    phone_zones: Sequence[str],
    *,
    declared_zone: str,
    shop_zone: str,
    rules: Rules,
) -> tuple[tuple[str, ...], Rules]:
    """Where the hours must hold, and which. Give both results to next_allowed.

    `declared_zone` is what the person or his browser says (empty if nothing); an unknown name is
    ignored. Without any zone the shop's is taken and the hours shrink to the early afternoon.
    """
    zones = dict.fromkeys(zone for zone in (*phone_zones, declared_zone) if known_zone(zone))
    if zones:
        return tuple(zones), rules
    return (shop_zone,), strictest(rules, UNKNOWN_PLACE)


def known_zone(name: str) -> bool:
    """Whether this names a place's time zone (`Mars/Phobos`, `Etc/Unknown` and paths do not)."""
    if not name or name == "Etc/Unknown" or name.startswith(("/", ".")):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def strictest(*several: Rules) -> Rules:
    """Rules that allow only what all of the given ones allow."""
    first, *others = several
    for other in others:
        first = Rules(
            name=f"{first.name} + {other.name}",
            weekday=_overlap(first.weekday, other.weekday),
            saturday=_overlap(first.saturday, other.saturday),
            sunday=_overlap(first.sunday, other.sunday),
            holiday=_overlap(first.holiday, other.holiday),
            as_of=min((day for day in (first.as_of, other.as_of) if day), default=None),
        )
    return first


def _opening(moment: datetime, zone: ZoneInfo, rules: Rules, holidays: Holidays) -> datetime:
    """`moment` if it is allowed in this zone, else the next opening there."""
    local = moment.astimezone(zone)
    for ahead in range(HORIZON.days + 2):
        day = local.date() + timedelta(days=ahead)
        window = rules.window_on(day, is_holiday=holidays(day))
        if window is None:
            continue
        if ahead == 0 and local.time() in window:
            return moment
        opens = datetime.combine(day, window.opens, zone).astimezone(UTC)
        if opens > moment:
            return opens
    return moment + HORIZON + timedelta(days=1)


def _closing(moment: datetime, zone: ZoneInfo, rules: Rules, holidays: Holidays) -> datetime:
    """When the window closes in which `moment` lies."""
    day = moment.astimezone(zone).date()
    window = rules.window_on(day, is_holiday=holidays(day))
    if window is None:
        return moment
    return datetime.combine(day, window.closes, zone).astimezone(UTC)


def _overlap(one: Window | None, other: Window | None) -> Window | None:
    if one is None or other is None:
        return None
    opens, closes = max(one.opens, other.opens), min(one.closes, other.closes)
    return Window(opens=opens, closes=closes) if opens < closes else None

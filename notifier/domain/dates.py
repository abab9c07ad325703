"""Which day, month, span or instant does a shop's text mean?

Feeds write ISO 8601 in every shape, `2016-12-25T13:00-0800`, `Feb. 2027`, `2027-02`, `a/b`,
`0000-00-00` for none, and seconds since 1970; people also write "in
2–4 weeks". What could mean two days (`03/04/2027`) is refused unless the shop says which; a wrong
promise is worse than none.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

from notifier.domain.eta import Eta
from notifier.domain.time_span import days_ahead
from notifier.errors import InvalidInput

YEARS = range(2000, 2101)  # outside of it a date is a placeholder or a slip

_NONE = frozenset(
    ["", "-", "–", "null", "none", "n/a", "na", "tba", "tbd", "unknown", "0", "0000-00-00"]
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janner enero ene janvier janv gennaio",
            "feb february februar febrero fevrier fev febbraio",
            "mar march marz maerz mrz marzo mars",
            "apr april abril abr avril avr aprile",
            "may mai mayo maggio",
            "jun june juni junio juin giugno",
            "jul july juli julio juillet juil luglio",
            "aug august agosto ago aout",
            "sep sept september septiembre septembre settembre",
            "oct october okt oktober octubre octobre ottobre",
            "nov november noviembre novembre",
            "dec december dez dezember diciembre dic decembre dicembre",
        ),
        start=1,
    )
    for name in names.split()
}
_TIME = (
    r"(?:(?:[T,]\s*|\s+)\d{1,2}(?::?\d{2}){1,2}(?:[.,]\d+)?\s*"
    r"(?:[AP]M|Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?|T|Z|[+-]\d{2}:\d{2})?"
)
_KANJI_DAY = re.compile(r"(\d{4})(年)(\d{1,2})月(\d{1,2})日")
_ISO_DAY = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _TIME, re.IGNORECASE)
_ISO_MONTH = re.compile(r"(\d{4})-(\d{1,2})")
_MONTH_FIRST = re.compile(r"(\d{1,2})[/.-](\d{4})")
_ISO_WEEK = re.compile(r"(\d{4})-?w(\d{1,2})", re.IGNORECASE)
_QUARTER = re.compile(r"q([1-4])[ /-]*(\d{4})|(\d{4})[ /-]*q([1-4])", re.IGNORECASE)
_SLASHED = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})" + _TIME, re.IGNORECASE)
_WORD_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)? (?:de )?(\w+)\.?,? (?:de )?(\d{4})")
_DAY_WORD = re.compile(r"(\w+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_WORD_MONTH = re.compile(r"(\w+)\.?,? (?:de )?(\d{4})")
# What `fromisoformat` may read: any sign between day and time is one to it, also that of a range.
_ISO = re.compile(r"\d{4}-?(?:\d{2}-?\d{2}|W\d{2}-?\d)(?:[T ].*)?", re.IGNORECASE)
_EPOCH = re.compile(r"\d{10}(?:\.\d+)?|\d{13}")
_ZONE_AT_END = re.compile(r"(?:Z|UTC|GMT|[+-]\d{2}:?(?:\d{2})?)$", re.IGNORECASE)
_BARE_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_eta(
    value: object, *, order: str = "", field: str = "eta", today: date | None = None
) -> Eta | None:
    """The expected date in `value`, None when it names none.

    `order` is `dmy` or `mdy` for dates such as 03/04/2027. The day is the one written, in the
    shop's calendar. With `today` (there) "in 2-4 weeks" is read, too, as a range from that day;
    without it, it is refused, since nobody knows when it was said.
    Raises InvalidInput for what is no date, does not exist, is ambiguous, or lies outside the years
    2000 to 2100.
    """
    if value is None:
        return None
    text = str(value).strip()
    if isinstance(value, (bool, list, dict)) or len(text) > 100:
        raise _unreadable(field, value)
    if today is not None and (eta := _read_ahead(text, today, field)) is not None:
        return eta
    return _read_eta(text, order, field)


def read_instant(value: object, *, field: str = "date") -> datetime | None:
    """The instant in `value`, aware; None when it names none. No zone means UTC.

    Raises InvalidInput when it cannot be read.
    """
    if value is None:
        return None
    text = str(value).strip()
    if text.casefold() in _NONE or text.startswith("0000-00-00"):
        return None
    at = None if isinstance(value, bool) or len(text) > 100 else _instant(text)
    if at is None or at.year not in YEARS:
        raise _unreadable(field, value)
    return at


def names_zone(text: str) -> bool:
    """Whether an instant is the same everywhere: it says its zone, or counts seconds since 1970."""
    text = text.strip()
    if _BARE_DAY.fullmatch(text):
        return False
    return bool(_ZONE_AT_END.search(text) or _EPOCH.fullmatch(text))


def read_period(value: object, *, field: str = "period") -> tuple[datetime | None, datetime | None]:
    """Start and end (inclusive) of `a/b`; None for an open end, a bare day ends when it ends.

    Raises InvalidInput when an end cannot be read or the end lies before the start.
    """
    text = str(value or "").strip()
    if not text:
        return None, None
    first, slash, last = text.partition("/")
    if not slash:
        first, _, last = text.partition(" - ")
    start, end = read_instant(first, field=field), read_instant(last, field=field)
    if end is not None and re.fullmatch(r"\d{4}-\d{2}-\d{2}", last.strip()):
        end += timedelta(days=1, microseconds=-1)
    if start is not None and end is not None and end < start:
        raise _unreadable(field, value)
    return start, end


def _read_ahead(text: str, today: date, field: str) -> Eta | None:
    try:
        found = days_ahead(text, today=today)
    except ValueError as why:
        raise InvalidInput.of(
            field,
            "not_a_date",
            f"{text[:80]!r} {why}. Give a date such as 2027-02-14.",
            typed=text[:80],
        ) from why
    if found is None:
        return None
    earliest, latest = found
    if earliest == latest:
        return Eta.on(earliest, text=text)
    return Eta.between(earliest, latest, text=text)


@lru_cache(maxsize=4_096)
def _read_eta(text: str, order: str, field: str) -> Eta | None:
    if text.casefold() in _NONE or text.startswith("0000-00-00"):
        return None
    one = _span(text, order)
    found = one or _range(text, order)
    if found is None or found[0].year not in YEARS or found[1].year not in YEARS:
        raise _unreadable(field, text)
    earliest, latest = found
    if earliest == latest:
        return Eta.on(earliest, text=text)
    if one and _is_month(earliest, latest):
        return Eta.in_month(earliest.year, earliest.month, text=text)
    return Eta.between(earliest, latest, text=text)


def _span(text: str, order: str) -> tuple[date, date] | None:
    """First and last day that one date text means."""
    try:
        day = _day(text, order)
        return (day, day) if day is not None else _longer_than_a_day(text)
    except ValueError:
        return None  # 31 February, month 13: a date that does not exist


def _day(text: str, order: str) -> date | None:
    if found := _ISO_DAY.fullmatch(text) or _KANJI_DAY.fullmatch(text):
        return date(int(found[1]), int(found[3]), int(found[4]))
    if found := _SLASHED.fullmatch(text):
        return _ordered(int(found[1]), int(found[3]), int(found[4]), sign=found[2], order=order)
    plain = re.sub(r"(?<=\d)-(?=[a-z])|(?<=[a-z])-(?=\d)", " ", _plain_words(text))
    if (found := _WORD_DAY.fullmatch(plain)) and found[2] in _MONTHS:
        return date(int(found[3]), _MONTHS[found[2]], int(found[1]))
    if (found := _DAY_WORD.fullmatch(plain)) and found[1] in _MONTHS:
        return date(int(found[3]), _MONTHS[found[1]], int(found[2]))
    if _ISO_WEEK.fullmatch(text) or re.fullmatch(r"\d{4}|\d{6}", text):
        return None
    at = _instant(text)
    return None if at is None else at.date()


def _ordered(first: int, second: int, year: int, *, sign: str, order: str) -> date | None:
    """`a/b/year`: by the shop's order; with dots the day comes first; else only if unmistakable."""
    if sign == "." or order == "dmy":
        return date(year, second, first)
    if order == "mdy":
        return date(year, first, second)
    if first > 12 or first == second:
        return date(year, second, first)
    return date(year, first, second) if second > 12 else None


def _longer_than_a_day(text: str) -> tuple[date, date] | None:
    if found := _ISO_MONTH.fullmatch(text):
        return _month(int(found[1]), int(found[2]))
    if found := _MONTH_FIRST.fullmatch(text):
        return _month(int(found[2]), int(found[1]))
    if found := _ISO_WEEK.fullmatch(text):
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
        return monday, monday + timedelta(days=6)
    if found := _QUARTER.fullmatch(text):
        year, quarter = int(found[2] or found[3]), int(found[1] or found[4])
        return _month(year, quarter * 3 - 2)[0], _month(year, quarter * 3)[1]
    found = _WORD_MONTH.fullmatch(_plain_words(text))
    return _month(int(found[2]), _MONTHS[found[1]]) if found and found[1] in _MONTHS else None


def _range(text: str, order: str) -> tuple[date, date] | None:
    """Two dates joined by `/`, ` - `, ` – ` or ` to `."""
    for sign in ("/", " - ", " – ", " to ", " bis ", "–"):
        first, found, last = text.partition(sign)
        if found:
            start, end = _span(first.strip(), order), _span(last.strip(), order)
            if start and end and start[0] <= end[1]:
                return start[0], end[1]
    return None


def _instant(text: str) -> datetime | None:
    at: datetime | None
    try:
        if _EPOCH.fullmatch(text):
            seconds = int(text) / 1000 if len(text) == 13 and "." not in text else float(text)
            return datetime.fromtimestamp(seconds, UTC)
        at = _iso(text)
    except (ValueError, OverflowError):
        at = _mail_date(text)
    if at is not None and at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    return at


def _iso(text: str) -> datetime | None:
    if not _ISO.fullmatch(text):
        return _mail_date(text)
    return datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d|Z$)", "", text))


def _mail_date(text: str) -> datetime | None:
    """RFC 5322 dates, as in RSS: `Fri, 25 Dec 2026 13:00:00 GMT`."""
    if not re.match(r"(?:[A-Za-z]{3}, )?\d{1,2} [A-Za-z]{3} \d{4} ", text):
        return None
    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None


def _month(year: int, month: int) -> tuple[date, date]:
    return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _is_month(earliest: date, latest: date) -> bool:
    return earliest.day == 1 and (earliest, latest) == _month(earliest.year, earliest.month)


def _plain_words(text: str) -> str:
    """Lower case, no accents, single spaces."""
    bare = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in bare if not unicodedata.combining(c)).casefold().split())


def _unreadable(field: str, value: object) -> InvalidInput:
    shown = str(value)[:80]
    return InvalidInput.of(
        field, "not_a_date", f"{shown!r} is not a date such as 2027-02-14.", typed=shown
    )

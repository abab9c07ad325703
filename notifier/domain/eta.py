"""When is it expected, how precisely, and how does one say so?

An ETA is a span of days with the precision the source really gave: a date, a month, a range,
or nothing. It is never sharpened: "Feb. 2027" stays a month.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class EtaPrecision(StrEnum):
    DAY = "day"
    RANGE = "range"
    MONTH = "month"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Eta:
    """Expected between `earliest` and `latest`, both inclusive, in the shop's calendar.

    `text` keeps the source's own words or exact value (`2025-12-31T00:00:00Z`, `Feb. 2027`).
    """

    earliest: date | None
    latest: date | None
    precision: EtaPrecision
    text: str = ""

    @classmethod
    def on(cls, day: date, *, text: str = "") -> Eta:
        return cls(earliest=day, latest=day, precision=EtaPrecision.DAY, text=text)

    @classmethod
    def in_month(cls, year: int, month: int, *, text: str = "") -> Eta:
        first = date(year, month, 1)
        last = date.fromordinal((date(year + month // 12, month % 12 + 1, 1)).toordinal() - 1)
        return cls(earliest=first, latest=last, precision=EtaPrecision.MONTH, text=text)

    @classmethod
    def between(cls, earliest: date, latest: date, *, text: str = "") -> Eta:
        return cls(earliest=earliest, latest=latest, precision=EtaPrecision.RANGE, text=text)

    def is_past(self, today: date) -> bool:
        """True when the whole span is over. A past ETA is flagged as overdue and never sent."""
        return self.latest is not None and self.latest < today

    def iso(self) -> str | None:
        """`2027-02`, `2027-02-03`, `2027-02-03/2027-02-10`, or None when nothing is known."""
        if self.earliest is None or self.latest is None:
            return None
        if self.precision is EtaPrecision.MONTH:
            return self.earliest.strftime("%Y-%m")
        if self.precision is EtaPrecision.RANGE:
            return f"{self.earliest.isoformat()}/{self.latest.isoformat()}"
        return self.earliest.isoformat()

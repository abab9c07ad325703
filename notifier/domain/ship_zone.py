"""In which time zone do the days of an order count, when the shop names only the country?

Days are those of the ship-to place (trust A5). Where a country has several zones and nobody says
which, the one is taken that makes no deadline a day too late: first the zones in which the order
falls on the earlier day, then of these the one in which that day ends first, the easternmost.

A zone further west would end a day hours too late; one further east could begin counting a day
too late when the order was placed around midnight. At worst a deadline is some hours early.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from notifier.domain.order_delay.days import day_of
from notifier.domain.phone_places import COUNTRY_ZONES

_ALSO_CALLED = {"UK": "GB", "EL": "GR", "IC": "ES", "EA": "ES"}


def is_country(code: str) -> bool:
    """Whether `code` (upper case) is a country of ISO 3166, or one of the names the EU uses."""
    return code in COUNTRY_ZONES or code in _ALSO_CALLED


def ship_zone(country: str, ordered_at: datetime, *, unknown: str) -> str:
    """The IANA zone to count days in for an order completed at `ordered_at`.

    `country`: ISO 3166, upper case, empty when nobody knows. `unknown`: the shop's zone, for then.
    """
    zones = COUNTRY_ZONES.get(_ALSO_CALLED.get(country, country), ())
    if not zones:
        return unknown

    def strictness(zone: str) -> tuple[object, ...]:
        local = ordered_at.astimezone(ZoneInfo(zone))
        offset = local.utcoffset()
        return day_of(ordered_at, zone), -(offset.total_seconds() if offset else 0), zone

    return min(zones, key=strictness)

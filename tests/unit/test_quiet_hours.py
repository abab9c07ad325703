"""When may an SMS go out? (trust SM-13, table 2.2.2, L16)"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from notifier.domain.business_days import is_us_federal_holiday
from notifier.domain.phone import normalise_phone
from notifier.domain.quiet_hours import (
    SAFE,
    UNKNOWN_PLACE,
    Rules,
    hours,
    known_zone,
    next_allowed,
    places_and_rules,
    strictest,
)
from notifier.domain.quiet_hours_us import FEDERAL, STATES, rules_for

ZONES = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/St_Johns",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Pacific/Chatham",
]


def at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def is_allowed(moment: datetime, zone: str, rules: Rules) -> bool:
    """The same question asked in the plainest way."""
    local = moment.astimezone(ZoneInfo(zone))
    window = {5: rules.saturday, 6: rules.sunday}.get(local.weekday(), rules.weekday)
    return window is not None and window.opens <= local.time() < window.closes


def days_of_change(zone: str) -> list[datetime]:
    """Noon UTC of the days in 2026 and 2027 on which this zone moves its clocks, or two others."""
    days = [datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in range(730)]
    offsets = [day.astimezone(ZoneInfo(zone)).utcoffset() for day in days]
    changes = [day for day, a, b in zip(days[1:], offsets, offsets[1:], strict=False) if a != b]
    return changes or [days[66], days[304]]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("rules", [SAFE, FEDERAL, STATES["US-TX"]], ids=lambda rules: rules.name)
def test_on_days_of_clock_change_the_first_allowed_moment_is_found(zone, rules):
    for day in days_of_change(zone):
        for half_hours in range(-48, 72):
            now = day + timedelta(minutes=30 * half_hours)
            found = next_allowed(now, zones=(zone,), rules=rules)
            assert found is not None
            assert is_allowed(found, zone, rules)
            if is_allowed(now, zone, rules):
                assert found == now
            step = now
            while step < found:
                assert not is_allowed(step, zone, rules), (now, step, found)
                step += timedelta(minutes=15)


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-11-18 08:00:00", "2026-11-18 08:00:00"),
        ("2026-11-18 07:59:59.999999", "2026-11-18 08:00:00"),
        ("2026-11-18 20:59:59.999999", "2026-11-18 20:59:59.999999"),
        ("2026-11-18 21:00:00", "2026-11-19 08:00:00"),
        ("2026-11-18 02:00:00", "2026-11-18 08:00:00"),
    ],
)
def test_eight_belongs_to_the_day_and_twenty_one_does_not(local, expected):
    found = next_allowed(at(local, "America/Chicago"), zones=("America/Chicago",), rules=FEDERAL)
    assert found == at(expected, "America/Chicago")


def test_the_hours_hold_in_every_zone_of_the_number_at_once():
    texas = normalise_phone("+19155551234")  # El Paso lies in Mountain time
    early = at("2026-11-18 09:30", "America/Chicago")  # 08:30 in El Paso
    found = next_allowed(early, zones=texas.zones, rules=STATES["US-TX"])
    assert found == at("2026-11-18 09:00", "America/Denver")
    late = at("2026-11-18 20:30", "America/Denver")  # 21:30 in Dallas
    found = next_allowed(late, zones=texas.zones, rules=STATES["US-TX"])
    assert found == at("2026-11-19 09:00", "America/Denver")


@pytest.mark.parametrize("pair", list(product(["+79161234567", "+61412345678"], [FEDERAL, SAFE])))
def test_a_country_of_many_zones_leaves_only_the_hours_they_share(pair):
    number, rules = pair
    zones = normalise_phone(number).zones
    now = datetime(2026, 11, 18, 0, 0, tzinfo=UTC)
    found = next_allowed(now, zones=zones, rules=rules)
    if found is None:  # ten hours between Kaliningrad and Kamchatka against a day of eight
        assert (number, rules) == ("+79161234567", SAFE)
        return
    assert all(is_allowed(found, zone, rules) for zone in zones)
    assert found - now < timedelta(days=3)


def test_zones_without_a_common_hour_give_no_moment_instead_of_a_wrong_one():
    morning = Rules(
        name="mornings",
        weekday=hours(8, 10),
        saturday=None,
        sunday=None,
        holiday=None,
    )
    zones = ("America/New_York", "America/Los_Angeles")
    assert next_allowed(datetime(2026, 11, 18, tzinfo=UTC), zones=zones, rules=morning) is None


def test_where_a_person_says_he_lives_narrows_the_hours_of_his_number():
    new_york = normalise_phone("+12125551234")
    zones, rules = places_and_rules(
        new_york.zones,
        declared_zone="Pacific/Honolulu",
        shop_zone="America/New_York",
        rules=FEDERAL,
    )
    assert zones == ("America/New_York", "Pacific/Honolulu")
    found = next_allowed(at("2026-11-18 09:00", "America/New_York"), zones=zones, rules=rules)
    assert found == at("2026-11-18 08:00", "Pacific/Honolulu")


def test_without_any_known_zone_the_shops_afternoon_is_taken():
    zones, rules = places_and_rules(
        ("Etc/Unknown",), declared_zone="Mars/Phobos", shop_zone="Europe/Berlin", rules=FEDERAL
    )
    assert zones == ("Europe/Berlin",)
    found = next_allowed(at("2026-11-18 08:30", "Europe/Berlin"), zones=zones, rules=rules)
    assert found == at("2026-11-18 12:00", "Europe/Berlin")
    assert rules == strictest(FEDERAL, UNKNOWN_PLACE)


@pytest.mark.parametrize("name", ["", "Mars/Phobos", "Etc/Unknown", "/etc/passwd", "../x", "a\0b"])
def test_what_is_no_time_zone_is_not_known(name):
    assert not known_zone(name)


def test_asking_without_a_zone_is_our_own_mistake():
    with pytest.raises(ValueError, match="at least one time zone"):
        next_allowed(datetime(2026, 11, 18, tzinfo=UTC), zones=(), rules=SAFE)


def test_a_deferred_message_is_spread_by_its_jitter_inside_the_window():
    night = at("2026-11-18 23:00", "Europe/Berlin")
    spread = next_allowed(night, zones=("Europe/Berlin",), rules=SAFE, jitter=timedelta(minutes=17))
    assert spread == at("2026-11-19 10:17", "Europe/Berlin")
    far = next_allowed(night, zones=("Europe/Berlin",), rules=SAFE, jitter=timedelta(hours=30))
    assert far == at("2026-11-19 14:00", "Europe/Berlin")
    noon = at("2026-11-18 12:00", "Europe/Berlin")
    assert (
        next_allowed(noon, zones=("Europe/Berlin",), rules=SAFE, jitter=timedelta(hours=1)) == noon
    )


@pytest.mark.parametrize(
    ("state", "friday_noon_or_so", "expected"),
    [
        ("US-AL", "2026-11-20 20:00", "2026-11-21 08:00"),
        ("US-AL", "2026-11-21 20:00", "2026-11-23 08:00"),  # no Sunday
        ("US-PA", "2026-11-21 12:00", "2026-11-23 08:00"),
        ("US-TX", "2026-11-22 09:00", "2026-11-22 12:00"),  # Sunday from noon
        ("US-RI", "2026-11-20 18:00", "2026-11-21 10:00"),
        ("US-KY", "2026-11-20 09:59", "2026-11-20 10:00"),
        ("US-FL", "2026-11-20 20:00", "2026-11-21 08:00"),
        ("US-CO", "2026-11-20 20:30", "2026-11-20 20:30"),  # no law of its own
    ],
)
def test_a_states_own_hours_hold(state, friday_noon_or_so, expected):
    rules = rules_for("US", state=state, detailed=True)
    zone = "America/Chicago"
    found = next_allowed(at(friday_noon_or_so, zone), zones=(zone,), rules=rules)
    assert found == at(expected, zone)


# Monday to Friday, Saturday, Sunday, holidays; `-`: not at all.
WRITTEN_DOWN = """
US-FL 8-20 8-20 8-20 8-20
US-OK 8-20 8-20 8-20 8-20
US-MD 8-20 8-20 8-20 8-20
US-MA 8-20 8-20 8-20 8-20
US-WA 8-20 8-20 8-20 8-20
US-NJ 8-20 8-20 8-20 8-20
US-CT 9-20 9-20 9-20 9-20
US-NV 9-20 9-20 9-20 9-20
US-KY 10-21 10-21 10-21 10-21
US-MI 9-21 9-21 9-21 9-21
US-MN 9-21 9-21 9-21 9-21
US-NM 9-21 9-21 9-21 9-21
US-IL 9-21 9-21 9-21 9-21
US-CA 9-21 9-21 9-21 9-21
US-AL 8-20 8-20 - -
US-LA 8-20 8-20 - -
US-MS 8-20 8-20 - 8-20
US-TX 9-21 9-21 12-21 9-21
US-RI 9-18 10-17 - -
US-PA 8-21 8-12 - 8-21
US 8-21 8-21 8-21 8-21
"""


def test_each_state_has_the_hours_that_are_written_down_for_it():
    """The table once more, so that no hour of it changes unseen."""

    def shown(window):
        return "-" if window is None else f"{window.opens.hour}-{window.closes.hour}"

    for rules in (*STATES.values(), FEDERAL):
        windows = (rules.weekday, rules.saturday, rules.sunday, rules.holiday)
        assert " ".join((rules.name, *map(shown, windows))) in WRITTEN_DOWN.splitlines()
    assert {*STATES, "US"} == {line.split()[0] for line in WRITTEN_DOWN.split("\n") if line}


def test_no_state_is_wider_than_the_federal_hours():
    for rules in STATES.values():
        windows = (rules.weekday, rules.saturday, rules.sunday, rules.holiday)
        for window in filter(None, windows):
            assert window.opens >= hours(8, 21).opens
            assert window.closes <= hours(8, 21).closes
        assert rules.as_of


def test_the_safe_preset_is_inside_every_state_but_for_weekends_that_some_forbid():
    for rules in [FEDERAL, *STATES.values()]:
        assert strictest(SAFE, rules).weekday == SAFE.weekday


def test_the_safe_preset_is_the_default_and_holds_where_the_state_is_unknown():
    assert rules_for("US", state="US-CO") is SAFE
    assert rules_for("DE", detailed=True) is SAFE
    assert rules_for("US", detailed=True) is SAFE
    assert rules_for("US", state="US-CO", detailed=True) is FEDERAL


def test_a_holiday_is_kept():
    thanksgiving = at("2026-11-26 12:00", "America/New_York")
    found = next_allowed(
        thanksgiving, zones=("America/New_York",), rules=SAFE, holidays=is_us_federal_holiday
    )
    assert found == at("2026-11-27 10:00", "America/New_York")


def test_the_federal_holidays_of_2026_and_2027_are_known():
    expected = {
        date(2026, 1, 1), date(2026, 1, 19), date(2026, 2, 16), date(2026, 5, 25),
        date(2026, 6, 19), date(2026, 7, 3), date(2026, 7, 4), date(2026, 9, 7),
        date(2026, 10, 12), date(2026, 11, 11), date(2026, 11, 26), date(2026, 12, 25),
        date(2027, 1, 1), date(2027, 1, 18), date(2027, 2, 15), date(2027, 5, 31),
        date(2027, 6, 18), date(2027, 6, 19), date(2027, 7, 4), date(2027, 7, 5),
        date(2027, 9, 6), date(2027, 10, 11), date(2027, 11, 11), date(2027, 11, 25),
        date(2027, 12, 24), date(2027, 12, 25), date(2027, 12, 31),
    }  # fmt: skip
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(730)]
    assert {day for day in days if is_us_federal_holiday(day)} == expected

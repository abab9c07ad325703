"""Which phone numbers do we take, in which form, and where are they? (trust 5.B, SM-1)"""

from __future__ import annotations

import importlib.resources
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from notifier.domain.phone import mask_phone, normalise_phone
from notifier.domain.phone_places import COUNTRY_ZONES, NANP_PLACES
from notifier.errors import InvalidInput

REFUSED = [
    (None, "required"),
    ("", "required"),
    ("   ", "required"),
    ("tel:", "required"),
    (12125551234, "not_text"),
    (["+12125551234"], "not_text"),
    ("1" * 1_000_000, "too_long"),
    ("+", "invalid"),
    ("-", "invalid"),
    ("+1212555123", "invalid"),
    ("+1212555123456789", "invalid"),
    ("+999123456789", "invalid"),
    ("911", "invalid"),
    ("+1 012 555 1234", "invalid"),
    ("1-800-FLOWERS", "letters"),
    ("call me 2125551234", "letters"),
    ("+1 800 356 9377", "not_mobile"),
    ("+1 900 234 5678", "not_mobile"),
    ("+44 70 1234 5678", "not_mobile"),
    ("+49 180 5123456", "not_mobile"),
    ("+34 902 123 456", "not_mobile"),
    ("+49 30 123456", "landline"),
    ("+44 20 7946 0958", "landline"),
    ("+15005550006", "test_number"),
    ("+1 (500) 555-0001", "test_number"),
    ("+1 212 555 1234 x5", "extension"),
    ("+1 212 555 1234 ext. 4", "extension"),
    ("tel:+1-212-555-1234;ext=5", "extension"),
    ("+12125551234,,5", "extension"),
    ("+12125551234#5", "extension"),
    ("+1 212 555 1234\n", "characters"),
    ("+1212555\x001234", "characters"),
    ("+1212\u200b5551234", "characters"),
    ("\ud800+12125551234", "characters"),
    ("++12125551234", "characters"),
    ("+1212555*1234", "characters"),
    ("<+12125551234>", "characters"),
    ("+881 6 1234 5678", "country"),
]

TAKEN = [
    ("+1 (212) 555-1234", "+12125551234"),
    ("(212) 555-1234", "+12125551234"),
    ("1 212 555 1234", "+12125551234"),
    ("+١٢١٢٥٥٥١٢٣٤", "+12125551234"),
    ("۲۱۲۵۵۵۱۲۳۴", "+12125551234"),
    ("＋１２１２５５５１２３４", "+12125551234"),
    ("tel:+12125551234", "+12125551234"),
    ("TEL:+1-212-555-1234", "+12125551234"),
    ("\u202a+1\u00a0212-555-1234\u202c", "+12125551234"),
    ("+1.212.555.1234", "+12125551234"),
    ("011 49 151 23456789", "+4915123456789"),
    ("+49 (0)151 23456789", "+4915123456789"),
    ("+34 612 34 56 78", "+34612345678"),
]


@pytest.mark.parametrize(("typed", "code"), REFUSED)
def test_what_no_sms_can_reach_is_refused_with_the_field_and_a_code(typed, code):
    with pytest.raises(InvalidInput) as refused:
        normalise_phone(typed, default_region="US")
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("phone", code)
    assert 20 < len(problem.message) < 300


@pytest.mark.parametrize(("typed", "e164"), TAKEN)
def test_spellings_of_one_number_are_kept_as_e164(typed, e164):
    assert normalise_phone(typed, default_region="US").e164 == e164


def test_a_national_number_means_the_shops_country_and_is_refused_without_one():
    assert normalise_phone("0151 23456789", default_region="DE").e164 == "+4915123456789"
    with pytest.raises(InvalidInput) as refused:
        normalise_phone("0151 23456789")
    assert refused.value.problems[0].code == "no_country"
    assert normalise_phone("+4915123456789").region == "DE"


def test_a_country_the_shop_does_not_send_to_is_refused():
    ann = normalise_phone("+12125551234", default_region="US", allowed_countries=("US",))
    assert ann.region == "US"
    for elsewhere in ("+4915123456789", "+18765551234", "+14165551234"):
        with pytest.raises(InvalidInput) as refused:
            normalise_phone(elsewhere, default_region="US", allowed_countries=("US",))
        assert refused.value.problems[0].code == "country"


def test_twilios_magic_numbers_pass_only_where_they_are_asked_for():
    assert normalise_phone("+15005550006", allow_test_numbers=True).e164 == "+15005550006"


def test_an_internet_number_can_be_refused():
    assert normalise_phone("+1 600 555 1234").e164 == "+16005551234"
    with pytest.raises(InvalidInput) as refused:
        normalise_phone("+1 600 555 1234", allow_voip=False)
    assert refused.value.problems[0].code == "not_mobile"


def test_a_number_tells_its_state_and_every_zone_of_it():
    texas = normalise_phone("+19155551234")
    assert (texas.state, texas.zones) == ("US-TX", ("America/Chicago", "America/Denver"))
    assert normalise_phone("+14165551234").state == "CA-ON"
    assert normalise_phone("+17875551234").zones == ("America/Puerto_Rico",)
    assert normalise_phone("+4915123456789").zones == ("Europe/Berlin",)
    assert len(normalise_phone("+79161234567").zones) == 11


def test_every_zone_we_name_exists_and_every_state_of_the_usa_has_an_area_code():
    for zone in {z for zones in COUNTRY_ZONES.values() for z in zones}:
        ZoneInfo(zone)
    for _, zones in NANP_PLACES.values():
        assert zones
        for zone in zones:
            ZoneInfo(zone)
    states = {state for state, _ in NANP_PLACES.values() if state.startswith("US-")}
    assert len(states) == 51  # and the District of Columbia


def test_the_zones_of_a_country_cover_every_time_it_keeps():
    """Against the installed time zone database, which changes more often than this table."""
    table = importlib.resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text()
    start = datetime(2026, 11, 21, tzinfo=UTC)
    moments = [start + timedelta(days=days) for days in range(0, 720, 9)]

    def times(zone: str) -> tuple[timedelta | None, ...]:
        return tuple(moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in moments)

    kept = {country: {times(zone) for zone in zones} for country, zones in COUNTRY_ZONES.items()}
    rows = [line.split("\t") for line in table.splitlines() if not line.startswith("#")]
    missing = [(row[0], row[2]) for row in rows if times(row[2]) not in kept.get(row[0], set())]
    assert missing == []


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+12125551234", "+1•••••1234"),
        ("+4915123456789", "+49•••••6789"),
        ("nonsense", "•••••"),
        ("", "•••••"),
    ],
)
def test_a_masked_number_keeps_the_country_and_four_digits(number, masked):
    assert mask_phone(number) == masked

"""What do the texts that shops write for money, quantities and dates mean?"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.availability import Availability, read_availability, settle_availability
from notifier.domain.dates import read_eta, read_instant, read_period
from notifier.domain.money import Money, amount_text, read_minor_units, read_money
from notifier.domain.quantity import MAX_UNITS, read_units
from notifier.errors import InvalidInput

MONEY = [
    ("12.34 USD", "12.34", "USD"),
    ("USD 12.34", "12.34", "USD"),
    ("12.34USD", "12.34", "USD"),
    ("29,00 TND", "29.00", "TND"),
    ("29,000 TND", "29.000", "TND"),
    ("1.234,56 €", "1234.56", "EUR"),
    ("1,234.56", "1234.56", ""),
    ("1,234 USD", "1234", "USD"),
    ("1,23", "1.23", ""),
    ("1.234.567,00 EUR", "1234567.00", "EUR"),
    ("1,23,456 INR", "123456", "INR"),
    ("1 234,50 zł", "1234.50", "PLN"),
    ("1'234.50 CHF", "1234.50", "CHF"),
    ("CHF 49.-", "49", "CHF"),
    ("$5", "5", ""),
    ("US$5", "5", "USD"),
    ("3980 RUB", "3980", "RUB"),
    ("159.00 RUR", "159.00", "RUB"),
    ("0.00 INR", "0.00", "INR"),
    ("1 290 руб.", "1290", "RUB"),
    ("EUR 12,34 €", "12.34", "EUR"),
    ("1.234.567 EUR", "1234567", "EUR"),
    ("0,125", "0.125", ""),
    ("12.5000", "12.5000", ""),
    ("252", "252", ""),
    (252, "252", ""),
    (Decimal("19.99"), "19.99", ""),
]


@pytest.mark.parametrize(("text", "amount", "currency"), MONEY)
def test_amounts_are_read_as_shops_write_them(text: object, amount: str, currency: str) -> None:
    assert read_money(text) == Money(amount=Decimal(amount), currency=currency)


@pytest.mark.parametrize(
    "text",
    ["free", "-5 USD", "NaN", "Infinity", "1e308", "12-15 USD", "12.34 XYZ", "5 EUR USD",
     "12,34,56", "1.234.56", "1,234.567,8", "5 €/kg", True, ["5"], {"a": 5}, "9" * 100,
     "0" * 61, "1,2345,678 USD"],
)  # fmt: skip
def test_what_is_no_amount_is_refused_and_never_guessed(text: object) -> None:
    with pytest.raises(InvalidInput):
        read_money(text)


@pytest.mark.parametrize("text", [None, "", " ", "-", "n/a"])
def test_no_price_is_no_price(text: object) -> None:
    assert read_money(text) is None


def test_the_shops_decimal_sign_settles_what_could_be_two_amounts() -> None:
    assert read_money("1,234", decimal=",") == Money(amount=Decimal("1.234"))
    assert read_money("1.234", decimal=",") == Money(amount=Decimal("1234"))
    assert read_money("$5", currency="CAD") == Money(amount=Decimal(5), currency="CAD")


def test_the_currency_to_assume_settles_it_too() -> None:
    assert read_money("29,000", currency="TND") == Money(amount=Decimal(29), currency="TND")
    assert read_money("29,000", currency="EUR") == Money(amount=Decimal(29000), currency="EUR")


@pytest.mark.parametrize("text", ["1.234,50", ",123"])
def test_what_contradicts_the_shops_decimal_sign_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_money(text, decimal=".")


@pytest.mark.parametrize("units", [True, "19.99", "-5", "", None])
def test_no_count_of_smallest_units_is_refused(units: object) -> None:
    with pytest.raises(InvalidInput):
        read_minor_units(units, currency="USD")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("5", "USD", "5.00"),
        ("5", "JPY", "5"),
        ("0.00129", "USD", "0.00129"),
        ("1E+3", "", "1000.00"),
    ],
)
def test_an_amount_is_written_without_losing_a_decimal(
    amount: str, currency: str, text: str
) -> None:
    assert amount_text(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("units", "currency", "amount"),
    [(1999, "USD", "19.99"), (500, "JPY", "500"), (1, "TND", "0.001")],
)
def test_smallest_units_follow_the_currency(units: int, currency: str, amount: str) -> None:
    assert read_minor_units(units, currency=currency).amount == Decimal(amount)


@given(st.integers(0, 10**9), st.sampled_from([".", ","]), st.booleans())
def test_an_amount_written_with_two_decimals_is_read_back(
    cents: int, mark: str, grouped: bool
) -> None:
    other = "," if mark == "." else "."
    whole = f"{cents // 100:,}".replace(",", other) if grouped else str(cents // 100)

    money = read_money(f"{whole}{mark}{cents % 100:02} EUR")

    assert money == Money(amount=Decimal(cents).scaleb(-2), currency="EUR")


@given(st.text(max_size=80))
def test_no_text_at_all_breaks_a_reader(text: str) -> None:
    for read in (read_money, read_units, read_eta, read_instant, read_period):
        with suppress(InvalidInput):
            read(text)  # type: ignore[operator]


QUANTITIES = [
    ("5", 5, 5),
    (5, 5, 5),
    ("-5", 0, -5),
    ("16.5", 16, 16),
    ("-0.5", 0, -1),
    ("1,000,000", 1_000_000, 1_000_000),
    ("1.000,5", 1000, 1000),
    ("1e308", MAX_UNITS, MAX_UNITS),
    ("-1e308", 0, -MAX_UNITS),
    ("99999999999", MAX_UNITS, MAX_UNITS),
    ("10+", 10, 10),
    (">10", 10, 10),
    ("5 pcs", 5, 5),
    ("007", 7, 7),
]


@pytest.mark.parametrize(("text", "count", "raw"), QUANTITIES)
def test_quantities_are_whole_and_bounded_and_keep_their_sign(
    text: object, count: int, raw: int
) -> None:
    units = read_units(text)

    assert (units.count, units.raw) == (count, raw)
    assert bool(units.warning) == (text in ("-5", "16.5", "-0.5", "1e308", "-1e308", "1.000,5")
                                   or text == "99999999999")  # fmt: skip


@pytest.mark.parametrize(("text", "decimal", "count"), [
    ("1,000", "", 1000), ("1.000", "", 1), ("1,000", ".", 1000), ("1.000", ".", 1),
    ("1,000", ",", 1), ("1.000", ",", 1000),
])  # fmt: skip
def test_a_lone_separator_is_read_by_the_shops_hint(text: str, decimal: str, count: int) -> None:
    units = read_units(text, decimal=decimal)

    assert units.count == count
    assert bool(units.warning) == (not decimal)


@pytest.mark.parametrize(
    ("text", "in_stock"), [("Yes", True), (True, True), ("no", False), (False, False), ("∞", True)]
)
def test_yes_and_no_answer_without_a_count(text: object, in_stock: bool) -> None:
    units = read_units(text)

    assert (units.in_stock, units.count) == (in_stock, None)


@pytest.mark.parametrize(("text", "code"), [
    ("NaN", "not_finite"), ("-Infinity", "not_finite"), (float("nan"), "not_finite"),
    ("plenty", "not_a_quantity"), ("<5", "not_a_quantity"), ("5-10", "not_a_quantity"),
    ([5], "not_a_quantity"),
])  # fmt: skip
def test_what_is_no_number_of_units_is_refused(text: object, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_units(text)

    assert caught.value.problems[0].code == code


ETAS = [
    ("2025-12-31T00:00:00Z", "2025-12-31"),
    ("2016-12-25T13:00-0800", "2016-12-25"),
    ("2026-12-25 13:00:00.123456", "2026-12-25"),
    ("2026-12-25", "2026-12-25"),
    ("20261225", "2026-12-25"),
    ("2026/12/25", "2026-12-25"),
    ("25.12.2026", "2026-12-25"),
    ("25/12/2026", "2026-12-25"),
    ("12/25/2026", "2026-12-25"),
    ("25 Dec 2026", "2026-12-25"),
    ("December 25, 2026", "2026-12-25"),
    ("25. Dezember 2026", "2026-12-25"),
    ("3 de marzo de 2027", "2027-03-03"),
    ("Fri, 25 Dec 2026 13:00:00 GMT", "2026-12-25"),
    ("1798156800", "2026-12-25"),
    ("1798156800000", "2026-12-25"),
    (1798156800, "2026-12-25"),
    ("14-Feb-2027", "2027-02-14"),
    ("2/14/2027 12:00:00 AM", "2027-02-14"),
    ("2027年2月14日", "2027-02-14"),
    ("Feb. 2027", "2027-02"),
    ("Februar 2027", "2027-02"),
    ("2027-02", "2027-02"),
    ("02/2027", "2027-02"),
    ("2027-02-03/2027-02-10", "2027-02-03/2027-02-10"),
    ("2027-02-03T00:00Z/2027-02-10T00:00Z", "2027-02-03/2027-02-10"),
    ("2027-02-03 - 2027-02-10", "2027-02-03/2027-02-10"),
    ("2027-02/2027-03", "2027-02-01/2027-03-31"),
    ("2027-02-14/2027-03", "2027-02-14/2027-03-31"),
    ("20270214/20270301", "2027-02-14/2027-03-01"),
    ("2027-02-14+01:00", "2027-02-14"),
    ("2027-02-14, 13:00", "2027-02-14"),
    ("Q1 2027", "2027-01-01/2027-03-31"),
    ("2027-W12", "2027-03-22/2027-03-28"),
]


@pytest.mark.parametrize(("text", "iso"), ETAS)
def test_expected_dates_are_read_and_never_sharpened(text: object, iso: str) -> None:
    eta = read_eta(text)

    assert eta is not None
    assert (eta.iso(), eta.text) == (iso, str(text))


@pytest.mark.parametrize("text", [None, "", "0000-00-00", "0000-00-00 00:00:00", "TBA", "n/a"])
def test_no_date_is_no_date(text: object) -> None:
    assert read_eta(text) is None


@pytest.mark.parametrize(
    "text",
    ["31/02/2026", "2026-13-01", "2026-02-30", "tomorrow", "0001-01-01", "9999-12-31", "2026",
     "03/04/2027", "in 3 weeks", "2026-12-10/2026-12-01", "2026-12-25 and then", True, ["2026"],
     "99999999999999", "x" * 500, "2027-03/2027-02", "2027-02/03", "2027-02-20271",
     "20270214-20270301"],
)  # fmt: skip
def test_206_a_date_that_is_wrong_or_ambiguous_never_becomes_an_eta(text: object) -> None:
    with pytest.raises(InvalidInput):
        read_eta(text)


def test_the_shops_order_settles_an_ambiguous_date() -> None:
    days = [read_eta("03/04/2027", order=order) for order in ("dmy", "mdy")]

    assert [eta and eta.iso() for eta in days] == ["2027-04-03", "2027-03-04"]


def test_a_period_of_bare_days_lasts_until_its_last_day_is_over() -> None:
    start, end = read_period("2025-08-01/2025-08-15")

    assert start == datetime(2025, 8, 1, tzinfo=UTC)
    assert end is not None
    assert datetime(2025, 8, 15, 23, 59, tzinfo=UTC) < end < datetime(2025, 8, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("in stock", "in_stock"), ("in_stock", "in_stock"), ("schema.org/InStock", "in_stock"),
        ("limited availability", "in_stock"), ("true", "in_stock"), (True, "in_stock"),
        ("1", "in_stock"), ("auf Lager", "in_stock"), ("false", "out_of_stock"),
        ("Sold Out", "out_of_stock"), ("ausverkauft", "out_of_stock"), (0, "out_of_stock"),
        ("not_available_for_purchase", "out_of_stock"), ("available for order", "backorder"),
        ("pre-order", "preorder"), ("pre_order", "preorder"), ("PreSale", "preorder"),
        ("discontinued", "discontinued"), ("", "unknown"), (None, "unknown"), ("soon", "unknown"),
        ([], "unknown"), ("7", "unknown"), ("yes/no", "unknown"),
        ("In stock / sold out", "unknown"),
        ("https://schema.org/In Stock", "in_stock"), ("//schema.org/SoldOut/", "out_of_stock"),
        ("e\u0301puise\u0301", "out_of_stock"), ("EPUISE", "out_of_stock"),
        ("TÜKENDİ", "out_of_stock"),
        ("verfuegbar", "in_stock"), ("ikke på lager", "out_of_stock"), ("на складе", "in_stock"),
        ("在庫切れ", "out_of_stock"), ("สินค้าหมด", "out_of_stock"), ("غير متوفر", "out_of_stock"),
        ("sur commande", "backorder"), ("预售", "preorder"),
        ("Available on order", "backorder"), ("Stock on order", "unknown"),
        ("-1", "unknown"), ("\u22121", "unknown"), ("\u20131", "unknown"), ("(1)", "unknown"),
        ("- 1", "unknown"), (-1, "unknown"),
    ],
)  # fmt: skip
def test_availability_words_of_all_formats_are_known(word: object, meaning: str) -> None:
    assert read_availability(word) == meaning


@pytest.mark.parametrize(
    ("word", "count", "tracked", "backorders", "meaning"),
    [
        ("unknown", 3, None, None, "in_stock"),
        ("unknown", 0, None, None, "out_of_stock"),
        ("unknown", -2, None, True, "backorder"),
        ("unknown", 0, False, None, "in_stock"),
        ("unknown", None, None, None, "unknown"),
        ("in_stock", 0, None, None, "in_stock"),
        ("in_stock", 0, None, True, "backorder"),
        ("in_stock", -82, True, True, "backorder"),
        ("out_of_stock", 5, None, True, "out_of_stock"),
        ("preorder", 0, None, None, "preorder"),
    ],
)
def test_word_and_count_are_settled_together(
    word: str, count: int | None, tracked: bool | None, backorders: bool | None, meaning: str
) -> None:
    settled = settle_availability(
        Availability(word), count=count, tracked=tracked, backorders=backorders
    )

    assert settled == meaning

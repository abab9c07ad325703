"""Are dates, money, spans and phrases said as a reader of the language says them?"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from notifier import i18n, i18n_figures
from notifier.domain.eta import Eta

TODAY = date(2026, 11, 21)
DAY = Eta.on(date(2026, 12, 3))
MONTH = Eta.in_month(2027, 2)
WEEK = Eta.between(date(2026, 12, 3), date(2026, 12, 10))
TWO_MONTHS = Eta.between(date(2026, 12, 28), date(2027, 1, 5))
SAME_YEAR = Eta.between(date(2027, 1, 28), date(2027, 2, 5))


@pytest.mark.parametrize(
    ("eta", "locale", "words"),
    [
        (DAY, "en", "around 3 December 2026"),
        (DAY, "en-US", "around December 3, 2026"),
        (DAY, "de", "um den 3. Dezember 2026"),
        (DAY, "de-AT", "um den 3. Dezember 2026"),
        (DAY, "es", "hacia el 3 de diciembre de 2026"),
        (MONTH, "en", "in February 2027"),
        (MONTH, "de", "im Februar 2027"),
        (MONTH, "es", "en febrero de 2027"),
        (WEEK, "en", "between 3 and 10 December 2026"),
        (WEEK, "en-US", "between December 3 and December 10, 2026"),
        (WEEK, "de", "zwischen dem 3. und dem 10. Dezember 2026"),
        (WEEK, "es", "entre el 3 y el 10 de diciembre de 2026"),
        (SAME_YEAR, "en", "between 28 January and 5 February 2027"),
        (TWO_MONTHS, "de", "zwischen dem 28. Dezember 2026 und dem 5. Januar 2027"),
        (Eta.between(date(2026, 12, 3), date(2026, 12, 3)), "en", "around 3 December 2026"),
    ],
)
def test_an_eta_is_said_as_precisely_as_the_source_said_it(
    eta: Eta, locale: str, words: str
) -> None:
    assert i18n.eta_words(eta, locale, TODAY) == words


@pytest.mark.parametrize("eta", [None, Eta.on(date(2026, 11, 20)), Eta.in_month(2026, 10)])
def test_an_eta_that_is_unknown_or_over_is_not_said(eta: Eta | None) -> None:
    assert i18n.eta_words(eta, "en", TODAY) == ""


def test_an_eta_of_today_is_still_said() -> None:
    assert i18n.eta_words(Eta.on(TODAY), "en", TODAY) == "around 21 November 2026"


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "words"),
    [
        ("1299.5", "EUR", "en", "€1,299.50"),
        ("1299.5", "EUR", "de", "1.299,50\u00a0€"),
        ("12995", "EUR", "es", "12.995,00\u00a0€"),
        ("12", "USD", "en", "$12.00"),
        ("1200", "JPY", "en", "¥1,200"),
        ("39.9", "", "de", "39,9"),
    ],
)
def test_money_has_the_currency_where_the_language_puts_it(
    amount: str, currency: str, locale: str, words: str
) -> None:
    assert i18n.format_money(Decimal(amount), currency, locale) == words


@pytest.mark.parametrize(
    ("length", "locale", "words"),
    [
        (timedelta(hours=48), "en", "48 hours"),
        (timedelta(hours=48), "de", "48 Stunden"),
        (timedelta(hours=1), "es", "1 hora"),
        (timedelta(minutes=30), "en", "30 minutes"),
        (timedelta(minutes=90), "de", "90 Minuten"),
        (timedelta(days=14), "de", "14 Tage"),
        (timedelta(seconds=5), "en", "1 minute"),
    ],
)
def test_a_length_of_time_is_said_in_whole_units(
    length: timedelta, locale: str, words: str
) -> None:
    assert i18n.duration_words(length, locale) == words


@pytest.mark.parametrize(
    ("age", "locale", "words"),
    [
        (timedelta(minutes=5), "en", "checked 5 minutes ago"),
        (timedelta(minutes=5), "de", "geprüft vor 5 Minuten"),
        (timedelta(hours=2), "es", "comprobado hace 2 horas"),
        (timedelta(seconds=20), "en", "checked just now"),
        (timedelta(seconds=-20), "en", "checked just now"),
    ],
)
def test_the_age_of_what_we_know_is_said(age: timedelta, locale: str, words: str) -> None:
    assert i18n.age_words(age, locale) == words


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("de_at", "de"),
        ("DE", "de"),
        (("fr", "es-MX", "de"), "es"),
        ("pt", "en"),
        ("", "en"),
        ("../../etc/passwd", "en"),
        ("x" * 10_000, "en"),
    ],
)
def test_a_reader_gets_the_nearest_language_there_is(
    wanted: str | tuple[str, ...], chosen: str
) -> None:
    assert i18n.choose_locale(wanted, ("en", "de", "es")) == chosen


def test_another_region_of_the_language_serves_better_than_the_default() -> None:
    assert i18n.choose_locale("pt", ("en", "pt-BR")) == "pt-BR"


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", ("de-AT", "de", "en")),
        ("en;q=0.1, es", ("es", "en")),
        ("*;q=0.5, de;q=0", ()),
        ("de;q=nonsense, es", ("es",)),
        ("", ()),
    ],
)
def test_accept_language_is_read_by_weight(header: str, names: tuple[str, ...]) -> None:
    assert i18n.accepted_locales(header) == names


def test_a_consent_text_keeps_its_id_and_is_found_by_it() -> None:
    said = i18n.consent_text("de-AT", "sms")

    assert said.locale == "de"
    assert said == i18n.consent_text("de", "sms")
    assert i18n.consent_by_id(said.id) == said
    assert said.id != i18n.consent_text("en", "sms").id
    assert "Kettle & Co" in said.shown(shop="Kettle & Co")


def test_an_id_nobody_gave_out_is_no_consent() -> None:
    assert i18n.consent_by_id("email.en.0000000000") is None


@pytest.mark.parametrize("locale", ["en", "de", "es"])
def test_the_sms_consent_says_what_the_carriers_ask_for(locale: str) -> None:
    text = i18n.consent_text(locale, "sms").shown(shop="Kettle & Co")

    for needed in ("Kettle & Co", "STOP", "HELP", "1 "):
        assert needed in text


@pytest.mark.parametrize("availability", ["out_of_stock", "backorder", "preorder", "unknown"])
def test_the_widget_has_words_for_each_availability(availability: str) -> None:
    texts = i18n.widget_texts("es", availability=availability, shop="Kettle & Co")

    assert all(texts[name] for name in ("headline", "intro", "button", "consent", "consent_sms"))
    assert not any("{shop}" in text for text in texts.values())


def test_the_widget_offers_no_button_for_what_never_comes_back() -> None:
    texts = i18n.widget_texts("en", availability="discontinued", shop="Kettle & Co")

    assert texts["button"] == ""
    assert texts["headline"] == "No longer made"


def test_hebrew_and_arabic_run_from_right_to_left() -> None:
    assert [i18n.direction(one) for one in ("he-IL", "ar", "de")] == ["rtl", "rtl", "ltr"]


@pytest.mark.parametrize(
    ("seconds", "locale", "words"),
    [
        (259_200, "en", "3 days"),
        (93_600, "en", "1 day, 2 hours"),
        (27_000, "de", "7 Stunden, 30 Minuten"),
        (86_400, "de", "1 Tag"),
        (90_061, "es", "1 día, 1 hora"),
        (86_460, "en", "1 day"),
        (59.9, "en", "59 seconds"),
        (0, "en", "0 seconds"),
        (-5, "en", "0 seconds"),
    ],
)
def test_a_length_of_time_is_said_in_its_two_greatest_units(
    seconds: float, locale: str, words: str
) -> None:
    assert i18n_figures.format_length(timedelta(seconds=seconds), locale) == words

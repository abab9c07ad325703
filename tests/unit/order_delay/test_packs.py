"""Whose law governs an order? (trust OD-20 to OD-22)"""

from __future__ import annotations

from datetime import date

import pytest

from notifier.domain.order_delay import PACKS, Why, pack_for

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("country", "name"),
    [
        ("US", "us-ftc-435"),
        ("us", "us-ftc-435"),
        (" PR ", "us-ftc-435"),
        ("DE", "eu-crd-18"),
        ("HR", "eu-crd-18"),
        ("NO", "eu-crd-18"),
        ("RE", "eu-crd-18"),
        ("EL", "eu-crd-18"),
        ("GB", "uk-cra-28"),
        ("UK", "uk-cra-28"),
        ("CH", "strictest"),
        ("CA", "strictest"),
        ("JE", "strictest"),
        ("", "strictest"),
        ("ZZ", "strictest"),
        ("United States", "strictest"),
    ],
)
def test_the_country_shipped_to_decides(country: str, name: str) -> None:
    assert pack_for(country, TODAY).name == name


def test_all_27_members_of_the_union_are_known() -> None:
    members = "ATBEBGHRCYCZDKEEFIFRDEGRHUIEITLVLTLUMTNLPLPTROSKSIESSE"
    codes = {members[start : start + 2] for start in range(0, len(members), 2)}

    assert len(codes) == 27
    assert {pack_for(country, TODAY).name for country in codes} == {"eu-crd-18"}


@pytest.mark.parametrize(
    ("day", "version", "has_function"),
    [
        (date(2010, 1, 1), "eu-crd-18@2014-06-13", False),
        (date(2026, 6, 18), "eu-crd-18@2014-06-13", False),
        (date(2026, 6, 19), "eu-crd-18@2026-06-19", True),
        (TODAY, "eu-crd-18@2026-06-19", True),
    ],
)
def test_an_order_keeps_the_version_of_its_day(day: date, version: str, has_function: bool) -> None:
    pack = pack_for("FR", day)

    assert pack.version == version
    assert pack.withdrawal_function is has_function


def test_every_version_names_its_sources_and_when_they_were_read() -> None:
    for name, versions in PACKS.items():
        assert [each.effective_from for each in versions] == sorted(
            each.effective_from for each in versions
        )
        for pack in versions:
            assert pack.name == name
            assert all(source.startswith("https://") for source in pack.sources)
            assert pack.effective_from <= pack.verified_on < pack.verify_again_on
            assert set(pack.paragraphs) == set(Why)


def test_the_strictest_takes_nobodys_silence_and_the_shortest_times() -> None:
    strict = pack_for("", TODAY)
    others = [pack_for(country, TODAY) for country in ("US", "DE", "GB")]

    assert not strict.silence_may_consent
    assert strict.withdrawal_function
    assert strict.default_days <= min(pack.default_days for pack in others)
    assert strict.credit_days <= min(pack.credit_days for pack in others)

"""Do collected feeds of real shops give the answers that people read off them?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from notifier.connectors.feed import Settings, Source
from notifier.domain.availability import Availability
from notifier.errors import LookFailed
from tests import fixtures_report
from tests.fixture_readers import READERS, read_feed_file

KINDS = ("googlefeed", "metacatalog", "openai", "csv")


@pytest.fixture(scope="module")
def expected(fixtures_dir: Path) -> list[dict[str, Any]]:
    rows = [r for r in fixtures_report.expected_rows(fixtures_dir) if r["connector"] in KINDS]
    assert {row["connector"] for row in rows} == set(KINDS), "EXPECTED.jsonl lacks a kind of feed"
    return rows


def test_every_feed_gives_the_right_answers_with_nothing_but_its_path_set(
    expected: list[dict[str, Any]], fixtures_dir: Path
) -> None:
    verdicts = [fixtures_report.judge(row, fixtures_dir) for row in expected]

    assert {v.path: v.wrong for v in verdicts if v.wrong} == {}


def test_the_report_notices_a_reader_that_is_wrong(
    expected: list[dict[str, Any]],
    fixtures_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def sold_out(path: Path) -> list[Any]:
        return [replace(o, availability=Availability.OUT_OF_STOCK) for o in read_feed_file(path)]

    assert fixtures_report.main(["umer_google"]) == 0
    monkeypatch.setitem(READERS, "googlefeed", sold_out)
    assert fixtures_report.main(["umer_google"]) == 1
    assert "PROD-001: availability is out_of_stock, not in_stock" in capsys.readouterr().out


def test_both_feeds_of_one_shop_agree(fixtures_dir: Path) -> None:
    folder = fixtures_dir / "googlefeed"

    google = {o.key: o for o in read_feed_file(folder / "olaplex_ru_google.xml")}
    yandex = {o.key: o for o in read_feed_file(folder / "olaplex_ru_yandex.yml.xml")}

    assert google.keys() == yandex.keys()
    for key, offer in google.items():
        assert offer.availability == yandex[key].availability
        assert (offer.price, offer.currency) == (yandex[key].price, yandex[key].currency)


def test_a_malformed_feed_is_read_but_absence_from_it_says_nothing(fixtures_dir: Path) -> None:
    path = fixtures_dir / "googlefeed/broken_mismatched_tag.xml"
    look = Source(Settings(path=str(path))).look({})

    seen = list(look.observations)

    assert [o.sku for o in seen] == ["perfume_1", "watch_1"]
    assert look.full is False
    assert any("damaged" in warning for warning in look.warnings)


def test_a_sale_counts_only_while_it_runs(fixtures_dir: Path) -> None:
    path = fixtures_dir / "metacatalog/tnd_decimal_comma_bom.csv"

    during = read_feed_file(path, now=datetime(2025, 8, 10, tzinfo=UTC))[-1]
    after = read_feed_file(path, now=datetime(2025, 8, 16, tzinfo=UTC))[-1]

    assert (during.price, during.regular_price) == (Decimal("14.99"), Decimal("19.99"))
    assert (during.currency, after.currency) == ("EUR", "EUR")
    assert (after.price, after.regular_price) == (Decimal("19.99"), None)


def test_every_feed_cut_off_anywhere_is_refused_or_claims_nothing_about_absence(
    expected: list[dict[str, Any]], fixtures_dir: Path, tmp_path: Path
) -> None:
    compared = 0
    for row in expected:
        body = (fixtures_dir / row["path"]).read_bytes()
        whole = {o.key: o.availability for o in read_feed_file(fixtures_dir / row["path"])}
        for part in range(1, 10):
            cut = tmp_path / Path(row["path"]).name
            cut.write_bytes(body[: len(body) * part // 10])
            look = Source(Settings(path=str(cut))).look({})
            try:
                seen = list(look.observations)
            except LookFailed:
                continue
            # A table cut off exactly between two rows is a shorter table; its rows are right.
            assert all(whole.get(o.key) == o.availability for o in seen[:-1])
            compared += len(seen[:-1])
    assert compared

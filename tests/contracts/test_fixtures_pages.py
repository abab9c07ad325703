"""Do collected pages of real shops give the answers that people read off them?"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from notifier.connectors.page_reading.reading import read_page
from notifier.domain.observation import Observation
from notifier.errors import LookFailed
from tests.page_rules import read_markup_file, read_page_file

KINDS = ("jsonld", "microdata", "html")
Row = dict[str, Any]


@pytest.fixture(scope="module")
def expected(fixtures_dir: Path) -> list[Row]:
    lines = (fixtures_dir / "EXPECTED.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    rows = [row for row in rows if row["connector"] in KINDS]
    assert {row["connector"] for row in rows} == set(KINDS), "EXPECTED.jsonl lacks a kind of page"
    return rows


def test_every_page_gives_the_true_answer_with_its_shops_rule(
    expected: list[Row], fixtures_dir: Path
) -> None:
    wrong = {}
    for row in chosen(expected, lambda row: row["items"] is not None):
        got = read_page_file(fixtures_dir / row["path"])
        if _shown(got, row["items"]) != _wanted(row["items"], word="availability"):
            wrong[row["path"]] = got
    assert not wrong


def test_every_page_gives_what_its_markup_says_where_there_is_no_rule(
    expected: list[Row], fixtures_dir: Path
) -> None:
    def has_markup(row: Row) -> bool:
        page = fixtures_dir / row["path"]
        return row["items"] is not None and b"schema.org" in page.read_bytes()

    wrong = {}
    for row in chosen(expected, has_markup):
        got = read_markup_file(fixtures_dir / row["path"])
        if _shown(got, row["items"]) != _wanted(row["items"], word="markup"):
            wrong[row["path"]] = got
    assert not wrong


def test_pages_without_markup_say_nothing_without_a_rule(
    expected: list[Row], fixtures_dir: Path
) -> None:
    for row in chosen(expected, lambda row: row["connector"] == "html"):
        assert read_markup_file(fixtures_dir / row["path"]) == []


def test_pages_without_a_product_change_nothing(expected: list[Row], fixtures_dir: Path) -> None:
    empty = chosen(expected, lambda row: row["items"] is None)
    for row in chosen(empty, lambda row: "blocked" not in row["answer"]):
        assert read_page_file(fixtures_dir / row["path"]) == []


def test_a_page_of_a_wall_against_robots_is_refused(
    expected: list[Row], fixtures_dir: Path
) -> None:
    empty = chosen(expected, lambda row: row["items"] is None)
    for row in chosen(empty, lambda row: "blocked" in row["answer"]):
        with pytest.raises(LookFailed) as caught:
            read_page_file(fixtures_dir / row["path"])
        assert caught.value.code == "bot_wall"


def test_a_pre_order_marked_up_as_in_stock_is_pointed_out(fixtures_dir: Path) -> None:
    page = (fixtures_dir / "jsonld/toysrus_th_preorder_as_instock.html").read_bytes()

    reading = read_page(page)

    assert any("perhaps a pre-order" in warning for warning in reading.warnings)


def test_every_page_cut_off_anywhere_still_is_read_or_refused_without_a_crash(
    expected: list[Row], fixtures_dir: Path
) -> None:
    for row in expected:
        body = (fixtures_dir / row["path"]).read_bytes()
        for part in range(1, 12):
            cut = body[: len(body) * part // 12]
            with suppress(LookFailed):
                read_page(cut)


def chosen(rows: list[Row], is_meant: Callable[[Row], bool]) -> list[Row]:
    """Those rows; never none, because a test that looks at nothing cannot fail."""
    found = [row for row in rows if is_meant(row)]
    assert found, "EXPECTED.jsonl names no such page"
    return found


def _shown(got: list[Observation], items: list[Row]) -> list[tuple[Any, ...]]:
    if len(got) != len(items):
        return [("found", len(got))]
    return [
        (
            "" if item["sku"] == "(no sku)" else seen.sku,
            seen.availability.value,
            seen.price if "price" in item else None,
            seen.currency if "currency" in item else None,
            seen.quantity,
            seen.eta.iso() if seen.eta else None,
            seen.product_key if "group" in item else None,
        )
        for seen, item in zip(got, items, strict=True)
    ]


def _wanted(items: list[Row], *, word: str) -> list[tuple[Any, ...]]:
    return [
        (
            "" if item["sku"] == "(no sku)" else item["sku"],
            {"none": "unknown"}.get(item.get(word, ""), item.get(word, item["availability"])),
            Decimal(item["price"]) if "price" in item else None,
            item.get("currency"),
            item["quantity"],
            item["eta"],
            item.get("group"),
        )
        for item in items
    ]

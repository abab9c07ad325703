"""Do collected pages of real shops give the answers that people read off them?"""

from __future__ import annotations

import json
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


@pytest.fixture(scope="module")
def expected(fixtures_dir: Path) -> list[dict[str, Any]]:
    lines = (fixtures_dir / "EXPECTED.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    rows = [row for row in rows if row["connector"] in KINDS]
    assert rows, "EXPECTED.jsonl names no pages"
    return rows


def test_every_page_gives_the_true_answer_with_its_shops_rule(
    expected: list[dict[str, Any]], fixtures_dir: Path
) -> None:
    wrong = {}
    for row in expected:
        if row["items"] is None:
            continue
        got = read_page_file(fixtures_dir / row["path"])
        if _shown(got, row["items"]) != _wanted(row["items"], word="availability"):
            wrong[row["path"]] = got
    assert not wrong


def test_every_page_gives_what_its_markup_says_where_there_is_no_rule(
    expected: list[dict[str, Any]], fixtures_dir: Path
) -> None:
    wrong = {}
    for row in expected:
        path = fixtures_dir / row["path"]
        if row["items"] is None or b"schema.org" not in path.read_bytes():
            continue
        got = read_markup_file(path)
        if _shown(got, row["items"]) != _wanted(row["items"], word="markup"):
            wrong[row["path"]] = got
    assert not wrong


def test_pages_without_markup_say_nothing_without_a_rule(
    expected: list[dict[str, Any]], fixtures_dir: Path
) -> None:
    for row in expected:
        if row["connector"] == "html":
            assert read_markup_file(fixtures_dir / row["path"]) == []


def test_pages_without_a_product_change_nothing(
    expected: list[dict[str, Any]], fixtures_dir: Path
) -> None:
    for row in expected:
        if row["items"] is None and "blocked" in row["answer"]:
            with pytest.raises(LookFailed) as caught:
                read_page_file(fixtures_dir / row["path"])
            assert caught.value.code == "bot_wall"
        elif row["items"] is None:
            assert read_page_file(fixtures_dir / row["path"]) == []


def test_a_pre_order_marked_up_as_in_stock_is_pointed_out(fixtures_dir: Path) -> None:
    page = (fixtures_dir / "jsonld/toysrus_th_preorder_as_instock.html").read_bytes()

    reading = read_page(page)

    assert any("perhaps a pre-order" in warning for warning in reading.warnings)


def test_every_page_cut_off_anywhere_still_is_read_or_refused_without_a_crash(
    expected: list[dict[str, Any]], fixtures_dir: Path
) -> None:
    for row in expected:
        body = (fixtures_dir / row["path"]).read_bytes()
        for part in range(1, 12):
            cut = body[: len(body) * part // 12]
            with suppress(LookFailed):
                read_page(cut)


def _shown(got: list[Observation], items: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
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


def _wanted(items: list[dict[str, Any]], *, word: str) -> list[tuple[Any, ...]]:
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

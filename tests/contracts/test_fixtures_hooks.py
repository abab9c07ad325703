"""Do deliveries of real shops say what people read off them?"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from notifier.connectors.shop_hooks import shopify
from notifier.errors import LookFailed
from tests import fixtures_report
from tests.fixture_readers import NOW, headers_of, is_hook, news_in


def test_every_delivery_gives_the_right_answers(fixtures_dir: Path) -> None:
    rows = [row for row in fixtures_report.expected_rows(fixtures_dir) if is_hook(row["path"])]
    assert len(rows) >= 6
    verdicts = [fixtures_report.judge(row, fixtures_dir) for row in rows]
    assert {v.path: (v.got, v.wrong) for v in verdicts if v.wrong or "refused" in v.got} == {}


def test_an_order_of_woocommerce_tells_its_lines(fixtures_dir: Path) -> None:
    news = news_in(fixtures_dir / "woocommerce/hook_order_created.json")
    told = [(one.ref, one.variant, one.sku, one.units, one.at) for one in news.bought]
    at = datetime(2026, 11, 21, 19, 58, 52, tzinfo=UTC)
    assert told == [("35:1", "14", "woo-beanie", 1, at)]


def test_an_order_of_shopify_tells_its_lines(fixtures_dir: Path) -> None:
    order = json.loads((fixtures_dir / "shopify/order_open.json").read_text())
    news = shopify.read_hook("orders/create", order, at=None, site="", currency="", now=NOW)
    assert [(one.sku, one.units) for one in news.bought] == [
        ("IPOD2008GREEN", 1),
        ("IPOD2008RED", 1),
        ("IPOD2008BLACK", 1),
    ]


def test_one_byte_more_is_not_signed(fixtures_dir: Path, tmp_path: Path) -> None:
    real = fixtures_dir / "woocommerce/hook_product_updated_simple.json"
    assert headers_of(real)["X-WC-Webhook-Topic"] == "product.updated"
    (tmp_path / "hook.headers").write_text(real.with_suffix(".headers").read_text())
    (tmp_path / "hook.json").write_bytes(real.read_bytes() + b" ")
    with pytest.raises(LookFailed):
        news_in(tmp_path / "hook.json")

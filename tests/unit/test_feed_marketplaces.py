"""Are offers of marketplaces known by the shop's own ids, and read as those systems mean them?

Shapes as the references of Mirakl, Amazon and Google give them, goods made up.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.feeds import look_at


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return tmp_path / "feed"


def test_an_offer_of_mirakl_is_known_by_the_shops_sku_and_sold_only_while_active(
    feed: Path,
) -> None:
    offer = {"product_sku": "P1", "price": 12.9, "quantity": 4}
    offers = [
        offer | {"offer_id": 1, "shop_sku": "S-1", "active": True},
        offer | {"offer_id": 2, "shop_sku": "S-2", "active": False},
    ]

    seen, _ = look_at(feed, json.dumps({"offers": offers, "total_count": 2}))

    assert [(o.key, o.sku, o.availability.value) for o in seen] == [
        ("S-1", "S-1", "in_stock"),
        ("S-2", "S-2", "out_of_stock"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        "offer-id;sku;product-id;product-id-type;price;quantity;active\n"
        "1;S-1;P1;EAN;9.00;4;true\n2;S-2;P1;EAN;9.00;4;false\n",
        "item-name\tlisting-id\tseller-sku\tprice\tquantity\tproduct-id-type\tasin1\tproduct-id\t"
        "status\nCup\tL1\tS-1\t9.99\t4\t1\tB0\tB0\tActive\nCup\tL2\tS-2\t9.99\t4\t1\tB0\tB0\t"
        "Inactive\n",
    ],
    ids=["mirakl", "amazon"],
)
def test_offers_of_one_product_in_a_marketplaces_table_are_told_apart(
    feed: Path, body: str
) -> None:
    seen, _ = look_at(feed, body)

    assert [(o.key, o.availability.value, o.quantity) for o in seen] == [
        ("S-1", "in_stock", 4),
        ("S-2", "out_of_stock", 4),
    ]


@pytest.mark.parametrize("attributes", ["productAttributes", "attributes"])
@pytest.mark.parametrize("listed", ["productInputs", "products"])
def test_googles_merchant_api_keeps_the_product_inside_of_its_attributes(
    feed: Path, attributes: str, listed: str
) -> None:
    def product(key: str, **said: Any) -> dict[str, Any]:
        price = {"amountMicros": "15990000", "currencyCode": "USD"}
        name = f"accounts/1/{listed}/en~US~{key}"
        return {"name": name, "offerId": key, attributes: {"title": "Cup", "price": price, **said}}

    later = {"availability": "PREORDER", "availabilityDate": "2027-03-01T00:00:00Z"}
    goods = [product("A", availability="OUT_OF_STOCK"), product("B", **later), product("C")]

    seen, _ = look_at(feed, json.dumps({listed: goods}))

    assert [(o.key, o.title, o.price, o.currency) for o in seen] == [
        (key, "Cup", Decimal("15.99"), "USD") for key in "ABC"
    ]
    assert [o.availability.value for o in seen] == ["out_of_stock", "preorder", "unknown"]
    assert [o.eta.iso() if o.eta else "" for o in seen] == ["", "2027-03-01", ""]


def test_an_offer_of_bol_on_hold_is_not_sold(feed: Path) -> None:
    offer = {"stock": {"amount": 5, "managedByRetailer": True}}
    offers = [offer | {"offerId": str(hold), "onHoldByRetailer": hold} for hold in (True, False)]

    seen, _ = look_at(feed, json.dumps({"offers": offers}))

    assert [o.availability.value for o in seen] == ["out_of_stock", "in_stock"]


def test_what_salla_hides_is_not_sold_and_what_it_does_not_count_is_there(feed: Path) -> None:
    goods = [
        {"id": 1, "status": "hidden", "quantity": 5, "unlimited_quantity": False},
        {"id": 2, "status": "sale", "quantity": 0, "unlimited_quantity": True},
        {"id": 3, "status": "out", "quantity": 0, "unlimited_quantity": True},
    ]

    seen, _ = look_at(feed, json.dumps({"data": goods}))

    assert [o.availability.value for o in seen] == ["out_of_stock", "in_stock", "out_of_stock"]


def test_what_allegro_ended_and_mercado_libre_paused_is_not_sold(feed: Path) -> None:
    goods = [
        {"id": "1", "stock": {"available": 5}, "publication": {"status": "ENDED"}},
        {"id": "2", "stock": {"available": 5}, "publication": {"status": "ACTIVE"}},
        {"id": "3", "status": "paused", "available_quantity": 5, "price": 9},
        {"id": "4", "status": "active", "available_quantity": 5, "price": 9},
    ]

    seen, _ = look_at(feed, json.dumps(goods))

    assert [o.availability.value for o in seen] == [
        "out_of_stock",
        "in_stock",
        "out_of_stock",
        "in_stock",
    ]


def test_what_nuvemshop_does_not_publish_is_not_sold_and_what_it_does_not_count_is_there(
    feed: Path,
) -> None:
    counted = {"id": 11, "stock": 5, "stock_management": True}
    free = {"id": 21, "stock": None, "stock_management": False}
    goods = [
        {"id": 1, "published": False, "variants": [counted]},
        {"id": 2, "published": True, "variants": [free]},
    ]

    seen, _ = look_at(feed, json.dumps(goods))

    assert [(o.key, o.availability.value) for o in seen] == [
        ("11", "out_of_stock"),
        ("21", "in_stock"),
    ]


def test_what_walmart_does_not_show_is_not_for_sale_whatever_its_availability_says(
    feed: Path,
) -> None:
    item = {"mart": "WALMART_US", "availability": "In_stock", "lifecycleStatus": "ACTIVE"}
    items = [
        item | {"sku": "A", "publishedStatus": "PUBLISHED"},
        item | {"sku": "B", "publishedStatus": "UNPUBLISHED"},
        item | {"sku": "C", "publishedStatus": "SYSTEM_PROBLEM"},
        item | {"sku": "D", "publishedStatus": "PUBLISHED", "lifecycleStatus": "RETIRED"},
    ]

    seen, _ = look_at(feed, json.dumps({"ItemResponse": items, "totalItems": 4}))

    assert [(o.key, o.availability.value) for o in seen] == [
        ("A", "in_stock"),
        ("B", "out_of_stock"),
        ("C", "out_of_stock"),
        ("D", "out_of_stock"),
    ]


def test_of_what_square_counts_only_what_is_in_stock_can_be_sold(feed: Path) -> None:
    def count(id_: str, state: str, quantity: str, place: str = "L1") -> dict[str, str]:
        return {
            "catalog_object_id": id_, "catalog_object_type": "ITEM_VARIATION", "state": state,
            "location_id": place, "quantity": quantity, "calculated_at": "2026-11-01T10:00:00Z",
        }  # fmt: skip

    counts = [
        count("V1", "IN_STOCK", "3"),
        count("V1", "WASTE", "5"),
        count("V1", "IN_STOCK", "2", "L2"),
        count("V2", "IN_TRANSIT", "9"),
    ]

    seen, _ = look_at(feed, json.dumps({"counts": counts}))

    assert [(o.key, o.availability.value, o.quantity) for o in seen] == [
        ("V1", "in_stock", 5),
        ("V2", "out_of_stock", 0),
    ]


def test_several_items_of_mercado_libre_are_each_the_body_of_an_answer(feed: Path) -> None:
    answers = [
        {"code": 200, "body": {"id": "MLA1", "available_quantity": 3, "status": "active"}},
        {"code": 200, "body": {"id": "MLA2", "available_quantity": 3, "status": "paused"}},
    ]

    seen, _ = look_at(feed, json.dumps(answers))

    assert [(o.key, o.availability.value) for o in seen] == [
        ("MLA1", "in_stock"),
        ("MLA2", "out_of_stock"),
    ]


def test_of_what_amazon_keeps_only_what_can_be_sent_counts(feed: Path) -> None:
    details = {"fulfillableQuantity": 3, "inboundWorkingQuantity": 7}
    summaries = [
        {"asin": "B0", "fnSku": "X1", "sellerSku": "S-1", "inventoryDetails": details,
         "totalQuantity": 10},
        {"asin": "B0", "fnSku": "X2", "sellerSku": "S-2", "totalQuantity": 10,
         "inventoryDetails": details | {"fulfillableQuantity": 0}},
    ]  # fmt: skip
    answer = {"payload": {"granularity": {}, "inventorySummaries": summaries}}
    table = (
        "sku\tfnsku\tasin\tproduct-name\tcondition\tyour-price\tmfn-listing-exists\t"
        "mfn-fulfillable-quantity\tafn-listing-exists\tafn-warehouse-quantity\t"
        "afn-fulfillable-quantity\tafn-unsellable-quantity\tafn-total-quantity\n"
        "S-1\tX1\tB0\tCup\tNew\t9.99\tNo\t\tYes\t4\t3\t1\t10\n"
        "S-2\tX2\tB0\tCup\tNew\t9.99\tNo\t\tYes\t4\t0\t4\t10\n"
    )

    for body in (json.dumps(answer), table):
        seen, _ = look_at(feed, body)
        assert [(o.sku, o.availability.value, o.quantity) for o in seen] == [
            ("S-1", "in_stock", 3),
            ("S-2", "out_of_stock", 0),
        ]

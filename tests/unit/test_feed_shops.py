"""What do the answers and exports of well-known shop systems mean, where their names mislead?

Each line: what it is, the answer, and id → (availability, quantity). Shapes as the systems'
references give them, goods made up.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from notifier.connectors.feed import Settings, Source
from notifier.connectors.reading.paging import goes_on, page_size
from notifier.errors import LookFailed
from tests.fakes.feed_server import Reply, serving
from tests.timing import SettableClock
from tests.unit.feeds import google, look_at, rss

Found = dict[str, tuple[str, int | None]]


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return tmp_path / "feed"


def shopify(**more: Any) -> dict[str, Any]:
    variant = {
        "id": 41, "title": "Red", "price": "10.00", "sku": "", "inventory_policy": "deny",
        "inventory_management": "shopify", "inventory_quantity": 0,
    }  # fmt: skip
    return {"products": [{"id": 9, "title": "Mug", "handle": "mug", "variants": [variant | more]}]}


def woo(**more: Any) -> list[dict[str, Any]]:
    item = {
        "id": 10, "price": "10", "regular_price": "10", "sale_price": "", "manage_stock": False,
        "stock_quantity": None, "stock_status": "instock", "backorders": "no", "variations": [],
    }  # fmt: skip
    return [item | more]


def magento(**stock: Any) -> dict[str, Any]:
    stock = {"qty": 5, "is_in_stock": True, "manage_stock": True, "backorders": 0, **stock}
    return {
        "id": 1, "sku": "M", "attribute_set_id": 4, "price": 10, "status": 1, "type_id": "simple",
        "extension_attributes": {"stock_item": stock},
    }  # fmt: skip


def bigcommerce(*variants: dict[str, Any], **more: Any) -> dict[str, Any]:
    item = {
        "id": 1, "price": 10, "sale_price": 0, "inventory_level": 0, "is_visible": True,
        "inventory_tracking": "product", "availability": "available",
    }  # fmt: skip
    return {"data": [item | more | ({"variants": list(variants)} if variants else {})]}


def shopware(**more: Any) -> dict[str, Any]:
    item = {"id": "s", "productNumber": "N", "stock": 0, "availableStock": 0, "isCloseout": True}
    return {"elements": [item | {"available": True, "active": True} | more]}


ANSWERS: list[tuple[str, Any, Found]] = [
    ("Shopify, tracked", shopify(), {"41": ("out_of_stock", 0)}),
    ("Shopify, sells below zero", shopify(inventory_policy="continue", inventory_quantity=-82),
     {"41": ("backorder", 0)}),
    ("Shopify, nobody counts", shopify(inventory_management=None), {"41": ("in_stock", None)}),
    ("Shopify, no ids", {"products": [{"handle": "mug", "title": "Mug", "variants": [
        {"title": "Red", "available": True}, {"title": "Blue", "available": False}]}]},
     {"mug/Red": ("in_stock", None), "mug/Blue": ("out_of_stock", None)}),
    ("Shopify, draft", {"products": [shopify(inventory_quantity=3)["products"][0]
                                     | {"status": "draft"}]}, {"41": ("out_of_stock", 3)}),
    ("Shopify, GraphQL", {"data": {"productVariants": {"edges": [{"node": {
        "id": "gid://shopify/ProductVariant/41", "inventoryQuantity": 0,
        "inventoryItem": {"tracked": False}}}]}}},
     {"gid://shopify/ProductVariant/41": ("in_stock", None)}),
    ("WooCommerce, not counted", woo(stock_quantity=0), {"10": ("in_stock", None)}),
    ("WooCommerce, draft", woo(status="draft"), {"10": ("out_of_stock", None)}),
    ("WooCommerce Store API", [
        {"id": 1, "is_in_stock": True, "is_on_backorder": True, "variations": []},
        {"id": 2, "is_in_stock": False, "is_on_backorder": False, "variations": [{"id": 3}]}],
     {"1": ("backorder", None), "2": ("out_of_stock", None), "3": ("unknown", None)}),
    ("Magento", magento(), {"1": ("in_stock", 5)}),
    ("Magento, sells below zero and says so", magento(qty=-2, backorders=2),
     {"1": ("backorder", 0)}),
    ("Magento, bundle", magento(qty=0) | {"type_id": "bundle"}, {"1": ("in_stock", None)}),
    ("Magento, disabled", magento() | {"status": 2}, {"1": ("out_of_stock", 5)}),
    ("Magento, sources", {"items": [
        {"sku": "A", "source_code": "n", "quantity": 0, "status": 1},
        {"sku": "B", "source_code": "n", "quantity": 9, "status": 0},
        {"sku": "A", "source_code": "s", "quantity": 25, "status": 1}]},
     {"A": ("in_stock", 25), "B": ("out_of_stock", 0)}),
    ("BigCommerce, counted", bigcommerce(), {"1": ("out_of_stock", 0)}),
    ("BigCommerce, not counted", bigcommerce(inventory_tracking="none"), {"1": ("in_stock", None)}),
    ("BigCommerce, disabled", bigcommerce(availability="disabled", inventory_level=4),
     {"1": ("out_of_stock", 4)}),
    ("BigCommerce, variants", bigcommerce(
        {"id": 11, "inventory_level": 9}, {"id": 12, "inventory_level": 0},
        {"id": 13, "inventory_level": 4, "purchasing_disabled": True},
        inventory_tracking="variant"),
     {"11": ("in_stock", 9), "12": ("out_of_stock", 0), "13": ("out_of_stock", 4)}),
    ("BigCommerce, one stock for all variants", bigcommerce(
        {"id": 11, "inventory_level": 0}, inventory_level=7), {"11": ("in_stock", 7)}),
    ("PrestaShop, whose products always show 0", {"products": [
        {"id": 1, "id_default_combination": "0", "quantity": "0", "active": "1", "price": "9"}]},
     {"1": ("unknown", None)}),
    ("PrestaShop, stock", {"stock_availables": [
        {"id": 5, "id_product": "1", "id_product_attribute": "0", "quantity": "4"},
        {"id": 6, "id_product": "2", "id_product_attribute": "8", "quantity": "0",
         "out_of_stock": "1"}]},
     {"1": ("in_stock", 4), "2-8": ("backorder", 0)}),
    ("Shopware, on sale until it is gone", shopware(), {"s": ("out_of_stock", 0)}),
    ("Shopware, sells below zero", shopware(isCloseout=False, stock=-11, availableStock=-11),
     {"s": ("backorder", 0)}),
    ("Shopware, inactive", shopware(active=False, availableStock=3), {"s": ("out_of_stock", 3)}),
    ("Medusa, not counted", {"products": [{"id": "p", "variants": [
        {"id": "v", "manage_inventory": False, "inventory_quantity": None}]}]},
     {"v": ("in_stock", None)}),
    ("Saleor, stocks of two warehouses", {"data": {"stocks": {"edges": [
        {"node": {"id": f"stock-{place}", "warehouse": {"id": place}, "quantity": 9,
                  "quantityAllocated": taken, "quantityReserved": 1,
                  "productVariant": {"id": "v"}}} for place, taken in (("n", 8), ("s", 5))]}}},
     {"v": ("in_stock", 3)}),
    ("Squarespace", {"items": [{"id": "p", "variants": [
        {"id": "v", "qtyInStock": 0, "unlimited": True, "price": 1000},
        {"id": "w", "qtyInStock": 0, "unlimited": False, "price": 1000}]}]},
     {"v": ("in_stock", None), "w": ("out_of_stock", 0)}),
    ("Ecwid, not counted is left out", {"items": [
        {"id": 1, "quantity": 11, "unlimited": False, "inStock": True, "enabled": True},
        {"id": 2, "quantity": 67, "inStock": True, "enabled": False}]},
     {"1": ("in_stock", 11), "2": ("out_of_stock", 67)}),
    ("Ecwid, combinations", {"items": [
        {"id": 3, "quantity": 6, "inStock": True, "enabled": True, "price": 2, "combinations": [
            {"id": 31, "quantity": 0, "unlimited": False}, {"id": 32, "quantity": 6},
            {"id": 33, "quantity": 0, "unlimited": True}]},
        {"id": 4, "quantity": 5, "inStock": True, "enabled": False, "combinations": [
            {"id": 41, "quantity": 5}]}]},
     {"31": ("out_of_stock", 0), "32": ("in_stock", 6), "33": ("in_stock", None),
      "41": ("out_of_stock", 5)}),
    ("another system's words", [
        {"id": 1, "inventory_tracking": True, "stock_status": "instock", "regular_price": "9"}],
     {"1": ("in_stock", None)}),
    ("Wix", {"products": [{"id": "w", "price": 5, "stock": {
        "trackInventory": True, "quantity": 4, "inStock": True}}]}, {"w": ("in_stock", 4)}),
]  # fmt: skip

SHOPIFY_PRODUCTS = (
    "Handle,Title,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,"
    "Variant Inventory Policy,Variant Price,Image Src\n"
)
PRESTASHOP = (
    "<prestashop><products><product><id><![CDATA[1]]></id><id_default_combination/>"
    "<quantity>0</quantity></product></products></prestashop>"
)
PRESTASHOP_STOCK = (
    "<prestashop><stock_availables><stock_available><id>7</id><id_product>1</id_product>"
    "<id_product_attribute>0</id_product_attribute><quantity><![CDATA[4]]></quantity>"
    "<out_of_stock>2</out_of_stock></stock_available></stock_availables></prestashop>"
)
EXPORTS: list[tuple[str, str, Found]] = [
    ("Shopify's products, with images, without SKUs", SHOPIFY_PRODUCTS
     + "tee,Tee,S,,shopify,0,deny,20,https://x.example/1.jpg\n"
     "tee,,,,,,,,https://x.example/2.jpg\ntee,,M,TEE-M,shopify,-2,continue,20,\n"
     "mug,Mug,Default Title,,,0,deny,9,\nmug,,,,,,,,https://x.example/3.jpg\n",
     {"tee/S": ("out_of_stock", 0), "TEE-M": ("backorder", 0), "mug": ("in_stock", None)}),
    ("Shopify's inventory", "Handle,Title,SKU,Location,Committed,Available,On hand\n"
     "mug,Mug,A,North,0,0,0\nmug,Mug,A,South,0,1,1\nmug,Mug,B,North,0,0,0\n"
     "mug,Mug,B,South,not stocked,not stocked,not stocked\n",
     {"A": ("in_stock", 1), "B": ("out_of_stock", 0)}),
    ("a warehouse, sorted by place", "sku,warehouse,qty\nA,North,0\nB,North,?\nC,North,?\n"
     + "".join(f"G{n},North,1\n" for n in range(60)) + "A,South,4\nB,South,0\nC,South,2\n",
     {"A": ("in_stock", 4), "B": ("unknown", None), "C": ("in_stock", 2)}),
    ("PrestaShop's products as XML", PRESTASHOP, {"1": ("unknown", None)}),
    ("PrestaShop's stock as XML", PRESTASHOP_STOCK, {"1": ("in_stock", 4)}),
    ("a house that reserves", "sku,quantity,available quantity\nA,5,0\n",
     {"A": ("out_of_stock", 0)}),
    ("Magento", "sku,qty,allow_backorders,is_in_stock\nA,-2.0000,2,1\nB,0.0000,0,0\n",
     {"A": ("backorder", 0), "B": ("out_of_stock", 0)}),
    ("BigCommerce", "Product ID,Product Code/SKU,Allow Purchases?,Product Visible?,"
     "Track Inventory,Current Stock Level\n1,A,Y,Y,none,0\n2,B,N,Y,by product,5\n"
     "3,C,Y,N,by product,5\n",
     {"1": ("in_stock", None), "2": ("out_of_stock", 5), "3": ("out_of_stock", 5)}),
    ("WooCommerce in German", "ID,Artikelnummer,Vorrätig?,Lager\n1,A,1,\n2,B,backorder,0\n",
     {"1": ("in_stock", None), "2": ("backorder", None)}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "body", "found"), [*ANSWERS, *EXPORTS])
def test_a_shop_system_is_understood(feed: Path, what: str, body: Any, found: Found) -> None:
    seen, look = look_at(feed, body if isinstance(body, str) else json.dumps(body))

    said = {o.key: (o.availability.value, o.quantity) for o in seen}
    assert {key: value for key, value in said.items() if not key.startswith("G")} == found
    assert len(said) == len(seen)
    assert look.full


@pytest.mark.parametrize(
    ("body", "price", "currency"),
    [
        (woo(price="10", sale_price="8"), "10", ""),
        (
            [{"id": 1, "is_on_backorder": False, "prices": {
                "price": "1050", "currency_code": "EUR", "currency_minor_unit": 2}}],
            "10.50", "EUR",
        ),
        ({"id": 9, "price_varies": False, "variants": [{"id": 1, "price": 1050}]}, "10.50", ""),
        (bigcommerce(), "10", ""),
    ],
)  # fmt: skip
def test_the_price_is_what_one_pays_now(feed: Path, body: Any, price: str, currency: str) -> None:
    ((one,), _) = look_at(feed, json.dumps(body))

    assert (one.price, one.currency) == (Decimal(price), currency)


@pytest.mark.parametrize("wrap", [lambda o: o, lambda o: [o], lambda o: {"order": o}])
def test_what_was_bought_is_not_what_is_there(feed: Path, wrap: Any) -> None:
    line = {"id": 5, "sku": "R", "quantity": 1, "price": "10.00"}

    with pytest.raises(LookFailed) as caught:
        look_at(feed, json.dumps(wrap({"id": 1, "total": "10.00", "line_items": [line]})))

    assert caught.value.code == "no_items"


@pytest.mark.parametrize(
    ("round_it", "full"),
    [
        ({"next": "https://x.example/?page=2"}, False),
        ({"next": None, "count": 1}, True),
        ({"links": {"self": "x", "next": "y"}}, False),
        ({"has_more": True}, False),
        ({"next_cursor": ""}, True),
        ({"pageInfo": {"hasNextPage": True}}, False),
        ({"meta": {"pagination": {"current_page": 1, "total_pages": 2}}}, False),
        ({"meta": {"pagination": {"current_page": 1, "total_pages": 1}}}, True),
        ({"total_count": 50}, False),
        ({"total": 1}, True),
        ({"count": 120, "limit": 1, "offset": 0}, False),
        ({"errors": [{"message": "Throttled"}]}, False),
        ({"errors": []}, True),
        ({"success": False}, False),
    ],
)
def test_one_page_of_several_proves_no_absence(
    feed: Path, round_it: dict[str, Any], full: bool
) -> None:
    for body in ({**round_it, "items": [{"id": "A", "stock": 3}]},
                 {"items": [{"id": "A", "stock": 3}], **round_it}):  # fmt: skip
        _, look = look_at(feed, json.dumps(body))

        assert look.full is full
        assert bool(look.warnings) is not full


@pytest.mark.parametrize(
    ("path", "headers", "full"),
    [
        ("/feed", {"Link": '<https://x.example/?page=2>; rel="next"'}, False),
        ("/feed", {"Link": '<https://x.example/>; rel="prev", </a.css>; rel=preload'}, True),
        ("/feed", {"X-WP-TotalPages": "3"}, False),
        ("/feed", {"X-WP-TotalPages": "1"}, True),
        ("/feed?limit=2", {}, False),
        ("/feed?limit=3", {}, True),
    ],
)
def test_an_address_that_gives_pages_proves_no_absence(
    path: str, headers: dict[str, str], full: bool
) -> None:
    with serving() as server:
        server.replies[path] = Reply(body=rss(google("A"), google("B")).encode(), headers=headers)
        settings = Settings(url=server.url(path))
        look = Source(settings, allow_private=True, clock=SettableClock()).look({})

        assert len(list(look.observations)) == 2
        assert look.full is full


def test_shopifys_public_list_has_thirty_products_unless_asked_for_more() -> None:
    assert page_size("https://x.example/products.json") == 30
    assert page_size("https://x.example/products.json?limit=250&page=2") == 250
    assert not goes_on({})


def test_odoos_internal_reference_is_the_sku_and_may_be_false(feed: Path) -> None:
    goods = [
        {"id": 12, "default_code": "DESK", "free_qty": 3.0, "qty_available": 5.0},
        {"id": 13, "default_code": False, "free_qty": 0.0, "qty_available": 2.0},
    ]

    seen, look = look_at(feed, json.dumps(goods))

    assert [(o.key, o.sku, o.availability.value) for o in seen] == [
        ("12", "DESK", "in_stock"),
        ("13", "", "out_of_stock"),
    ]
    assert not look.problems


def test_opencart_says_out_of_stock_of_what_has_run_out_only(feed: Path) -> None:
    product = {"product_id": "1", "model": "M", "stock_status": "Out Of Stock", "status": "1"}
    products = [
        product | {"product_id": "1", "quantity": "5"},
        product | {"product_id": "2", "quantity": "0"},
        product | {"product_id": "3", "quantity": "0", "stock_status": "Pre-Order"},
        product | {"product_id": "4", "quantity": "5", "status": "0"},
    ]
    table = "product_id,model,quantity,status,stock_status_id\n1,M,5,true,5\n4,M,5,false,7\n"

    said = {o.key: o.availability.value for o in look_at(feed, json.dumps(products))[0]}
    exported = {o.key: o.availability.value for o in look_at(feed, table)[0]}

    assert said == {"1": "in_stock", "2": "out_of_stock", "3": "preorder", "4": "out_of_stock"}
    assert exported == {"1": "in_stock", "4": "out_of_stock"}


def test_bsale_says_what_it_does_not_count_and_what_is_switched_off(feed: Path) -> None:
    variant = {"id": 7, "description": "Red", "allowNegativeStock": 0}
    items = [
        variant | {"code": "A", "unlimitedStock": 1, "state": 0},
        variant | {"id": 8, "code": "B", "unlimitedStock": 1, "state": 1},
        variant | {"id": 9, "code": "C", "unlimitedStock": 0, "state": 0},
    ]

    seen, _ = look_at(feed, json.dumps({"count": 3, "limit": 25, "offset": 0, "items": items}))

    assert [(o.sku, o.availability.value) for o in seen] == [
        ("A", "in_stock"),
        ("B", "out_of_stock"),
        ("C", "unknown"),
    ]


def test_what_odoo_answers_by_json_rpc_is_what_is_free(feed: Path) -> None:
    rows = [
        {"id": 1, "default_code": "A", "qty_available": 9.0, "free_qty": 2.0},
        {"id": 2, "default_code": False, "qty_available": 0.0},
    ]
    for result in (rows, {"length": 2, "records": rows}):
        seen, _ = look_at(feed, json.dumps({"jsonrpc": "2.0", "id": 5, "result": result}))
        assert [(o.key, o.availability.value, o.quantity) for o in seen] == [
            ("1", "in_stock", 2),
            ("2", "out_of_stock", 0),
        ]


@pytest.mark.parametrize(
    "name", ["availability", "stock_status", "Lagerstatus", "availability_status"]
)
def test_a_number_for_a_state_is_a_code_of_the_shops_and_no_count(feed: Path, name: str) -> None:
    for body in (
        f"id,{name}\nA,3\nB,12\n",
        json.dumps([{"id": "A", name: 3}, {"id": "B", name: 12}]),
    ):
        seen, look = look_at(feed, body)
        assert [(o.availability.value, o.quantity) for o in seen] == [("unknown", None)] * 2
        assert any("nobody knows" in warning for warning in look.warnings)


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        ("id,available\nA,3\n", {}),
        ("id,in_stock\nA,3\n", {}),
        ("id,disponibilita\nA,3\n", {}),
        ("id,stock_status,in_stock\nA,,3\n", {}),
        ("id,lagerstatus\nA,3\n", {"availability": "lagerstatus"}),
        ("id,lagerstatus\nA,3\n", {"quantity": "lagerstatus"}),
    ],
)
def test_a_number_that_counts_is_a_count(feed: Path, body: str, columns: dict[str, str]) -> None:
    [seen], _ = look_at(feed, body, columns=columns)
    assert (seen.availability.value, seen.quantity) == ("in_stock", 3)

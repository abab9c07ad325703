"""Is stock read where it is an object of its own, in whichever system's answer that is?

Shapes as the systems' references give them, goods made up.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.feeds import look_at

Found = dict[str, tuple[str, int | None]]


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return tmp_path / "feed"


def found_in(path: Path, body: Any, **settings: Any) -> Found:
    text = body if isinstance(body, str) else json.dumps(body)
    seen, _ = look_at(path, text, **settings)
    return {o.key: (o.availability.value, o.quantity) for o in seen}


def sap(**stock: Any) -> dict[str, Any]:
    price = {"currencyIso": "EUR", "value": 12.5}
    return {"products": [{"code": "30", "name": "Mug", "price": price, "stock": stock}]}


def salesforce(**inventory: Any) -> dict[str, Any]:
    inventory = {"ats": 0, "orderable": False, "stock_level": 0, "id": "list", **inventory}
    return {"data": [{"id": "M", "name": "Mug", "price": 5.0, "inventory": inventory}]}


def storefront(**more: Any) -> dict[str, Any]:
    variant = {"id": "v", "availableForSale": False, "quantityAvailable": 0, **more}
    return {"data": {"products": {"nodes": [{"id": "p", "variants": {"nodes": [variant]}}]}}}


def bigcommerce(inventory: Any) -> dict[str, Any]:
    edges = [{"node": {"entityId": 1, "sku": "M", "inventory": inventory}}]
    return {"data": {"site": {"products": {"edges": edges}}}}


def squarespace(**stock: Any) -> dict[str, Any]:
    price = {"basePrice": {"currency": "EUR", "value": "12.00"}}
    return {"products": [{"id": "p", "variants": [{"id": "v", "stock": stock, "pricing": price}]}]}


def vtex(*sellers: dict[str, Any]) -> list[dict[str, Any]]:
    offers = [
        {"sellerId": str(n), "sellerDefault": n == 1, "commertialOffer": offer}
        for n, offer in enumerate(sellers)
    ]
    return [
        {"productId": "1", "productName": "Mug", "items": [{"itemId": "11", "sellers": offers}]}
    ]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (sap(stockLevel=7, stockLevelStatus="inStock"), {"30": ("in_stock", 7)}),
        (sap(stockLevel=0, stockLevelStatus="outOfStock"), {"30": ("out_of_stock", 0)}),
        (sap(stockLevelStatus={"code": "lowStock"}), {"30": ("in_stock", None)}),
        (sap(isValueRounded=False), {"30": ("unknown", None)}),
        (salesforce(ats=5, stock_level=5, orderable=True), {"M": ("in_stock", 5)}),
        (salesforce(), {"M": ("out_of_stock", 0)}),
        (salesforce(ats=9, orderable=True, backorderable=True), {"M": ("backorder", 0)}),
        (salesforce(ats=9, orderable=True, preorderable=True), {"M": ("preorder", 0)}),
        (storefront(), {"v": ("out_of_stock", 0)}),
        (storefront(availableForSale=True, quantityAvailable=2), {"v": ("in_stock", 2)}),
        (storefront(availableForSale=True, currentlyNotInStock=True), {"v": ("backorder", 0)}),
        (bigcommerce({"isInStock": True, "aggregated": {"availableToSell": 4}}),
         {"M": ("in_stock", 4)}),
        (bigcommerce({"isInStock": False, "aggregated": {"availableToSell": 0}}),
         {"M": ("out_of_stock", 0)}),
        (bigcommerce({"aggregated": None}), {"M": ("unknown", None)}),
        (squarespace(quantity=0, unlimited=False), {"v": ("out_of_stock", 0)}),
        (squarespace(quantity=0, unlimited=True), {"v": ("in_stock", None)}),
        ({"inventory": [{"variantId": "v", "sku": "M", "quantity": 0, "isUnlimited": True}]},
         {"v": ("in_stock", None)}),
        (vtex({"AvailableQuantity": 9, "IsAvailable": True},
              {"AvailableQuantity": 0, "IsAvailable": False}), {"11": ("out_of_stock", 0)}),
        ({"products": [{"id": "w", "inventory": {"availabilityStatus": "OUT_OF_STOCK"}}]},
         {"w": ("out_of_stock", None)}),
        ({"data": [{"id": 1, "mainDetail": {"number": "M", "inStock": 0, "lastStock": False}}]},
         {"1": ("backorder", 0)}),
    ],
)  # fmt: skip
def test_stock_in_an_object_of_its_own_is_read(feed: Path, body: Any, found: Found) -> None:
    assert found_in(feed, body) == found


def test_the_first_variant_of_commercetools_stands_beside_the_others(feed: Path) -> None:
    product = {
        "masterVariant": {"id": 1, "sku": "A", "availability": {"isOnStock": False}},
        "variants": [{"id": 2, "sku": "B", "availability": {"availableQuantity": 4}}],
    }
    kept = {"id": "p", "masterData": {"current": product}}
    expected = {"1": ("out_of_stock", None), "2": ("in_stock", 4)}

    assert found_in(feed, {"results": [{"id": "p", **product}]}) == expected
    assert found_in(feed, {"results": [kept]}) == expected


def test_a_stock_of_xml_that_holds_elements_is_looked_into(feed: Path) -> None:
    body = """<SHOP><SHOPITEM id="1"><CODE>M</CODE><PRICE_VAT>5</PRICE_VAT>
    <STOCK><WAREHOUSES><WAREHOUSE><VALUE>9</VALUE></WAREHOUSE></WAREHOUSES><AMOUNT>0</AMOUNT>
    </STOCK></SHOPITEM></SHOP>"""

    assert found_in(feed, body) == {"1": ("out_of_stock", 0)}


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ([("yes", 4), ("no", 0), ("yes", 3)], ("in_stock", 7)),
        ([("no", 0), ("no", 0)], ("out_of_stock", 0)),
        ([("yes", None), ("no", 0)], ("in_stock", None)),
        ([("no", 0), ("ask us", None)], ("unknown", None)),
        ([], ("unknown", None)),
    ],
)
def test_what_is_sold_is_the_sum_over_the_places_inside(
    feed: Path, places: list[tuple[str, int | None]], found: tuple[str, int | None]
) -> None:
    listed = [{"available": word, "stockCount": count} for word, count in places]
    each = "".join(
        f'<availability storeId="{n}" available="{word}"'
        + ("/>" if count is None else f' stockCount="{count}"/>')
        for n, (word, count) in enumerate(places)
    )
    xml = (
        '<kaspi_catalog xmlns="http://kaspi.kz/kaspishopping"><offers><offer sku="M">'
        f"<availabilities>{each}</availabilities></offer></offers></kaspi_catalog>"
    )

    assert found_in(feed, [{"sku": "M", "stock": listed}]) == {"M": found}
    assert found_in(feed, xml) == {"M": found}


def test_the_inventory_of_salesforce_counts_what_is_there_and_not_what_may_follow(
    feed: Path,
) -> None:
    record = "<record product-id='{}'><perpetual>{}</perpetual>{}</record>"
    beyond = (
        "<allocation>{}</allocation><preorder-backorder-handling>backorder"
        "</preorder-backorder-handling><preorder-backorder-allocation>10"
        "</preorder-backorder-allocation><ats>{}</ats>"
    )
    records = [
        record.format("A", "false", "<allocation>9</allocation><ats>7</ats>"),
        record.format("B", "false", "<allocation>0</allocation><ats>0</ats>"),
        record.format("C", "true", ""),
        record.format("D", "false", beyond.format(0, 10)),
        record.format("E", "false", beyond.format(5, 12)),
    ]
    name = "http://www.demandware.com/xml/impex/inventory/2007-05-31"
    body = f"<inventory xmlns='{name}'><records>{''.join(records)}</records></inventory>"

    assert found_in(feed, body) == {
        "A": ("in_stock", 7),
        "B": ("out_of_stock", 0),
        "C": ("in_stock", None),
        "D": ("backorder", 0),
        "E": ("in_stock", 2),
    }


@pytest.mark.parametrize(
    ("flag", "word", "meaning"),
    [
        ("Y", "delivery in 1 to 3 days", "in_stock"),
        ("N", "delivery in 1 to 3 days", "out_of_stock"),
        ("N", "Διαθέσιμο κατόπιν παραγγελίας", "backorder"),
        ("N", "in stock", "in_stock"),
        ("Y", "", "in_stock"),
        ("4", "", "in_stock"),
    ],
)
def test_a_flag_counts_where_the_word_says_only_when_it_is_sent(
    feed: Path, flag: str, word: str, meaning: str
) -> None:
    body = (
        f"<shop><products><product><UniqueID>1</UniqueID><instock>{flag}</instock>"
        f"<availability>{word}</availability></product></products></shop>"
    )

    assert found_in(feed, body)["1"][0] == meaning


def test_a_flag_is_not_looked_for_where_the_merchant_says_what_his_availability_is(
    feed: Path,
) -> None:
    body = "id,instock,status\nM,Y,on its way\n"

    assert found_in(feed, body, columns={"availability": "status"}) == {"M": ("unknown", None)}


def test_the_table_of_a_price_comparison_is_read_in_the_shops_language(feed: Path) -> None:
    spanish = (
        "N° artículo en tienda,Nombre del producto,Precio,Precio especial,Unidades\nM,Taza,9,,4"
    )
    german = "Artikelnummer im Shop|Produktname|Preis (Brutto)|Lagerbestand\nM|Tasse|9,50|0"

    assert found_in(feed, spanish + "\n") == {"M": ("in_stock", 4)}
    assert found_in(feed, german + "\n") == {"M": ("out_of_stock", 0)}

"""Are the tables that shop systems export read as they mean them?

Headers as the systems write them, shortened; goods made up.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.feeds import look_at

Found = dict[str, tuple[str, int | None]]


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return tmp_path / "feed"


def found_in(path: Path, body: str | bytes, **settings: Any) -> Found:
    seen, _ = look_at(path, body, **settings)
    return {o.key: (o.availability.value, o.quantity) for o in seen}


def test_the_variants_of_wix_are_known_by_their_product_and_their_options(feed: Path) -> None:
    body = """handleId,fieldType,name,sku,price,visible,inventory,productOptionName1,\
productOptionDescription1,productOptionDescription2
p1,Product,Dice,,30.0,true,15,,,
p2,Product,Shirt,,65.0,true,0,Size,Large;XL,Red
p2,Variant,,,,true,43,,Large,Red
p2,Variant,,,,false,43,,XL,Red
p3,Product,Hat,H-3,45.0,true,InStock,,,
p4,Product,Ring,,45.0,true,OutOfStock,,,
p5,Product,Coat,,45.0,false,InStock,,,
"""

    assert found_in(feed, body) == {
        "p1": ("in_stock", 15),
        "p2": ("unknown", None),
        "p2/Large/Red": ("in_stock", 43),
        "p2/XL/Red": ("out_of_stock", 43),
        "p3": ("in_stock", None),
        "p4": ("out_of_stock", None),
        "p5": ("out_of_stock", None),
    }


def test_a_draft_of_shopify_is_not_for_sale_with_all_its_variants(feed: Path) -> None:
    body = """Handle,Title,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory \
Qty,Variant Inventory Policy,Variant Price,Status
mug,Mug,S,MUG-S,shopify,5,deny,9.00,draft
mug,,M,MUG-M,shopify,5,deny,9.00,
mug,,,,,,,,
cup,Cup,S,CUP-S,shopify,5,deny,9.00,active
cup,,M,CUP-M,shopify,0,deny,9.00,
"""

    assert found_in(feed, body) == {
        "MUG-S": ("out_of_stock", 5),
        "MUG-M": ("out_of_stock", 5),
        "CUP-S": ("in_stock", 5),
        "CUP-M": ("out_of_stock", 0),
    }


@pytest.mark.parametrize("available", ["Available", "Available (not editable)"])
def test_a_variant_of_shopifys_inventory_without_an_sku_is_known_by_its_options(
    feed: Path, available: str
) -> None:
    body = f"""Handle,Title,Option1 Name,Option1 Value,SKU,Location,Committed,{available},On hand
ring,Ring,Title,Default Title,"",Lisbon,0,1,1
cup,Cup,Size,S,"",Lisbon,1,0,1
cup,Cup,Size,S,"",Porto,1,4,5
tea,Tea,Title,Default Title,T-1,Lisbon,0,not stocked,
"""

    assert found_in(feed, body) == {
        "ring": ("in_stock", 1),
        "cup/S": ("in_stock", 4),
        "T-1": ("out_of_stock", None),
    }


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            "Product ID [Non Editable],Variant ID [Non Editable],Title,SKU,Price,Stock,Visible\n"
            "p1,v1,Mug,M,9.00,0,Yes\n,v2,,N,9.00,Unlimited,\np2,v3,Cup,,9.00,5,No\n",
            {"v1": ("out_of_stock", 0), "v2": ("in_stock", None), "v3": ("out_of_stock", 5)},
        ),
        (
            "product_internal_id,product_sku,product_price,product_is_inventory_tracked,"
            "product_quantity,product_is_available\n1,A,9,true,0,true\n2,B,9,false,,true\n"
            "3,C,9,true,7,false\n",
            {"1": ("out_of_stock", 0), "2": ("in_stock", None), "3": ("out_of_stock", 7)},
        ),
        (
            "sku,attribute_set_code,product_online,qty,allow_backorders,is_in_stock,manage_stock\n"
            "A,Bag,1,4.0000,0,1,1\nB,Bag,2,4.0000,0,1,1\nC,Bag,1,-2.0000,1,1,1\n",
            {"A": ("in_stock", 4), "B": ("out_of_stock", 4), "C": ("backorder", 0)},
        ),
        (
            "store_code\tid\tquantity\tavailability\nS1\tA\t0\tout_of_stock\nS2\tA\t3\tin_stock\n",
            {"A": ("in_stock", 3)},
        ),
        ('id,availability\n="00123",in stock\n', {"00123": ("in_stock", None)}),
        (
            "aw_product_id|merchant_product_id|in_stock|stock_quantity|search_price|stock_status\n"
            "11|A|0||5.00|\n12|B|1|4|6.00|\n",
            {"A": ("out_of_stock", None), "B": ("in_stock", 4)},
        ),
        (
            "id,stockTracking,stockLevel\nA,enabled,0\nB,disabled,0\n",
            {"A": ("out_of_stock", 0), "B": ("in_stock", None)},
        ),
        (
            "offer-id,title,product-url,price,merchant-category,availability\n"
            "A,Cup,https://x.example/a,5.00,Cups,1\nB,Cup,https://x.example/b,5.00,Cups,6\n"
            "C,Cup,https://x.example/c,5.00,Cups,5\nD,Cup,https://x.example/d,5.00,Cups,4\n"
            "E,Cup,https://x.example/e,5.00,Cups,3\nF,Cup,https://x.example/f,5.00,Cups,in stock\n",
            {
                "A": ("in_stock", None),
                "B": ("out_of_stock", None),
                "C": ("backorder", None),
                "D": ("preorder", None),
                "E": ("unknown", None),
                "F": ("in_stock", None),
            },
        ),
    ],
    ids=[
        "squarespace",
        "ecwid",
        "magento",
        "local inventory",
        "zeros kept for Excel",
        "awin",
        "lightspeed",
        "kelkoo",
    ],
)
def test_an_export_is_read_as_its_system_means_it(feed: Path, body: str, found: Found) -> None:
    assert found_in(feed, body) == found


@pytest.mark.parametrize("said", ['encoding="UTF-8"', ""])
def test_xml_in_another_encoding_than_it_says_is_read(feed: Path, said: str) -> None:
    words = "<id>1</id><name>Tasse für Öl</name><availability>nicht verfügbar</availability>"
    body = f'<?xml version="1.0" {said}?><products><product>{words}</product></products>'

    seen, look = look_at(feed, body.encode("cp1252"))

    assert [(o.title, o.availability.value) for o in seen] == [("Tasse für Öl", "out_of_stock")]
    assert look.full


def test_the_encoding_that_the_merchant_says_counts_for_xml_too(feed: Path) -> None:
    words = "<id>1</id><availability>нет в наличии</availability>"
    body = f"<products><product>{words}</product></products>".encode("cp1251")

    assert found_in(feed, body, encoding="cp1251") == {"1": ("out_of_stock", None)}

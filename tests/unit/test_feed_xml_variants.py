"""Are the variants that stand inside of an item of XML read each for itself?"""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.domain.availability import Availability
from tests.unit.feeds import look_at


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return tmp_path / "feed"


def variant(id_: str, code: str, amount: str, more: str = "") -> str:
    return (
        f'<VARIANT id="{id_}"><CODE>{code}</CODE><PRICE_VAT>99</PRICE_VAT>{more}'
        f"<STOCK><AMOUNT>{amount}</AMOUNT><MINIMAL_AMOUNT/></STOCK></VARIANT>"
    )


def test_a_variant_of_shoptet_has_its_own_stock_and_the_name_of_its_product(feed: Path) -> None:
    body = (
        '<?xml version="1.0" encoding="utf-8"?><SHOP>'
        '<SHOPITEM id="7"><NAME>Shirt</NAME><ORIG_URL>https://shop.example/shirt</ORIG_URL>'
        f"<VARIANTS>{variant('70', 'T/S', '3')}{variant('71', 'T/M', '0')}</VARIANTS></SHOPITEM>"
        '<SHOPITEM id="8"><NAME>Cup</NAME><CODE>C</CODE><STOCK><AMOUNT>2</AMOUNT></STOCK>'
        "</SHOPITEM></SHOP>"
    )

    seen, look = look_at(feed, body)

    assert [(o.key, o.sku, o.product_key, o.quantity, o.title) for o in seen] == [
        ("70", "T/S", "7", 3, "Shirt"),
        ("71", "T/M", "7", 0, "Shirt"),
        ("8", "C", "", 2, "Cup"),
    ]
    assert seen[0].url == "https://shop.example/shirt"
    assert (look.full, look.rows) == (True, 3)


def test_where_only_the_product_counts_its_variants_say_nothing(feed: Path) -> None:
    body = (
        "<products><product><id>7</id><stock>4</stock><variants><variant><id>70</id></variant>"
        "<variant><id>71</id></variant></variants></product></products>"
    )

    seen, _ = look_at(feed, body)

    assert [(o.key, o.availability.value) for o in seen] == [
        ("7", "in_stock"),
        ("70", "unknown"),
        ("71", "unknown"),
    ]


def test_what_is_called_variants_and_has_no_ids_are_none(feed: Path) -> None:
    body = (
        "<products><product><id>7</id><stock>4</stock><variants><variant>red</variant>"
        '<variant name="size">M</variant></variants></product></products>'
    )

    [seen], _ = look_at(feed, body)

    assert (seen.key, seen.quantity) == ("7", 4)


def test_the_variants_in_a_damaged_file_are_read_once(feed: Path) -> None:
    """One bare < makes the parser lose its place; the items are then read each for itself."""
    items = "".join(
        f'<SHOPITEM id="{n}"><NAME>{"a < b" if n == 2 else "Cup"}</NAME><VARIANTS>'
        f"{variant(f'{n}0', f'C{n}/S', '3')}{variant(f'{n}1', f'C{n}/M', '0')}"
        "</VARIANTS></SHOPITEM>"
        for n in range(1, 5)
    )

    seen, look = look_at(feed, f"<SHOP>{items}</SHOP>")

    said = sorted(o.key for o in seen if o.availability is not Availability.UNKNOWN)
    assert said == ["10", "11", "20", "21", "30", "31", "40", "41"]
    assert not look.full

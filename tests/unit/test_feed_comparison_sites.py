"""Are the numbers read by which feeds for price comparison sites tell availability?

Shapes as the sites' specifications give them, goods made up.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.feeds import look_at


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return tmp_path / "feed"


def said_by(path: Path, body: str) -> dict[str, str]:
    seen, _ = look_at(path, body)
    return {o.key: o.availability.value for o in seen}


def kelkoo(key: str, code: str) -> str:
    return (
        f"<product><offer-id>{key}</offer-id><title>Cup</title><price>5.00</price>"
        f"<availability>{code}</availability><merchant-category>Cups</merchant-category></product>"
    )


def test_kelkoos_numbers_are_words_and_no_counts_in_xml_too(feed: Path) -> None:
    codes = {"A": "1", "B": "2", "C": "3", "D": "4", "E": "5", "F": "6"}
    items = "".join(kelkoo(key, code) for key, code in codes.items())

    seen, _ = look_at(feed, f"<products>{items}</products>")

    assert {o.key: o.availability.value for o in seen} == {
        "A": "in_stock",
        "B": "backorder",
        "C": "unknown",
        "D": "preorder",
        "E": "backorder",
        "F": "out_of_stock",
    }
    assert {o.quantity for o in seen} == {None}


def test_an_offer_of_kelkoo_without_a_category_is_known_by_its_cost_of_delivery(
    feed: Path,
) -> None:
    said = "<availability>6</availability><delivery-cost>3.00</delivery-cost>"
    body = f"<products><product><offer-id>A</offer-id>{said}</product></products>"

    assert said_by(feed, body) == {"A": "out_of_stock"}


@pytest.mark.parametrize(
    ("said", "availability"),
    [
        ('avail="1"', "in_stock"),
        ('avail="1" stock="0"', "out_of_stock"),
        ('avail="3"', "backorder"),
        ('avail="14" stock="0"', "backorder"),
        ('avail="3" stock="4"', "in_stock"),
        ('avail="90" stock="4"', "backorder"),
        ('avail="99"', "unknown"),
        ('avail="99" stock="0"', "out_of_stock"),
        ('avail="110" stock="4"', "preorder"),
        ('avail="7" stock="?"', "backorder"),
    ],
)
def test_ceneos_number_says_when_it_is_sent(feed: Path, said: str, availability: str) -> None:
    body = f'<offers><o id="7" price="9.00" {said}><name>Cup</name></o></offers>'

    assert said_by(feed, body) == {"7": availability}


@pytest.mark.parametrize(
    ("said", "availability"),
    [
        ("0", "in_stock"), ("2", "backorder"), ("31", "backorder"), ("-1", "unknown"),
        ("", "unknown"), ("ihned", "unknown"), ("2027-03-01", "preorder"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("space", ["", ' xmlns="http://www.zbozi.cz/ns/offer/1.0"'])
def test_the_delivery_date_of_heureka_and_zbozi_is_days_or_the_first_day_of_sale(
    feed: Path, said: str, availability: str, space: str
) -> None:
    item = f"<ITEM_ID>A</ITEM_ID><PRICE_VAT>60</PRICE_VAT><DELIVERY_DATE>{said}</DELIVERY_DATE>"

    seen, _ = look_at(feed, f"<SHOP{space}><SHOPITEM>{item}</SHOPITEM></SHOP>")

    assert [o.availability.value for o in seen] == [availability]
    assert [o.eta.iso() if o.eta else "" for o in seen] == [said if "2027" in said else ""]


def test_what_counts_its_stock_is_believed_before_the_delivery_date(feed: Path) -> None:
    item = "<ITEM_ID>A</ITEM_ID><STOCK>0</STOCK><DELIVERY_DATE>0</DELIVERY_DATE>"

    assert said_by(feed, f"<SHOP><SHOPITEM>{item}</SHOPITEM></SHOP>") == {"A": "out_of_stock"}


def test_nokauts_number_is_no_count_and_its_instock_is_one(feed: Path) -> None:
    offers = (
        "<offer><id>A</id><availability>2</availability></offer>"
        "<offer><id>B</id><availability>0</availability><instock>5</instock></offer>"
        "<offer><id>C</id><availability>1</availability><instock>0</instock></offer>"
    )

    assert said_by(feed, f"<nokaut><offers>{offers}</offers></nokaut>") == {
        "A": "unknown",
        "B": "in_stock",
        "C": "out_of_stock",
    }

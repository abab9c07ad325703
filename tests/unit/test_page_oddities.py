"""Are pages read that say it in another encoding, with other capitals, or in broken JSON?"""

from __future__ import annotations

import json
from typing import Any

import pytest

from notifier.connectors.page_reading.json_repair import read_json_values
from tests.unit.pages import OFFER, URL, only, page, product, read


def german_page(head: str = "") -> str:
    words = {"name": "Tasse für Öl", "offers": {**OFFER, "availability": "nicht verfügbar"}}
    text = json.dumps(product(**words), ensure_ascii=False)
    return f"<html><head>{head}<script type='application/ld+json'>{text}</script></head></html>"


META = '<meta charset="{}">'


@pytest.mark.parametrize(
    ("head", "encoding", "header"),
    [
        ("", "utf-16", ""),
        ("", "utf-16-le", ""),
        ("", "utf-16-be", "utf-16"),
        ("", "utf-8-sig", "windows-1252"),
        ("", "cp1252", "utf-8"),
        ("", "utf-8", "ISO-8859-1"),
        (META.format("iso-8859-1"), "utf-8", ""),
        (META.format("utf-8"), "cp1252", ""),
        (META.format("iso-8859-15"), "iso-8859-15", ""),
    ],
)
def test_a_page_in_another_encoding_than_it_says_is_read(
    head: str, encoding: str, header: str
) -> None:
    body = german_page(head).encode(encoding)

    seen = only(read(body, content_type=f"text/html; charset={header}" if header else ""))

    assert (seen.title, seen.availability) == ("Tasse für Öl", "out_of_stock")


def test_a_few_broken_bytes_do_not_make_a_page_another_encoding() -> None:
    body = german_page("<title>日本語のページです</title>").encode() + b"<p>\xff</p>"

    assert only(read(body, content_type="text/html; charset=utf-8")).title == "Tasse für Öl"


def test_capitals_in_names_make_no_other_names() -> None:
    offers = {"@type": "Offer", "Price": "7.5", "Availability": "https://schema.org/OutOfStock"}

    seen = only(read(page({"@type": "Product", "Name": "Mug", "SKU": "MUG", "Offers": offers})))

    assert (seen.sku, seen.title, seen.availability) == ("MUG", "Mug", "out_of_stock")


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("Mug", 'Mug 5" wide'),
        lambda text: text.replace("Mug", 'The "big" mug, "new"'),
        lambda text: text.replace('"Mug"', '"Mug", "gtin": , "mpn": '),
        lambda text: text.replace('"Mug"', '"Mug", "gtin": undefined, "mpn": None, "isNew": True'),
        lambda text: text.replace('"12.50"', "12,50"),
        lambda text: text.replace('"Mug"', '"Mug", "productID": 007'),
        lambda text: text + "}",
        json.dumps,
    ],
)
def test_json_that_a_template_broke_is_read_where_it_can_mean_one_thing_only(damage: Any) -> None:
    seen = only(read(page(damage(json.dumps(product(offers=SOLD_OUT))))))

    assert (seen.sku, seen.availability, str(seen.price)) == ("MUG", "out_of_stock", "12.50")


SOLD_OUT = {**OFFER, "availability": "https://schema.org/SoldOut"}


@pytest.mark.parametrize("text", ['{"name": "Mug" "sku": "MUG"}', '{"name": "Mug', "{'a': 1}"])
def test_json_that_may_mean_several_things_is_not_read(text: str) -> None:
    values, problem = read_json_values(text)

    assert (values, bool(problem)) == ([], True)


def test_markup_behind_the_end_of_the_page_is_read_as_a_browser_does() -> None:
    body = b"<html><body><h1>Mug</h1></body></html>\n" + page(product())

    assert only(read(body)).sku == "MUG"


@pytest.mark.parametrize("name", ["relatedProducts", "isConsumableFor", "upsell", "hasPart"])
def test_products_inside_a_product_that_is_sold_are_not_the_pages_own(name: str) -> None:
    other = product(sku="LID", name="Lid")

    seen = only(read(page(product(offers=SOLD_OUT, **{name: [other]}))))

    assert (seen.sku, seen.availability) == ("MUG", "out_of_stock")


@pytest.mark.parametrize(
    "arrange",
    [
        lambda mug, lid: [{"@type": "WebPage", "mainEntity": mug}, lid],
        lambda mug, lid: [
            lid, {"@type": ["ItemPage"], "mainEntity": {"@id": "#m"}}, {**mug, "@id": "#m"},
        ],
        lambda mug, lid: [lid, {**mug, "mainEntityOfPage": {"@type": "WebPage", "@id": URL}}],
        lambda mug, lid: [lid, {**mug, "mainEntityOfPage": URL}],
    ],
)  # fmt: skip
def test_of_several_products_the_one_that_the_page_calls_its_own_counts(arrange: Any) -> None:
    mug, lid = product(offers=SOLD_OUT), product(sku="LID", name="Lid")

    seen = only(read(page({"@graph": arrange(mug, lid)})))

    assert (seen.sku, seen.availability) == ("MUG", "out_of_stock")


def test_an_availability_beside_the_offer_counts_where_the_offer_says_none() -> None:
    beside = product(offers=OFFER, availability="https://schema.org/OutOfStock")
    without = {"@type": "Product", "sku": "MUG", "availability": "SoldOut", "price": 5}
    both = product(availability="https://schema.org/OutOfStock")

    assert only(read(page(beside))).availability == "out_of_stock"
    assert only(read(page(without))).availability == "out_of_stock"
    assert only(read(page(both))).availability == "in_stock"


def test_a_list_that_php_wrote_as_an_object_is_a_list() -> None:
    offers = {"0": SOLD_OUT, "2": SOLD_OUT}

    assert only(read(page(product(offers=offers)))).availability == "out_of_stock"


def test_an_availability_inside_an_object_of_its_own_is_read() -> None:
    word = {"@type": "ItemAvailability", "availability": "https://schema.org/OutOfStock"}

    seen = only(read(page(product(offers={**OFFER, "availability": word}))))

    assert seen.availability == "out_of_stock"


@pytest.mark.parametrize(
    ("name", "word", "meaning"),
    [
        ("delivery-soldout", "LimitedAvailability", "out_of_stock"),
        ("delivery-not-available", "LimitedAvailability", "out_of_stock"),
        ("delivery-restock", "LimitedAvailability", "backorder"),
        ("delivery-available", "InStock", "in_stock"),
        ("stock", "LimitedAvailability", "in_stock"),
    ],
)
def test_limited_availability_of_shopwares_theme_means_what_the_line_behind_it_shows(
    name: str, word: str, meaning: str
) -> None:
    body = f"""<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Mug</h1>
    <div itemprop="offers" itemscope itemtype="https://schema.org/Offer">
    <link itemprop="availability" href="https://schema.org/{word}">
    <p class="delivery-information {name}"><span></span>No longer available</p></div></div>"""

    assert only(read(body.encode())).availability == meaning

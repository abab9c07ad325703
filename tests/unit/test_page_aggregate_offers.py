"""What is sure when an AggregateOffer lists fewer offers than it counts, or says more than they?"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.pages import only, page, product, read


def aggregate(count: Any, *words: str, **more: Any) -> dict[str, Any]:
    """A product without a number, with an offer for each word among `count` offers."""
    offers = {
        "@type": "AggregateOffer",
        "lowPrice": 5,
        "priceCurrency": "EUR",
        "offerCount": count,
        "offers": [
            {"@type": "Offer", "price": 5 + n, **({"availability": word} if word else {})}
            for n, word in enumerate(words)
        ],
        **more,
    }
    whole = product(offers=offers)
    del whole["sku"]
    return whole


@pytest.mark.parametrize(
    ("count", "words", "meaning"),
    [
        (2, ("InStock", "InStock"), "in_stock"),
        (4, ("InStock",), "in_stock"),
        (4, ("SoldOut", "InStock"), "in_stock"),
        (4, ("SoldOut",), "unknown"),
        ("4", ("SoldOut", "SoldOut"), "unknown"),
        (4, ("BackOrder",), "unknown"),
        (2, ("SoldOut", "SoldOut"), "out_of_stock"),
        (1, ("SoldOut", "SoldOut"), "out_of_stock"),
        ("many", ("SoldOut",), "out_of_stock"),
        (2, ("SoldOut", ""), "unknown"),
    ],
)
def test_offers_that_are_counted_and_not_listed_may_be_in_stock(
    count: Any, words: tuple[str, ...], meaning: str
) -> None:
    seen = only(read(page(aggregate(count, *words))))

    assert seen.availability == meaning
    assert seen.price in (5, 6)


def test_it_is_said_why_nothing_is_known() -> None:
    seen = only(read(page(aggregate(4, "SoldOut"))))

    assert any("3 offers more than it lists" in warning for warning in seen.warnings)


@pytest.mark.parametrize(
    ("word", "inner", "meaning"),
    [
        ("SoldOut", "SoldOut", "out_of_stock"),
        ("SoldOut", "", "out_of_stock"),
        ("InStock", "SoldOut", "in_stock"),
        ("InStock", "", "in_stock"),
    ],
)
def test_what_the_aggregate_says_itself_is_said_of_those_it_does_not_list(
    word: str, inner: str, meaning: str
) -> None:
    seen = only(read(page(aggregate(4, inner, availability=word))))

    assert (seen.availability, seen.price) == (meaning, Decimal(5))


def test_in_stock_for_all_together_is_no_answer_for_one_that_is_not_listed() -> None:
    assert read(page(aggregate(4, "InStock")), "MUG-RED").observations == ()
    assert read(page(aggregate(2, "", "", availability="InStock")), "MUG-RED").observations == ()


def test_a_listed_variant_is_answered_for_and_another_is_not() -> None:
    whole = aggregate(4, "SoldOut", "InStock")
    for offer, sku in zip(whole["offers"]["offers"], ("MUG-RED", "MUG-BLUE"), strict=True):
        offer["sku"] = sku

    assert only(read(page(whole), "MUG-RED")).availability == "out_of_stock"
    assert read(page(whole), "MUG-GREEN").observations == ()


def test_a_single_listed_offer_with_the_products_number_speaks_for_one_seller_only() -> None:
    whole = {**aggregate(4, "SoldOut"), "sku": "MUG"}
    whole["offers"]["offers"][0]["sku"] = "MUG"

    assert only(read(page(whole), "MUG")).availability == "unknown"


def test_a_product_that_sums_up_the_variants_of_another_block_is_passed_over() -> None:
    variants = [
        product(sku="MUG-RED", name="Mug red"),
        product(sku="MUG-BLUE", name="Mug blue", offers={"availability": "SoldOut"}),
    ]
    group = {"@type": "ProductGroup", "productGroupID": "MUG", "hasVariant": variants}

    seen = read(page(aggregate(2, "InStock"), group)).observations

    assert [(o.sku, o.availability.value) for o in seen] == [
        ("MUG-RED", "in_stock"),
        ("MUG-BLUE", "out_of_stock"),
    ]

"""What do JSON-LD, microdata and OpenGraph say, in all the ways shops write them?"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from notifier.connectors.base import WatchedVariant
from notifier.connectors.page_reading.json_repair import read_json_values
from notifier.connectors.page_reading.reading import read_page
from notifier.connectors.page_reading.rule import Rule
from tests.unit.pages import OFFER, URL, only, page, product, read


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("https://schema.org/InStock", "in_stock"),
        ("http://schema.org/instock/", "in_stock"),
        ("//schema.org/Outofstock", "out_of_stock"),
        ("InStock", "in_stock"),
        ("schema:PreOrder", "preorder"),
        (" https://schema.org/BackOrder ", "backorder"),
        ({"@id": "https://schema.org/SoldOut"}, "out_of_stock"),
        ({"@id": "https://schema.org/SoldOut", "name": "Availability"}, "out_of_stock"),
        ({"@type": "OutOfStock"}, "out_of_stock"),
        ({"@type": "ItemAvailability"}, "unknown"),
        (False, "out_of_stock"),
        ("https:&#x2F;&#x2F;schema.org&#x2F;InStock", "in_stock"),
        (["https://schema.org/OnlineOnly", "https://schema.org/InStock"], "in_stock"),
        (["https://schema.org/InStoreOnly", "https://schema.org/InStock"], "out_of_stock"),
        (["https://schema.org/OutOfStock", "https://schema.org/PreOrder"], "preorder"),
        (["https://schema.org/OutOfStock", "https://schema.org/InStock"], "unknown"),
        ("https://schema.org/Discontinued", "discontinued"),
        ("", "unknown"),
        (None, "unknown"),
        ("https://schema.org/Whatever", "unknown"),
        ("ask us", "unknown"),
    ],
)
def test_availability_is_read_in_every_spelling(word: Any, meaning: str) -> None:
    seen = only(read(page(product(offers={**OFFER, "availability": word}))))

    assert seen.availability == meaning


def test_an_offer_that_does_not_say_is_unknown_with_its_price() -> None:
    seen = only(read(page(product(offers=OFFER))))

    assert (seen.availability, seen.price, seen.currency) == ("unknown", Decimal("12.50"), "EUR")


@pytest.mark.parametrize(
    "shape",
    [
        lambda p: p,
        lambda p: [p],
        lambda p: [[p]],
        lambda p: {"@context": "https://schema.org", "@graph": [{"@type": "WebPage"}, p]},
        lambda p: {"@type": "ItemPage", "mainEntity": p},
        lambda p: {**p, "@type": ["Product", "Thing"]},
        lambda p: {**p, "@type": "http://schema.org/Product"},
        lambda p: {f"schema:{k}" if k[0] != "@" else k: v for k, v in p.items()},
        lambda p: {f"http://schema.org/{k}" if k[0] != "@" else k: [v] for k, v in p.items()},
        lambda p: {**p, "sku": [{"@value": "MUG"}]},
        lambda p: {**p, "offers": {**p["offers"], "@type": "http://schema.org/Offer"}},
    ],
)
def test_a_product_is_found_in_every_arrangement(shape: Any) -> None:
    seen = only(read(page({"@type": "Organization"}, shape(product()))))

    assert (seen.sku, seen.availability, seen.price) == ("MUG", "in_stock", Decimal("12.50"))


def test_an_offer_named_by_id_elsewhere_is_found() -> None:
    graph = [
        product(offers={"@id": "#offer"}),
        {**OFFER, "@id": "#offer", "availability": "SoldOut"},
    ]

    assert only(read(page({"@graph": graph}))).availability == "out_of_stock"


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace('"sku"', '// the number\n"sku"'),
        lambda text: text.replace('"sku"', '/* the "number" */ "sku"'),
        lambda text: text[:-1] + ",}",
        lambda text: text.replace("Mug", "Mug\n\tof\x01clay"),
        lambda text: text.replace('"', "&quot;"),
        lambda text: f"<!-- {text} -->",
        lambda text: f"//<![CDATA[\n{text}\n//]]>",
        lambda text: f"/*<![CDATA[*/ {text} /*]]>*/",
        lambda text: text + ";",
        lambda text: '{"@type": "Organization"}' + text,
        lambda text: "\ufeff" + text,
        lambda text: text.replace("Mug", "The potter\\'s mug"),
    ],
)
def test_damaged_blocks_are_repaired_where_it_is_clear_what_was_meant(damage: Any) -> None:
    seen = only(read(page(damage(json.dumps(product())))))

    assert (seen.sku, seen.availability) == ("MUG", "in_stock")


def test_repair_changes_nothing_inside_strings() -> None:
    text = r'{"url": "https://x.example/a,}b", "note": "a \\\" // b /* c */",}'

    values, _ = read_json_values(text)

    assert values == [{"url": "https://x.example/a,}b", "note": 'a \\" // b /* c */'}]


def test_a_cut_off_block_is_skipped_with_a_warning_and_the_others_are_read() -> None:
    reading = read(page(json.dumps(product(sku="LOST"))[:-20], product()))

    assert only(reading).sku == "MUG"
    assert any("block 1" in warning for warning in reading.warnings)


def test_products_in_reviews_recommendations_and_lists_are_not_the_pages_product() -> None:
    other = product(name="Bowl", sku="BOWL")
    blocks = [
        {"@type": "Review", "itemReviewed": other},
        {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": other}]},
        product(isRelatedTo=[other], isSimilarTo=other, review={"itemReviewed": other}),
    ]

    assert only(read(page(*blocks))).sku == "MUG"


def test_among_several_products_the_one_at_the_pages_address_is_meant() -> None:
    bowl = product(name="Bowl", sku="BOWL", url="https://kettle.example/products/bowl")
    mug = product(url="http://www.kettle.example/products/mug/?utm_source=x#top")

    assert only(read(page(bowl, mug))).sku == "MUG"


def test_among_several_products_the_one_in_the_heading_is_meant() -> None:
    body = page(product(name="Bowl", sku="BOWL"), product(), body="<h1> Mug </h1>")

    assert only(read(body)).sku == "MUG"


def test_among_several_products_nobody_can_tell_apart_none_is_taken() -> None:
    reading = read(page(product(name="Bowl", sku="BOWL"), product()))

    assert reading.observations == ()
    assert any("several products" in warning for warning in reading.warnings)


def test_a_wanted_sku_finds_its_product_among_others() -> None:
    body = page(product(name="Bowl", sku="BOWL", offers={"availability": "SoldOut"}), product())

    seen = only(read(body, "bowl"))

    assert (seen.key, seen.sku, seen.availability) == ("v-bowl", "BOWL", "out_of_stock")


def test_a_page_about_another_product_says_nothing_about_the_wanted_one() -> None:
    reading = read(page(product()), "BOWL")

    assert reading.observations == ()
    assert any("not about 'BOWL'" in warning for warning in reading.warnings)


def test_a_page_without_any_number_answers_for_the_only_variant_that_has_it() -> None:
    bare = product()
    del bare["sku"]

    assert only(read(page(bare), "MUG")).availability == "in_stock"
    assert read(page(bare), "MUG-RED", "MUG-BLUE").observations == ()


def test_a_page_whose_only_product_is_another_one_says_nothing() -> None:
    bowl = product(name="Small bowl", url="https://kettle.example/products/bowl")
    del bowl["sku"]
    moved = product(name="Red mug", url="https://kettle.example/sale/mug-2")
    del moved["sku"]
    gone, own = "<h1>No longer available</h1>", "<h1>The mug in red</h1>"

    assert read(page(bowl, body=gone), "MUG").observations == ()
    assert "of another address" in read(page(bowl, body=gone), "MUG").warnings[0]
    assert only(read(page(moved, body=own), "MUG")).availability == "in_stock"
    assert only(read(page(bowl), "MUG")).availability == "in_stock"  # it names nothing else


@pytest.mark.parametrize(
    ("asked", "to", "is_it"),
    [
        ("/products/mug", "/products/mug", True),
        ("/products/mug", "/de/products/mug/", True),
        ("/products/mug", "/products/red-mug-2027", True),
        ("/collections/all/products/red_mug.html", "/products/red-mug", True),
        ("/item/4711", "/red-mug-p4711.html", True),
        ("/products/mug-red", "/products/mug", True),
        ("/products/mug-14-red", "/products/mug-15-red", False),
        ("/products/mug", "/products/bowl", False),
        ("/products/mug", "/collections/all", False),
    ],
)
def test_a_redirect_to_another_product_says_nothing(asked: str, to: str, is_it: bool) -> None:
    host = "https://kettle.example"
    there = product(url=host + to)
    del there["sku"]
    wanted = (WatchedVariant(key="v", url=host + asked),)

    reading = read_page(page(there), url=host + to, wanted=wanted)
    by_rule = read_page(
        page(body="<b>Buy</b>"), url=host + to, wanted=wanted, rule=Rule(in_stock=":: Buy")
    )

    assert bool(reading.observations) is is_it
    assert bool(reading.warnings) is not is_it
    assert bool(by_rule.observations) is is_it


def test_two_blocks_that_disagree_about_one_product_are_unknown() -> None:
    reading = read(page(product(), product(offers={"availability": "SoldOut"})))

    assert only(reading).availability == "unknown"
    assert any("disagree" in warning for warning in reading.warnings)


def aggregate(word: str) -> dict[str, Any]:
    return {
        "@type": "AggregateOffer",
        "lowPrice": 42,
        "highPrice": 45.5,
        "priceCurrency": "usd",
        "availability": word,
    }


def test_an_aggregate_offer_answers_for_the_product_and_says_so() -> None:
    seen = only(read(page(product(offers=aggregate("InStock")))))

    assert (seen.availability, seen.price, seen.currency) == ("in_stock", Decimal(42), "USD")
    assert any("at least one" in warning for warning in seen.warnings)


def test_an_aggregate_offer_in_stock_is_no_answer_for_one_variant() -> None:
    assert read(page(product(offers=aggregate("InStock"))), "MUG-RED").observations == ()


def test_an_aggregate_offer_out_of_stock_answers_for_every_variant() -> None:
    reading = read(page(product(offers=aggregate("SoldOut"))), "MUG-RED", "MUG-BLUE")

    assert [o.availability for o in reading.observations] == ["out_of_stock"] * 2


def test_an_aggregate_of_one_offer_is_that_offer() -> None:
    bare = product(offers={**aggregate("InStock"), "offerCount": 1})
    del bare["sku"]

    assert only(read(page(bare), "MUG")).availability == "in_stock"


def test_two_numbers_for_one_name_at_one_address_are_variants_of_one_product() -> None:
    body = page(product(url=URL), product(sku="MUG-2", url=URL, offers={"availability": "SoldOut"}))

    assert [o.sku for o in read(body).observations] == ["MUG", "MUG-2"]
    assert only(read(body, "MUG-2")).availability == "out_of_stock"


def test_offers_inside_an_aggregate_are_read_one_by_one() -> None:
    offers = {
        "@type": "AggregateOffer",
        "priceCurrency": "EUR",
        "offers": [
            {"@type": "Offer", "sku": "MUG-RED", "price": 5, "availability": "InStock"},
            {"@type": "Offer", "sku": "MUG-BLUE", "price": 6, "availability": "SoldOut"},
        ],
    }

    reading = read(page(product(offers=offers)), "MUG-BLUE")

    seen = only(reading)
    assert (seen.availability, seen.price, seen.currency) == ("out_of_stock", Decimal(6), "EUR")


def test_offers_told_apart_by_their_address_are_variants() -> None:
    offers = [
        {**OFFER, "url": f"{URL}?variant=41", "availability": "InStock"},
        {**OFFER, "url": f"{URL}?variant=42", "availability": "SoldOut"},
    ]
    wanted = (WatchedVariant(key="42", url=f"{URL}?variant=42"),)

    seen = only(read_page(page(product(offers=offers)), url=URL, wanted=wanted))

    assert (seen.key, seen.availability, seen.product_key) == ("42", "out_of_stock", "MUG")


def test_several_offers_without_names_are_an_answer_only_where_they_agree() -> None:
    both = [{**OFFER, "availability": "SoldOut"}, {**OFFER, "price": 9, "availability": "SoldOut"}]
    mixed = [both[0], {**OFFER, "price": 9, "availability": "InStock"}]
    del (bare := product(offers=both))["sku"]
    del (unsure := product(offers=mixed))["sku"]

    assert only(read(page(bare), "MUG")).availability == "out_of_stock"
    assert read(page(unsure), "MUG").observations == ()


def test_a_used_one_in_stock_does_not_make_the_new_one_available() -> None:
    offers = [
        {**OFFER, "itemCondition": "https://schema.org/NewCondition", "availability": "SoldOut"},
        {**OFFER, "itemCondition": "https://schema.org/UsedCondition", "availability": "InStock"},
    ]

    assert only(read(page(product(offers=offers)))).availability == "out_of_stock"


def group(**more: Any) -> dict[str, Any]:
    variants = [
        product(name="Red mug", sku="MUG-RED", color="red", url=f"{URL}?color=red"),
        product(
            sku="MUG-BLUE",
            color="blue",
            url=f"{URL}?color=blue",
            offers={"availability": "SoldOut"},
        ),
    ]
    return {"@type": "ProductGroup", "productGroupID": "G1", "hasVariant": variants, **more}


def test_every_variant_of_a_group_is_an_observation_of_its_own() -> None:
    reading = read(page(group()))

    assert [(o.sku, o.availability, o.product_key) for o in reading.observations] == [
        ("MUG-RED", "in_stock", "G1"),
        ("MUG-BLUE", "out_of_stock", "G1"),
    ]
    assert reading.observations[0].options == (("color", "red"),)


def test_variants_of_a_group_may_stand_elsewhere_on_the_page() -> None:
    variants = group()["hasVariant"]
    named = [{**v, "@id": f"#{v['sku']}"} for v in variants]
    block = {"@graph": [group(hasVariant=[{"@id": v["@id"]} for v in named]), *named]}

    reading = read(page(block))

    assert sorted(o.sku for o in reading.observations) == ["MUG-BLUE", "MUG-RED"]


def test_a_variant_is_found_by_its_own_address() -> None:
    wanted = (WatchedVariant(key="shop-77", url=f"{URL}?color=blue&utm_medium=mail"),)

    assert only(read_page(page(group()), url=URL, wanted=wanted)).availability == "out_of_stock"


@pytest.mark.parametrize(
    "parent",
    [
        {"inProductGroupWithID": "G1"},
        {"isVariantOf": {"@type": "ProductGroup", "productGroupID": "G1"}},
    ],
)
def test_a_variant_names_its_group(parent: dict[str, Any]) -> None:
    assert only(read(page(product(**parent)))).product_key == "G1"


def spec(price: object, **more: object) -> dict[str, object]:
    return {"@type": "UnitPriceSpecification", "price": price, "priceCurrency": "USD", **more}


@pytest.mark.parametrize(
    ("offer", "price", "regular", "currency"),
    [
        ({"price": "1,980", "priceCurrency": "THB"}, "1980", None, "THB"),
        ({"price": "29,00", "priceCurrency": "EUR"}, "29.00", None, "EUR"),
        ({"price": 239.99, "priceCurrency": "USD"}, "239.99", None, "USD"),
        ({"price": "€1.234,56"}, "1234.56", None, "EUR"),
        ({"price": "0.00", "priceCurrency": "USD"}, None, None, ""),
        ({"price": "-5", "priceCurrency": "USD"}, None, None, ""),
        ({"price": "call us", "priceCurrency": "USD"}, None, None, ""),
        (
            {"priceSpecification": [spec(20, priceType="http://schema.org/ListPrice"), spec(18)]},
            "18", "20", "USD",
        ),
        ({"priceSpecification": [spec(9, validForMemberTier={}), spec(10)]}, "10", None, "USD"),
        ({"priceSpecification": [spec(9, validFrom="2030-01-01"), spec(10)]}, "10", None, "USD"),
        (
            {"priceSpecification": [{**spec(4), "@type": "DeliveryChargeSpecification"}, spec(9)]},
            "9", None, "USD",
        ),
        ({"priceSpecification": spec(10, priceType="StrikethroughPrice")}, "10", None, "USD"),
    ],
)  # fmt: skip
def test_prices_are_exact(
    offer: Any, price: str | None, regular: str | None, currency: str
) -> None:
    body = page(product(offers={"@type": "Offer", "availability": "InStock", **offer}))

    seen = only(read(body, today=date(2026, 12, 1)))

    assert seen.price == (None if price is None else Decimal(price))
    assert seen.regular_price == (None if regular is None else Decimal(regular))
    assert seen.currency == currency


@pytest.mark.parametrize(
    ("word", "text", "eta"),
    [
        ("PreOrder", "2027-02-03T00:00:00-08:00", "2027-02-03"),
        ("PreOrder", "Feb. 2027", "2027-02"),
        ("BackOrder", "2027-02", "2027-02"),
        ("OutOfStock", "2027-02-03/2027-02-10", "2027-02-03/2027-02-10"),
        ("OutOfStock", "2020-01-01", "2020-01-01"),
        ("OutOfStock", "31/02/2027", None),
        ("OutOfStock", "03/02/2027", None),
        ("OutOfStock", "0000-00-00", None),
        ("OutOfStock", "9999-12-31", None),
        ("InStock", "2020-01-01", None),
    ],
)
def test_the_eta_is_never_sharper_than_the_page(word: str, text: str, eta: str | None) -> None:
    offer = {**OFFER, "availability": word, "availabilityStarts": text}

    seen = only(read(page(product(offers=offer)), today=date(2026, 12, 1)))

    assert (seen.eta.iso() if seen.eta else None) == eta


@pytest.mark.parametrize(
    ("word", "level", "quantity"),
    [
        ("InStock", {"@type": "QuantitativeValue", "value": 7}, 7),
        ("OutOfStock", -3, 0),
        ("InStock", 0, None),
        ("InStock", "many", None),
        ("InStock", 10**15, 10**9),
    ],
)
def test_the_quantity_is_believed_as_far_as_it_fits(
    word: str, level: Any, quantity: int | None
) -> None:
    offer = {**OFFER, "availability": word, "inventoryLevel": level}

    assert only(read(page(product(offers=offer)))).quantity == quantity


def test_microdata_is_read_with_its_oddities() -> None:
    body = b"""
      <div itemscope itemtype="//schema.org/Product" itemref="more">
        <h1 itemprop="name">Mug <!-- blue --> of clay</h1>
        <img itemprop="image" src="/mug.jpg">
        <div itemprop="offers" itemscope itemtype="http://schema.org/Offer">
          <b itemprop="price" content="12.50">12,50 EUR</b>
          <meta itemprop="priceCurrency" content="EUR">
          <span itemprop="availability">Sold out</span>
        </div>
        <div itemprop="review" itemscope itemtype="https://schema.org/Review">
          <div itemprop="itemReviewed" itemscope itemtype="https://schema.org/Product">
            <b itemprop="sku">BOWL</b></div></div>
      </div>
      <p id="more"><b itemprop="sku"> MUG </b></p>"""

    seen = only(read(body))

    assert (seen.sku, seen.title, seen.availability) == ("MUG", "Mug of clay", "out_of_stock")
    assert (seen.price, seen.image_url) == (Decimal("12.50"), "https://kettle.example/mug.jpg")


@pytest.mark.parametrize(
    ("tag", "meaning"),
    [
        ('<meta itemprop="availability" href="https://schema.org/SoldOut">', "out_of_stock"),
        ('<span itemprop="availability" href="https://schema.org/InStock"></span>', "in_stock"),
        ('<span itemprop="availability" href="/p/7">Sold out</span>', "out_of_stock"),
        ('<link itemprop="availability" href="">', "unknown"),
    ],
)
def test_an_address_where_microdata_knows_none_is_read_too(tag: str, meaning: str) -> None:
    offer = f'<p itemprop="offers" itemscope itemtype="https://schema.org/Offer">{tag}</p>'
    body = f'<div itemscope itemtype="https://schema.org/Product">{offer}</div>'

    assert only(read(page(body=body))).availability == meaning


@pytest.mark.parametrize(
    "tags",
    [
        """<div vocab="http://schema.org/" typeof="Product"><b property="sku">MUG</b>
        <p property="offers" typeof="Offer"><i property="price" content="12.50">12,50</i>
        <i property="priceCurrency" content="EUR"></i>
        <link property="availability" href="http://schema.org/SoldOut"></p>
        <p property="review" typeof="Review"><b property="sku">OTHER</b></p></div>""",
        """<div typeof="schema:Product"><b property="schema:sku" content="MUG"></b>
        <p rel="schema:offers" typeof="schema:Offer"><b property="schema:price">12.50</b>
        <b property="schema:priceCurrency">EUR</b><b property="schema:availability"
        resource="schema:OutOfStock"></b></p></div>""",
    ],
)
def test_rdfa_is_read(tags: str) -> None:
    seen = only(read(page(body=tags)))

    assert (seen.sku, seen.availability) == ("MUG", "out_of_stock")
    assert (seen.price, seen.currency) == (Decimal("12.50"), "EUR")


def test_microdata_offers_beside_each_other_inside_a_product_are_one_offer() -> None:
    body = b"""
      <div itemscope itemtype="https://schema.org/Product"><b itemprop="sku">MUG</b>
        <i itemscope itemtype="https://schema.org/Offer"><b itemprop="price">5</b></i>
        <i itemscope itemtype="https://schema.org/Offer">
          <link itemprop="availability" href="https://schema.org/SoldOut"></i></div>"""

    seen = only(read(body))

    assert (seen.availability, seen.price) == ("out_of_stock", Decimal(5))


def test_offers_beside_each_other_go_to_the_product_around_them() -> None:
    product_of = """<div itemscope itemtype="https://schema.org/Product"><b itemprop="sku">{}</b>
      <i itemscope itemtype="https://schema.org/Offer"><b itemprop="price">{}</b></i>
      <i itemscope itemtype="http://schema.org/Offer"><b itemprop="availability">{}</b></i></div>"""
    body = product_of.format("MUG", 5, "InStock") + product_of.format("BOWL", 9, "SoldOut")

    seen = only(read(body.encode(), "BOWL"))

    assert (seen.availability, seen.price) == ("out_of_stock", Decimal(9))


def test_something_in_stock_that_comes_later_is_pointed_out() -> None:
    offer = {**OFFER, "availability": "InStock", "availabilityStarts": "2027-02-03"}

    seen = only(read(page(product(offers=offer)), today=date(2026, 12, 1)))

    assert seen.eta is not None
    assert seen.eta.iso() == "2027-02-03"
    assert any("available only from" in warning for warning in seen.warnings)


def test_opengraph_speaks_where_nothing_else_does() -> None:
    head = """<meta property="og:title" content="Mug">
      <meta property="product:availability" content="oos">
      <meta property="product:price:amount" content="12.50">
      <meta property="product:price:currency" content="EUR">
      <meta property="product:retailer_item_id" content="MUG">"""

    seen = only(read(page(head=head)))

    assert (seen.sku, seen.title, seen.availability) == ("MUG", "Mug", "out_of_stock")
    assert (seen.price, seen.currency) == (Decimal("12.50"), "EUR")


def test_opengraph_fills_what_the_jsonld_leaves_open() -> None:
    head = '<meta property="product:availability" content="in stock">'

    assert only(read(page(product(offers=OFFER), head=head))).availability == "in_stock"


def test_jsonld_wins_over_opengraph_and_the_disagreement_is_told() -> None:
    head = '<meta property="product:availability" content="oos">'

    reading = read(page(product(), head=head))

    assert only(reading).availability == "in_stock"
    assert any("opengraph says out_of_stock" in warning for warning in reading.warnings)


def test_opengraph_with_a_title_alone_is_no_product() -> None:
    assert read(page(head='<meta property="og:title" content="Mug">')).observations == ()


@pytest.mark.parametrize(
    ("body", "content_type", "title"),
    [
        ("ชุด".encode(), "text/html", "ชุด"),
        ("Größe".encode("latin-1"), "text/html; charset=ISO-8859-1", "Größe"),
        ("5 €".encode("cp1252"), "text/html; charset=ISO-8859-1", "5 €"),
        ("Größe".encode("cp1252"), "text/html", "Größe"),
        ("Größe".encode(), "text/html; charset=no-such-thing", "Größe"),
        ("Größe".encode(), "text/html; charset=hex", "Größe"),
    ],
)
def test_the_charset_is_found(body: bytes, content_type: str, title: str) -> None:
    markup = b'<b itemscope itemtype="Product"><i itemprop="name">' + body + b"</i>"

    assert only(read_page(markup, content_type=content_type)).title == title

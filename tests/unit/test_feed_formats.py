"""Which formats are read, and what do rows of each say?"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from notifier.connectors.feed import Settings
from notifier.domain.observation import Observation
from notifier.errors import ConfigError, LookFailed
from tests.unit.feeds import google, look_at, rss


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return tmp_path / "feed"


def only(found: tuple[list[Observation], object]) -> Observation:
    (one,) = found[0]
    return one


def test_a_google_item_is_read_in_full(feed: Path) -> None:
    seen = only(look_at(feed, rss(google(
        "K-1", "backorder",
        "<g:availability_date>2027-02-14T10:00-0800</g:availability_date>"
        "<title>Kettle</title><link>https://kettle.example/k</link>"
        "<g:image_link>https://kettle.example/k.jpg</g:image_link>"
        "<g:item_group_id>K</g:item_group_id><g:color>Red</g:color><g:size>L</g:size>"
        "<g:shipping><g:price>4.90 EUR</g:price></g:shipping><g:price>29.00 EUR</g:price>",
    ))))  # fmt: skip

    assert (seen.key, seen.product_key, seen.title) == ("K-1", "K", "Kettle")
    assert seen.availability == "backorder"
    assert seen.eta is not None
    assert seen.eta.iso() == "2027-02-14"
    assert (seen.price, seen.currency, seen.regular_price) == (Decimal("29.00"), "EUR", None)
    assert seen.url == "https://kettle.example/k"
    assert seen.image_url == "https://kettle.example/k.jpg"
    assert seen.options == (("color", "Red"), ("size", "L"))


@pytest.mark.parametrize(
    "body",
    [
        "<channel><item><id>A</id><availability>in stock</availability></item></channel>",
        "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:g='http://base.google.com/ns/1.0'>"
        "<id>feed</id><entry><id>https://x.example/1</id><g:id>A</g:id>"
        "<g:availability>in stock</g:availability></entry></feed>",
        "<rss><channel><item><g:id>A</g:id><g:availability>in stock</g:availability>"
        "</item></channel></rss>",
        "<Products><Product><SKU>A</SKU><In_Stock>yes</In_Stock></Product></Products>",
        "<SHOP><SHOPITEM><ITEM_ID>A</ITEM_ID><STOCK>3</STOCK></SHOPITEM></SHOP>",
        '<offers><o id="A" stock="3"/></offers>',
        '<yml_catalog date="2026-11-30 10:00"><shop><offers><offer id="A" available="true"/>'
        "</offers></shop></yml_catalog>",
        '<?xml version="1.0" encoding="utf-16"?>' + rss(google("A")).partition("?>")[2],
        "\n\ufeff\ufeff" + rss(google("A"), google("B")),
        "id\tavailability\nA\tin_stock\n",
        "ID|Availability\nA|in stock\n",
        '{"products":[{"id":"A","availability":"in_stock"}]}',
        '{"data":{"meta":{"page":1},"items":[{"sku":"A","stock":3}]}}',
        '[{"id":"A","stock":3}]',
        '{"id":"A","stock":3}\n{"id":"B","stock":0}\n',
        '{"id":"A","stock":3}',
        '{"categories":[{"id":"c1","name":"Pots"}],"products":[{"id":"A","stock":3}]}',
        '{"products":[{"id":"P","title":"Kettle","variants":[{"id":"A","available":true}]}]}',
        "Artikelnummer;Verfügbarkeit;Preis\nA;auf Lager;12,90 €\n",
        "Handle,Variant SKU,Variant Inventory Qty,Variant Inventory Policy\nk,A,4,deny\n",
        "sku,qty,is_in_stock,price,special_price\nA,4.0000,1,10.0000,\n",
    ],
)
def test_every_usual_shape_is_found_out_by_its_content(feed: Path, body: str) -> None:
    seen, look = look_at(feed, body)

    assert seen[0].key == "A"
    assert seen[0].availability == "in_stock"
    assert all(o.key in ("A", "B") for o in seen)
    assert look.full


@pytest.mark.parametrize("pack", ["gzip", "bzip2", "zip", "gzip twice"])
def test_packed_files_are_unpacked(feed: Path, pack: str) -> None:
    body = rss(google("A")).encode()
    if pack == "zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("feed.xml", body)
        body = packed.getvalue()
    elif pack == "bzip2":
        body = bz2.compress(body)
    else:
        body = gzip.compress(gzip.compress(body) if pack == "gzip twice" else body)

    assert only(look_at(feed, body)).key == "A"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_packed_files_are_not_trusted_further_than_their_limits(feed: Path, pack: object) -> None:
    table = b"id,availability\n" + b"A,in stock\n" * 500 + b"\n" * 4_000_000
    whole = pack(table)  # type: ignore[operator]
    with pytest.raises(LookFailed) as bomb:
        look_at(feed, whole)
    with pytest.raises(LookFailed) as cut:
        look_at(feed, pack(table[:5000])[:-9])  # type: ignore[operator]

    assert bomb.value.code == "bomb"
    assert cut.value.code == "truncated"


def test_an_agentic_commerce_feed_has_prices_in_cents_and_availability_in_an_object(
    feed: Path,
) -> None:
    body = {"target_country": "US", "products": [{
        "id": "P", "title": "Kettle", "url": "https://kettle.example/p",
        "variants": [
            {"id": "A", "title": "Kettle - Red", "price": {"amount": 1999, "currency": "USD"},
             "availability": {"available": True, "status": "in_stock"},
             "variant_options": [{"name": "Color", "value": "Red"}]},
            {"id": "B", "title": "Kettle - Blue", "availability": {"available": False}},
            {"id": "C", "title": "Kettle - Green"},
        ],
    }]}  # fmt: skip

    seen, _ = look_at(feed, json.dumps(body))

    assert [o.availability for o in seen] == ["in_stock", "out_of_stock", "unknown"]
    assert (seen[0].price, seen[0].currency) == (Decimal("19.99"), "USD")
    assert {o.product_key for o in seen} == {"P"}
    assert (seen[0].title, seen[0].variant_title) == ("Kettle", "Kettle - Red")
    assert seen[0].options == (("Color", "Red"),)
    assert seen[1].url == "https://kettle.example/p"


def test_an_openai_flat_file_is_read(feed: Path) -> None:
    body = (
        "item_id,title,url,price,availability,availability_date,inventory_quantity,group_id\n"
        "A,Kettle,https://kettle.example/a,79.99 USD,pre_order,2027-03-01,0,K\n"
    )

    seen = only(look_at(feed, body))

    assert (seen.availability, seen.quantity, seen.product_key) == ("preorder", 0, "K")
    assert seen.eta is not None
    assert (seen.eta.iso(), seen.price) == ("2027-03-01", Decimal("79.99"))


def test_metas_old_and_new_words_and_quantities_are_read(feed: Path) -> None:
    body = (
        "id,availability,inventory,quantity_to_sell_on_facebook\n"
        "A,available for order,,\nB,in stock,9,7\nC,discontinued,,\nD,out of stock,,\n"
    )

    seen, _ = look_at(feed, body)

    states = [o.availability.value for o in seen]
    assert states == ["backorder", "in_stock", "discontinued", "out_of_stock"]
    assert seen[1].quantity == 7


@pytest.mark.parametrize(
    ("period", "price", "regular"),
    [
        ("", "8", "10"),
        ("2026-11-01T00:00+0000/2026-12-31T00:00+0000", "8", "10"),
        ("2026-12-01/2026-12-01", "8", "10"),
        ("2026-11-01/2026-11-30", "10", None),
        ("2026-12-24/2026-12-31", "10", None),
        ("soon/later", "10", None),
    ],
)
def test_a_sale_price_counts_while_its_dates_do(
    feed: Path, period: str, price: str, regular: str | None
) -> None:
    body = f"id,availability,price,sale_price,sale_price_effective_date\nA,in stock,10 EUR,8 EUR,{period}\n"  # noqa: E501

    seen = only(look_at(feed, body))

    assert seen.price == Decimal(price)
    assert seen.regular_price == (Decimal(regular) if regular else None)


def test_woocommerce_backorders_and_untracked_stock_are_understood(feed: Path) -> None:
    body = (
        'ID,Type,SKU,"In stock?",Stock,"Backorders allowed?","Regular price"\n'
        "1,simple,a,1,,0,5\n2,simple,b,backorder,0,notify,5\n3,simple,c,0,0,0,5\n"
        "4,simple,d,1,-3,1,5\n"
    )

    seen, _ = look_at(feed, body)

    states = [(o.key, o.sku, o.availability.value, o.quantity) for o in seen]
    assert states == [
        ("1", "a", "in_stock", None),
        ("2", "b", "backorder", 0),
        ("3", "c", "out_of_stock", 0),
        ("4", "d", "backorder", 0),
    ]


def test_a_merchants_own_names_words_and_currency_are_followed(feed: Path) -> None:
    body = "nr;zustand;betrag\n7;unterwegs;12,90\n8;da;13\n"

    seen, _ = look_at(
        feed,
        body,
        columns={"key": "nr", "availability": "zustand", "price": "betrag"},
        words={"unterwegs": "backorder", "da": "in_stock"},
        default_currency="EUR",
    )

    assert [(o.key, o.availability.value) for o in seen] == [("7", "backorder"), ("8", "in_stock")]
    assert (seen[0].price, seen[0].currency) == (Decimal("12.90"), "EUR")


def test_xml_of_any_build_is_read_by_tags_attributes_and_paths(feed: Path) -> None:
    body = (
        "<stock><pot nr='7'><level><free>3</free></level><cost>5</cost></pot>"
        "<pot nr='8'><level><free>0</free></level><cost>6</cost></pot></stock>"
    )
    columns = {"key": "@nr", "quantity": "level/free", "price": "cost"}

    seen, _ = look_at(feed, body, record="pot", columns=columns)

    assert [(o.key, o.availability.value, o.quantity) for o in seen] == [
        ("7", "in_stock", 3),
        ("8", "out_of_stock", 0),
    ]
    assert seen[0].price == Decimal(5)


def test_json_of_any_build_is_read_by_jmespath(feed: Path) -> None:
    body = {"answer": {"shelf": [{"ref": {"no": 7}, "levels": [2, 3]}]}}
    columns = {"key": "ref.no", "quantity": "sum(levels)"}

    seen = only(look_at(feed, json.dumps(body), record="answer.shelf[]", columns=columns))

    assert (seen.key, seen.quantity) == ("7", 5)


def test_an_id_that_comes_twice_is_believed_once_where_the_rows_disagree(feed: Path) -> None:
    body = rss(google("A"), google("A", "out_of_stock"), google("B"), google("B"))

    seen, look = look_at(feed, body)

    assert [(o.key, o.availability.value) for o in seen] == [
        ("A", "in_stock"),
        ("B", "in_stock"),
        ("B", "in_stock"),
    ]
    assert any("more than once (2 times)" in warning for warning in look.warnings)
    assert any("disagree" in warning for warning in look.warnings)


@pytest.mark.parametrize(
    ("damage", "hurt"),
    [
        ("<title>5 < 6</title>", "out_of_stock"),
        ("<description>one<br>two <b>three</description>", "out_of_stock"),
        ("<title>never closed", "unknown"),
        ("<link href=bare>x</link>", "out_of_stock"),
    ],
)
def test_a_damaged_item_spoils_no_other_and_proves_no_absence(
    feed: Path, damage: str, hurt: str
) -> None:
    items = [google(f"I{n}", "in_stock", "<title>Pot</title>") for n in range(4)]
    items[1] = f"<g:id>I1</g:id><g:availability>sold out</g:availability>{damage}"
    if hurt == "unknown":
        items[1] = f"<g:id>I1</g:id>{damage}<g:availability>sold out</g:availability>"

    seen, look = look_at(feed, rss(*items))

    found = {o.key: o.availability.value for o in seen}
    assert found == {"I0": "in_stock", "I1": hurt, "I2": "in_stock", "I3": "in_stock"}
    assert (len(seen), look.rows, look.problems) == (4, 4, [])
    assert not look.full


def test_what_follows_the_end_of_an_xml_document_is_missed_and_so_proves_no_absence(
    feed: Path,
) -> None:
    seen, look = look_at(feed, rss(google("A")) + rss(google("B")))

    assert [o.key for o in seen] == ["A"]
    assert not look.full


def test_links_that_are_no_web_addresses_are_dropped(feed: Path) -> None:
    seen = only(look_at(feed, rss(google("A", more="<link>javascript:alert(1)</link>"))))

    assert seen.url == ""


def test_leading_zeros_and_long_numbers_stay_as_they_are(feed: Path) -> None:
    seen, _ = look_at(feed, "id,availability\n010,in stock\n123456789012345678901,in stock\n")
    (numeric,), _ = look_at(feed, '[{"id":123456789012345678,"stock":1}]')

    assert [o.key for o in seen] == ["010", "123456789012345678901"]
    assert numeric.key == "123456789012345678"


def test_the_feeds_own_time_is_the_time_of_its_data(feed: Path) -> None:
    past = rss(google("A"), head="<lastBuildDate>Mon, 30 Nov 2026 08:00:00 GMT</lastBuildDate>")
    future = rss(google("A"), head="<lastBuildDate>2036-01-01T00:00:00Z</lastBuildDate>")

    _, look = look_at(feed, past)
    _, ahead = look_at(feed, future)

    assert look.data_at is not None
    assert look.data_at.isoformat() == "2026-11-30T08:00:00+00:00"
    assert ahead.data_at is None or ahead.data_at.year < 2036
    assert any("future" in warning for warning in ahead.warnings)


@pytest.mark.parametrize(("preset", "fits"), [("csv", False), ("xml", True), ("google", True)])
def test_a_preset_that_names_a_format_refuses_another(feed: Path, preset: str, fits: bool) -> None:
    if fits:
        assert only(look_at(feed, rss(google("A")), preset=preset)).key == "A"
        return
    with pytest.raises(LookFailed, match="preset says csv"):
        look_at(feed, rss(google("A")), preset=preset)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"url": "https://a.example", "path": "/tmp/x"},
        {"path": "x", "columns": {"colour_of_stock": "a"}},
        {"path": "x", "columns": {"key": " "}},
        {"path": "x", "words": {"da": "here"}},
        {"path": "x", "default_currency": "Euros?"},
        {"path": "x", "encoding": "klingon"},
        {"path": "x", "decimal": "'"},
        {"path": "x", "date_order": "ymd"},
        {"path": "x", "preset": "shopify"},
        {"path": "x", "delimiter": "::"},
        {"path": "x", "timeout": 0},
    ],
)
def test_settings_that_cannot_be_are_refused_with_their_name(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings(**wrong)  # type: ignore[arg-type]

    assert ":" in str(caught.value)


def test_many_harmless_errors_do_not_hide_a_grave_one(feed: Path) -> None:
    noisy = [google(f"N{n}", more="<title>a&nbsp;b</title>") for n in range(150)]

    _, harmless = look_at(feed, rss(*noisy))
    seen, grave = look_at(feed, rss(*noisy, google("A", more="<t>1 < 2</t>"), google("B")))

    assert harmless.full
    assert "B" in [o.key for o in seen]
    assert not grave.full


def test_a_prefix_nobody_declared_is_understood(feed: Path) -> None:
    body = rss(*(google(f"N{n}") for n in range(150)))

    seen, look = look_at(feed, body.replace(' xmlns:g="http://base.google.com/ns/1.0"', ""))

    assert len(seen) == 150
    assert look.full
    assert look.warnings == ["the XML does not declare its prefix g."]

"""Whatever bytes a shop serves: read, or refused with a reason, and soon."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifier.connectors.base import WatchedVariant
from notifier.connectors.page_reading.document import MAX_BYTES
from notifier.connectors.page_reading.json_repair import read_json_values
from notifier.connectors.page_reading.reading import read_page
from notifier.connectors.page_reading.rule import Rule
from notifier.domain.availability import Availability
from notifier.errors import LookFailed

ASKED = (WatchedVariant(key="7", sku="MUG", url="https://shop.example/mug"),)
RULE = Rule(in_stock="button :: add", out_of_stock=":: sold out", price=".price", eta="time @date")
NAMES = st.sampled_from(
    [
        "@type",
        "@id",
        "@graph",
        "offers",
        "availability",
        "price",
        "priceSpecification",
        "hasVariant",
        "sku",
        "name",
        "url",
        "image",
        "itemReviewed",
        "isVariantOf",
        "inventoryLevel",
        "availabilityStarts",
        "priceCurrency",
        "itemOffered",
    ]
)
WORDS = st.sampled_from(
    [
        "Product",
        "ProductGroup",
        "Offer",
        "AggregateOffer",
        "InStock",
        "OutOfStock",
        "https://schema.org/PreOrder",
        "#a",
        "12.00",
        "-1",
        "1e999",
        "2027-02",
        "NaN",
        "[",
        "http://[::1",
        "//x",
    ]
)
NODES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=40,
)
PIECES = st.lists(
    st.sampled_from(
        [
            b"<div itemscope itemtype='//schema.org/Product' itemref='a a b'>", b"</div>",
            b"<span itemprop='offers' itemscope itemtype='Offer' id='a'>", b"</span>",
            b"<link itemprop='availability' href='InStock'>", b"<p itemprop='price' content='5'>",
            b"<script type='application/ld+json'>", b"</script>", b"{\"@type\":\"Product\",", b"}",
            b"<button disabled>Add", b"<p hidden>sold out", b"<!--", b"-->", b"<![CDATA[", b"\x00",
            b"<meta property='product:availability' content='oos'>", b"<base href='http://[x'>",
            b"<template>", b"<svg><style>", b"&#xd800;", b"\xff\xfe", b"<meta charset=utf-7>",
        ]
    ),
    max_size=40,
)  # fmt: skip


def read_or_refuse(body: bytes) -> None:
    for wanted in ((), ASKED):
        with suppress(LookFailed):
            read_page(body, url="https://shop.example/mug", wanted=wanted, rule=RULE)


@given(st.binary(max_size=3_000))
@example(b"")
@example(b"\x00\x00")
@example(b"<!-- x -->")
@example(b"\xff\xfe<\x00h\x00")
@example(b"<?xml version='1.0' encoding='utf-16'?><html/>")
def test_random_bytes_never_crash_the_reader(body: bytes) -> None:
    read_or_refuse(body)


@given(PIECES)
def test_pieces_of_markup_in_any_order_never_crash_the_reader(pieces: list[bytes]) -> None:
    read_or_refuse(b"".join(pieces))


@given(NODES)
def test_jsonld_of_any_shape_never_crashes_the_reader(node: Any) -> None:
    block = json.dumps({"@type": "Product", "offers": node, "hasVariant": node, "image": node})
    body = f"<script type='application/ld+json'>[{block},{json.dumps(node)}]</script>"
    read_or_refuse(body.encode("utf-8", "surrogatepass"))


@given(st.text(max_size=400))
def test_any_text_in_a_block_gives_values_or_a_problem(text: str) -> None:
    values, problem = read_json_values(text)
    assert values or problem


# Megabytes each: made where they are read.
SLOW: dict[str, Callable[[], bytes]] = {
    "open brackets": lambda: b'<script type="application/ld+json">' + b"[" * 400_000,
    "open objects": lambda: b'<script type="application/ld+json">' + b'{"a":' * 150_000,
    "open comments": lambda: b'<script type="application/ld+json">{' + b"/*" * 400_000,
    "open strings": lambda: b'<script type="application/ld+json">{' + b'\\" ' * 200_000,
    "quotes in quotes": lambda: (
        b'<script type="application/ld+json">{"a":"' + b'", ' * 80_000 + b'"' * 10_000
    ),
    "commas": lambda: b'<script type="application/ld+json">[1' + b", " * 200_000,
    "deep elements": lambda: b"<div>" * 200_000,
    "deep items": lambda: (
        b"<div itemscope itemtype='//schema.org/Product' itemprop='offers'>" * 20_000
    ),
    "many products": lambda: (
        b"<script type='application/ld+json'>["
        + b",".join([b'{"@type":"Product","offers":{"price":1}}'] * 20_000)
        + b"]</script>"
    ),
    "items that hold each other": lambda: b"".join(
        b"<div id=i%d itemscope itemprop=isPartOf itemtype=Product itemref='%s'></div>"
        % (n, b" ".join(b"i%d" % m for m in range(40)))
        for n in range(40)
    ),
    "one long word": lambda: b"<p class=price>" + b"9" * 4_000_000,
    "entities": lambda: b"<p>" + b"&amp;" * 200_000,
    "buttons": lambda: b"<button>add to cart</button>" * 20_000,
    "attributes behind a quote": lambda: (
        b"<p \" a='>' " + b"".join(b"a%d=1 " % n for n in range(200_000))
    ),
    "attributes": lambda: b"<p " + b"".join(b"a%d=1 " % n for n in range(200_000)) + b">",
}


@pytest.mark.every_third
@pytest.mark.parametrize("kind", SLOW)
def test_a_page_made_to_be_slow_is_done_within_seconds(kind: str) -> None:
    body = SLOW[kind]()[: MAX_BYTES - 1]
    started = time.process_time()

    read_or_refuse(body)

    assert time.process_time() - started < 5  # both readings, on a slow machine


def test_a_page_above_the_limit_is_refused() -> None:
    with pytest.raises(LookFailed) as caught:
        read_page(b"x" * (MAX_BYTES + 1))

    assert caught.value.code == "too_big"


def test_a_pattern_that_would_run_for_years_is_stopped_and_nothing_is_believed() -> None:
    rule = Rule(in_stock="p :: /(a+)+$/", out_of_stock="p :: never there")
    body = (
        b'<script type=\'application/ld+json\'>{"@type":"Product","name":"Mug",'
        b'"offers":{"availability":"InStock"}}</script><p>' + b"a" * 60 + b"!</p>"
    )
    started = time.monotonic()

    reading = read_page(body, rule=rule)

    assert time.monotonic() - started < 60
    assert [o.availability for o in reading.observations] == [Availability.UNKNOWN]
    assert any("took more than" in warning for warning in reading.warnings)

"""Are all pages of a shop's API read, politely, and is a part never taken for the whole?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from notifier.connectors.base import Look
from notifier.connectors.feed import NOT_YET, Settings, Source
from notifier.connectors.politeness import HostPacer
from notifier.connectors.reading import pages
from notifier.connectors.reading.next_page import find_turning
from notifier.connectors.reading.pages import ELSEWHERE, MOVED, REPEATS
from notifier.connectors.reading.paging import ONE_PAGE
from notifier.errors import ConfigError, LookFailed
from tests.fakes import paged_shop as shop
from tests.fakes.feed_server import FeedServer, Reply, Seen, serving
from tests.timing import SettableClock
from tests.unit.feeds import google, rss

KINDS: dict[str, tuple[Callable[..., str], Callable[..., dict[str, Any]], int]] = {
    "shopify": (shop.serve_shopify, shop.shopify, 4),
    "woocommerce": (shop.serve_woocommerce, shop.woocommerce, 3),
    "magento": (shop.serve_magento, shop.magento, 3),
    "bigcommerce": (shop.serve_bigcommerce, shop.bigcommerce, 3),
    "links": (shop.serve_links, shop.shopify, 3),
    "medusa": (shop.serve_medusa, shop.medusa, 3),
    "ecwid": (shop.serve_ecwid, shop.ecwid, 3),
}
COUNTED = ("woocommerce", "magento", "bigcommerce", "medusa", "ecwid")
every_kind = pytest.mark.parametrize("kind", KINDS)


@dataclass
class Watch:
    """Time that passes only by waiting."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with serving() as running:
        yield running


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def look_at(watch: Watch) -> Callable[..., tuple[list[str], Look]]:
    def look_at(
        url: str, cursor: dict[str, str] | None = None, **settings: Any
    ) -> tuple[list[str], Look]:
        pacer = HostPacer(monotonic=watch, sleep=watch.sleep)
        source = Source(
            Settings(url=url, **settings), allow_private=True, clock=SettableClock(), pacer=pacer
        )
        look = source.look(cursor or {})
        return [one.key for one in look.observations], look

    return look_at


def five(server: FeedServer, kind: str, **changes: Any) -> str:
    serve, item, _ = KINDS[kind]
    return serve(server, [[item(1), item(2)], [item(3), item(4)], [item(5)]], **changes)


@every_kind
def test_all_pages_are_read_once_a_second(
    server: FeedServer, look_at: Any, watch: Watch, kind: str
) -> None:
    url = five(server, kind)

    keys, look = look_at(url, bearer="secret")
    _, again = look_at(url, look.cursor, bearer="secret")

    assert [key.removeprefix("K") for key in keys] == list("12345")
    requests = KINDS[kind][2]
    assert len({seen.path for seen in server.seen}) == requests
    assert len(server.seen) == 2 * requests
    assert watch.waits[: requests - 1] == [1.0] * (requests - 1)
    assert all(seen.headers["authorization"] == "Bearer secret" for seen in server.seen)
    assert look.rows == 5
    # where nothing says how many there are, it takes two looks that agree
    assert look.full is (kind in COUNTED)
    assert any(NOT_YET in warning for warning in look.warnings) is (kind not in COUNTED)
    assert (again.full, again.warnings) == (True, [])


@every_kind
def test_a_page_that_fails_refuses_the_look_and_says_which_and_when_to_come_again(
    server: FeedServer, look_at: Any, kind: str
) -> None:
    url = five(server, kind)
    look_at(url)
    third = server.seen[2].path
    server.replies[third] = Reply(status=429, headers={"Retry-After": "120"}, body=b"slow down")

    with pytest.raises(LookFailed, match="Page 3 could not be read, so none was") as caught:
        look_at(url)

    assert caught.value.code == "http_429"
    assert caught.value.retry_after == timedelta(seconds=120)


@every_kind
@pytest.mark.parametrize("body", [b'{"products": [{"id"', b"<html><title>Just a moment", b"\x00"])
def test_a_page_that_is_broken_refuses_the_look(
    server: FeedServer, look_at: Any, kind: str, body: bytes
) -> None:
    url = five(server, kind)
    look_at(url)
    server.replies[server.seen[1].path].body = body

    with pytest.raises(LookFailed, match="Page 2 "):
        look_at(url)


@every_kind
def test_the_same_page_again_ends_the_reading_and_proves_nothing(
    server: FeedServer, look_at: Any, kind: str
) -> None:
    serve, item, _ = KINDS[kind]
    url = serve(server, [[item(1), item(2)], [item(1), item(2)], [item(3)]])

    keys, look = look_at(url)

    assert len(keys) == 2
    assert len(server.seen) == 2
    assert not look.full
    assert any(REPEATS in warning for warning in look.warnings)


def test_the_same_goods_in_other_bytes_are_the_same_page(server: FeedServer, look_at: Any) -> None:
    first, second = (
        [dict(shop.shopify(key), at=at) for key in (1, 2)] for at in ("10:00", "10:01")
    )
    url = shop.serve_shopify(server, [first, second, [shop.shopify(3)]])

    keys, look = look_at(url)

    assert (keys, look.full) == (["1", "2"], False)
    assert any(REPEATS in warning for warning in look.warnings)


def test_a_link_that_leads_round_in_a_circle_ends(server: FeedServer, look_at: Any) -> None:
    url = shop.serve_links(server, [[shop.shopify(1)], []])
    last = server.replies["/admin/api/2026-10/products.json?limit=2&page_info=p2"]
    for target in ("p3", "p2"):
        last.headers["Link"] = f'<?limit=2&page_info={target}>; rel="next"'
        server.replies[f"/admin/api/2026-10/products.json?limit=2&page_info={target}"] = last

    keys, look = look_at(url)

    assert (keys, len(server.seen), look.full) == (["1"], 3, False)
    assert any(REPEATS in warning for warning in look.warnings)


@every_kind
def test_goods_that_moved_from_page_to_page_prove_no_absence(
    server: FeedServer, look_at: Any, kind: str
) -> None:
    serve, item, _ = KINDS[kind]
    url = serve(server, [[item(1), item(2)], [item(2), item(3)], [item(5)]])

    keys, look = look_at(url)
    _, again = look_at(url, look.cursor)

    assert [key.removeprefix("K") for key in keys] == list("1235")
    assert not look.full
    assert not again.full
    assert any(MOVED in warning for warning in look.warnings)


def test_a_total_that_changes_while_reading_proves_no_absence(
    server: FeedServer, look_at: Any
) -> None:
    url = five(server, "woocommerce")
    for path, reply in server.replies.items():
        if path.endswith("page=3"):
            reply.headers["X-WP-Total"] = "4"

    _, look = look_at(url)

    assert not look.full
    assert any(MOVED in warning for warning in look.warnings)


def test_fewer_goods_than_the_total_prove_no_absence(server: FeedServer, look_at: Any) -> None:
    url = five(server, "woocommerce")
    for reply in server.replies.values():
        reply.headers["X-WP-Total"] = "6"

    _, look = look_at(url)

    assert not look.full
    assert any(MOVED in warning for warning in look.warnings)


def test_two_looks_that_list_different_goods_prove_no_absence(
    server: FeedServer, look_at: Any
) -> None:
    _, first = look_at(five(server, "shopify"))
    url = shop.serve_shopify(server, [[shop.shopify(1), shop.shopify(2)], [shop.shopify(4)]])

    _, second = look_at(url, first.cursor)
    _, third = look_at(url, second.cursor)

    assert (first.full, second.full, third.full) == (False, False, True)


@every_kind
def test_too_many_pages_are_refused_with_what_to_do(
    server: FeedServer, look_at: Any, kind: str
) -> None:
    url = five(server, kind)

    with pytest.raises(LookFailed, match=r"^max_pages: .* more than 2 pages.*limit=250") as caught:
        look_at(url, max_pages=2)

    assert caught.value.code == "too_many_pages"
    assert len(server.seen) == 2


@every_kind
def test_with_one_page_at_most_the_first_is_read_and_proves_nothing(
    server: FeedServer, look_at: Any, kind: str
) -> None:
    url = five(server, kind)

    keys, look = look_at(url, max_pages=1)

    assert (len(keys), len(server.seen), look.full) == (2, 1, False)
    assert any(ONE_PAGE in warning for warning in look.warnings)


def test_pages_that_take_longer_than_a_look_has_its_source_for_are_refused(
    server: FeedServer, look_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "LONGEST", 0.0)

    with pytest.raises(LookFailed, match=r"1 pages took more than .* seconds") as caught:
        look_at(five(server, "shopify"))

    assert caught.value.code == "timeout"


def test_items_that_a_map_leaves_out_are_not_counted(server: FeedServer, look_at: Any) -> None:
    url = five(server, "bigcommerce")
    settings = {"record": "data[?id != `4`]", "columns": {"quantity": "inventory_level"}}

    keys, first = look_at(url, **settings)
    _, second = look_at(url, first.cursor, **settings)

    assert keys == ["1", "2", "3", "5"]
    assert (first.full, second.full) == (False, True)


def test_max_bytes_is_for_all_pages_together(server: FeedServer, look_at: Any) -> None:
    items = [dict(shop.shopify(key), text="x" * 400) for key in range(6)]
    url = shop.serve_shopify(server, [items[:2], items[2:4], items[4:]])

    with pytest.raises(LookFailed, match=r"max_bytes: pages 1 to 3 of .* 2500 bytes") as caught:
        look_at(url, max_bytes=2500)

    assert caught.value.code == "too_big"


@pytest.mark.parametrize("target", ["https://other.example/p2", "http://[::1", "//127.0.0.1:1/p2"])
def test_a_next_page_at_another_origin_is_never_asked_for(
    server: FeedServer, look_at: Any, target: str
) -> None:
    headers = {"Link": f'<{target}>; rel="next"'}
    server.replies["/feed"] = Reply(body=rss(google("A")).encode(), headers=headers)

    keys, look = look_at(server.url("/feed"), bearer="secret")

    assert (keys, look.full, len(server.seen)) == (["A"], False, 1)
    assert any(ELSEWHERE in warning for warning in look.warnings)


def test_a_page_that_is_sent_on_to_another_origin_refuses_the_look_and_keeps_the_secret(
    server: FeedServer, look_at: Any
) -> None:
    url = five(server, "woocommerce")
    with serving() as other:
        other.replies["/p2"] = Reply(body=b"[]")
        path = "/wp-json/wc/v3/products?per_page=2&page=2"
        server.replies[path] = Reply(status=302, headers={"Location": other.url("/p2")})

        with pytest.raises(LookFailed, match="another origin than") as caught:
            look_at(url, bearer="secret")

        assert caught.value.code == "other_origin"
        assert "authorization" not in other.seen[0].headers


def test_the_goods_of_one_place_may_be_on_another_page_than_those_of_the_next(
    server: FeedServer, watch: Watch
) -> None:
    north, south = (
        {**shop.magento(1, available=some), "source_code": code}
        for code, some in (("north", False), ("south", True))
    )
    url = shop.serve_magento(server, [[shop.magento(2), north], [south]])
    pacer = HostPacer(monotonic=watch, sleep=watch.sleep)
    look = Source(Settings(url=url), allow_private=True, pacer=pacer).look({})

    counts = {one.key: one.quantity for one in look.observations}

    assert counts == {"K2": 3, "K1": 3}
    assert look.full


def test_an_answer_of_one_page_is_asked_for_by_its_etag_until_it_has_a_second(
    server: FeedServer, look_at: Any
) -> None:
    path = "/wp-json/wc/v3/products?per_page=2"
    url = shop.serve_woocommerce(server, [[shop.woocommerce(1)]])
    server.replies[path].etag = '"v1"'
    _, first = look_at(url)
    _, second = look_at(url, first.cursor)
    assert (first.full, second.not_modified) == (True, True)

    five(server, "woocommerce")
    server.replies[path].etag = '"v2"'
    keys, third = look_at(url, second.cursor)
    assert (len(keys), third.full) == (5, True)
    assert "etag" not in third.cursor

    # the first page as it was says nothing of the others
    server.replies[f"{path}&page=3"].body = json.dumps([shop.woocommerce(6)]).encode()
    keys, fourth = look_at(url, third.cursor)
    assert not fourth.not_modified
    assert keys == ["1", "2", "3", "4", "6"]


def test_a_first_page_as_it_was_is_read_again_when_it_names_a_second(
    server: FeedServer, look_at: Any
) -> None:
    server.replies["/feed"] = Reply(body=rss(google("A")).encode(), etag='"v1"')
    _, first = look_at(server.url("/feed"))
    link = {"Link": '</feed?p=2>; rel="next"'}

    def as_it_was(seen: Seen) -> Reply:
        if "if-none-match" in seen.headers:
            return Reply(status=304, headers=link, length=None)
        return Reply(body=rss(google("A")).encode(), headers=link)

    server.replies["/feed"] = as_it_was
    server.replies["/feed?p=2"] = Reply(body=rss(google("B")).encode())
    keys, second = look_at(server.url("/feed"), first.cursor)

    assert (keys, second.not_modified) == (["A", "B"], False)


def test_what_is_no_page_of_a_known_api_is_not_turned(server: FeedServer, look_at: Any) -> None:
    own = {"products": [{"id": "A", "stock": 1}, {"id": "B", "stock": 2}], "next_page": 2}
    server.replies["/products.json"] = Reply(body=json.dumps(own).encode())

    keys, look = look_at(server.url("/products.json"))

    assert (keys, len(server.seen), look.full) == (["A", "B"], 1, False)
    head = json.dumps({"products": [shop.shopify(1)]}).encode()
    assert find_turning("https://x.example/products.json", {}, head)
    for url in ("https://x.example/products.json?page=3", "https://x.example/feed.json",
                "https://x.example/admin/api/2026-10/products.json"):  # fmt: skip
        assert find_turning(url, {}, head) is None
    assert find_turning("https://x.example/feed", {"x-wp-totalpages": "3"}, b"[]") is None


@pytest.mark.parametrize(
    ("url", "is_turned"),
    [
        ("https://api.europe-west1.gcp.commercetools.com/shop/inventory?limit=500", True),
        ("https://api.us-east-2.aws.commercetools.com/shop/product-projections/search", True),
        ("https://api.europe-west1.gcp.commercetools.com/shop/inventory?offset=500", False),
        ("https://api.europe-west1.gcp.commercetools.com/shop/orders", False),
        ("https://shop.example/store/products?limit=100&offset=0", True),
        ("https://shop.example/store/products/prod_1", False),
        ("https://app.ecwid.com/api/v3/1003/products", True),
        ("https://app.ecwid.com/api/v3/1003/products/7", False),
    ],
)
def test_which_answers_are_turned_by_their_offset(url: str, is_turned: bool) -> None:
    assert bool(find_turning(url, {}, b"{")) is is_turned


def test_an_offset_that_never_ends_ends(server: FeedServer, look_at: Any) -> None:
    """It lists nothing any more, though more was promised."""
    url = five(server, "medusa")
    server.replies["/admin/product-variants?limit=2&offset=2"].body = json.dumps(
        {"variants": [], "count": 5, "offset": 2, "limit": 2}
    ).encode()

    keys, look = look_at(url)

    assert (keys, len(server.seen), look.full) == (["K1", "K2"], 2, False)


def test_a_page_of_variants_is_no_product(server: FeedServer, look_at: Any) -> None:
    """A single one proves no absence of the others; without pages it is a product as before."""
    page = {"variants": [shop.medusa(1), shop.medusa(2)], "count": 5, "offset": 0, "limit": 2}
    server.replies["/v.json"] = Reply(body=json.dumps(page).encode())
    product = {"id": 9, "title": "Tee", "variants": [shop.medusa(1), shop.medusa(2)], "total": 5}
    server.replies["/p.json"] = Reply(body=json.dumps(product).encode())

    for path, full in (("/v.json", False), ("/p.json", True)):
        keys, look = look_at(server.url(path))
        assert (keys, look.full) == (["K1", "K2"], full)


def test_a_page_without_goods_that_is_no_empty_list_is_not_the_end(
    server: FeedServer, look_at: Any
) -> None:
    url = five(server, "shopify")
    server.replies["/products.json?limit=2&page=3"].body = b'{"message": "busy"}'

    with pytest.raises(LookFailed, match=r"Page 3 .* no list of products") as caught:
        look_at(url)

    assert caught.value.code == "not_a_page"


def test_the_check_reads_a_few_pages_and_says_so(server: FeedServer, watch: Watch) -> None:
    listed = [[shop.shopify(2 * n), shop.shopify(2 * n + 1)] for n in range(1, 7)]
    url = shop.serve_shopify(server, listed)
    pacer = HostPacer(monotonic=watch, sleep=watch.sleep)

    findings = Source(Settings(url=url), allow_private=True, pacer=pacer).check()

    assert len(server.seen) == 3
    (about,) = [f for f in findings if f.about == "pages"]
    assert "this check read 3 of them" in about.message
    assert not [f for f in findings if f.about == "completeness"]


@pytest.mark.parametrize("number", [0, 401])
def test_max_pages_that_cannot_be_are_refused(number: int) -> None:
    with pytest.raises(ConfigError, match=f"max_pages: {number} must be between 1 and 400"):
        Settings(url="https://kettle.example/feed", max_pages=number)

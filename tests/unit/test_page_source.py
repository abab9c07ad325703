"""How does one look at a shop's pages go, over real HTTP, on good days and on bad ones?"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from notifier.connectors.base import Look, WatchedVariant
from notifier.connectors.page import Settings, Source
from notifier.connectors.page_reading.rule import Rule
from notifier.connectors.politeness import HostPacer
from notifier.domain.observation import Observation
from notifier.errors import ConfigError, LookFailed
from notifier.plugins import load, read_settings
from tests.fakes.page_shop import Answer, PageShop, open_page_shop
from tests.timing import SettableClock


class Watch:
    """A monotonic clock that sleeping moves on; `slept` lists each sleep."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def shop() -> Iterator[PageShop]:
    with open_page_shop() as shop:
        yield shop


@pytest.fixture
def watch() -> Watch:
    return Watch()


def mug(sku: str, word: str, *, price: str = "5") -> Answer:
    markup = {
        "@type": "Product",
        "name": f"Mug {sku}",
        "sku": sku,
        "offers": {"price": price, "priceCurrency": "EUR", "availability": word},
    }
    body = f'<script type="application/ld+json">{json.dumps(markup)}</script>'
    return Answer(body=body.encode(), with_etag=True)


def watched(shop: PageShop, *skus: str) -> list[WatchedVariant]:
    return [WatchedVariant(key=f"v-{s}", sku=s, url=shop.url(f"/p/{s}")) for s in skus]


def source(watch: Watch, clock: SettableClock | None = None, **settings: Any) -> Source:
    return Source(
        Settings(**settings),
        allow_private=True,
        clock=clock or SettableClock(),
        pacer=HostPacer(monotonic=watch, sleep=watch.sleep),
    )


def answers(look: Look) -> dict[str, str]:
    return {o.key: o.availability.value for o in look.observations}


def test_each_watched_variant_is_looked_up_on_its_own_page(shop: PageShop, watch: Watch) -> None:
    shop.pages = {"/p/A": mug("A", "InStock"), "/p/B": mug("B", "SoldOut"), "/p/C": mug("C", "x")}

    look = source(watch).look({}, only=watched(shop, "A", "B"))

    assert answers(look) == {"v-A": "in_stock", "v-B": "out_of_stock"}
    assert (look.full, look.rows, look.problems) == (False, 2, [])
    assert shop.paths() == ["/p/A", "/p/B"]


def test_a_page_two_variants_share_is_fetched_once(shop: PageShop, watch: Watch) -> None:
    shop.pages = {"/p/A": mug("A", "InStock")}
    both = [
        WatchedVariant(key="v-A", sku="A", url=shop.url("/p/A")),
        WatchedVariant(key="v-B", sku="B", url=shop.url("/p/A#blue")),
    ]

    look = source(watch).look({}, only=both)

    assert answers(look) == {"v-A": "in_stock"}
    assert shop.paths() == ["/p/A"]
    assert any("'B'" in warning for warning in look.warnings)


def test_listed_pages_are_read_for_all_they_offer(shop: PageShop, watch: Watch) -> None:
    shop.pages = {"/p/A": mug("A", "InStock"), "/p/B": mug("B", "SoldOut")}
    settings = {"urls": (shop.url("/p/A"),), "pages": {"77": shop.url("/p/B")}}

    look = source(watch, **settings).look({})

    assert answers(look) == {"A": "in_stock", "77": "out_of_stock"}


def test_a_watched_variant_without_a_page_is_found_on_the_listed_ones(
    shop: PageShop, watch: Watch
) -> None:
    shop.pages = {"/p/A": mug("A", "InStock")}

    look = source(watch, urls=(shop.url("/p/A"),)).look({}, only=[WatchedVariant(key="9", sku="A")])

    assert answers(look) == {"9": "in_stock"}


def test_we_come_under_our_own_name(shop: PageShop, watch: Watch) -> None:
    shop.pages = {"/p/A": mug("A", "InStock")}

    source(watch).look({}, only=watched(shop, "A"))

    names = {headers["user-agent"].partition("/")[0] for _, headers, _ in shop.visits}
    assert names == {"notifier"}


def test_a_host_is_asked_once_a_second_at_most(shop: PageShop, watch: Watch) -> None:
    shop.pages = {f"/p/{s}": mug(s, "InStock") for s in "ABC"}

    source(watch).look({}, only=watched(shop, *"ABC"))

    assert len(shop.visits) == 4  # robots.txt and three pages
    assert watch.slept == [1.0, 1.0, 1.0]


def test_a_host_may_wish_for_a_slower_pace(shop: PageShop, watch: Watch) -> None:
    shop.pages = {f"/p/{s}": mug(s, "InStock") for s in "ABC"}
    shop.pages["/robots.txt"] = Answer(body=b"User-agent: *\nCrawl-delay: 7")

    source(watch).look({}, only=watched(shop, *"ABC"))

    assert watch.slept == [1.0, 7.0, 7.0]


def test_threads_that_share_a_pacer_take_turns() -> None:
    pacer = HostPacer(monotonic=lambda: 50.0, sleep=lambda _: None)
    waits: list[float] = []

    threads = [
        threading.Thread(target=lambda: waits.append(pacer.wait_turn("shop", seconds=1)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(waits) == [float(n) for n in range(8)]
    assert pacer.wait_turn("another", seconds=1) == 0


def test_pages_that_robots_txt_forbids_are_not_fetched(shop: PageShop, watch: Watch) -> None:
    shop.pages = {"/p/A": mug("A", "InStock"), "/p/B": mug("B", "InStock")}
    shop.pages["/robots.txt"] = Answer(body=b"User-agent: *\nDisallow: /p/B")

    look = source(watch).look({}, only=watched(shop, "A", "B"))

    assert answers(look) == {"v-A": "in_stock"}
    assert shop.paths() == ["/p/A"]
    assert "Disallow: /p/B" in look.problems[0].message


def test_a_redirect_into_a_forbidden_part_is_not_used(shop: PageShop, watch: Watch) -> None:
    shop.pages = {
        "/p/A": Answer(status=302, headers={"Location": "/private/A"}),
        "/private/A": mug("A", "InStock"),
        "/robots.txt": Answer(body=b"User-agent: *\nDisallow: /private"),
    }

    with pytest.raises(LookFailed) as caught:
        source(watch).look({}, only=watched(shop, "A"))

    assert caught.value.code == "robots"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "robots_unreachable"),
        (503, "robots_unreachable"),
        (429, "robots_unreachable"),
        (404, ""),
    ],
)
def test_a_robots_txt_out_of_order_forbids_everything_a_missing_one_nothing(
    shop: PageShop, watch: Watch, status: int, code: str
) -> None:
    shop.pages = {"/p/A": mug("A", "InStock"), "/robots.txt": Answer(status=status)}

    if not code:
        assert answers(source(watch).look({}, only=watched(shop, "A"))) == {"v-A": "in_stock"}
        return
    with pytest.raises(LookFailed) as caught:
        source(watch).look({}, only=watched(shop, "A"))

    assert caught.value.code == code
    assert shop.paths() == []


def test_a_shops_own_robots_txt_may_be_left_aside(shop: PageShop, watch: Watch) -> None:
    shop.pages = {"/p/A": mug("A", "InStock")}
    shop.pages["/robots.txt"] = Answer(body=b"User-agent: *\nDisallow: /")

    look = source(watch, respect_robots=False).look({}, only=watched(shop, "A"))

    assert answers(look) == {"v-A": "in_stock"}


def test_an_unchanged_page_is_not_sent_again_and_still_counts(shop: PageShop, watch: Watch) -> None:
    shop.pages = {"/p/A": mug("A", "PreOrder"), "/p/B": mug("B", "SoldOut")}
    ann = source(watch)
    first = ann.look({}, only=watched(shop, "A", "B"))
    shop.pages["/p/B"] = mug("B", "InStock")

    second = ann.look(first.cursor, only=watched(shop, "A", "B"))

    assert answers(second) == {"v-A": "preorder", "v-B": "in_stock"}
    assert [status for path, _, status in shop.visits if path == "/p/A"] == [200, 304]


def test_a_changed_rule_reads_every_page_anew(shop: PageShop, watch: Watch) -> None:
    shop.pages = {"/p/A": mug("A", "InStock")}
    shop.pages["/p/A"].body += b"<p class=s>Sold out</p>"
    before = source(watch).look({}, only=watched(shop, "A"))

    rule = Rule(out_of_stock=".s")
    after = source(watch, rule=rule).look(before.cursor, only=watched(shop, "A"))

    assert answers(after) == {"v-A": "out_of_stock"}


def test_a_newcomer_on_a_known_page_gets_an_answer(shop: PageShop, watch: Watch) -> None:
    shop.pages = {"/p/A": mug("A", "InStock")}
    page = shop.url("/p/A")
    ann, ben = (
        WatchedVariant(key="1", sku="A", url=page),
        WatchedVariant(key="2", sku="A", url=page),
    )
    first = source(watch).look({}, only=[ann])

    second = source(watch).look(first.cursor, only=[ann, ben])

    assert answers(second) == {"1": "in_stock", "2": "in_stock"}


@pytest.mark.parametrize("cursor", [{"page:x": "{"}, {"settings": "other", "last": "?"}])
def test_a_cursor_that_makes_no_sense_does_no_harm(
    shop: PageShop, watch: Watch, cursor: dict[str, str]
) -> None:
    shop.pages = {"/p/A": mug("A", "InStock")}

    assert answers(source(watch).look(cursor, only=watched(shop, "A"))) == {"v-A": "in_stock"}


def test_more_pages_than_one_look_reads_take_turns(shop: PageShop, watch: Watch) -> None:
    shop.pages = {f"/p/{s}": mug(s, "InStock") for s in "ABCDE"}
    cursor: dict[str, str] = {}

    for _ in range(3):
        look = source(watch, max_pages=2).look(cursor, only=watched(shop, *"ABCDE"))
        cursor = look.cursor

    assert shop.paths() == [f"/p/{s}" for s in "ABCDEA"]


def test_no_page_is_passed_over_while_others_are_wanted_more(shop: PageShop, watch: Watch) -> None:
    shop.pages = {f"/p/{sku}": mug(sku, "InStock") for sku in "ABCD"}
    cursor: dict[str, str] = {}

    for wanted in ("ABCD", "DBAC", "DCAB", "DBAC"):  # the most wanted first
        look = source(watch, max_pages=2).look(cursor, only=watched(shop, *wanted))
        cursor = look.cursor

    assert set(shop.paths()) == {f"/p/{sku}" for sku in "ABCD"}


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (Answer(status=403), "http_403"),
        (Answer(status=404), "http_404"),
        (Answer(status=410), "http_410"),
        (Answer(status=500), "http_500"),
        (Answer(body=b"<title>Just a moment...</title>"), "bot_wall"),
        (Answer(body=b"<title>Log in</title><input type=password>"), "login_page"),
        (Answer(body=b""), "empty"),
        (Answer(body=b"{}", headers={"Content-Type": "application/json"}), "not_html"),
        (Answer(body=b"x" * (6 * 1024 * 1024)), "too_big"),
        (Answer(status=302, headers={"Location": "/"}), "redirected"),
        (Answer(status=302, headers={"Location": "/p/A"}), "too_many_redirects"),
    ],
)
def test_a_page_that_fails_is_unknown_and_hides_no_other(
    shop: PageShop, watch: Watch, trouble: Answer, code: str
) -> None:
    shop.pages = {"/p/A": trouble, "/p/B": mug("B", "SoldOut"), "/": mug("A", "InStock")}

    look = source(watch).look({}, only=watched(shop, "A", "B"))
    with pytest.raises(LookFailed) as caught:
        source(watch).look({}, only=watched(shop, "A"))

    assert answers(look) == {"v-B": "out_of_stock"}
    assert [p.value for p in look.problems] == [shop.url("/p/A")]
    assert caught.value.code == code


def test_a_host_that_asks_to_wait_is_left_alone_until_then(shop: PageShop, watch: Watch) -> None:
    clock = SettableClock()
    shop.pages = {"/p/A": mug("A", "InStock"), "/p/C": mug("C", "InStock")}
    shop.pages["/p/B"] = Answer(status=429, headers={"Retry-After": "600"})
    everybody = watched(shop, "A", "B", "C")

    first = source(watch, clock).look({}, only=everybody)
    clock.advance(timedelta(minutes=9))
    with pytest.raises(LookFailed) as caught:
        source(watch, clock).look(first.cursor, only=everybody)
    asked_early = len(shop.visits)
    clock.advance(timedelta(minutes=2))
    shop.pages["/p/B"] = mug("B", "SoldOut")
    last = source(watch, clock).look(first.cursor, only=everybody)

    assert answers(first) == {"v-A": "in_stock"}
    assert caught.value.retry_after == timedelta(minutes=1)
    assert asked_early == 3  # robots.txt, A and B
    assert answers(last) == {"v-A": "in_stock", "v-B": "out_of_stock", "v-C": "in_stock"}


def test_a_host_that_refuses_again_and_again_is_left_alone(shop: PageShop, watch: Watch) -> None:
    shop.pages = {f"/p/{s}": Answer(status=403) for s in "ABCDE"}

    with pytest.raises(LookFailed):
        source(watch).look({}, only=watched(shop, *"ABCDE"))

    assert shop.paths() == ["/p/A", "/p/B", "/p/C"]


def test_a_page_without_a_product_is_a_problem_and_not_a_failure(
    shop: PageShop, watch: Watch
) -> None:
    shop.pages = {"/p/A": Answer(body=b"<h1>Our story</h1><p>We make mugs.</p>")}

    look = source(watch).look({}, only=watched(shop, "A"))

    assert (answers(look), look.rows) == ({}, 0)
    assert "nothing on the page says anything about 'A'" in look.problems[0].message


def test_without_any_page_the_look_fails_with_advice(watch: Watch) -> None:
    with pytest.raises(LookFailed) as caught:
        source(watch).look({}, only=[WatchedVariant(key="1", sku="A")])

    assert caught.value.code == "no_pages"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/p", "https://169.254.169.254/p", "ftp://x/p"])
def test_private_places_are_not_visited(watch: Watch, url: str) -> None:
    guarded = Source(Settings(urls=(url,)), pacer=HostPacer(monotonic=watch, sleep=watch.sleep))

    with pytest.raises(LookFailed) as caught:
        guarded.look({})

    assert caught.value.code in ("bad_url", "private_address")


def test_check_says_what_each_page_shows_and_what_is_wrong(shop: PageShop, watch: Watch) -> None:
    shop.pages = {
        "/robots.txt": Answer(body=b"User-agent: *\nDisallow: /secret"),
        "/ok": mug("A", "InStock"),
        "/lies": Answer(body=mug("B", "InStock").body + b"<p class=s>Sold out</p>"),
        "/silent": mug("C", ""),
        "/story": Answer(body=b"<h1>Our story</h1>"),
        "/secret": mug("D", "InStock"),
    }
    urls = tuple(shop.url(p) for p in ("/ok", "/lies", "/silent", "/story", "/secret"))

    findings = source(watch, urls=urls, rule=Rule(out_of_stock=".s :: sold out")).check()

    told = {(f.about.removeprefix(shop.origin), f.level): f.message for f in findings}
    assert told["/ok", "ok"] == "The page shows A in_stock, 5 EUR."
    assert told["/lies", "warn"].startswith("The markup says in_stock, the rule says out_of_stock")
    assert "does not say whether it is in stock" in told["/silent", "bad"]
    assert "No product" in told["/story", "bad"]
    assert "robots.txt" in told["/secret", "bad"]


def test_check_names_a_page_with_several_products(shop: PageShop, watch: Watch) -> None:
    both = mug("A", "InStock").body + mug("B", "SoldOut").body
    shop.pages = {"/p": Answer(body=both)}

    findings = source(watch, urls=(shop.url("/p"),)).check()

    assert findings[0].message == "2 products were found and none can be chosen."


def test_check_without_pages_says_where_they_come_from(watch: Watch) -> None:
    (finding,) = source(watch).check()

    assert finding.level == "ok"
    assert "variants people wait for" in finding.message


def test_settings_are_read_as_a_merchant_writes_them() -> None:
    page = load("notifier.connectors", "page")

    written = {"trust_markup": False, "rule": {"in_stock": ".add", "out_of_stock": [".s", ".t"]}}
    settings = read_settings(page, written, where="shops.kettle.sources.pages")

    assert settings.rule == Rule(in_stock=(".add",), out_of_stock=(".s", ".t"))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"seconds_between": 0.2}, "0.2 is too often"),
        ({"max_pages": 0}, "max_pages: 0"),
        ({"timeout": 900}, "timeout: 900"),
        ({"trust_markup": False}, "no rule"),
        ({"rule": {"in_stok": ".add"}}, "rule.in_stok"),
        ({"rule": {"in_stock": "a[["}}, "rule.in_stock"),
    ],
)
def test_settings_that_cannot_work_are_refused(written: dict[str, Any], words: str) -> None:
    page = load("notifier.connectors", "page")

    with pytest.raises(ConfigError) as caught:
        read_settings(page, written, where="shops.kettle.sources.pages")

    assert words in str(caught.value)


def test_an_odd_page_that_breaks_the_reader_hides_no_other(
    shop: PageShop, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.pages = {"/p/A": mug("A", "InStock"), "/p/B": mug("B", "SoldOut")}
    from notifier.connectors import page as connector

    honest = connector.read_page

    def broken(body: bytes, **more: Any) -> Any:
        if b"Mug A" in body:
            raise ZeroDivisionError("odd")
        return honest(body, **more)

    monkeypatch.setattr(connector, "read_page", broken)

    look = source(watch).look({}, only=watched(shop, "A", "B"))

    assert answers(look) == {"v-B": "out_of_stock"}
    assert "ZeroDivisionError" in look.problems[0].message


def test_observations_carry_the_wanted_key_and_the_pages_facts(
    shop: PageShop, watch: Watch
) -> None:
    shop.pages = {"/p/A": mug("A", "InStock", price="12.50")}

    (seen,) = source(watch).look({}, only=watched(shop, "A")).observations

    assert isinstance(seen, Observation)
    assert (seen.key, seen.sku, seen.title, str(seen.price), seen.currency) == (
        "v-A", "A", "Mug A", "12.50", "EUR",
    )  # fmt: skip
    assert seen.url == shop.url("/p/A")

"""Looking at a shop's API of several pages: what is missing counts only in the whole of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from notifier.connectors.politeness import SHARED_PACER
from notifier.services.poll import poll
from notifier.store.sources import SourceRow, list_sources
from tests.fakes import paged_shop as shop
from tests.fakes.feed_server import FeedServer, Reply, serving
from tests.world import ANN, World

KINDS: dict[str, tuple[Callable[..., str], Callable[..., dict[str, Any]]]] = {
    "shopify": (shop.serve_shopify, shop.shopify),
    "woocommerce": (shop.serve_woocommerce, shop.woocommerce),
}


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def nobody_waits_between_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SHARED_PACER, "_sleep", lambda seconds: None)


def look(world: World) -> Any:
    world.clock.advance(timedelta(minutes=30))
    return poll(world.env, world.shop, "catalogue", owner="test")


def states(world: World) -> dict[str, str]:
    return {
        row["key"]: row["availability"]
        for row in world.rows(
            "SELECT v.key, s.availability FROM stock s JOIN variants v ON v.id = s.variant_id"
        )
    }


def source(world: World) -> SourceRow:
    with world.db.read() as tx:
        return next(s for s in list_sources(tx) if s.name == "catalogue")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_missing_from_all_pages_is_gone_and_what_a_fault_hides_is_not(
    make_world: Callable[..., World], server: FeedServer, kind: str
) -> None:
    serve, item = KINDS[kind]
    url = serve(server, [[item(1), item(2)], [item(3)]])
    settings = {"kind": "feed", "url": url, "missing_means": "out_of_stock", "min_share": 0.1}
    world = make_world(release={"strategy": "all"}, sources={"catalogue": settings})
    for _ in range(2):
        assert look(world).rows == 3
    assert states(world) == dict.fromkeys("123", "in_stock")

    # the last page does not come: nothing is believed, not even what the first one says
    serve(server, [[item(1, available=False), item(2)], [item(3)]])
    second = next(path for path in server.replies if path.endswith("page=2"))
    server.replies[second] = Reply(status=503, headers={"Retry-After": "7200"}, body=b"busy")
    assert look(world) is None
    assert states(world) == dict.fromkeys("123", "in_stock")
    failed = source(world)
    assert (failed.trouble_code, failed.failures) == ("http_503", 1)
    assert "Page 2" in failed.trouble
    assert failed.next_look_at is not None
    assert failed.next_look_at - world.clock() >= timedelta(hours=2)

    # all pages come, with other goods on the last: what was there is gone
    serve(server, [[item(1), item(2)], [item(4)]])
    report = look(world)
    if kind == "shopify":  # nothing says how many there are: it counts when it is so twice
        assert states(world) == dict.fromkeys("1234", "in_stock")
        report = look(world)
    assert report.rows == 3
    assert states(world) == {**dict.fromkeys("124", "in_stock"), "3": "out_of_stock"}

    # and what comes back on a later page is told
    world.waits(ANN, "3")
    world.run()
    serve(server, [[item(1), item(2)], [item(4), item(3)]])
    assert look(world).announced == 1
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1

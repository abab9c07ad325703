"""Looking at sources: what fails changes nothing, is told once, and is looked at again in time.

Faults of trust 4: FI-20 to FI-27.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from notifier.services.poll import alarm_stale, poll, poll_due
from notifier.store.sources import SourceRow, list_sources
from tests.fakes.feed_server import FeedServer, Reply, serving
from tests.world import ANN, World

HEAD = '<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0"><channel>'
TAIL = "</channel></rss>"


def item(key: str, word: str) -> str:
    return (
        f"<item><g:id>{key}</g:id><title>{key}</title><link>https://kettle.example/{key}</link>"
        f"<g:availability>{word}</g:availability><g:price>9.00 EUR</g:price></item>"
    )


def feed(**words: str) -> bytes:
    return (HEAD + "".join(item(k, w) for k, w in words.items()) + TAIL).encode()


MANY = {f"K{n}": "out_of_stock" for n in range(30)}


@pytest.fixture
def feeds() -> Any:
    with serving() as server:
        yield server


@pytest.fixture
def polled(make_world: Callable[..., World], feeds: FeedServer) -> World:
    return make_world(
        release={"strategy": "all"},
        sources={"catalogue": {"kind": "feed", "url": feeds.url("/feed.xml"), "every": "15m"}},
    )


def look(world: World, feeds: FeedServer, reply: Reply) -> Any:
    feeds.replies["/feed.xml"] = reply
    world.clock.advance(timedelta(minutes=30))
    return poll(world.env, world.shop, "catalogue", owner="test")


def source(world: World) -> SourceRow:
    with world.db.read() as tx:
        return next(s for s in list_sources(tx) if s.name == "catalogue")


BROKEN = {
    "truncated": Reply(body=feed(**MANY)[:-40]),
    "empty body": Reply(body=b""),
    "no items": Reply(body=(HEAD + TAIL).encode()),
    "shrunken": Reply(body=feed(K1="in_stock")),
    "login page": Reply(
        body=b"<!doctype html><html><title>Log in</title><form><input type=password></form></html>",
        headers={"Content-Type": "text/html"},
    ),
    "forbidden": Reply(status=403, body=b"no"),
    "not found": Reply(status=404, body=b"no"),
    "server error": Reply(status=500, body=b"oops"),
    "not xml": Reply(body=b"\x00\x01\x02 hello"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_look_that_cannot_be_believed_changes_nothing(
    polled: World, feeds: FeedServer, name: str
) -> None:
    assert look(polled, feeds, Reply(body=feed(**MANY))).rows == 30
    polled.waits(ANN, "K1")
    polled.run()
    before = polled.rows("SELECT variant_id, availability, level, epoch FROM stock ORDER BY 1")
    for _ in range(3):
        assert look(polled, feeds, BROKEN[name]) is None
    polled.run()
    after = polled.rows("SELECT variant_id, availability, level, epoch FROM stock ORDER BY 1")
    assert after == before
    assert polled.mails(ANN, "back_in_stock") == []
    # a person hears of it, once
    assert polled.count("alarms", "code = 'source.trouble' AND cleared_at IS NULL") == 1
    assert len(polled.mails("olga@kettle.example", "source_trouble")) == 1
    assert source(polled).failures == 3
    # and recovery to the old state announces nothing
    assert look(polled, feeds, Reply(body=feed(**MANY))) is not None
    polled.run()
    assert polled.mails(ANN, "back_in_stock") == []
    assert source(polled).failures == 0
    assert polled.count("alarms", "cleared_at IS NULL") == 0


def test_a_restock_in_the_feed_reaches_who_waits(polled: World, feeds: FeedServer) -> None:
    look(polled, feeds, Reply(body=feed(**MANY)))
    polled.waits(ANN, "K1")
    polled.run()
    report = look(polled, feeds, Reply(body=feed(**{**MANY, "K1": "in_stock"})))
    polled.run()
    assert report.announced == 1
    assert len(polled.mails(ANN, "back_in_stock")) == 1


def test_not_modified_counts_as_fresh_and_reads_nothing(polled: World, feeds: FeedServer) -> None:
    look(polled, feeds, Reply(body=feed(**MANY), headers={"ETag": '"one"'}))
    first = source(polled).vouched_at
    report = look(polled, feeds, Reply(status=304, body=b""))
    assert report is not None
    assert report.rows == 0
    assert source(polled).vouched_at > first


@pytest.mark.parametrize(
    ("means", "after", "looks", "becomes"),
    [
        ("out_of_stock", 3, 1, "out_of_stock"),
        ("unknown", 3, 4, "in_stock"),
        ("discontinued", 3, 2, "in_stock"),
        ("discontinued", 3, 3, "discontinued"),
    ],
)
def test_missing_means_what_the_source_says_it_means(
    make_world: Callable[..., World],
    feeds: FeedServer,
    means: str,
    after: int,
    looks: int,
    becomes: str,
) -> None:
    world = make_world(
        sources={
            "catalogue": {
                "kind": "feed",
                "url": feeds.url("/feed.xml"),
                "missing_means": means,
                "missing_after": after,
            }
        }
    )
    everything = {**MANY, "GONE": "in_stock"}
    look(world, feeds, Reply(body=feed(**everything)))
    for _ in range(looks):
        look(world, feeds, Reply(body=feed(**MANY)))
    [row] = world.rows(
        "SELECT s.availability FROM stock s JOIN variants v ON v.id = s.variant_id "
        "WHERE v.key = 'GONE'"
    )
    assert row["availability"] == becomes


def test_leaving_the_feed_and_coming_back_is_a_restock(
    make_world: Callable[..., World], feeds: FeedServer
) -> None:
    """Most feeds hold only what is in stock: leaving is how "sold out" looks."""
    world = make_world(
        release={"strategy": "all"},
        sources={
            "catalogue": {
                "kind": "feed",
                "url": feeds.url("/feed.xml"),
                "missing_means": "out_of_stock",
            }
        },
    )
    there = {f"K{n}": "in_stock" for n in range(30)}
    look(world, feeds, Reply(body=feed(**there)))
    gone = {key: word for key, word in there.items() if key != "K1"}
    look(world, feeds, Reply(body=feed(**gone)))
    world.waits(ANN, "K1")
    world.run()
    look(world, feeds, Reply(body=feed(**gone)))
    look(world, feeds, Reply(body=feed(**there)))
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1


def test_all_products_flipping_is_held(polled: World, feeds: FeedServer) -> None:
    """FI-25."""
    look(polled, feeds, Reply(body=feed(**MANY)))
    polled.waits(ANN, "K1")
    polled.run()
    report = look(polled, feeds, Reply(body=feed(**dict.fromkeys(MANY, "in_stock"))))
    polled.run()
    assert report.held
    assert polled.mails(ANN, "back_in_stock") == []


def test_retry_after_is_honoured_and_failures_slow_the_pace(
    polled: World, feeds: FeedServer
) -> None:
    look(polled, feeds, Reply(body=feed(**MANY)))
    look(polled, feeds, Reply(status=429, body=b"", headers={"Retry-After": "7200"}))
    assert source(polled).next_look_at >= polled.clock() + timedelta(hours=2)


def test_a_source_is_looked_at_only_when_due_and_by_one_process(
    polled: World, feeds: FeedServer
) -> None:
    feeds.replies["/feed.xml"] = Reply(body=feed(**MANY))
    assert poll_due(polled.env, owner="one") == 1
    assert poll_due(polled.env, owner="two") == 0
    polled.clock.advance(timedelta(hours=8))
    assert poll_due(polled.env, owner="two") == 1


def test_polling_is_quicker_where_people_wait(polled: World, feeds: FeedServer) -> None:
    look(polled, feeds, Reply(body=feed(**MANY)))
    idle = source(polled).next_look_at - polled.clock()
    polled.waits(ANN, "K1")
    look(polled, feeds, Reply(body=feed(**MANY)))
    awaited = source(polled).next_look_at - polled.clock()
    assert awaited < idle


def test_a_stale_source_raises_an_alarm_and_clears_it(polled: World, feeds: FeedServer) -> None:
    look(polled, feeds, Reply(body=feed(**MANY)))
    assert alarm_stale(polled.env) == 0
    polled.clock.advance(timedelta(hours=25))
    assert alarm_stale(polled.env) == 1
    assert polled.count("alarms", "code = 'source.stale' AND cleared_at IS NULL") == 1
    look(polled, feeds, Reply(body=feed(**MANY)))
    assert alarm_stale(polled.env) == 0
    assert polled.count("alarms", "code = 'source.stale' AND cleared_at IS NULL") == 0

"""Where does a feed come from, when is it read again, and what does its check say?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notifier.connectors.base import Finding, Look
from notifier.connectors.feed import Settings, Source
from notifier.errors import LookFailed
from tests.fakes.feed_server import FeedServer, Reply, serving
from tests.timing import SettableClock
from tests.unit.feeds import google, rss

BODY = rss(google("A"), google("B", "out_of_stock")).encode()


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with serving() as running:
        yield running


def source(**settings: Any) -> Source:
    return Source(Settings(**settings), allow_private=True, clock=SettableClock())


def keys(look: Look) -> list[str]:
    return [o.key for o in look.observations]


def test_a_feed_behind_a_url_is_read_and_not_read_again_while_its_etag_holds(
    server: FeedServer,
) -> None:
    server.replies["/feed"] = Reply(
        body=BODY, etag='"v1"', headers={"Last-Modified": "Tue, 01 Dec 2026 09:00:00 GMT"}
    )
    feed = source(url=server.url("/feed"))

    first = feed.look({})
    assert keys(first) == ["A", "B"]
    second = feed.look(first.cursor)

    assert (first.rows, first.full, first.not_modified) == (2, True, False)
    assert first.data_at is not None
    assert first.data_at.isoformat() == "2026-12-01T09:00:00+00:00"
    assert second.not_modified
    assert keys(second) == []
    assert server.seen[1].headers["if-none-match"] == '"v1"'


def test_a_server_without_etags_is_read_but_the_same_body_is_known_again(
    server: FeedServer,
) -> None:
    server.replies["/feed"] = Reply(body=BODY)
    feed = source(url=server.url("/feed"))
    first = feed.look({})
    assert keys(first) == ["A", "B"]

    assert feed.look(first.cursor).not_modified
    server.replies["/feed"] = Reply(body=rss(google("C")).encode())
    assert keys(feed.look(first.cursor)) == ["C"]


def test_a_new_map_reads_an_unchanged_feed_anew(server: FeedServer) -> None:
    server.replies["/feed"] = Reply(body=BODY, etag='"v1"')
    first = source(url=server.url("/feed")).look({})
    assert keys(first) == ["A", "B"]

    anew = source(url=server.url("/feed"), words={"in_stock": "preorder"}).look(first.cursor)

    assert next(anew.observations).availability == "preorder"


@pytest.mark.parametrize(
    ("secrets", "header"),
    [
        ({"user": "ann", "password": "s3cret"}, "Basic YW5uOnMzY3JldA=="),
        ({"bearer": "s3cret"}, "Bearer s3cret"),
        ({"headers": {"Authorization": "Token s3cret"}}, "Token s3cret"),
    ],
)
def test_218_secrets_are_sent_and_shown_nowhere(
    server: FeedServer, secrets: dict[str, Any], header: str
) -> None:
    server.replies["/feed"] = Reply(status=401, body=b"who are you?")
    feed = source(url=server.url("/feed"), **secrets)

    with pytest.raises(LookFailed) as caught:
        feed.look({})

    assert server.seen[0].headers["authorization"] == header
    assert caught.value.code == "http_401"
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(Settings(url="https://a.example/", **secrets))
    assert "s3cret" not in str(feed.check())


def test_a_source_that_asks_for_patience_is_heard(server: FeedServer) -> None:
    server.replies["/feed"] = Reply(status=429, headers={"Retry-After": "600"})

    with pytest.raises(LookFailed) as caught:
        source(url=server.url("/feed")).look({})

    assert caught.value.retry_after == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(body=BODY, length=len(BODY) + 50), "truncated"),
        (Reply(body=BODY[:-12]), "truncated"),
        (Reply(body=b""), "empty"),
        (Reply(status=204), "empty"),
        (Reply(status=500, body=b"oops"), "http_500"),
        (Reply(body=b"<html><form>Please sign in</form></html>"), "login_page"),
        (Reply(body=bytes(2_000_000)), "too_big"),
    ],
    ids=["short", "cut", "nothing", "204", "500", "login", "large"],
)
def test_what_is_no_feed_is_no_look(server: FeedServer, reply: Reply, code: str) -> None:
    server.replies["/feed"] = reply

    with pytest.raises(LookFailed) as caught:
        keys(source(url=server.url("/feed"), max_bytes=1_000_000).look({}))

    assert caught.value.code == code


def test_in_production_a_private_address_is_refused(server: FeedServer) -> None:
    server.replies["/feed"] = Reply(body=BODY)

    with pytest.raises(LookFailed) as caught:
        Source(Settings(url=server.url("/feed"))).look({})

    assert caught.value.code == "bad_url"
    assert not server.seen


def write(path: Path, body: str, *, at: int) -> None:
    path.write_text(body)
    os.utime(path, (at, at))


def test_a_file_is_read_again_only_after_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    write(path, "id,stock\nA,1\n", at=1000)
    feed = source(path=str(path))
    first = feed.look({})
    assert keys(first) == ["A"]

    assert feed.look(first.cursor).not_modified
    write(path, "id,stock\nA,1\nB,2\n", at=2000)
    assert keys(feed.look(first.cursor)) == ["A", "B"]


def test_of_a_folder_the_newest_fitting_file_counts(tmp_path: Path) -> None:
    write(tmp_path / "stock-1.csv", "id,stock\nOLD,1\n", at=1000)
    write(tmp_path / "stock-2.csv", "id,stock\nNEW,1\n", at=2000)
    write(tmp_path / "prices.csv", "id,stock\nOTHER,1\n", at=3000)
    write(tmp_path / "stock-3.csv.part", "id,st", at=4000)

    assert keys(source(path=str(tmp_path), pattern="stock-*").look({})) == ["NEW"]


def test_a_marked_folder_waits_for_the_marker(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "id,stock\nA,1\n", at=1000)
    write(tmp_path / "a.csv.done", "", at=1000)
    write(tmp_path / "b.csv", "id,sto", at=2000)
    feed = source(path=str(tmp_path), done_marker=True)

    assert keys(feed.look({})) == ["A"]
    write(tmp_path / "b.csv", "id,stock\nB,1\n", at=2000)
    write(tmp_path / "b.csv.done", "", at=2000)
    assert keys(feed.look({})) == ["B"]


def test_changes_dropped_into_a_folder_are_read_in_order_and_once(tmp_path: Path) -> None:
    write(tmp_path / "1.csv", "id,stock\nA,1\n", at=1000)
    write(tmp_path / "2.csv", "id,stock\nA,0\n", at=2000)
    feed = source(path=str(tmp_path), full=False)

    first = feed.look({})
    states = [o.availability.value for o in first.observations]
    assert states == ["in_stock", "out_of_stock"]
    assert not first.full
    assert feed.look(first.cursor).not_modified

    write(tmp_path / "3.csv", "id,stock\nB,1\n", at=3000)
    assert keys(feed.look(first.cursor)) == ["B"]


def test_an_empty_list_of_changes_is_no_trouble(tmp_path: Path) -> None:
    write(tmp_path / "1.csv", "id,stock\n", at=1000)
    write(tmp_path / "1.json", '{"products":[]}', at=1000)

    for name in ("1.csv", "1.json"):
        look = source(path=str(tmp_path / name), full=False).look({})
        assert keys(look) == []
        assert look.rows == 0
        with pytest.raises(LookFailed):
            keys(source(path=str(tmp_path / name)).look({}))


def test_a_file_written_to_while_it_is_read_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    write(path, "id,stock\nA,1\nB,1\n", at=1000)
    look = source(path=str(path)).look({})
    next(look.observations)

    write(path, "id,stock\nA,1\nB,1\nC,1\n", at=2000)

    with pytest.raises(LookFailed) as caught:
        keys(look)
    assert caught.value.code == "changed_while_reading"


@pytest.mark.parametrize("where", ["nothing.csv", "."])
def test_a_missing_file_is_said_so(tmp_path: Path, where: str) -> None:
    with pytest.raises(LookFailed) as caught:
        source(path=str(tmp_path / where)).look({})

    assert caught.value.code == "no_file"


def findings(tmp_path: Path, body: str, **settings: Any) -> dict[str, Finding]:
    path = tmp_path / "feed"
    path.write_text(body)
    return {f.about: f for f in source(path=str(path), **settings).check()}


def test_check_says_what_a_good_feed_holds(tmp_path: Path) -> None:
    found = findings(tmp_path, BODY.decode())

    assert found["feed"].level == "ok"
    assert "2 items: 1 in_stock, 1 out_of_stock" in found["feed"].message


@pytest.mark.parametrize(
    ("body", "about", "level", "words"),
    [
        ("id,availability\nA,bald da\nB,in stock\n", "availability words", "warn", "'bald da' (1)"),
        ("id,title\nA,Kettle\n", "availability", "bad", "No item says"),
        ("id,stock,price\nA,1,5\n", "currency", "warn", "1 prices name no currency"),
        ("name,stock\nKettle,1\n", "feed", "bad", "no_id_column"),
        ("<html>Please log in</html>", "feed", "bad", "login_page"),
        ("", "feed", "bad", "empty"),
        (rss(google("A")).replace("</item>", "<br></item>"), "completeness", "warn", "sold out"),
        ("id,stock\n" + "A,1\n" * 60 + ",1\n", "rows", "warn", "no id"),
    ],
)
def test_check_names_what_would_bite_later_and_what_to_do(
    tmp_path: Path, body: str, about: str, level: str, words: str
) -> None:
    finding = findings(tmp_path, body)[about]

    assert finding.level == level
    assert words in finding.message


def test_check_suggests_the_map(tmp_path: Path) -> None:
    found = findings(tmp_path, "id,availability\nA,bald da\nB,in stock\n")
    mapped = findings(
        tmp_path, "id,availability\nA,bald da\nB,in stock\n", words={"bald da": "backorder"}
    )

    assert 'words = {"bald da" = "in_stock"}' in found["availability words"].advice
    assert "availability words" not in mapped


def test_check_never_raises_for_a_url_that_cannot_be(server: FeedServer) -> None:
    (finding,) = Source(Settings(url="http://127.0.0.1:22/x")).check()

    assert finding.level == "bad"
    assert "bad_url" in finding.message

"""Does the program fetch and post where merchants say, and nowhere else?"""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from notifier.http import Limits, Outbound, OutboundFailed
from notifier.http_answer import read_retry_after
from tests.fakes.certificates import Authority
from tests.fakes.feed_server import FeedServer, Reply, Seen, serving
from tests.ports import free_port
from tests.timing import START, SettableClock


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with serving() as running:
        yield running


@pytest.fixture
def outbound() -> Iterator[Outbound]:
    client = Outbound(allow_private=True, clock=SettableClock())
    yield client
    client.close()


def read(outbound: Outbound, url: str, **more: object) -> bytes:
    with outbound.get(url, **more) as fetched:  # type: ignore[arg-type]
        return fetched.body.read()


def failure(outbound: Outbound, url: str, **more: object) -> OutboundFailed:
    with pytest.raises(OutboundFailed) as caught:
        outbound.get(url, **more)  # type: ignore[arg-type]
    return caught.value


def test_a_good_answer_brings_body_headers_and_digest(
    server: FeedServer, outbound: Outbound
) -> None:
    server.replies["/feed"] = Reply(body=b"hello", headers={"X-Made-At": "noon"})

    with outbound.get(server.url("/feed")) as fetched:
        assert fetched.body.read() == b"hello"
        assert fetched.headers["x-made-at"] == "noon"
        assert fetched.size == 5
        assert fetched.digest.startswith("2cf24dba")
    assert server.seen[0].headers["user-agent"].startswith("notifier/")


def test_an_unchanged_source_answers_304_and_is_not_read_again(
    server: FeedServer, outbound: Outbound
) -> None:
    server.replies["/feed"] = Reply(body=b"hello", etag='"v1"')
    with outbound.get(server.url("/feed")) as first:
        etag = first.etag

    with outbound.get(server.url("/feed"), etag=etag) as second:
        assert second.not_modified
        assert second.body.read() == b""


@pytest.mark.parametrize("wrap", [gzip.compress, zlib.compress])
def test_packed_answers_are_unpacked(server: FeedServer, outbound: Outbound, wrap: object) -> None:
    name = "gzip" if wrap is gzip.compress else "deflate"
    packed = wrap(b"hello " * 1000)  # type: ignore[operator]
    server.replies["/feed"] = Reply(body=packed, headers={"Content-Encoding": name})

    assert read(outbound, server.url("/feed")) == b"hello " * 1000


def test_a_gzip_answer_of_two_members_is_read_whole(server: FeedServer, outbound: Outbound) -> None:
    body = gzip.compress(b"one ") + gzip.compress(b"two") + b"\0\0"
    server.replies["/feed"] = Reply(body=body, headers={"Content-Encoding": "gzip"})

    assert read(outbound, server.url("/feed")) == b"one two"


def test_a_gzip_bomb_is_stopped_long_before_it_is_unpacked(
    server: FeedServer, outbound: Outbound
) -> None:
    bomb = gzip.compress(bytes(64 * 1024 * 1024))
    server.replies["/feed"] = Reply(body=bomb, headers={"Content-Encoding": "gzip"})

    trouble = failure(outbound, server.url("/feed"), limits=Limits(max_bytes=10**9))

    assert trouble.code == "bomb"


def test_a_body_over_the_limit_is_given_up(server: FeedServer, outbound: Outbound) -> None:
    server.replies["/feed"] = Reply(body=bytes(5000))

    assert failure(outbound, server.url("/feed"), limits=Limits(max_bytes=4999)).code == "too_big"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"only half", length=100),
        Reply(body=gzip.compress(b"hello" * 999)[:30], headers={"Content-Encoding": "gzip"}),
    ],
    ids=["shorter than Content-Length", "gzip without its end"],
)
def test_an_answer_that_breaks_off_is_no_answer(
    server: FeedServer, outbound: Outbound, reply: Reply
) -> None:
    server.replies["/feed"] = reply

    assert failure(outbound, server.url("/feed")).code == "truncated"


def test_215_a_body_that_drips_is_given_up_at_the_deadline(
    server: FeedServer, outbound: Outbound
) -> None:
    server.replies["/feed"] = Reply(body=bytes(1000), drip=0.05)
    began = time.monotonic()

    trouble = failure(outbound, server.url("/feed"), limits=Limits(total=1.0))

    assert trouble.code == "timeout"
    assert trouble.sent
    assert time.monotonic() - began < 20  # it would drip for fifty seconds


def test_redirects_are_followed_three_times_and_not_more(
    server: FeedServer, outbound: Outbound
) -> None:
    for n in range(4):
        server.replies[f"/{n}"] = Reply(status=302, headers={"Location": f"/{n + 1}"})
    server.replies["/4"] = Reply(body=b"end")

    assert read(outbound, server.url("/1")) == b"end"
    assert failure(outbound, server.url("/0")).code == "too_many_redirects"


def test_214_a_redirect_loop_ends(server: FeedServer, outbound: Outbound) -> None:
    server.replies["/loop"] = Reply(status=301, headers={"Location": "/loop"})

    assert failure(outbound, server.url("/loop")).code == "too_many_redirects"
    assert len(server.seen) == 4


def test_secrets_stay_at_home_when_a_redirect_leads_elsewhere(
    server: FeedServer, outbound: Outbound
) -> None:
    with serving() as stranger:
        server.replies["/near"] = Reply(status=302, headers={"Location": "/far"})
        server.replies["/far"] = Reply(status=302, headers={"Location": stranger.url("/eve")})
        stranger.replies["/eve"] = Reply(body=b"mine?")
        secrets = {"Authorization": "Bearer s3cret", "X-Api-Key": "s3cret"}

        assert read(outbound, server.url("/near"), headers=secrets) == b"mine?"

        assert server.seen[1].headers["authorization"] == "Bearer s3cret"
        assert "s3cret" not in str(stranger.seen[0].headers)


@pytest.mark.parametrize(
    ("status", "headers", "retry_after"),
    [
        (429, {"Retry-After": "120"}, timedelta(seconds=120)),
        (503, {"Retry-After": "Tue, 01 Dec 2026 10:05:00 GMT"}, timedelta(minutes=5)),
        (403, {}, None),
        (500, {"Retry-After": "soon"}, None),
    ],
)
def test_a_refusal_carries_its_status_and_when_to_come_back(
    server: FeedServer,
    outbound: Outbound,
    status: int,
    headers: dict[str, str],
    retry_after: timedelta | None,
) -> None:
    server.replies["/feed"] = Reply(status=status, headers=headers, body=b"no\x00\x1b[31m" * 500)

    trouble = failure(outbound, server.url("/feed"))

    assert trouble.code == f"http_{status}"
    assert trouble.status == status
    assert trouble.retry_after == retry_after
    assert "\x1b" not in str(trouble)
    assert len(str(trouble)) < 400


def test_retry_after_in_the_past_means_now() -> None:
    assert read_retry_after("Tue, 01 Dec 2026 09:00:00 GMT", now=START) == timedelta(0)
    assert read_retry_after("", now=START) is None
    assert read_retry_after("-5", now=START) is None


def test_nobody_there_is_told_from_a_name_that_does_not_exist() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    with serving() as gone:
        url = gone.url("/")
    client = Outbound(allow_private=True)
    nameless = Outbound(resolve=unknown)

    assert failure(client, url).code == "connect"
    trouble = failure(nameless, "https://shop.example/feed")
    assert trouble.code == "dns"
    assert not trouble.sent


def test_a_name_server_that_never_answers_is_not_waited_for() -> None:
    def silent(host: str, port: int) -> list[str]:
        time.sleep(5)
        return ["192.0.2.1"]

    client = Outbound(resolve=silent, limits=Limits(connect=0.1))

    assert failure(client, "https://shop.example/feed").code == "dns"


def test_217_a_self_signed_server_is_refused_unless_its_authority_is_pinned(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    tls = authority.issue("localhost").server_context()
    with serving(tls=tls) as server:
        server.replies["/feed"] = Reply(body=b"private but known")
        url = server.url("/feed", host="localhost")

        assert failure(Outbound(allow_private=True), url).code == "tls"
        pinned = Outbound(allow_private=True, ca_file=str(authority.ca_file))
        assert read(pinned, url) == b"private but known"


def test_certificates_that_cannot_be_read_are_said_so(tmp_path: Path) -> None:
    with pytest.raises(OutboundFailed, match=r"nowhere\.pem"):
        Outbound(ca_file=str(tmp_path / "nowhere.pem"))


def test_a_post_hands_back_any_answer_and_follows_nothing(
    server: FeedServer, outbound: Outbound
) -> None:
    server.replies["/hook"] = Reply(status=302, headers={"Location": "/other"}, body=b"x" * 5000)

    posted = outbound.post(server.url("/hook"), b'{"a":1}', headers={"Content-Type": "a/json"})

    assert posted.status == 302
    assert len(posted.body) == 1024
    assert [s.path for s in server.seen] == ["/hook"]
    assert server.seen[0].body == b'{"a":1}'


def test_a_post_without_an_answer_says_whether_it_may_have_arrived(
    server: FeedServer, outbound: Outbound
) -> None:
    def hang(seen: Seen) -> Reply:
        server.stopping.wait(30)
        return Reply()

    server.replies["/hook"] = hang
    with pytest.raises(OutboundFailed) as slow:
        outbound.post(server.url("/hook"), b"{}", limits=Limits(total=1.0))
    dead = f"http://127.0.0.1:{free_port()}/hook"
    with pytest.raises(OutboundFailed) as unreachable:
        outbound.post(dead, b"{}")

    assert (slow.value.code, slow.value.sent) == ("timeout", True)
    assert (unreachable.value.code, unreachable.value.sent) == ("connect", False)


def test_cookies_of_one_shop_are_not_sent_to_anybody(
    server: FeedServer, outbound: Outbound
) -> None:
    server.replies["/feed"] = Reply(body=b"a", headers={"Set-Cookie": "who=ann; Path=/"})

    read(outbound, server.url("/feed"))
    read(outbound, server.url("/feed"))

    assert "cookie" not in server.seen[1].headers

"""Does the shop's server get signed events, and what do its answers mean? (trust WS-W3, FI-45)"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from notifier import plugins
from notifier.channels.base import Blame, Letter, Outcome, Phase, Result
from notifier.channels.webhook import Channel, Settings
from notifier.errors import ConfigError
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.timing import SettableClock

OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of 32 bytes here!").decode()
BODY = json.dumps({"type": "stock.back_in_stock", "data": {"title": "Wasserkessel, rot – 1,7 l"}})


def a_letter(number: int = 1, **changes: Any) -> Letter:
    parts: dict[str, Any] = {
        "message_id": number,
        "uid": f"m{number}.k3y",
        "attempt_no": 1,
        "kind": "hook:stock.back_in_stock",
        "address": "",
        "shop": "kettle",
        "body": BODY,
    }
    return Letter(**(parts | changes))


@pytest.fixture
def shop() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture
def clock() -> SettableClock:
    """The real time: the receiver's library compares with it."""
    return SettableClock(datetime.now(UTC))


def a_channel(shop: WebhookReceiver, clock: SettableClock, **changes: Any) -> Channel:
    settings = Settings(**({"url": shop.url, "secret": shop.secret} | changes))
    return Channel(settings, clock=clock, allow_private=True, jitter=lambda: 0.5)


def send(channel: Channel, *letters: Letter) -> list[Result]:
    handed_over: list[int] = []

    def note(message_id: int, phase: Phase) -> None:
        assert phase is Phase.HANDED_OVER
        handed_over.append(message_id)

    return [result for _, result in channel.send(letters, note=note)]


def test_an_event_arrives_signed_so_that_the_standard_library_accepts_it(shop, clock):
    [result] = send(a_channel(shop, clock), a_letter())
    assert (result.outcome, result.code) == (Outcome.ACCEPTED, "204")
    [event] = shop.events
    assert event.headers["webhook-id"] == "m1.k3y"
    assert event.headers["content-type"] == "application/json"
    assert Webhook(shop.secret).verify(event.body, event.headers) == json.loads(BODY)


def test_a_changed_body_or_another_secret_is_not_accepted(shop, clock):
    send(a_channel(shop, clock), a_letter())
    [event] = shop.events
    with pytest.raises(WebhookVerificationError):
        Webhook(shop.secret).verify(event.body + b" ", event.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER_SECRET).verify(event.body, event.headers)


def test_while_a_secret_is_replaced_both_are_good(shop, clock):
    send(a_channel(shop, clock, extra_secrets=(OTHER_SECRET,)), a_letter())
    [event] = shop.events
    Webhook(shop.secret).verify(event.body, event.headers)
    Webhook(OTHER_SECRET).verify(event.body, event.headers)
    send(a_channel(shop, clock, secret=OTHER_SECRET), a_letter())
    with pytest.raises(WebhookVerificationError):
        Webhook(shop.secret).verify(shop.events[1].body, shop.events[1].headers)


def test_a_second_try_keeps_the_id_and_gets_a_time_of_its_own(shop, clock):
    channel = a_channel(shop, clock)
    shop.answer_with(500)
    send(channel, a_letter())
    clock.advance(timedelta(seconds=90))
    send(channel, a_letter(attempt_no=2))
    first, second = shop.events
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 90
    Webhook(shop.secret).verify(second.body, second.headers)


@pytest.mark.parametrize(
    ("status", "outcome", "blame"),
    [
        (200, Outcome.ACCEPTED, Blame.NOBODY),
        (202, Outcome.ACCEPTED, Blame.NOBODY),
        (301, Outcome.TRY_LATER, Blame.NOBODY),
        (400, Outcome.TRY_LATER, Blame.NOBODY),
        (401, Outcome.TRY_LATER, Blame.NOBODY),
        (404, Outcome.TRY_LATER, Blame.NOBODY),
        (410, Outcome.REFUSED, Blame.CONFIG),
        (429, Outcome.TRY_LATER, Blame.TRANSPORT),
        (500, Outcome.TRY_LATER, Blame.TRANSPORT),
        (503, Outcome.TRY_LATER, Blame.TRANSPORT),
    ],
)
def test_only_a_2xx_counts_as_taken(shop, clock, status, outcome, blame):
    shop.answer_with(status, {"Location": "http://127.0.0.1:9/"} if status == 301 else None)
    [result] = send(a_channel(shop, clock), a_letter())
    assert (result.outcome, result.blame, result.code) == (outcome, blame, str(status))
    assert len(shop.events) == 1


def test_a_receiver_that_is_gone_is_not_asked_again(shop, clock):
    shop.answer_with(410)
    results = send(a_channel(shop, clock), a_letter(1), a_letter(2))
    assert [r.outcome for r in results] == [Outcome.REFUSED] * 2
    assert "switched off" in results[1].detail
    assert len(shop.events) == 1


def test_the_wish_of_the_receiver_to_wait_is_honoured(shop, clock):
    shop.answer_with(429, {"Retry-After": "3600"})
    [result] = send(a_channel(shop, clock), a_letter())
    assert result.retry_after == timedelta(hours=1)


def test_a_receiver_that_is_down_for_days_is_tried_ever_more_seldom(shop, clock):
    channel = a_channel(shop, clock)
    waits = []
    for attempt_no in range(1, 12):
        shop.answer_with(503)
        [result] = send(channel, a_letter(attempt_no=attempt_no))
        assert result.blame is Blame.TRANSPORT
        assert result.retry_after is not None
        waits.append(result.retry_after)
        clock.advance(timedelta(minutes=5))
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=5)
    assert waits[-1] == timedelta(days=1)
    assert sum(waits[:9], timedelta(0)) > timedelta(days=3)


@pytest.mark.parametrize("failure", ["no answer", "too slow", "not there"])
def test_without_an_answer_it_is_tried_again(shop, clock, failure):
    channel = a_channel(shop, clock, timeout=0.3)
    if failure == "no answer":
        shop.answer_with(0)
    elif failure == "too slow":
        shop.answer_with(200, delay=10)
    else:
        channel = a_channel(shop, clock, url="http://127.0.0.1:9/nobody")
    [result] = send(channel, a_letter())
    assert (result.outcome, result.blame) == (Outcome.TRY_LATER, Blame.TRANSPORT)


def test_a_receiver_inside_our_own_network_is_never_called(shop, clock):
    settings = Settings(url=shop.url, secret=shop.secret)
    guarded = Channel(settings, clock=clock, allow_http=True)
    [result] = send(guarded, a_letter())
    assert (result.outcome, result.blame) == (Outcome.TRY_LATER, Blame.CONFIG)
    assert shop.events == []
    assert guarded.check()[0].level == "bad"


def test_events_it_did_not_ask_for_are_not_posted(shop, clock):
    channel = a_channel(shop, clock, events=("release.finished",))
    results = send(channel, a_letter(1), a_letter(2, kind="hook:release.finished"))
    assert [r.code for r in results] == ["not_wanted", "204"]
    assert [event.headers["webhook-id"] for event in shop.events] == ["m2.k3y"]


def test_the_check_posts_a_signed_event_without_meaning(shop, clock):
    channel = a_channel(shop, clock)
    assert [finding.level for finding in channel.check()] == ["ok"]
    Webhook(shop.secret).verify(shop.events[0].body, shop.events[0].headers)
    shop.answer_with(401)
    [finding] = channel.check()
    assert finding.level == "bad"
    assert "secrets" in finding.advice


@pytest.mark.parametrize(
    "written",
    [
        {"url": "shop.example/hook"},
        {"url": "ftp://shop.example/hook"},
        {"secret": "plain words"},
        {"secret": "whsec_AAAA"},
        {"secret": "whsec_"},
        {"secret": ""},
        {"extra_secrets": ["whsec_!!"]},
        {"timeout": 0},
        {"colour": "red"},
    ],
)
def test_settings_that_cannot_work_are_refused_with_their_name(shop, written):
    module = plugins.load("notifier.channels", "webhook")
    good = {"url": shop.url, "secret": shop.secret}
    with pytest.raises(ConfigError) as refused:
        plugins.read_settings(module, good | written, where="shops.kettle.webhooks.own")
    name = next(iter(written)).removeprefix("extra_").removesuffix("s")
    assert name in str(refused.value)


def test_a_receiver_that_fails_three_times_is_left_alone_and_tried_again(shop, clock):
    channel = a_channel(shop, clock)
    for _ in range(4):
        shop.answer_with(503)

    results = send(channel, *(a_letter(n) for n in range(1, 7)))

    assert len(shop.events) == 3, "nobody waits for the others"
    assert [one.code for one in results] == ["503"] * 3 + ["circuit open"] * 3
    assert {one.retry_after for one in results[3:]} == {channel.pause_left()}
    clock.advance(timedelta(seconds=30))
    results = send(channel, a_letter(4), a_letter(5))
    assert [one.code for one in results] == ["503", "circuit open"], "one probe"
    clock.advance(timedelta(minutes=1))
    assert [one.code for one in send(channel, a_letter(4), a_letter(5))] == ["204", "204"]
    assert not channel.pause_left()

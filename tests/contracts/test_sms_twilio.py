"""Does an SMS reach the network as it should, and is every answer understood? (trust 2.2)"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notifier.channels.base import Blame, Letter, Outcome, Phase, Result
from notifier.channels.sms_twilio import Channel, Settings
from tests.fakes.twilio import FakeTwilio, Fault
from tests.timing import SettableClock, wait_until

ANN, BEN = "+12125550101", "+12125550102"
SERVICE = "MG" + "0" * 32
CHECKOUT = Path(__file__).parents[2]


def a_letter(number: int = 1, *, to: str = ANN, **changes: Any) -> Letter:
    parts: dict[str, Any] = {
        "message_id": number,
        "uid": f"m{number}.k3y",
        "attempt_no": 1,
        "kind": "back_in_stock",
        "address": to,
        "shop": "kettle",
        "short": f"Kettle & Co: The red kettle is back. https://k.example/r/{number}",
    }
    return Letter(**(parts | changes))


class Notes:
    """Where a worker would keep its phases."""

    def __init__(self) -> None:
        self.handed_over: list[int] = []
        self.phases: list[Phase] = []

    def __call__(self, message_id: int, phase: Phase) -> None:
        self.phases.append(phase)
        self.handed_over.append(message_id)


class Waits:
    """Stands in for the clock on the wall: waiting takes no time, and is written down."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def twilio(clock: SettableClock) -> Iterator[FakeTwilio]:
    with FakeTwilio(clock=clock) as fake:
        yield fake


def settings_for(twilio: FakeTwilio, **changes: Any) -> Settings:
    parts: dict[str, Any] = {
        "account_sid": twilio.account_sid,
        "auth_token": twilio.auth_token,
        "messaging_service_sid": SERVICE,
        "status_callback_base": "https://notify.kettle.example",
        "base_url": twilio.url,
        "rate_per_second": 1000.0,
        "read_timeout": 5.0,
    }
    return Settings(**(parts | changes))


class Sender:
    """One channel, its notes and what came of the last letters."""

    def __init__(self, twilio: FakeTwilio, clock: SettableClock, **changes: Any) -> None:
        self.notes = Notes()
        self.waits = Waits()
        self.clock = clock
        self.channel = Channel(
            settings_for(twilio, **changes),
            clock=clock,
            wait=self.waits.wait,
            monotonic=self.waits.monotonic,
        )

    def send(self, *letters: Letter) -> list[Result]:
        return [result for _, result in self.channel.send(letters, note=self.notes)]

    def send_one(self, **changes: Any) -> Result:
        [result] = self.send(a_letter(**changes))
        return result


@pytest.fixture
def sender(twilio: FakeTwilio, clock: SettableClock) -> Iterator[Sender]:
    sender = Sender(twilio, clock)
    yield sender
    sender.channel.close()


def test_a_letter_arrives_with_service_callback_and_validity(sender, twilio, clock):
    result = sender.send_one(not_after=clock() + timedelta(minutes=30))
    [text] = twilio.messages
    assert (result.outcome, result.code) == (Outcome.ACCEPTED, "accepted")
    assert result.provider_id == text.sid
    assert text.to == ANN
    assert text.body == "Kettle & Co: The red kettle is back. https://k.example/r/1"
    assert text.service_sid == SERVICE
    assert text.callback == "https://notify.kettle.example/hooks/twilio/status/m1.k3y"
    assert text.validity == 1800
    assert sender.notes.handed_over == [1]


def test_without_a_service_the_number_sends(twilio, clock):
    sender = Sender(twilio, clock, messaging_service_sid="", from_number="+15005550006")
    assert sender.send_one().code == "queued"
    assert twilio.messages[0].sender == "+15005550006"
    assert twilio.messages[0].validity == 14400


def test_an_api_key_sends_in_place_of_the_auth_token(twilio, clock):
    key = "SK" + "1" * 32
    twilio.logins[key] = "key-secret"
    sender = Sender(twilio, clock, api_key_sid=key, api_key_secret="key-secret")
    assert sender.send_one().outcome is Outcome.ACCEPTED
    assert twilio.requests[0].login == (key, "key-secret")


def test_a_text_is_made_plain_before_it_is_paid_for(sender, twilio):
    sender.send_one(short="It’s back — “Kettle”…")
    assert twilio.messages[0].body == 'It\'s back - "Kettle"...'


@pytest.mark.parametrize(
    ("changes", "blame", "code"),
    [
        ({"to": "12125550101"}, Blame.ADDRESS, "not_e164"),
        ({"to": "ann@waits.example"}, Blame.ADDRESS, "not_e164"),
        ({"short": "a" * 307}, Blame.CONTENT, "too_long"),
        ({"short": "ж" * 135}, Blame.CONTENT, "too_long"),
        ({"short": " \n"}, Blame.OURS, "empty"),
    ],
)
def test_what_cannot_be_sent_is_refused_without_asking(sender, twilio, changes, blame, code):
    result = sender.send_one(**changes)
    assert (result.outcome, result.blame, result.code) == (Outcome.REFUSED, blame, code)
    assert twilio.requests == []
    assert sender.notes.handed_over == []


def test_a_letter_whose_time_ran_out_is_not_sent(sender, twilio, clock):
    result = sender.send_one(not_after=clock() + timedelta(seconds=5))
    assert (result.outcome, result.code) == (Outcome.REFUSED, "stale")
    assert twilio.messages == []


@pytest.mark.parametrize(
    ("to", "outcome", "blame", "code"),
    [
        ("+15005550001", Outcome.REFUSED, Blame.ADDRESS, "twilio 21211"),
        ("+15005550002", Outcome.REFUSED, Blame.POLICY, "twilio 21612"),
        ("+15005550003", Outcome.REFUSED, Blame.ADDRESS, "twilio 21408"),
        ("+15005550004", Outcome.REFUSED, Blame.OPTED_OUT, "twilio 21610"),
        ("+15005550009", Outcome.REFUSED, Blame.ADDRESS, "twilio 21614"),
    ],
)
def test_a_refusal_of_one_number_lets_the_others_through(sender, twilio, to, outcome, blame, code):
    refused, taken = sender.send(a_letter(1, to=to), a_letter(2, to=BEN))
    assert (refused.outcome, refused.blame, refused.code) == (outcome, blame, code)
    assert taken.outcome is Outcome.ACCEPTED
    assert [text.to for text in twilio.messages] == [BEN]


def test_stop_said_while_an_alert_was_queued_ends_in_an_opt_out(sender, twilio):
    twilio.text_back(ANN, "Stop.")
    result = sender.send_one()
    assert (result.outcome, result.blame) == (Outcome.REFUSED, Blame.OPTED_OUT)
    assert twilio.messages == []
    twilio.text_back(ANN, "START")
    assert sender.send_one().outcome is Outcome.ACCEPTED


def test_a_wrong_token_pauses_the_channel_and_burns_nothing(twilio, clock):
    sender = Sender(twilio, clock, auth_token="wrong")
    results = sender.send(a_letter(1), a_letter(2, to=BEN))
    assert {(r.outcome, r.blame, r.code) for r in results} == {
        (Outcome.TRY_LATER, Blame.CONFIG, "twilio 20003")
    }
    assert len(twilio.tries) == 1
    twilio.logins[twilio.account_sid] = "wrong"  # the token is right now
    assert sender.send_one().outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"messaging_service_sid": "MG" + "9" * 32}, "twilio 21705"),
        ({"messaging_service_sid": "", "from_number": "+15005550007"}, "twilio 21606"),
        ({"messaging_service_sid": "", "from_number": "+15005550001"}, "twilio 21212"),
        ({"messaging_service_sid": "", "from_number": "+12125559999"}, "twilio 21659"),
    ],
)
def test_a_wrong_sender_is_our_set_up_and_not_the_messages_fault(twilio, clock, changes, code):
    result = Sender(twilio, clock, **changes).send_one()
    assert (result.outcome, result.blame, result.code) == (Outcome.TRY_LATER, Blame.CONFIG, code)


def test_too_many_requests_leave_twilio_alone_for_as_long_as_it_asks(sender, twilio, clock):
    twilio.misbehave(Fault(status=429, code=20429, retry_after="7"))
    results = sender.send(*(a_letter(n) for n in range(1, 5)))
    assert {(r.outcome, r.blame, r.code) for r in results} == {
        (Outcome.TRY_LATER, Blame.TRANSPORT, "twilio 20429")
    }
    assert results[0].retry_after == results[3].retry_after == timedelta(seconds=7)
    assert len(twilio.tries) == 1
    clock.advance(timedelta(seconds=3))
    assert sender.send_one().retry_after == timedelta(seconds=4)
    clock.advance(timedelta(seconds=4))
    assert sender.send_one().outcome is Outcome.ACCEPTED


def test_a_clock_set_back_leaves_twilio_alone_no_longer_than_it_asked(sender, twilio, clock):
    twilio.misbehave(Fault(status=429, code=20429, retry_after="7"))
    sender.send_one()
    clock.advance(timedelta(hours=-3))
    assert sender.channel.pause_left() == timedelta(seconds=7)
    clock.advance(timedelta(seconds=7))
    assert sender.send_one().outcome is Outcome.ACCEPTED


def test_an_unknown_code_is_judged_by_its_http_status(sender, twilio):
    twilio.misbehave(Fault(status=400, code=99999))
    result = sender.send_one()
    assert (result.outcome, result.blame) == (Outcome.REFUSED, Blame.OURS)
    twilio.misbehave(Fault(status=403, code=99999))
    result = sender.send_one()
    assert (result.outcome, result.blame) == (Outcome.TRY_LATER, Blame.CONFIG)


def test_a_server_that_is_not_there_is_surely_not_accepted_and_then_left_alone(clock):
    gone = FakeTwilio().start()
    gone.stop()
    sender = Sender(gone, clock)
    results = sender.send(*(a_letter(n) for n in range(1, 6)))
    assert {(r.outcome, r.blame, r.code) for r in results} == {
        (Outcome.TRY_LATER, Blame.TRANSPORT, "not_reached")
    }
    assert sender.notes.handed_over == [1, 2, 3]  # then the circuit is open


@pytest.mark.fault("FI-13", "FI-14")
@pytest.mark.parametrize(
    "fault",
    [
        Fault(takes=True, cut=True),
        Fault(takes=True, status=500),
        Fault(takes=True, status=503, retry_after="30"),
        Fault(takes=True, text="<html>bad gateway"),
        Fault(takes=True, text="[]"),
        Fault(takes=True, text="{}"),
        Fault(takes=True, delay=30),
    ],
    ids=["reset", "500", "503", "html", "list", "no sid", "slow"],
)
def test_what_may_have_been_taken_is_looked_up_and_not_sent_twice(twilio, clock, fault):
    sender = Sender(twilio, clock, read_timeout=1.0 if fault.delay else 30.0)
    twilio.misbehave(fault)
    first = sender.send_one()
    assert first.outcome is Outcome.UNKNOWN
    [text] = twilio.messages
    clock.advance(timedelta(seconds=60))
    second = sender.send_one(
        is_retry_of_unknown=True,
        attempt_no=2,
        first_tried_at=clock() - timedelta(seconds=60),
    )
    assert (second.outcome, second.provider_id) == (Outcome.ACCEPTED, text.sid)
    assert len(twilio.messages) == 1
    assert sender.notes.handed_over == [1]


@pytest.mark.fault("FI-14")
@pytest.mark.parametrize("fault", [Fault(cut=True), Fault(status=500), Fault(delay=30, cut=True)])
def test_what_was_not_taken_is_sent_again_after_a_minute(twilio, clock, fault):
    sender = Sender(twilio, clock, read_timeout=1.0 if fault.delay else 30.0)
    tried_at = clock()
    twilio.misbehave(fault)
    assert sender.send_one().outcome is Outcome.UNKNOWN
    clock.advance(timedelta(seconds=20))
    again = {"is_retry_of_unknown": True, "attempt_no": 2, "first_tried_at": tried_at}
    early = sender.send_one(**again)
    assert (early.outcome, early.blame) == (Outcome.TRY_LATER, Blame.TRANSPORT)
    assert early.retry_after == timedelta(seconds=40)
    assert twilio.messages == []
    clock.advance(timedelta(seconds=40))
    assert sender.send_one(**again).outcome is Outcome.ACCEPTED
    assert len(twilio.messages) == 1
    assert sender.notes.phases == [Phase.HANDED_OVER, Phase.HANDED_OVER_ANEW]


@pytest.mark.fault("FI-14")
def test_when_nobody_can_be_asked_nothing_is_sent_a_second_time(sender, twilio, clock):
    twilio.misbehave(Fault(takes=True, cut=True))
    sender.send_one()
    clock.advance(timedelta(seconds=90))
    twilio.misbehave(Fault(on="list", status=503))
    again = {"is_retry_of_unknown": True, "first_tried_at": clock() - timedelta(seconds=90)}
    result = sender.send_one(**again)
    assert (result.outcome, result.blame, result.code) == (
        Outcome.TRY_LATER,
        Blame.TRANSPORT,
        "cannot_look",
    )
    assert len(twilio.messages) == 1
    clock.advance(timedelta(seconds=30))
    assert sender.send_one(**again).code == "found"


def test_the_look_up_takes_neither_old_nor_foreign_nor_other_texts_for_ours(sender, twilio, clock):
    same = "Kettle & Co: it is back"
    sender.send_one(short=same)  # long ago
    clock.advance(timedelta(hours=3))
    tried_at = clock()
    sender.send(
        a_letter(2, to=BEN, short=same),  # to somebody else
        a_letter(3, short="Kettle & Co: something else"),
        a_letter(4, short=same),  # a letter of its own, known to this channel
    )
    clock.advance(timedelta(seconds=61))
    before = len(twilio.messages)
    result = sender.send_one(
        number=5, short=same, is_retry_of_unknown=True, first_tried_at=tried_at
    )
    assert result.outcome is Outcome.ACCEPTED
    assert len(twilio.messages) == before + 1


def test_the_look_up_reads_on_over_pages_and_past_a_trial_accounts_preface(sender, twilio, clock):
    tried_at = clock()
    sender.send_one(short="It is back")
    twilio.messages[0].body = "Sent from your Twilio trial account - It is back"
    other = Sender(twilio, clock)  # a new process: it remembers nothing
    other.send(*(a_letter(n, short=f"text {n}") for n in range(2, 150)))
    clock.advance(timedelta(seconds=61))
    result = other.send_one(short="It is back", is_retry_of_unknown=True, first_tried_at=tried_at)
    assert (result.code, result.provider_id) == ("found", twilio.messages[0].sid)


STORM = [
    Fault(takes=True, cut=True),
    Fault(cut=True),
    Fault(takes=True, status=500),
    Fault(status=502),
    Fault(takes=True, text="<html>"),
    Fault(status=429, code=20429, retry_after="2"),
    Fault(on="list", status=503),
    Fault(on="list", cut=True),
]


@pytest.mark.fault("FI-14")
@pytest.mark.parametrize("seed", range(3))
def test_in_a_storm_of_faults_every_letter_arrives_and_none_arrives_twice(twilio, clock, seed):
    chance = random.Random(seed)
    sender = Sender(twilio, clock)
    waiting = {n: a_letter(n, to=f"+1212555{n:04}") for n in range(1, 41)}
    for _ in range(200):
        twilio.misbehave(chance.choice(STORM))
        batch = chance.sample(sorted(waiting), k=min(4, len(waiting)))
        for letter, result in sender.channel.send([waiting[n] for n in batch], note=sender.notes):
            if result.outcome is Outcome.ACCEPTED:
                del waiting[letter.message_id]
            elif result.outcome is Outcome.UNKNOWN:
                waiting[letter.message_id] = replace(
                    letter,
                    is_retry_of_unknown=True,
                    first_tried_at=letter.first_tried_at or clock(),
                )
        clock.advance(timedelta(seconds=chance.choice([1, 10, 40])))
        if not waiting:
            break
    assert waiting == {}
    arrived = sorted(text.callback.rpartition("/")[2] for text in twilio.messages)
    assert arrived == sorted(f"m{n}.k3y" for n in range(1, 41))


def test_no_log_line_holds_a_number_a_text_or_a_token(sender, twilio, clock, caplog):
    caplog.set_level("DEBUG")
    sender.send_one()
    twilio.misbehave(Fault(cut=True))
    sender.send_one(is_retry_of_unknown=True, first_tried_at=clock() - timedelta(hours=1))
    for secret in (ANN, ANN[1:], "kettle", twilio.auth_token):
        assert secret not in caplog.text


def test_the_rate_holds_the_sender_back(twilio, clock):
    sender = Sender(twilio, clock, rate_per_second=4.0)
    sender.send(*(a_letter(n) for n in range(1, 6)))
    assert len(twilio.messages) == 5
    assert sum(sender.waits.waits) == pytest.approx(1.0)
    sender.waits.now += 10  # a break earns no burst
    sender.send(a_letter(6), a_letter(7))
    assert sender.waits.waits[-1] == pytest.approx(0.25)


def test_the_daily_cap_stops_sending_until_tomorrow(twilio, clock):
    sender = Sender(twilio, clock, price_per_segment=0.01, daily_spend_cap=0.03)
    results = sender.send(*(a_letter(n) for n in range(1, 6)))
    assert [r.outcome for r in results] == [Outcome.ACCEPTED] * 3 + [Outcome.TRY_LATER] * 2
    assert results[3].code == "spend_cap"
    assert results[3].retry_after == timedelta(hours=14)  # it is ten o'clock
    clock.advance(timedelta(hours=14))
    assert sender.send_one().outcome is Outcome.ACCEPTED


def test_a_shop_that_has_spent_its_part_leaves_the_rest_to_the_others(twilio, clock):
    caps = {"daily_spend_cap": 0.05, "daily_spend_cap_per_shop": 0.03}
    sender = Sender(twilio, clock, price_per_segment=0.01, **caps)
    results = sender.send(*(a_letter(n) for n in range(1, 5)))
    assert [r.code for r in results[2:]] == ["accepted", "spend_cap_shop"]
    assert results[3].retry_after == timedelta(hours=14)  # it is ten o'clock
    others = sender.send(*(a_letter(n, shop="teapots") for n in range(5, 8)))
    assert [r.code for r in others] == ["accepted", "accepted", "spend_cap"]
    clock.advance(timedelta(hours=14))
    assert sender.send_one().outcome is Outcome.ACCEPTED


def test_the_cap_counts_what_another_process_sent_today(twilio, clock):
    caps = {"price_per_segment": 0.01, "daily_spend_cap": 0.03}
    Sender(twilio, clock, **caps).send(a_letter(1), a_letter(2))
    restarted = Sender(twilio, clock, **caps)
    results = restarted.send(a_letter(3), a_letter(4))
    assert [r.outcome for r in results] == [Outcome.ACCEPTED, Outcome.TRY_LATER]


def test_a_long_text_costs_its_segments(twilio, clock):
    sender = Sender(twilio, clock, price_per_segment=0.01, daily_spend_cap=0.03)
    results = sender.send(a_letter(1, short="a" * 200), a_letter(2, short="a" * 200), a_letter(3))
    assert [r.outcome for r in results] == [
        Outcome.ACCEPTED,
        Outcome.TRY_LATER,
        Outcome.ACCEPTED,
    ]


def test_the_fake_takes_many_clients_at_once(twilio, clock):
    def work(first: int) -> None:
        Sender(twilio, clock).send(*(a_letter(first + n) for n in range(10)))

    threads = [threading.Thread(target=work, args=(n * 10,)) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=60)
    assert len({text.sid for text in twilio.messages}) == 40


def test_the_fake_as_a_process_writes_each_text_down_before_it_answers(tmp_path, clock):
    store = tmp_path / "texts.jsonl"
    command = [sys.executable, "-m", "tests.fakes.twilio", "--port", "0", "--store", str(store)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            twilio = FakeTwilio()  # for its account and token only
            sender = Sender(twilio, clock, base_url=url)
            assert sender.send_one().outcome is Outcome.ACCEPTED
            process.kill()
            [line] = store.read_text().splitlines()
            assert json.loads(line)["to"] == ANN
        finally:
            process.kill()


def test_reports_are_posted_by_the_network_itself_when_it_is_told_to(clock):
    with FakeTwilio(statuses=("sent", "delivered"), clock=clock) as twilio:
        Sender(twilio, clock, status_callback_base="").send_one()
        text = twilio.messages[0]
        wait_until(lambda: text.status == "delivered")
        assert text.history == ["accepted", "sent", "delivered"]

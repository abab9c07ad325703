"""What does Twilio say when it is asked, since its callbacks may not have reached us? (trust RL-31,
SM-10)"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from notifier.channels.base import ReceiptKind
from notifier.channels.sms.callbacks import read_status_callback
from notifier.domain.sms_keywords import Wish
from notifier.errors import LookFailed
from tests.contracts.test_sms_twilio import ANN, BEN, Sender
from tests.fakes.twilio import FakeTwilio, Fault
from tests.timing import SettableClock

OUR, OTHER, CODE = "+15005550006", "+15005550099", "54321"


@pytest.fixture
def twilio(clock: SettableClock) -> Iterator[FakeTwilio]:
    with FakeTwilio(clock=clock, numbers=(OUR, OTHER), short_codes=(CODE,)) as fake:
        yield fake


@pytest.fixture
def sender(twilio: FakeTwilio, clock: SettableClock) -> Iterator[Sender]:
    sender = Sender(twilio, clock)
    yield sender
    sender.channel.close()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("delivered", None, ReceiptKind.DELIVERED),
        ("undelivered", 30005, ReceiptKind.BOUNCED),
        ("failed", 21610, ReceiptKind.STOPPED),
        ("sent", None, ReceiptKind.ACCEPTED),
    ],
)
def test_a_message_asked_about_is_told_of_as_its_callback_would(
    sender, twilio, clock, status, code, kind
):
    sid = sender.send_one().provider_id
    [text] = twilio.messages
    twilio.report(text, status, error_code=code)
    told = sender.channel.ask_about(sid, uid="m1.k3y")
    by_callback = read_status_callback(twilio.status_params(text, status), uid="m1.k3y", at=clock())
    assert told.kind is kind
    assert (told.event_id, told.blame, told.code, told.detail, told.address, told.at) == (
        *(by_callback.event_id, by_callback.blame, by_callback.code, by_callback.detail),
        *(by_callback.address, by_callback.at),
    )


def test_a_message_that_is_not_there_any_more_is_none(sender):
    assert sender.channel.ask_about("SM" + "9" * 32, uid="m1.k3y") is None


@pytest.mark.parametrize("ask", ["one", "list"])
@pytest.mark.parametrize(
    ("fault", "code", "wait"),
    [
        (Fault(on="any", status=401, code=20003), "20003|401", None),
        (Fault(on="any", status=429, code=20429, retry_after="7"), "20429|429", 7),
        (Fault(on="any", status=503), "503", None),
        (Fault(on="any", cut=True), "no_answer", None),
        (Fault(on="any", text="<html>", status=200), "unreadable", None),
        (Fault(on="any", text="{}", status=200), "unreadable", None),
    ],
    ids=["login", "too many", "down", "cut", "html", "empty"],
)
def test_what_keeps_twilio_from_telling_is_one_error(sender, twilio, ask, fault, code, wait):
    twilio.misbehave(fault)
    questions = {
        "one": lambda: sender.channel.ask_about("SM" + "1" * 32, uid="m1.k3y"),
        "list": lambda: list(sender.channel.texts_since(sender.clock())),
    }
    with pytest.raises(LookFailed) as failed:
        questions[ask]()
    assert failed.value.code.removeprefix("twilio ") in code.split("|")
    assert failed.value.retry_after == (timedelta(seconds=wait) if wait else None)


def test_all_that_people_texted_is_read_page_by_page_and_no_faster_than_it_may(
    sender, twilio, clock
):
    twilio.text_back(ANN, "STOP")
    clock.advance(timedelta(days=1))
    sender.send_one()
    since = clock()
    for n in range(450):
        twilio.text_back(f"+1212555{n:04}", "START" if n == 449 else "hello")
    twilio.text_back(BEN, "Please stop texting me", to=CODE)
    twilio.text_back(BEN, "STOP", to="+19995550000")  # another number of the account
    asked = len(twilio.requests)
    heard = sender.channel.texts_since(since)
    texts = [next(heard)]
    twilio.text_back(ANN, "a text that comes while the pages are turned")
    texts += heard
    assert len(texts) == 451 == len({one.event_id for one in texts})
    assert texts[0].wish is Wish.START
    assert (texts[-1].address, texts[-1].wish) == (BEN, Wish.STOP)
    assert {one.at for one in texts} == {since}
    lists = [one for one in twilio.requests[asked:] if one.path.endswith("/Messages.json")]
    assert [one.query["To"] for one in lists] == [OUR, OUR, OUR, OTHER, CODE]
    assert {one.query["DateSent>"][:10] for one in lists} == {f"{since:%Y-%m-%d}"}
    # numbers and short codes of the service, then the lists
    assert sender.waits.waits == pytest.approx([0.2] * 6)


def test_a_page_that_fails_leaves_nobody_in_the_belief_that_this_was_all(sender, twilio, clock):
    for n in range(201):
        twilio.text_back(f"+1212555{n:04}", "hello")
    heard = iter(sender.channel.texts_since(clock()))
    next(heard)
    twilio.misbehave(Fault(on="list", status=500))
    with pytest.raises(LookFailed):
        list(heard)


@pytest.mark.parametrize("sender_of", ["Kettle", OUR])
def test_without_a_service_the_number_is_asked_about_and_a_name_gets_no_answers(
    twilio, clock, sender_of
):
    twilio.text_back(ANN, "STOP")
    sender = Sender(twilio, clock, messaging_service_sid="", from_number=sender_of)
    texts = list(sender.channel.texts_since(clock()))
    assert [one.wish for one in texts] == ([Wish.STOP] if sender_of == OUR else [])
    assert len(twilio.requests) == len(texts)
    sender.channel.close()


def test_an_account_that_keeps_no_numbers_cannot_be_compared_with(sender, twilio, clock):
    twilio.text_back("+1212555XXXX", "")
    with pytest.raises(LookFailed, match="redact"):
        list(sender.channel.texts_since(clock()))


def test_a_conversation_of_others_is_left_out_and_ours_is_read(sender, twilio, clock):
    twilio.text_back("whatsapp:+12125550101", "STOP")
    twilio.text_back(ANN, "stop")
    assert [one.address for one in sender.channel.texts_since(clock())] == [ANN]

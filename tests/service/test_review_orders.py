"""What goes wrong between an order line, its messages and the clock? Each once went wrong here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from notifier.channels.base import Receipt, ReceiptKind
from notifier.domain.availability import Availability
from notifier.domain.eta import Eta
from notifier.domain.order_delay import State, Why
from notifier.domain.order_history import Happened
from notifier.services.book_batch import BatchBook
from notifier.services.consent import Circumstances
from notifier.services.decide_order import decide
from notifier.services.deliver import Sender
from notifier.services.env import open_env
from notifier.services.evidence import gather_evidence
from notifier.services.last_look import LastLook
from notifier.services.order_answer import Answer, AnswerKind
from notifier.services.order_follow import follow_due
from notifier.services.order_given import GivenOrder, LineSaid, OrderSaid, read_order
from notifier.services.order_taken import TakenOrder
from notifier.services.privacy import erase_address
from notifier.services.receive import receive
from notifier.services.take_orders import take_order
from notifier.signing import Purpose
from notifier.store import alarms
from notifier.store.session import Database
from tests.fakes.twilio import FakeTwilio
from tests.order_world import ANN, OrderWorld
from tests.timing import SettableClock
from tests.world import RENDERER, SID, TOKEN, World, configuration

PHONE = "+12125551234"
HOOK = {"own": {"url": "https://kettle.example/hook", "secret": "whsec_a2V0dGxlIGFuZCBjbw=="}}
HERE = Circumstances(ip="203.0.113.9", agent="Ann's phone")


@pytest.fixture
def engine_name() -> str:
    """What differs between the databases is tested with the stores and services."""
    return "sqlite"


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world(webhooks=HOOK)


@pytest.fixture
def orders(world: World) -> OrderWorld:
    made = OrderWorld(world.env, world.clock)
    made.at("2026-03-02")
    return made


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio(account_sid=SID, auth_token=TOKEN) as network:
        yield network


def wait_for(orders: OrderWorld, line: int, until: str | None) -> None:
    """Ann presses "wait" on the page."""
    chosen = Answer(kind=AnswerKind.WAIT, until=date.fromisoformat(until) if until else None)
    link = orders.path(line).removeprefix("/o/")
    decide(orders.env, line, chosen, circumstances=HERE, link=link)


def bounce_receipt(orders: OrderWorld, line: int, kind: ReceiptKind) -> None:
    """A provider says something of the last mail about a line."""
    query = "SELECT max(id) FROM messages WHERE order_line_id = :line AND medium = 'email'"
    with orders.env.db.read() as tx:
        message = tx.execute(text(query), {"line": line}).scalar_one()
    uid = orders.env.signer.make(Purpose.MESSAGE, message)
    key = f"{message}:{kind.value}"
    receive(orders.env, Receipt(provider="test", event_id=key, kind=kind, uid=uid))


# --- what is on record --------------------------------------------------------------------


class MeddlingRenderer:
    """Something happens while letters are written."""

    def __init__(self, meddle: Callable[[], object]) -> None:
        self._meddle = meddle

    def render(self, *args: Any, **more: Any) -> Any:
        meddle, self._meddle = self._meddle, lambda: None
        meddle()
        return RENDERER.render(*args, **more)


def test_a_notice_that_is_not_true_any_more_is_dropped_as_it_is_handed_over(
    world: World, orders: OrderWorld
) -> None:
    line = orders.order().line
    orders.at("2026-03-20")
    orders.expect(line, "2026-04-10")
    meddling = MeddlingRenderer(lambda: orders.expect(line, "2026-03-21"))  # F42
    sender = Sender(world.env, meddling)  # type: ignore[arg-type]

    while sender.send_due():
        continue
    sender.close()

    assert world.mails(ANN, "delay_notice") == []
    assert [state for _, _, state in orders.messages(line)] == ["skipped", "skipped", "accepted"]


def test_the_record_holds_the_date_of_the_letter_when_the_date_moves_as_it_leaves(
    world: World, orders: OrderWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = orders.order().line
    orders.at("2026-03-20")
    orders.expect(line, "2026-04-10")
    monkeypatch.setattr(LastLook, "unwanted", lambda _self, _ids: {})  # a moment too early
    meddling = MeddlingRenderer(lambda: orders.expect(line, "2026-06-01"))
    sender = Sender(world.env, meddling)  # type: ignore[arg-type]

    sender.send_due()
    sender.close()

    told, *_ = [one for one in orders.case(line).events if one.kind == Happened.NOTICE]
    letter, *_ = world.mails(ANN, "delay_notice")
    words = letter.parsed.get_body(("plain",)).get_content()
    assert "10 April 2026" in words
    assert (told.facts["revised"], told.facts["kind"]) == ("2026-04-10", "first_short")
    world.deliver()  # and the newer date is told as well
    assert orders.case(line).latest(Happened.NOTICE).facts["revised"] == "2026-06-01"  # type: ignore[union-attr]


def no_more(_self: object, **_: object) -> None:
    raise RuntimeError("killed")


def test_a_notice_taken_in_time_counts_although_it_is_booked_after_the_last_day(
    world: World, orders: OrderWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = orders.order().line
    orders.at("2026-04-01T18:00")
    orders.expect(line, "2026-04-20")
    with monkeypatch.context() as killed:  # the provider took it, and then we were gone
        killed.setattr(BatchBook, "_book", no_more)
        with pytest.raises(RuntimeError):
            world.sender.send_due()
    assert len(world.mails(ANN, "delay_notice")) == 1

    orders.at("2026-04-02T09:00")
    orders.look()
    world.deliver()

    assert orders.standing(line).state is State.OPTION_SHORT
    assert world.mails(ANN, "order_cancelled") == []
    assert orders.hooks("refund.required") == []


def test_the_evidence_holds_what_was_proved_under_an_address_corrected_since(
    world: World, orders: OrderWorld
) -> None:
    sold = an_order(orders, email="ann@exmaple.com")
    take_order(orders.env, orders.shop, sold, source="test")
    world.deliver()
    corrected = an_order(orders, email=ANN)
    take_order(orders.env, orders.shop, corrected, source="test")

    found = gather_evidence(orders.env, orders.shop, "#7")

    assert [link["act"] for link in found["ledger"]] == ["offered"]


def an_order(orders: OrderWorld, *, email: str) -> GivenOrder:
    said = OrderSaid(
        ref="#7",
        completed_at="2026-03-02T09:00:00-05:00",
        email=email,
        country="US",
        lines=[LineSaid(ref="1", title="Copper kettle", quantity=1)],
    )
    return read_order(said, shop_zone="Europe/London", currency="USD", now=orders.env.now())


def test_the_evidence_holds_an_answer_given_after_the_customer_was_erased(
    world: World, orders: OrderWorld
) -> None:
    line = orders.order(ref="#7").line
    orders.at("2026-03-20")
    orders.expect(line, "2026-06-01")
    world.deliver()
    erase_address(orders.env, orders.env.signer.hash_address("email", ANN), by="owner")

    wait_for(orders, line, "2026-06-01")

    found = gather_evidence(orders.env, orders.shop, "#7")
    assert [link["act"] for link in found["ledger"]][-1] == "answered"


# --- by which way -------------------------------------------------------------------------


def test_who_was_not_reached_by_mail_hears_of_the_backorder_by_text(
    make_world: Callable[..., World], twilio: FakeTwilio
) -> None:
    world = make_world(twilio=twilio)
    orders = OrderWorld(world.env, world.clock)
    orders.at("2026-03-02")
    line = orders.order(phone=PHONE).line
    assert orders.tell() == ["order_backordered"]

    orders.bounce(line)

    kinds = [(kind, medium) for kind, medium, _ in orders.messages(line)]
    assert kinds == [("order_backordered", "email"), ("order_backordered", "sms")]


def test_a_corrected_address_hears_what_came_back_from_the_wrong_one(orders: OrderWorld) -> None:
    taken: TakenOrder = take_order(
        orders.env, orders.shop, an_order(orders, email="ann@exmaple.com"), source="test"
    )
    line = taken.lines[0].id
    orders.tell()
    orders.bounce(line)
    assert orders.tell() == []

    take_order(orders.env, orders.shop, an_order(orders, email=ANN), source="test")

    assert orders.tell() == ["order_backordered"]


def test_what_has_not_left_goes_to_the_corrected_address_only(orders: OrderWorld) -> None:
    wrong = an_order(orders, email="ann@exmaple.com")
    line = take_order(orders.env, orders.shop, wrong, source="test").lines[0].id

    take_order(orders.env, orders.shop, an_order(orders, email=ANN), source="test")

    assert [state for _, _, state in orders.messages(line)] == ["skipped", "due"]
    assert orders.tell() == ["order_backordered"]


# --- what arrives late --------------------------------------------------------------------


def test_a_bounce_that_comes_after_the_answer_takes_no_consent_away(orders: OrderWorld) -> None:
    line = orders.order().line
    orders.at("2026-03-20")
    orders.expect(line, "2026-06-01")
    orders.tell()
    wait_for(orders, line, "2026-06-01")
    assert orders.standing(line).state is State.CONSENTED

    orders.bounce(line)  # from where the mail was forwarded to
    orders.at("2026-05-02")
    orders.look()

    assert orders.standing(line).state is State.CONSENTED


def test_a_bounce_of_the_first_notice_takes_no_consent_to_the_second_away(
    orders: OrderWorld,
) -> None:
    line = orders.order().line
    orders.at("2026-03-20")
    orders.expect(line, "2026-04-15")
    orders.tell()
    orders.at("2026-04-10")  # silence has agreed by now, as far as anybody knows
    orders.expect(line, "2026-05-10")
    orders.tell()
    wait_for(orders, line, "2026-05-10")

    orders.bounce(line, kind="delay_notice")
    orders.look()

    assert orders.standing(line).state is State.CONSENTED
    assert orders.standing(line).limit == date(2026, 5, 10)
    assert orders.tell() == []


def test_a_notice_reported_failed_and_then_delivered_was_offered(
    world: World, orders: OrderWorld
) -> None:
    line = orders.order().line
    orders.at("2026-03-20")
    orders.expect(line, "2026-04-10")
    world.deliver()
    bounce_receipt(orders, line, ReceiptKind.FAILED)
    assert orders.standing(line).state is State.NOTICE_DUE

    bounce_receipt(orders, line, ReceiptKind.DELIVERED)

    assert orders.standing(line).state is State.OPTION_SHORT


def test_a_notice_is_proved_once_however_often_its_arrival_is_reported(
    world: World, orders: OrderWorld
) -> None:
    line = orders.order().line
    world.deliver()
    taken_at = orders.env.now()
    orders.at("2026-03-03")

    bounce_receipt(orders, line, ReceiptKind.DELIVERED)

    [notice] = gather_evidence(orders.env, orders.shop, "#1001")["lines"][0]["notices"]
    assert notice["taken_by_provider_at"] == taken_at.isoformat()
    assert [one["act"] for one in orders.book()] == ["offered"]


def test_a_person_is_called_again_when_the_last_way_fails_near_the_end(orders: OrderWorld) -> None:
    line = orders.order().line
    orders.at("2026-03-31T10:00")
    orders.expect(line, "2026-04-10")  # late already: a person is called at once
    orders.tell()
    orders.look()
    with orders.env.db.read() as tx:
        assert not alarms.open_alarms(tx)

    orders.at("2026-03-31T12:00")
    orders.bounce(line)

    with orders.env.db.read() as tx:
        assert [one.code for one in alarms.open_alarms(tx)] == ["order.not_reached"]


# --- told twice, or never -----------------------------------------------------------------


def test_who_waits_without_end_hears_each_month_once_and_not_of_the_same_date_anew(
    orders: OrderWorld,
) -> None:
    line = orders.order().line
    orders.at("2026-03-20")
    orders.expect(line, None)
    orders.tell()
    wait_for(orders, line, None)
    orders.at("2026-03-21")
    orders.expect(line, "2026-05-10")
    assert orders.tell() == ["order_eta_better"]

    told = {}
    for day in ("2026-04-19", "2026-04-21", "2026-05-10", "2026-05-11", "2026-06-09", "2026-06-10"):
        orders.at(day)
        orders.look()
        told[day] = orders.tell()

    assert {day: kinds for day, kinds in told.items() if kinds} == {
        "2026-05-11": ["order_checking"],  # the date is over, and nobody knows another
        "2026-06-10": ["order_checking"],
    }


def test_of_two_dates_given_in_the_same_second_the_later_word_counts(orders: OrderWorld) -> None:
    line = orders.order().line
    orders.at("2026-03-20")
    orders.expect(line, "2026-06-01")
    orders.expect(line, "2026-03-25")  # corrected at once

    assert orders.standing(line).state is State.OPEN


def test_goods_that_went_to_others_are_expected_anew(orders: OrderWorld) -> None:
    orders.stock("KETTLE", 0)
    line = orders.order(lines=[{"variant": "KETTLE"}]).line
    orders.at("2026-03-05")
    orders.stock("KETTLE", 3)
    orders.look()
    orders.tell()
    orders.at("2026-03-06")
    orders.stock("KETTLE", 0, eta=Eta.on(date(2026, 5, 1)))
    orders.look()
    estimate = orders.case(line).latest(Happened.ESTIMATE)
    assert estimate is not None
    assert estimate.facts["scope"] == "stock"

    orders.at("2026-03-09")
    orders.look()

    estimate = orders.case(line).latest(Happened.ESTIMATE)
    assert estimate is not None
    assert (estimate.facts["scope"], estimate.facts["ship_by"]) == ("variant", "2026-05-01")


def test_goods_that_are_promised_later_again_are_not_announced(orders: OrderWorld) -> None:
    orders.stock("KETTLE", 0)
    line = orders.order(lines=[{"variant": "KETTLE"}]).line
    orders.tell()
    orders.at("2026-03-05")
    orders.stock("KETTLE", 3)
    orders.look()
    orders.expect(line, "2026-03-25")  # Olga found them damaged

    told = orders.tell()
    for _ in range(3):
        follow_due(orders.env)
        told += orders.tell()

    assert told == ["order_backordered"]


# --- the shop's side ----------------------------------------------------------------------


def test_lines_of_an_order_that_lapse_together_are_refunded_with_all_that_was_paid(
    orders: OrderWorld,
) -> None:
    orders.order(lines=[{}, {}, {}])

    orders.at("2026-04-02")
    orders.look()

    covers = [hook["data"]["covers"] for hook in orders.hooks("refund.required")]
    assert covers == ["everything"] * 3


def test_a_line_that_cannot_be_read_keeps_no_other_letter_back(
    world: World, orders: OrderWorld
) -> None:
    broken, sound = orders.order().line, orders.order().line
    with orders.env.db.write() as tx:
        tx.execute(
            text("UPDATE order_lines SET promise = '{\"days\": -3}' WHERE id = :id"), {"id": broken}
        )

    world.deliver()

    assert [state for _, _, state in orders.messages(sound)] == ["accepted"]
    assert [state for _, _, state in orders.messages(broken)] == ["due"]


def test_a_line_that_cannot_be_read_keeps_no_other_from_its_deadline(orders: OrderWorld) -> None:
    broken, sound = orders.order().line, orders.order().line
    with orders.env.db.write() as tx:
        tx.execute(
            text("UPDATE order_lines SET promise = '{\"days\": -3}' WHERE id = :id"), {"id": broken}
        )
        tx.execute(
            text("UPDATE order_lines SET look_at = :at WHERE id = :id"),
            {"id": broken, "at": "2026-03-01 00:00:00.000000"},
        )
    orders.at("2026-04-02")

    follow_due(orders.env)
    orders.look()

    assert orders.standing(sound).state is State.REFUND_DUE
    with orders.env.db.read() as tx:
        stored = tx.execute(
            text("SELECT state FROM order_lines WHERE id = :id"), {"id": sound}
        ).scalar_one()
        open_alarms = {one.code for one in alarms.open_alarms(tx)}
    assert stored == "refund_due"
    assert "order.unreadable" in open_alarms


def test_alarms_of_two_shops_with_the_same_order_number_are_two(
    database: Database, clock: SettableClock, smtp: Any, tmp_path: Path
) -> None:
    config = configuration(data_dir=tmp_path / "data", smtp=smtp, twilio=None)
    kettle = config.shops["kettle"]
    config.shops["pot"] = kettle.model_copy(update={"name": "Pot & Co", "public_key": "pk_pot"})
    env = open_env(config, clock=clock, db=database)
    ours, theirs = OrderWorld(env, clock), OrderWorld(env, clock, shop="pot")
    ours.at("2026-03-02")
    line = ours.order(ref="#1001").line
    theirs.order(ref="#1001")
    ours.at("2026-04-02")
    ours.look()

    ours.at("2026-04-12")
    ours.look()
    ours.happens(line, Happened.REFUND_SENT, reference="r1")

    with env.db.read() as tx:
        still = [one for one in alarms.open_alarms(tx) if one.code == "order.refund_nearly_overdue"]
    assert [one.shop_id for one in still] == [theirs.shop.id]


def test_an_alarm_about_a_refund_ends_when_none_is_owed_after_all(orders: OrderWorld) -> None:
    line = orders.order().line
    orders.at("2026-04-10")
    orders.look()
    assert Why.REFUND_NEARLY_OVERDUE in orders.standing(line).alarms

    shipped_at = orders.env.now() - timedelta(days=20)
    orders.ship(line, at=shipped_at)  # told of it late

    with orders.env.db.read() as tx:
        left = {one.code for one in alarms.open_alarms(tx)}
    assert not {code for code in left if code.startswith("order.")}


def test_olga_is_called_when_what_was_ordered_is_discontinued(orders: OrderWorld) -> None:
    orders.at("2026-03-02")
    orders.stock("KETTLE", 0)
    bought = orders.order(lines=[{"variant": "KETTLE"}])
    orders.tell()
    orders.clock.advance(timedelta(hours=1))

    orders.stock("KETTLE", 0, availability=Availability.DISCONTINUED)
    orders.look()

    with orders.env.db.read() as tx:
        assert [one.code for one in alarms.open_alarms(tx)] == ["order.discontinued"]
    orders.happens(bought.line, Happened.NO_SHIP)
    assert orders.tell() == ["order_cancelled"]
    with orders.env.db.read() as tx:
        assert alarms.open_alarms(tx) == []

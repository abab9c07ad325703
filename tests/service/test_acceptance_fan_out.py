"""Acceptance rows C: who is told, in which order, and what a failure does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifier.services.deliver import Sender
from notifier.services.done import Done
from notifier.services.end_waiting import end
from notifier.services.take_over import take_over
from notifier.store import switches
from tests.fakes.smtp_server import Fault, SmtpServer
from tests.world import ANN, BEN, World

PEOPLE = [f"p{n}@waits.example" for n in range(6)]


def test_C1_the_oldest_request_comes_first(make_world: Callable[..., World]) -> None:
    world = make_world(release={"strategy": "per_unit", "rate": 1})
    world.see("SHIRT-S", 0)
    for address in PEOPLE:
        world.waits(address)
    world.see("SHIRT-S", 3)
    world.run()
    assert [bool(world.mails(a, "back_in_stock")) for a in PEOPLE] == [True] * 3 + [False] * 3


def test_C1_quantity_asked_counts(make_world: Callable[..., World]) -> None:
    """Three units and three people who want two each is one person told."""
    world = make_world(release={"strategy": "per_unit", "rate": 1})
    world.see("SHIRT-S", 0)
    for address in PEOPLE[:3]:
        world.waits(address, quantity=2)
    world.see("SHIRT-S", 3)
    world.run()
    assert [len(world.mails(a, "back_in_stock")) for a in PEOPLE[:3]] == [1, 0, 0]
    [wave] = world.rows("SELECT told, stock, reason FROM waves")
    assert (wave["told"], wave["stock"]) == (1, 3)


def test_C1_who_wants_more_than_there_is_keeps_the_place_and_lets_others_by(
    make_world: Callable[..., World],
) -> None:
    world = make_world(release={"strategy": "per_unit", "rate": 1, "interval": timedelta(hours=1)})
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN, quantity=5)
    world.waits(BEN, quantity=1)
    world.see("SHIRT-S", 2)
    world.run()
    assert world.mails(ANN, "back_in_stock") == []
    assert len(world.mails(BEN, "back_in_stock")) == 1
    world.see("SHIRT-S", 6, step=timedelta(hours=1))
    world.run()
    assert world.subscription(ann).state == "told"


def test_C3_other_states_are_untouched_by_a_run(world: World) -> None:
    world.see("SHIRT-S", 0)
    unconfirmed = world.asks(ANN)
    ended = world.waits(BEN)
    end(world.env, ended, circumstances=_here())
    world.waits(PEOPLE[0])
    before = [world.subscription(i) for i in (unconfirmed, ended)]
    world.see("SHIRT-S", 5)
    world.run()
    assert [world.subscription(i) for i in (unconfirmed, ended)] == before


def test_C4_a_failure_for_one_stops_and_consumes_no_other(world: World) -> None:
    world.see("SHIRT-S", 0)
    ids = [world.waits(address) for address in PEOPLE]
    world.run()
    world.smtp.misbehave(Fault(at="rcpt", rcpt=PEOPLE[2], reply="450 4.2.0 Later"))
    world.see("SHIRT-S", 9)
    world.run()
    states = [world.subscription(i).state for i in ids]
    assert states == ["told", "told", "waiting", "told", "told", "told"]


def test_C5_transient_backs_off_and_gives_up_with_the_last_error_visible(world: World) -> None:
    world.deliver_with(max_failures=6)
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    world.run()
    world.smtp.misbehave(Fault(at="rcpt", rcpt=ANN, reply="450 4.2.0 Mailbox busy"))
    world.see("SHIRT-S", 9)
    waits = []
    for _ in range(12):
        world.run()
        [row] = world.rows(
            "SELECT state, reason, failures, due_at, last_code, last_detail FROM messages "
            "WHERE kind = 'back_in_stock'"
        )
        if row["state"] == "failed":
            break
        waits.append(row["failures"])
        world.see("SHIRT-S", 9, step=timedelta(hours=2))
    assert waits == list(range(1, world.config.delivery.max_failures))
    assert (row["state"], row["reason"]) == ("failed", "gave_up")
    assert "Mailbox busy" in row["last_detail"]
    assert world.subscription(ann).state == "waiting"


def test_C5_a_permanent_refusal_is_not_retried_and_ends_the_address(world: World) -> None:
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    world.run()
    world.smtp.misbehave(Fault(at="rcpt", rcpt=ANN, reply="550 5.1.1 No such user"))
    world.see("SHIRT-S", 9)
    world.run()
    world.clock.advance(timedelta(hours=5))
    world.run()
    assert world.count("attempts", "code LIKE '550%'") == 1
    assert world.subscription(ann).ended_reason == "bounced"
    assert world.count("suppressions", "reason = 'bounced'") == 1
    # and a later sign-up stores, but writes nothing
    world.smtp.behave()
    world.see("SHIRT-M", 0)
    world.asks(ANN, "SHIRT-M")
    world.run()
    assert world.mails(ANN, "confirm")[1:] == []


@pytest.mark.parametrize("reply", ["451 4.3.0 Try later", "554 5.7.1 Spam"])
def test_C6_told_only_after_the_provider_took_it(world: World, reply: str) -> None:
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    world.run()
    world.smtp.misbehave(Fault(at="dot", reply=reply))
    world.see("SHIRT-S", 9)
    world.run()
    assert world.subscription(ann).state == "waiting"
    assert world.count("messages", "state IN ('accepted', 'delivered')") == len(world.mails(ANN))


def test_C7_a_sender_that_dies_after_the_answer_is_settled_from_its_journal(
    world: World,
) -> None:
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    world.run()
    world.see("SHIRT-S", 9)
    world.announce()
    _die_at(world, booking=True)
    world.clock.advance(timedelta(minutes=5))
    take_over(world.env)
    world.see("SHIRT-S", 9)
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1
    assert world.subscription(ann).state == "told"


def test_C7_a_message_without_an_answer_is_sent_at_most_once_more(world: World) -> None:
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    world.run()
    world.smtp.misbehave(Fault(at="dot", drop=True, stores=True))
    world.see("SHIRT-S", 9)
    for _ in range(6):
        world.run()
        world.see("SHIRT-S", 9, step=timedelta(minutes=10))
    copies = world.mails(ANN, "back_in_stock")
    assert len(copies) == 2
    assert len({mail.parsed["Message-ID"] for mail in copies}) == 1
    [row] = world.rows("SELECT state, reason FROM messages WHERE kind = 'back_in_stock'")
    assert (row["state"], row["reason"]) == ("unknown", "no_answer")
    assert world.subscription(ann).reason == "told_perhaps"


def test_C8_two_senders_started_together_send_each_message_once(world: World) -> None:
    import threading

    world.see("SHIRT-S", 0)
    addresses = [f"crowd{n}@waits.example" for n in range(40)]
    for address in addresses:
        world.waits(address)
    world.run()
    world.see("SHIRT-S", 90)
    world.announce()
    senders = [Sender(world.env, world.renderer) for _ in range(3)]
    threads = [threading.Thread(target=_send_all, args=(one,)) for one in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for sender in senders:
        sender.close()
    assert [len(world.mails(a, "back_in_stock")) for a in addresses] == [1] * 40


def test_C9_waves_keep_their_interval_and_look_at_stock_again(
    make_world: Callable[..., World],
) -> None:
    world = make_world(release={"strategy": "fixed", "size": 2, "interval": timedelta(minutes=30)})
    world.see("SHIRT-S", 0)
    for address in PEOPLE:
        world.waits(address)
    world.see("SHIRT-S", 9)
    world.run()
    assert _told(world) == 2
    world.see("SHIRT-S", 9, step=timedelta(minutes=29))
    world.run()
    assert _told(world) == 2
    world.see("SHIRT-S", 9)
    world.run()
    assert _told(world) == 4
    world.see("SHIRT-S", 0, step=timedelta(minutes=30))
    world.run()
    assert _told(world) == 4
    assert world.rows("SELECT reason FROM releases")[0]["reason"] == "sold_out"


@pytest.mark.parametrize(("units", "limited"), [(1, True), (2, False), (5, False)])
def test_C11_says_limited_only_when_more_wait_than_there_are(
    world: World, units: int, limited: bool
) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.waits(BEN)
    world.run()
    plain = world.count("messages")
    world.see("SHIRT-S", units)
    world.announce()
    world.deliver()
    assert world.count("messages") == plain + 2
    body = world.mails(ANN, "back_in_stock")[0].parsed.get_body(("plain",)).get_content()
    more = "More people are waiting" in body or "fewer" in body.lower() or "limited" in body.lower()
    assert more is limited, body


def test_C12_each_restock_is_counted_and_each_message_belongs_to_one(
    make_world: Callable[..., World],
) -> None:
    world = make_world(release={"strategy": "all"}, stock={"cool_down": timedelta(0)})
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.see("SHIRT-S", 2)
    world.run()
    world.see("SHIRT-S", 0)
    world.waits(BEN)
    world.see("SHIRT-S", 2)
    world.run()
    rounds = world.rows(
        "SELECT e.epoch, c.address FROM messages m JOIN events e ON e.id = m.event_id "
        "JOIN contacts c ON c.id = m.contact_id ORDER BY e.epoch"
    )
    assert [(r["epoch"], r["address"]) for r in rounds] == [(1, ANN), (2, BEN)]


def test_C13_a_release_says_how_it_stands(make_world: Callable[..., World]) -> None:
    world = make_world(release={"strategy": "fixed", "size": 1, "interval": timedelta(hours=1)})
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.waits(BEN)
    world.see("SHIRT-S", 9)
    world.run()
    assert world.rows("SELECT state FROM releases")[0]["state"] == "running"
    world.see("SHIRT-S", 9, step=timedelta(hours=1))
    world.run()
    world.see("SHIRT-S", 9, step=timedelta(hours=1))
    world.run()
    assert world.rows("SELECT state, told FROM releases") == [{"state": "done", "told": 2}]


def test_C15_an_erased_customer_is_skipped_with_a_reason(world: World) -> None:
    from notifier.services.privacy import erase_address
    from notifier.services.typed_address import hash_typed

    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.waits(BEN)
    world.see("SHIRT-S", 5)
    world.announce()
    erase_address(world.env, hash_typed(world.env, ANN), by="Olga")
    world.deliver()
    assert world.mails(ANN, "back_in_stock") == []
    assert len(world.mails(BEN, "back_in_stock")) == 1
    assert world.count("messages", "kind = 'back_in_stock' AND state = 'skipped'") == 1


def test_C17_pausing_everything_stops_what_is_queued(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.run()
    world.see("SHIRT-S", 5)
    world.announce()
    _switch(world, off=True)
    world.run()
    assert world.mails(ANN, "back_in_stock") == []
    _switch(world, off=False)
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1


def test_a_paused_shop_sends_nothing_and_loses_nobody(world: World) -> None:
    """FI-59."""
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.run()
    world.see("SHIRT-S", 5)
    world.announce()
    _switch(world, off=True, name="shop:kettle")
    world.run()
    assert world.mails(ANN, "back_in_stock") == []
    _switch(world, off=False, name="shop:kettle")
    world.see("SHIRT-S", 5, step=timedelta(minutes=2))
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1


def test_parent_and_variant_waiting_by_one_person_give_one_message(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    one = world.waits(ANN, "SHIRT-S")
    other = world.waits(ANN, "SHIRT-S", any_variant=True)
    world.see("SHIRT-S", 5)
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1
    assert world.subscription(one).state == world.subscription(other).state == "told"


def test_E9_cancelling_between_queueing_and_sending_wins(world: World) -> None:
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    world.see("SHIRT-S", 5)
    world.announce()
    assert end(world.env, ann, circumstances=_here()) is Done.ENDED
    world.deliver()
    assert world.mails(ANN, "back_in_stock") == []


def test_nothing_is_sent_on_data_older_than_the_source_allows(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.run()
    world.see("SHIRT-S", 5)
    world.clock.advance(timedelta(hours=25))
    world.run()
    assert world.mails(ANN, "back_in_stock") == []
    world.see("SHIRT-S", 5)
    world.clock.advance(timedelta(minutes=6))
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1


def test_a_sender_whose_lease_was_taken_cannot_overwrite(world: World, smtp: SmtpServer) -> None:
    from notifier.channels.base import Outcome, Result
    from notifier.services.book_result import book_results
    from notifier.store import claims

    world.see("SHIRT-S", 0)
    world.asks(ANN)
    lease = world.config.delivery.lease
    now = world.clock()
    with world.db.write() as tx:
        [message] = claims.select_due(tx, channel="mail", now=now, limit=9)
        claims.claim(tx, [message.id], owner="zombie", now=now, lease=lease)
    world.clock.advance(lease * 2)
    take_over(world.env)
    late = Result(outcome=Outcome.ACCEPTED)
    with world.db.write() as tx:
        assert not book_results(world.env, tx, [(message, message.attempt_no + 1, late)])


def _told(world: World) -> int:
    return world.count("subscriptions", "state = 'told'")


def _send_all(sender: Sender) -> None:
    while sender.send_due():
        continue


def _switch(world: World, *, off: bool, name: str = "sending") -> None:
    with world.db.write() as tx:
        switches.turn(tx, name, off=off, why="", by="Olga", at=world.clock())


def _here():  # type: ignore[no-untyped-def]
    from notifier.services.consent import Circumstances

    return Circumstances()


def _die_at(world: World, *, booking: bool) -> None:
    """The sender's process ends where it would book: its journal stays, its lock goes."""
    import os

    class Killed(BaseException):
        pass

    def die(_results: object) -> None:
        raise Killed

    world.sender._book = die  # type: ignore[method-assign,assignment]
    with pytest.raises(Killed):
        world.sender.send_due()
    os.close(world.sender._journal._file)
    world.sender = Sender(world.env, world.renderer)

"""Is what was kept long enough deleted, and what is still needed not?"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import delete, insert

from notifier.domain.eta import Eta
from notifier.services import announce, steer_release, tidy
from notifier.services.pace import Pace
from notifier.services.sweep import sweep
from notifier.store import alarms, events, purge
from notifier.store.tables.orders import notices, order_events, order_lines, orders
from notifier.store.tables.people import contacts, subscriptions
from notifier.store.tables.telling import messages
from tests.meanwhile import Meanwhile
from tests.world import ANN, BEN, EVE, World

YEAR = timedelta(days=365)


def restock(world: World, key: str, *people: str) -> None:
    """Sold out, waited for, back, told, and sold out again."""
    world.see(key, 0, step=timedelta(hours=12))
    for one in people:
        world.waits(one, key)
    world.run()
    world.see(key, 5)
    world.run()
    world.see(key, 0)


def test_finished_history_goes_and_the_last_of_each_variant_stays(world: World) -> None:
    world.see("SHIRT-S", 0)
    for _ in range(3):
        restock(world, "SHIRT-S", ANN)
    assert world.count("releases") == world.count("events") == world.count("waves") == 3
    world.clock.advance(YEAR + timedelta(days=1))
    counts = tidy.tidy(world.env)
    assert (counts["releases"], counts["events"]) == (2, 2)
    assert world.count("releases") == world.count("events") == world.count("waves") == 1
    assert world.count("stock_changes") > 5
    world.clock.advance(2 * YEAR)
    tidy.tidy(world.env)
    assert world.count("stock_changes") == 1
    assert set(tidy.tidy(world.env).values()) == {0}


def test_young_history_stays_and_zero_keeps_for_ever(world: World) -> None:
    for _ in range(2):
        restock(world, "SHIRT-S", ANN)
    world.clock.advance(YEAR - timedelta(days=2))
    tidy.tidy(world.env)
    assert world.count("releases") == world.count("events") == 2
    keep = world.config.retention.model_copy(
        update={"history": timedelta(0), "stock_history": timedelta(0)}
    )
    world.env.config = world.config.model_copy(update={"retention": keep})
    world.clock.advance(4 * YEAR)
    tidy.tidy(world.env)
    assert world.count("releases") == world.count("events") == 2
    assert world.count("stock_changes") > 3


def test_kept_messages_keep_what_they_are_about(world: World) -> None:
    keep = world.config.retention.model_copy(
        update={"messages": timedelta(0), "ended": timedelta(0)}
    )
    world.env.config = world.config.model_copy(update={"retention": keep})
    for _ in range(2):
        restock(world, "SHIRT-S", ANN)
    world.clock.advance(2 * YEAR)
    tidy.tidy(world.env)
    assert world.count("releases") == world.count("events") == 2


def test_a_persons_word_outlives_the_history(world: World) -> None:
    """What Olga stopped long ago is not announced because nobody remembers."""
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.run()
    world.see("SHIRT-S", 5)
    world.env.pace = Pace(people=1, turn=0)
    announce.announce(world.env)  # one step
    [release] = world.rows("SELECT id FROM releases")
    steer_release.stop_release(world.env, world.shop, release["id"], by="Olga")
    for _ in range(14):
        world.see("SHIRT-S", 5, step=timedelta(days=28))
    tidy.tidy(world.env)
    sweep(world.env)
    world.run()
    assert world.mails(ANN, "back_in_stock") == []


def test_holds_alarms_and_promised_dates_go_in_their_time(world: World) -> None:
    for day in (10, 20, 30):
        world.see("SHIRT-S", 0, eta=Eta.on(date(2027, 1, day)))
    with world.db.write() as tx:
        now, shop = world.clock(), world.shop.id
        made = [
            events.make_hold(tx, shop_id=shop, source="push", at=now, why="", count=1)
            for _ in range(2)
        ]
        events.decide_hold(tx, made[0], decision="dropped", by="Olga", at=now)
        for about in ("one", "two"):
            alarms.record_alarm(
                tx, code="test", about=about, message="", shop_id=None, facts={}, now=now
            )
        alarms.clear_alarm(tx, code="test", about="one", now=now)
    world.clock.advance(YEAR + timedelta(days=1))
    tidy.tidy(world.env)
    assert world.rows("SELECT id FROM holds") == [{"id": made[1]}]  # nobody has decided
    assert world.rows("SELECT about FROM alarms") == [{"about": "two"}]
    assert world.count("etas") == 3
    world.clock.advance(2 * YEAR)
    tidy.tidy(world.env)
    assert world.count("etas") == 1


def test_one_sort_that_cannot_be_deleted_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.see("SHIRT-S", 0)
    world.asks(ANN)
    world.clock.advance(timedelta(days=31))

    def fail(*_: object, **__: object) -> int:
        raise RuntimeError("a row that cannot go")

    with monkeypatch.context() as patch:
        patch.setattr(purge, "messages_before", fail)
        counts = tidy.tidy(world.env)
        tidy.tidy(world.env)
    assert (counts["unconfirmed"], counts["contacts"]) == (1, 1)
    [alarm] = world.rows("SELECT about, message, count, cleared_at FROM alarms")
    assert (alarm["about"], alarm["count"], alarm["cleared_at"]) == ("messages", 2, None)
    assert "a row that cannot go" in alarm["message"]
    world.deliver()
    assert len(world.mails("olga@kettle.example")) == 1
    tidy.tidy(world.env)
    assert world.count("alarms", "cleared_at IS NULL") == 0


def _contacts(world: World, count: int) -> None:
    with world.db.write() as tx:
        rows = [
            {
                "medium": "email",
                "address": f"x{n}@gone.example",
                "address_hash": f"hash {n}",
                "created_at": world.clock(),
            }
            for n in range(count)
        ]
        tx.execute(insert(contacts), rows)


def test_all_addresses_without_anything_go_in_one_run(world: World) -> None:
    _contacts(world, 2 * tidy.BATCH + 1)
    world.see("SHIRT-S", 0)
    world.waits(BEN)
    tidy.tidy(world.env)
    assert world.count("contacts") == 1


@pytest.mark.parametrize("engine_name", ["postgres"], indirect=True)
def test_who_signs_up_while_their_old_address_goes_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.see("SHIRT-S", 0)
    ended = world.waits(ANN)
    with world.db.write() as tx:
        tx.execute(delete(messages))
        tx.execute(delete(subscriptions).where(subscriptions.c.id == ended))
    with Meanwhile(world, monkeypatch) as ann:
        ann.acts_before(tidy, "delete_found", lambda: world.asks(ANN))
        assert tidy.tidy(world.env)["contacts"] == 1
    assert ann.answer() is not None
    assert world.count("subscriptions") == world.count("contacts") == 1
    with world.db.read() as tx:
        assert alarms.open_alarms(tx) == []


def test_all_old_messages_go_in_one_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    restock(world, "SHIRT-S", ANN, BEN, EVE)
    there = world.count("messages")
    keep = world.config.retention.model_copy(
        update={"messages": timedelta(days=1), "ended": timedelta(0)}
    )
    world.env.config = world.config.model_copy(update={"retention": keep})
    world.clock.advance(timedelta(days=2))
    monkeypatch.setattr(tidy, "BATCH", 2)

    assert tidy.tidy(world.env)["messages"] == there > 2
    assert world.count("messages") == 0


def test_a_run_ends_when_its_time_is_up_and_the_next_goes_on(world: World) -> None:
    _contacts(world, 2 * tidy.BATCH + 1)
    assert tidy.tidy(world.env, at_most=0)["contacts"] == tidy.BATCH
    assert tidy.tidy(world.env)["contacts"] == tidy.BATCH + 1


def test_what_is_all_needed_is_looked_at_without_holding_up_who_writes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidy, "BATCH", 1)
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    written = []
    for address in (BEN, EVE):
        before = world.db.changes
        tidy.tidy(world.env)
        written.append(world.db.changes - before)
        world.waits(address)
    assert written[0] == written[1]
    assert world.count("contacts") == 3


def test_who_waits_for_an_order_is_kept_and_so_is_what_was_told(world: World) -> None:
    _contacts(world, 2)
    line = _order(world, state="notice_due")
    world.clock.advance(timedelta(days=100))
    tidy.tidy(world.env)
    assert world.count("contacts") == 2
    assert world.count("messages", "order_line_id = :id", id=line) == 1
    with world.db.write() as tx:
        tx.execute(order_lines.update().values(state="shipped"))
    tidy.tidy(world.env)
    assert world.count("contacts") == 2  # of the order itself
    assert world.count("messages") == 0


def test_an_order_that_is_over_goes_with_all_its_proof_when_its_time_is_up(world: World) -> None:
    _contacts(world, 2)
    _order(world, state="refund_due")
    world.clock.advance(timedelta(days=2191))
    tidy.tidy(world.env)
    for table in ("orders", "order_lines", "order_events", "notices"):
        assert world.count(table) == 1, table  # money is owed
    with world.db.write() as tx:
        tx.execute(order_lines.update().values(state="refunded"))
    tidy.tidy(world.env)
    for table in ("orders", "order_lines", "order_events", "notices", "messages", "contacts"):
        assert world.count(table) == 0, table


def _order(world: World, *, state: str) -> int:
    """An order by one contact, with the other's phone, and one message about it, on record."""
    from notifier.store import outbox, receipts

    ids = [row["id"] for row in world.rows("SELECT id FROM contacts ORDER BY id")]
    now = world.clock()
    with world.db.write() as tx:
        order = tx.execute(
            insert(orders).values(
                shop_id=world.shop.id,
                ref="1001",
                email_id=ids[0],
                phone_id=ids[1],
                locale="en",
                zone="UTC",
                completed_at=now,
                created_at=now,
            )
        ).inserted_primary_key[0]
        line = tx.execute(
            insert(order_lines).values(
                order_id=order,
                shop_id=world.shop.id,
                ref="1",
                title="Shirt",
                quantity=1,
                sold_as="backorder",
                created_at=now,
                assessed_at=now,
                state=state,
            )
        ).inserted_primary_key[0]
        message = outbox.add_message(
            tx,
            outbox.NewMessage(
                shop_id=world.shop.id,
                kind="delay_notice",
                medium="email",
                channel="mail",
                locale="en",
                priority=0,
                due_at=now,
                order_line_id=line,
            ),
            now=now,
        )
        receipts.settle_message(
            tx,
            message,
            state="accepted",
            reason="",
            code="",
            detail="",
            provider_id="",
            now=now,
        )
        tx.execute(
            insert(order_events).values(
                line_id=line, at=now, recorded_at=now, kind="notice_offered", key="1"
            )
        )
        tx.execute(
            insert(notices).values(
                line_id=line,
                message_id=message,
                attempt_no=1,
                kind="delay_notice",
                medium="email",
                address=ANN,
                locale="en",
                plan={},
                digest="",
                written_at=now,
            )
        )
    return int(line)

"""Do jobs that look at everything leave those alone who write, when there is nothing to do?"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from notifier.services import learn, release_seen
from notifier.services.sweep import sweep
from notifier.store import ledger
from notifier.store.backlog import depths
from notifier.store.claims import leased
from notifier.store.spent import wait_no_longer
from notifier.store.tables.people import subscriptions
from notifier.store.told import move_all_told
from tests.plans import steps
from tests.world import ANN, BEN, World

DAY = timedelta(days=1)


def plans(world: World, ask: Callable[[Any], object]) -> list[str]:
    """How SQLite answers what is asked; nothing elsewhere."""
    asked: list[tuple[str, Any]] = []
    with world.db.write() as tx:
        event.listen(tx, "before_cursor_execute", lambda *said: asked.append((said[2], said[3])))
        ask(tx)
        if not world.db.is_sqlite:
            return []
        assert asked, "nothing was asked of the database"
        return [
            str(tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all())
            for statement, values in list(asked)
        ]


def test_what_is_open_or_unsealed_is_found_without_a_walk_over_all_there_ever_was(
    world: World,
) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    for plan in plans(world, leased) + plans(world, depths):
        assert "ix_messages_" in plan, plan
    spent = plans(world, lambda tx: wait_no_longer(tx, "mail", codes=["x"], now=world.env.now()))
    for plan in spent:
        assert "ix_messages_due" in plan, plan
    for plan in plans(world, lambda tx: ledger.has_unsealed(tx, "consent")):
        assert "SEARCH ledger" in plan, plan


@pytest.mark.parametrize("engine_name", ["sqlite", "postgres"], indirect=True)
def test_the_end_of_a_line_is_told_without_a_walk_over_all_messages(world: World) -> None:
    """PostgreSQL may take a short stretch for a long one, and a long table for a short one, and
    compare all people with all messages."""
    world.see("SHIRT-S", 0)
    for number in range(60):
        world.waits(f"waits-{number}@people.example")
    found: list[str] = []

    def explain(tx: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith("INSERT INTO messages"):
            how = "EXPLAIN QUERY PLAN" if world.db.is_sqlite else "EXPLAIN"
            found.append("\n".join(map(str, tx.exec_driver_sql(f"{how} {statement}", values))))

    event.listen(world.db.engine, "before_cursor_execute", explain)
    world.see("SHIRT-S", 60)
    world.run()
    event.remove(world.db.engine, "before_cursor_execute", explain)
    plan = next(plan for plan in found if "messages" in plan and "ahead" in plan)
    assert not re.search("Hash|Merge|Seq Scan|SCAN|Filter: .*contact_id =", plan), plan


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@pytest.mark.parametrize("with_any", [True, False])
def test_who_was_told_is_found_without_a_walk_along_the_line(world: World, with_any: bool) -> None:
    """SQLite has no statistics and would rather look by product and state."""
    world.see("SHIRT-S", 0)
    ids = [world.waits(address) for address in (ANN, BEN)]

    def note() -> None:
        with world.db.write() as tx:
            told = tx.execute(select(subscriptions).where(subscriptions.c.id.in_(ids))).all()
            move_all_told(
                tx,
                subscription_ids=ids,
                contact_ids=[one.contact_id for one in told],
                product_id=told[0].product_id,
                variant_id=told[0].variant_id,
                with_any=with_any,
                with_physical=True,
                from_states=("waiting", "paused"),
                reason="told",
            )

    note()  # what is done once
    with_few = steps(world.db, note)
    for number in range(100):
        world.waits(f"waits-{number}@people.example")
    assert with_few > 100  # they were counted
    assert steps(world.db, note) < with_few + 100  # not even one for each


@pytest.mark.parametrize("engine_name", ["postgres"], indirect=True)
def test_no_statement_is_compiled_first(world: World) -> None:
    with world.db.read() as tx:
        assert tx.exec_driver_sql("SHOW jit").scalar_one() == "off"


def test_a_sweep_writes_no_more_often_because_somebody_waits(world: World) -> None:
    written = []
    for address in (ANN, BEN):
        before = world.db.changes
        sweep(world.env)
        written.append(world.db.changes - before)
        world.see("SHIRT-S", 0)
        world.waits(address)
        world.clock.advance(DAY)
    assert written[0] == written[1]


def test_a_release_is_read_outside_of_any_transaction_that_writes_and_not_on_its_first_day(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.run()
    world.see("SHIRT-S", 3)
    world.run()
    assert learn.learn_all(world.env) == 0
    world.clock.advance(DAY)
    asked: list[str] = []
    read = release_seen.release_seen

    def watched(env: Any, tx: Any, *args: Any, **named: Any) -> Any:
        with env.db.write():  # on SQLite it would wait for itself
            asked.append("read")
        return read(env, tx, *args, **named)

    monkeypatch.setattr(learn, "release_seen", watched)
    assert learn.learn_all(world.env) == 1
    assert asked == ["read"]
    assert world.count("lessons") == 1

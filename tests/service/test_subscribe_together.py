"""Is what many ask for at the same moment stored as if they had come one after the other?"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from notifier.domain.availability import Availability
from notifier.domain.subscription import Origin
from notifier.errors import StoreBusy
from notifier.services.consent import Circumstances
from notifier.services.read_address import read_address
from notifier.services.subscribe import subscribe, subscribe_all
from notifier.services.subscribe_together import Asked, subscribe_together
from notifier.services.wanted import SignUp
from notifier.store import joining, shut_addresses, write_line
from notifier.store.write_line import ALONE, NotTogether
from tests.meanwhile import Meanwhile
from tests.timing import wait_until
from tests.world import ANN, BEN, EVE, World

TABLES = {
    "contacts": "medium, address, address_hash, time_zone, erased_at",
    "subscriptions": "shop_id, product_id, variant_id, target, medium, locale, quantity,"
    " physical_only, accepts_marketing, state, origin, page_url, created_at, asked_at,"
    " confirmed_at, expires_at, eta_told, tags, ended_at",
    "ledger": "book, act, at, facts, personal, personal_digest, shop_id, address_hash, sequence",
    "limits": "bucket, starts_at, ends_at, count",
    "messages": "shop_id, kind, medium, channel, address, locale, priority, state, created_at,"
    " due_at, expires_at, facts, event_id, template_version, attempt_no",
}
FROM = Circumstances(
    ip="203.0.113.7", agent="Mozilla/5.0 “quoted”", page_url="https://kettle.example/p?ü=1"
)


def ask(address: str, **more: Any) -> SignUp:
    by = {"phone": address} if address.startswith("+") else {"email": address}
    return SignUp(**{"variant": "SHIRT-S", "circumstances": FROM, **by, **more})


def read(world: World, one: SignUp) -> Asked:
    address = read_address(world.env, world.shop, email=one.email, phone=one.phone)
    return Asked(shop=world.shop, ask=one, address=address, text=None)


def at_once(world: World, *asks: SignUp) -> list[object]:
    with world.db.write() as tx:
        return list(subscribe_together(world.env, tx, [read(world, one) for one in asks]))


def dump(world: World) -> dict[str, list[str]]:
    """All that is stored, in some order, without ids."""
    return {
        table: sorted(str(row) for row in world.rows(f"SELECT {columns} FROM {table}"))
        for table, columns in TABLES.items()
    }


def forget(world: World) -> None:
    with world.db.write() as tx:
        for table in ("messages", "ledger", "limits", "subscriptions", "contacts"):
            tx.exec_driver_sql(f"DELETE FROM {table}")


def test_the_same_rows_are_stored_as_one_after_the_other(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0, product="OTHER")
    asks = [
        ask(ANN, quantity=3, time_zone="Europe/Berlin", locale="de"),
        ask(BEN, variant="SHIRT-M", physical_only=True, accepts_marketing=True),
        ask(EVE, circumstances=replace(FROM, ip="2001:db8::1"), origin=Origin.FORM),
        ask("o'hara+x@wäits.example", circumstances=Circumstances()),
    ]
    for one in asks:
        assert subscribe(world.env, world.shop, one) is not None
    expected = dump(world)
    assert len(expected["messages"]) == len(asks)
    forget(world)
    ids = at_once(world, *asks)
    assert dump(world) == expected
    rows = world.rows(
        "SELECT s.id, c.address, l.subscription_id AS proof, m.contact_id FROM subscriptions s"
        " JOIN contacts c ON c.id = s.contact_id JOIN ledger l ON l.address_hash = c.address_hash"
        " JOIN messages m ON m.subscription_id = s.id AND m.contact_id = c.id"
    )
    assert {row["address"]: row["id"] for row in rows} == {
        read(world, one).address.value: id_ for one, id_ in zip(asks, ids, strict=True)
    }
    assert all(row["id"] == row["proof"] for row in rows)
    world.run()
    assert len(world.mails(kind="confirm")) == len(asks)


def test_whoever_is_not_usual_is_left_to_be_stored_alone(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 5, product="OTHER")
    world.see("GONE", availability=Availability.DISCONTINUED, product="THIRD")
    world.waits(ANN)
    with world.db.write() as tx:
        shut_addresses.suppress(
            tx,
            address_hash=read(world, ask("left@waits.example")).address.hash,
            shop_id=world.shop.id,
            reason="unsubscribed",
            source="link",
            at=world.clock(),
        )
    before = dump(world)
    asks = [
        ask(ANN),
        ask("left@waits.example"),
        ask("new@waits.example", variant="SHIRT-M"),
        ask("new@waits.example", variant="GONE"),
        ask("new@waits.example", variant="NEVER-SEEN"),
    ]
    assert at_once(world, *asks) == [ALONE] * len(asks)
    assert at_once(world, ask("new@waits.example")) == [ALONE]  # of one it is no use
    assert dump(world) == before
    first, second, again = at_once(world, ask(BEN), ask(EVE), ask(BEN, quantity=2))
    assert again is ALONE
    assert first is not ALONE
    assert second is not ALONE


@pytest.mark.parametrize(
    "more",
    [
        {"product": "SHIRT"},
        {"any_variant": True},
        {"origin": Origin.API, "confirmed": True, "evidence": "paper"},
        {"tags": ("vip",)},
        {"variant": "", "product": "SHIRT"},
        {"circumstances": Circumstances(agent="a\0b")},
    ],
)
def test_what_says_more_than_usual_is_never_tried_together(
    world: World, more: dict[str, Any]
) -> None:
    world.see("SHIRT-S", 0)
    assert read(world, ask(ANN)).is_plain
    assert not read(world, ask(ANN, **more)).is_plain
    assert not read(world, ask("postmaster@waits.example")).is_plain


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        ("signups_per_network", 3),
        ("signups_per_product", 3),
        ("confirmations_per_shop", 3),
    ],
)
def test_where_a_limit_would_be_met_nothing_is_stored_together(
    world: World, rule: str, met: int
) -> None:
    world.see("SHIRT-S", 0)
    limits = world.env.config.limits.model_copy(update={rule: met})
    world.env.config = world.env.config.model_copy(update={"limits": limits})
    asks = [ask(f"p{n}@waits.example") for n in range(met + 1)]
    with pytest.raises(NotTogether):
        at_once(world, *asks)
    assert world.count("subscriptions") == 0
    assert ALONE not in at_once(world, *asks[:met])
    with pytest.raises(NotTogether):
        at_once(world, ask("late-1@waits.example"), ask("late-2@waits.example"))


def test_who_has_worked_is_free_of_the_limit_of_a_product(world: World) -> None:
    world.see("SHIRT-S", 0)
    limits = world.env.config.limits.model_copy(update={"signups_per_product": 1})
    world.env.config = world.env.config.model_copy(update={"limits": limits})
    with pytest.raises(NotTogether):
        at_once(world, ask(ANN, has_worked=True), ask(BEN))
    assert ALONE not in at_once(world, ask(ANN, has_worked=True), ask(BEN, has_worked=True))
    world.reconfigure(proof_of_work="never")
    assert ALONE not in at_once(world, ask(EVE), ask("late@waits.example"))


def test_windows_of_before_count_together_with_those_of_now(world: World) -> None:
    world.see("SHIRT-S", 0)
    limits = world.env.config.limits.model_copy(update={"signups_per_network": 3})
    world.env.config = world.env.config.model_copy(update={"limits": limits})
    at_once(world, ask(ANN), ask(BEN))
    world.clock.advance(timedelta(minutes=30))
    with pytest.raises(NotTogether):
        at_once(world, ask(EVE), ask("late@waits.example"))
    world.clock.advance(timedelta(minutes=40))
    assert ALONE not in at_once(world, ask(EVE), ask("late@waits.example"))


def test_those_who_come_while_others_are_stored_share_what_is_asked_of_the_database(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Usual ones, an unusual one between them, and one who is refused: each has his own answer."""
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 5, product="OTHER")
    known = world.asks(ANN)
    assert known is not None
    may_go = threading.Event()
    leads = threading.Event()

    def hold(_tx: object) -> None:
        leads.set()
        assert may_go.wait(20)

    sizes: list[int] = []
    from notifier.services import subscribe as module

    original = module.subscribe_together

    def counted(env: Any, tx: Any, asked: Any) -> list[object]:
        sizes.append(len(asked))
        return original(env, tx, asked)

    monkeypatch.setattr(module, "subscribe_together", counted)
    asks = [ask(f"p{n}@waits.example") for n in range(8)]
    asks += [ask(ANN), ask(BEN, variant="SHIRT-M")]
    answers: dict[int, object] = {}

    def sign_up(n: int) -> None:
        try:
            answers[n] = subscribe(world.env, world.shop, asks[n])
        except Exception as error:  # noqa: BLE001  it is the answer
            answers[n] = type(error).__name__

    holder = threading.Thread(target=world.db.together, args=(hold,))
    holder.start()
    assert leads.wait(20)
    threads = [threading.Thread(target=sign_up, args=(n,)) for n in range(len(asks))]
    for one in threads:
        one.start()
    wait_until(lambda: len(world.db._commits._queue) == len(asks), 20)
    may_go.set()
    for one in (holder, *threads):
        one.join(20)
    assert sizes == [10]
    assert answers[8] is None
    assert answers[9] == "Conflict"
    assert len({answers[n] for n in range(8)} - {None}) == 8
    assert world.count("subscriptions") == 9
    assert world.count("messages", "kind = 'confirm'") == 9


@pytest.mark.parametrize("engine_name", ["postgres"])
def test_what_does_not_depend_on_an_answer_is_asked_before_it_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.see("SHIRT-S", 0)
    steps: list[str] = []
    execute, fetchall = psycopg.Cursor.execute, psycopg.Cursor.fetchall

    def asks(cursor: Any, *given: Any, **more: Any) -> Any:
        steps.append("ask")
        return execute(cursor, *given, **more)

    def waits(cursor: Any) -> Any:
        steps.append("wait")
        return fetchall(cursor)

    with world.db.write() as tx:
        driver: Any = tx.connection.driver_connection
        several = [read(world, ask(f"p{n}@waits.example")) for n in range(3)]
        with monkeypatch.context() as patch, driver.pipeline():
            patch.setattr(psycopg.Cursor, "execute", asks)
            patch.setattr(psycopg.Cursor, "fetchall", waits)
            made = subscribe_together(world.env, tx, several)
    assert ALONE not in made
    ways = sum(one == "wait" and before == "ask" for before, one in pairwise(steps))
    assert ways == 4  # who and what, its stock, counts with lock and contacts, the subscriptions


@pytest.mark.parametrize("engine_name", ["postgres"])
@pytest.mark.parametrize("others", [1, 2])
def test_who_asks_for_two_things_at_once_of_two_processes_is_asked_to_confirm_once(
    world: World, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    """Both see an address that nothing is known of, and come from different networks."""
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0, product="OTHER")
    elsewhere = replace(FROM, ip="198.51.100.7")
    again = [ask(one, circumstances=elsewhere) for one in (ANN, BEN)][:others]

    def sign_up() -> list[object]:
        if others == 1:
            return [subscribe(world.env, world.shop, *again)]
        return at_once(world, *again)

    with Meanwhile(world, monkeypatch) as somebody:
        somebody.acts_before(joining, "ask_for_contacts", sign_up)
        with pytest.raises(NotTogether):
            at_once(world, ask(ANN, variant="SHIRT-M"), ask(EVE, variant="SHIRT-M"))
    assert None not in somebody.answer()
    for address in (ANN, EVE):
        assert subscribe(world.env, world.shop, ask(address, variant="SHIRT-M")) is not None
    world.run()
    assert len(world.mails(kind="confirm")) == others + 1


def test_who_leads_is_stored_too_when_the_time_of_his_group_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He is not usual and the first in line; the others took all the time that a group has."""
    world.see("SHIRT-S", 0)
    monkeypatch.setattr(write_line, "LONGEST_GROUP", 0)
    known = world.asks(ANN)
    asks = [ask(ANN, quantity=2), ask(BEN), ask(EVE)]
    answers = subscribe_all(world.env, [(world.shop, one) for one in asks])
    assert answers[0] is None
    assert None not in answers[1:]
    assert known is not None
    assert subscribe(world.env, world.shop, ask("late@waits.example")) is not None


def test_a_failure_together_is_tried_again_one_by_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.see("SHIRT-S", 0)
    from notifier.store.write_line import Alike

    def fail(_about: object, tx: Any, given: Any) -> list[object]:
        at = world.env.now()
        subscribe_together(world.env, tx, given)
        raise ZeroDivisionError(f"for once, at {at}")

    may_go, leads = threading.Event(), threading.Event()

    def hold(_tx: object) -> None:
        leads.set()
        assert may_go.wait(20)

    holder = threading.Thread(target=world.db.together, args=(hold,))
    holder.start()
    assert leads.wait(20)
    done: list[object] = []
    kind = object()

    def one(n: int) -> None:
        given = read(world, ask(f"p{n}@waits.example"))
        done.append(world.db.together(lambda _: n, Alike(at_once=fail, about=kind, given=given)))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(world.db._commits._queue) == 3, 20)
    may_go.set()
    for thread in (holder, *threads):
        thread.join(20)
    assert sorted(done) == [0, 1, 2]  # type: ignore[type-var]
    assert world.count("subscriptions") == 0


@pytest.mark.parametrize("engine_name", ["postgres"])
def test_a_line_that_is_cut_while_many_are_stored_costs_nobody_his_place(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.see("SHIRT-S", 0)
    from notifier.services import subscribe as module

    original = module.subscribe_together
    cut: list[int] = []

    def cut_once(env: Any, tx: Any, asked: Any) -> list[object]:
        done = original(env, tx, asked)
        if not cut:
            cut.append(tx.connection.driver_connection.info.backend_pid)
            with world.db.engine.connect() as other:
                other.exec_driver_sql(f"SELECT pg_terminate_backend({cut[0]}, 5000)")
        return done

    monkeypatch.setattr(module, "subscribe_together", cut_once)
    may_go, leads = threading.Event(), threading.Event()

    def hold(_tx: object) -> None:
        leads.set()
        assert may_go.wait(20)

    with contextlib.ExitStack() as stack:
        holder = threading.Thread(target=_in_vain, args=(world, hold))
        holder.start()
        stack.callback(holder.join, 20)
        assert leads.wait(20)
        made: list[object] = []
        asks = [ask(f"p{n}@waits.example") for n in range(4)]
        threads = [
            threading.Thread(
                target=lambda one=one: made.append(subscribe(world.env, world.shop, one))
            )
            for one in asks
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(world.db._commits._queue) == len(asks), 20)
        may_go.set()
        for thread in threads:
            thread.join(20)
    assert len(cut) == 1
    assert len(set(made)) == len(asks)
    assert world.count("subscriptions") == world.count("messages") == len(asks)


def _in_vain(world: World, work: Any) -> None:
    with contextlib.suppress(StoreBusy):  # its transaction was cut with theirs
        world.db.together(work)

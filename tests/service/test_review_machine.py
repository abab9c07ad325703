"""Whatever order things happen in: is everybody told once, and nobody who should not be?

A machine that mixes looks, sign-ups, confirmations, pauses, changes, unsubscribing, outages,
announcing, delivering and the passing of time, and holds the invariants of trust RL-21 after each
step. At the end the goods come, and whoever still waits must hear of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from notifier.domain.availability import Availability
from notifier.errors import Conflict
from notifier.services.change_variant import change_variant
from notifier.services.confirm import confirm
from notifier.services.consent import Circumstances
from notifier.services.end_waiting import end
from notifier.services.manage import pause, resume
from notifier.services.steer_release import pause_release, resume_release, stop_release
from notifier.services.sweep import sweep
from notifier.store.session import Database
from tests.databases import SqliteTemplate
from tests.fakes.smtp_server import Fault, SmtpServer
from tests.timing import SettableClock
from tests.world import ANN, BEN, EVE, World

HERE = Circumstances()
SIZES = ("SHIRT-S", "SHIRT-M")
TARGETS = (*SIZES, "any")
DOWN = Fault(at="mail", reply="451 4.3.0 Not now")
STRATEGIES = (
    {"strategy": "all"},
    {"strategy": "fixed", "size": 1, "interval": timedelta(minutes=5)},
    {"strategy": "per_unit", "rate": 1, "interval": timedelta(minutes=5)},
    {"strategy": "adaptive"},
    {"hold_for": timedelta(minutes=40)},
    {"strategy": "fixed", "size": 1, "interval": timedelta(minutes=5), "order": "lottery"},
)
STEPS = st.sampled_from([timedelta(minutes=1), timedelta(minutes=31), timedelta(hours=7)])
ALERTS = """
    SELECT m.id, m.state, m.reason, m.subscription_id, s.contact_id, s.variant_id AS wanted,
           e.variant_id AS told_of, m.created_at
    FROM messages m JOIN events e ON e.id = m.event_id
    JOIN subscriptions s ON s.id = m.subscription_id WHERE m.kind = 'back_in_stock'
"""


class Waiting(RuleBasedStateMachine):
    """The machine. `make_world` gives a fresh world for each example."""

    make_world: Any

    @initialize(release=st.sampled_from(STRATEGIES), looks=st.sampled_from([1, 1, 2]))
    def open_shop(self, release: dict[str, Any], looks: int) -> None:
        self.world: World = self.make_world(release=release, stock={"confirm_looks": looks})
        self.wishes: dict[int, str] = {}  # subscription: what its owner last asked of it
        self.mails_seen = 0
        for size in SIZES:
            self.world.see(size, 0)

    # ---- what happens ----

    @rule(size=st.sampled_from(SIZES), units=st.sampled_from([0, 0, 1, 5, None]), step=STEPS)
    def look(self, size: str, units: int | None, step: timedelta) -> None:
        self.world.see(size, units, step=step)

    @rule(units=st.sampled_from([0, 3]))
    def look_at_both(self, units: int) -> None:
        for size in SIZES:
            self.world.see(size, units, step=timedelta(0))

    @rule(size=st.sampled_from(SIZES))
    def order_later(self, size: str) -> None:
        self.world.see(size, availability=Availability.BACKORDER)

    @rule(who=st.sampled_from([ANN, BEN, EVE]), size=st.sampled_from(TARGETS))
    def ask(self, who: str, size: str) -> None:
        any_size = size == "any"
        try:
            made = self.world.asks(who, SIZES[0] if any_size else size, any_variant=any_size)
        except Conflict:  # it can be bought now, and the answer said so
            return
        if made is not None:
            self.wishes[made] = "asked"
        for row in self.world.rows("SELECT id FROM subscriptions WHERE state = 'waiting'"):
            if self.wishes[row["id"]] == "asked":  # the address has confirmed before
                self.wishes[row["id"]] = "confirmed"

    @precondition(lambda self: self.wishes)
    @rule(which=st.integers(0, 50))
    def confirm_one(self, which: int) -> None:
        one = self._pick(which)
        confirm(self.world.env, one, circumstances=HERE)
        if self.wishes[one] == "asked":
            self.wishes[one] = "confirmed"

    @precondition(lambda self: self.wishes)
    @rule(which=st.integers(0, 50))
    def end_one(self, which: int) -> None:
        one = self._pick(which)
        end(self.world.env, one, circumstances=HERE)
        self.wishes[one] = "ended"

    @precondition(lambda self: self.wishes)
    @rule(which=st.integers(0, 50))
    def pause_one(self, which: int) -> None:
        one = self._pick(which)
        pause(self.world.env, self.world.subscription(one).contact_id, one, until=None)

    @precondition(lambda self: self.wishes)
    @rule(which=st.integers(0, 50))
    def resume_one(self, which: int) -> None:
        one = self._pick(which)
        resume(self.world.env, self.world.subscription(one).contact_id, one)

    @precondition(lambda self: self.wishes)
    @rule(which=st.integers(0, 50), size=st.sampled_from(TARGETS))
    def change_one(self, which: int, size: str) -> None:
        one = self._pick(which)
        ids = {row["key"]: row["id"] for row in self.world.rows("SELECT id, key FROM variants")}
        try:
            change_variant(
                self.world.env,
                self.world.subscription(one).contact_id,
                one,
                variant_id=ids.get(size),
            )
        except Conflict:
            return
        for each in self.wishes:  # of two wishes for the same the one that is confirmed stays
            if self.world.subscription(each).ended_reason == "replaced":
                self.wishes[each] = "ended"

    @rule()
    def announce(self) -> None:
        """Nothing is promised that somebody else holds, or that is not there."""
        before = self._promised()
        self.world.announce()
        after = self._promised()
        for row in self.world.rows("SELECT variant_id, quantity FROM stock"):
            promised = after.get(row["variant_id"], {})
            if promised.keys() - before.get(row["variant_id"], {}).keys():
                there = 1 if row["quantity"] is None else row["quantity"]
                assert sum(promised.values()) <= there

    @rule(which=st.integers(0, 3), what=st.sampled_from([pause_release, stop_release]))
    def hold_back(self, which: int, what: Any) -> None:
        self._steer(which, what)

    @rule(which=st.integers(0, 3))
    def let_go_on(self, which: int) -> None:
        self._steer(which, resume_release)

    def _steer(self, which: int, what: Any) -> None:
        ids = [row["id"] for row in self.world.rows("SELECT id FROM releases ORDER BY id")]
        with suppress(Conflict):  # it is not in a state for that
            if ids:
                what(self.world.env, self.world.shop, ids[which % len(ids)], by="Olga")

    @rule()
    def deliver(self) -> None:
        """Whoever gets a mail now waited a moment ago, for what is there now."""
        waiting = {
            row["id"]
            for row in self.world.rows("SELECT id FROM subscriptions WHERE state = 'waiting'")
        }
        there = {
            row["variant_id"]
            for row in self.world.rows("SELECT variant_id FROM stock WHERE level > 0")
        }
        before = {row["id"] for row in self._accepted()}
        self.world.deliver()
        for row in self._accepted():
            if row["id"] not in before:
                assert row["subscription_id"] in waiting
                assert self.wishes[row["subscription_id"]] == "confirmed"
                assert row["told_of"] in there
                assert row["wanted"] in (None, row["told_of"])

    @rule()
    def sweep(self) -> None:
        self.world.clock.advance(timedelta(minutes=1))
        sweep(self.world.env)

    @rule(down=st.booleans())
    def mail_server(self, down: bool) -> None:
        if down:
            self.world.smtp.misbehave(DOWN)
        else:
            self.world.smtp.behave()

    # ---- what always holds ----

    @invariant()
    def no_wish_is_answered_twice(self) -> None:
        if not hasattr(self, "world"):
            return
        told = [row["subscription_id"] for row in self._accepted()]
        assert len(told) == len(set(told)), f"told twice: {told}"
        assert len(self.world.mails(kind="back_in_stock")) == len(told)

    @invariant()
    def only_who_was_confirmed_is_told(self) -> None:
        if not hasattr(self, "world"):
            return
        for row in self.world.rows("SELECT id FROM subscriptions WHERE state = 'told'"):
            assert self.wishes[row["id"]] == "confirmed"

    # ---- and in the end ----

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self._let_everything_come_to_rest()
        finally:
            self.world.smtp.behave()
            self.world.close()
            self.world.db.close()

    def _let_everything_come_to_rest(self) -> None:
        self.world.smtp.behave()
        for one in self.wishes:
            resume(self.world.env, self.world.subscription(one).contact_id, one)
        for place in range(self.world.count("releases")):
            self._steer(place, resume_release)
        self._pass_the_cool_down()
        gave_up = {
            row["contact_id"] for row in self._alerts() if row["reason"] in ("stale", "gave_up")
        }
        for row in self.world.rows(
            "SELECT s.id, s.contact_id FROM subscriptions s JOIN stock k ON "
            "(k.variant_id = s.variant_id OR s.variant_id IS NULL) "
            "WHERE s.state = 'waiting' AND k.level > 0"
        ):
            assert row["contact_id"] in gave_up, f"{row['id']} waits for what is there"
        for units in (0, 9):
            for size in SIZES:
                self.world.see(size, units)
            self._pass_the_cool_down()
        for one, wish in self.wishes.items():
            row = self.world.subscription(one)
            expected = {"confirmed": "told", "asked": "unconfirmed", "ended": "ended"}[wish]
            assert row.state == expected, (one, wish, row.state, row.reason)
            if wish == "confirmed":
                self._was_told_once(one)
        self.no_wish_is_answered_twice()

    def _was_told_once(self, one: int) -> None:
        """By a mail of its own, by one that answers another wish of the same person, or on the
        page."""
        row = self.world.subscription(one)
        own = [m for m in self._accepted() if m["subscription_id"] == one]
        others = [
            m
            for m in self._accepted()
            if m["contact_id"] == row.contact_id and row.variant_id in (None, m["told_of"])
        ]
        if row.reason == "told_on_confirmation":
            assert own == []
        else:
            assert own or others

    def _pass_the_cool_down(self) -> None:
        """Seven hours and more, with looks, jobs and senders at work."""
        for _ in range(8):
            for row in self.world.rows(
                "SELECT v.key, k.availability, k.quantity FROM stock k "
                "JOIN variants v ON v.id = k.variant_id"
            ):
                self.world.see(
                    row["key"],
                    row["quantity"],
                    availability=Availability(row["availability"]),
                    step=timedelta(0),
                )
            self.world.clock.advance(timedelta(minutes=55))
            sweep(self.world.env)
            self.world.announce()
            self.deliver()

    # ---- what the machine looks at ----

    def _promised(self) -> dict[int, dict[int, int]]:
        """By variant, the units that are kept for somebody, by reservation."""
        found: dict[int, dict[int, int]] = {}
        for row in self.world.rows(
            "SELECT id, variant_id, units FROM reservations WHERE state IN ('due', 'held')"
            " AND (until IS NULL OR until > :now)",
            now=f"{self.world.clock():%Y-%m-%d %H:%M:%S.%f}",
        ):
            found.setdefault(row["variant_id"], {})[row["id"]] = row["units"]
        return found

    def _pick(self, which: int) -> int:
        return sorted(self.wishes)[which % len(self.wishes)]

    def _alerts(self) -> list[dict[str, Any]]:
        return self.world.rows(ALERTS)

    def _accepted(self) -> list[dict[str, Any]]:
        return [row for row in self._alerts() if row["state"] == "accepted"]


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.mark.parametrize(
    "examples", [5, pytest.param(200, marks=[pytest.mark.soak, pytest.mark.lasts(175)])]
)
def test_everybody_is_told_once_and_nobody_else(
    sqlite_template: SqliteTemplate, smtp: SmtpServer, tmp_path: Path, examples: int
) -> None:
    numbers = itertools.count()

    def make_world(**shop: Any) -> World:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        smtp.behave()
        smtp.messages.clear()
        db = Database(sqlite_template.copy_to(folder / "notifier.db"))
        return World(db=db, clock=SettableClock(), smtp=smtp, data_dir=folder / "data", shop=shop)

    machine = type("Machine", (Waiting,), {"make_world": staticmethod(make_world)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

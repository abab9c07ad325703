"""Whatever happens to orders that wait, in whatever order: is the law kept, and who is told what?

A machine that buys, moves dates, sends, loses and returns letters, answers on the page, ships,
refunds and lets time pass with the service on or off, all through the real services. After each
step it holds the invariants of trust 9.2.
"""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

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
from sqlalchemy import text

from notifier.channels.base import Blame, Letter, NotePhase, Outcome, Phase, Receipt, Result
from notifier.channels.base import ReceiptKind as Said
from notifier.domain.availability import Availability
from notifier.domain.eta import Eta
from notifier.domain.message import LEGAL_NOTICES
from notifier.domain.observation import Observation
from notifier.domain.order_delay import NoticeKind, State, Until, assess, plan_notice
from notifier.domain.order_delay.assess import rules_for
from notifier.domain.order_delay.days import day_of
from notifier.domain.order_history import Happened, came_back
from notifier.errors import Conflict, InvalidInput
from notifier.services import turn
from notifier.services.book_batch import BatchBook
from notifier.services.consent import Circumstances
from notifier.services.decide_order import decide
from notifier.services.deliver import Sender
from notifier.services.env import Env, open_env
from notifier.services.observe import observe
from notifier.services.order_answer import Answer, AnswerKind
from notifier.services.order_case import Case, load_case
from notifier.services.order_follow import follow_due
from notifier.services.order_given import EtaSaid, LineSaid, OrderSaid, read_order
from notifier.services.order_offer import offered_dates
from notifier.services.order_tell import was_told
from notifier.services.order_wanted import has_goods, what_to_tell
from notifier.services.receive import receive
from notifier.services.report_order import (
    Shipment,
    decline,
    expect_line,
    report_deliveries,
    report_refund,
    report_shipments,
)
from notifier.services.seal import seal_ledger
from notifier.services.set_eta import set_eta
from notifier.services.take_orders import take_order
from notifier.signing import Purpose
from notifier.store import ledger, order_messages, orders
from notifier.store.session import Database
from tests.databases import PostgresTemplate, SqliteTemplate
from tests.timing import SettableClock
from tests.world import RENDERER, configuration

HERE = Circumstances(ip="203.0.113.9", agent="a phone")
HOOK = {"own": {"url": "https://kettle.example/hook", "secret": "whsec_a2V0dGxlIGFuZCBjbw=="}}
VARIANTS = ("KETTLE", "POT")
ZONES = {"US": "America/New_York", "DE": "Europe/Berlin", "GB": "Europe/London", "": "UTC"}
MOST_ORDERS = 3
FAILED = {"bounced", "refused", "failed", "unknown", "skipped", "complained"}
RESULTS = {
    "takes": Result(outcome=Outcome.ACCEPTED, code="250"),
    "refuses": Result(outcome=Outcome.REFUSED, blame=Blame.MAILBOX, code="552"),
    "knows_nobody": Result(outcome=Outcome.REFUSED, blame=Blame.ADDRESS, code="550 5.1.1"),
    "is_down": Result(outcome=Outcome.TRY_LATER, blame=Blame.TRANSPORT, code="421"),
    "hangs_up": Result(outcome=Outcome.UNKNOWN, blame=Blame.TRANSPORT, code="lost"),
}
MOODS = ("takes", "takes", "takes", *RESULTS)
COUNTRIES = st.sampled_from(["US", "US", "US", "DE", "GB", ""])
PROMISES = st.sampled_from([None, None, "ships in 3-5 business days", "2026-04-20"])
JUMPS = st.sampled_from([timedelta(hours=1), timedelta(days=1), timedelta(days=9)])


class Provider:
    """Takes letters as its mood is, and looks at each that it is given."""

    def __init__(self, check: Callable[[Letter], None]) -> None:
        self.mood = "takes"
        self._check = check

    def send(
        self, letters: Sequence[Letter], *, note: NotePhase
    ) -> Iterator[tuple[Letter, Result]]:
        for letter in letters:
            note(letter.message_id, Phase.HANDED_OVER)
            self._check(letter)
            result = RESULTS["takes" if letter.body else self.mood]
            yield letter, replace(result, provider_id=f"p{letter.message_id}")

    def check(self) -> list[Any]:
        return []

    def close(self) -> None:
        return None


class Ordering(RuleBasedStateMachine):
    """The machine. `make_env` gives a fresh service, with its clock, for each example."""

    make_env: Callable[[], tuple[Env, SettableClock]]

    @initialize(first=COUNTRIES, second=COUNTRIES, promise=PROMISES)
    def open_shop(self, first: str, second: str, promise: str | None) -> None:
        self.env, self.clock = self.make_env()
        self.shop = self.env.shop("kettle")
        self.clock.set(datetime(2026, 3, 2, 15, 0, tzinfo=UTC))
        self.lines: dict[int, tuple[str, str]] = {}
        self.orders: dict[str, OrderSaid] = {}
        self.provider = Provider(self.look_at_letter)
        self.sender = Sender(self.env, RENDERER, make=lambda _env, _name: self.provider)  # type: ignore[arg-type, return-value]
        self.wrong: list[str] = []
        self.receipts = 0
        self.other_way_tried: set[int] = set()
        for key in VARIANTS:
            self._stock(key, 0)
        self.buy(country=first, variants=("KETTLE",), promise=promise, phone=True, days_ago=0)
        self.buy(country=second, variants=VARIANTS, promise=None, phone=False, days_ago=3)

    # ---- customers ----

    @precondition(lambda self: len(self.orders) < MOST_ORDERS)
    @rule(
        country=COUNTRIES,
        variants=st.sampled_from([("KETTLE",), ("KETTLE", "POT"), ("",)]),
        promise=PROMISES,
        phone=st.booleans(),
        days_ago=st.sampled_from([0, 0, 3]),
    )
    def buy(
        self,
        country: str,
        variants: tuple[str, ...],
        promise: str | None,
        phone: bool,
        days_ago: int,
    ) -> None:
        number = len(self.orders) + 1
        said = OrderSaid(
            ref=f"#{number}",
            completed_at=(self.clock.now - timedelta(days=days_ago)).isoformat(),
            email=f"ann{number}@waits.example",
            phone=f"+1212555010{number}" if phone else None,
            country=country or None,
            zone=ZONES[country],
            lines=[
                LineSaid(
                    ref=str(n),
                    variant=key,
                    title="Copper kettle",
                    quantity=2,
                    price="49.90",
                    promise={"by": promise} if promise and promise[0] == "2" else promise,
                )
                for n, key in enumerate(variants, 1)
            ],
        )
        self._hand_over(said)

    @precondition(lambda self: self.orders)
    @rule(which=st.integers(0, 9), fresh=st.booleans())
    def send_the_order_again(self, which: int, fresh: bool) -> None:
        """As it was, or with another address."""
        said = self.orders[sorted(self.orders)[which % len(self.orders)]]
        if fresh:
            said = replace(said, email=f"new{which}{said.email}")
        self._hand_over(said)

    @precondition(lambda self: self.lines)
    @rule(
        which=st.integers(0, 9),
        kind=st.sampled_from([*[AnswerKind.WAIT] * 9, *AnswerKind]),
        choice=st.integers(0, 3),
    )
    def answer(self, which: int, kind: AnswerKind, choice: int) -> None:
        line = self._pick(which)
        case, now = self._case(line), self.clock.now
        until: Until = None
        if kind is AnswerKind.WAIT:
            dates = offered_dates(case, assess(case.facts, now), now=now)
            until = dates[choice % len(dates)] if dates else date(2026, 7, 1)
        elif kind is AnswerKind.SET_PERIOD:
            until = now.date() + timedelta(days=5 * choice)
        said = Answer(kind=kind, until=until, quantity=1, variant="POT")
        link = self.env.signer.make(Purpose.ORDER, line)
        with suppress(Conflict, InvalidInput):
            decide(self.env, line, said, circumstances=HERE, link=link)

    # ---- the shop ----

    @rule(
        key=st.sampled_from(VARIANTS),
        days=st.sampled_from([None, 3, 20, 31, 45, 90]),
        heard=st.booleans(),
    )
    def expect(self, key: str, days: int | None, heard: bool) -> None:
        eta = Eta.on(self.clock.now.date() + timedelta(days=days)) if days else None
        with suppress(Conflict):
            set_eta(self.env, self.shop, key, eta, source="supplier", actor="olga")
        if heard:
            self.look()
            self.deliver("takes")

    @precondition(lambda self: self.lines)
    @rule(which=st.integers(0, 9), days=st.sampled_from([None, 2, 30, 70]))
    def expect_one_line(self, which: int, days: int | None) -> None:
        day = (self.clock.now.date() + timedelta(days=days)).isoformat() if days else None
        with suppress(Conflict):
            said = EtaSaid(date=day, source="supplier" if day else "")
            expect_line(self.env, self.shop, *self._names(which), said, actor="olga")

    @rule(key=st.sampled_from(VARIANTS), units=st.sampled_from([0, 0, 2, 9]))
    def see_stock(self, key: str, units: int) -> None:
        self._stock(key, units)

    @precondition(lambda self: self.lines)
    @rule(which=st.integers(0, 9), hours_ago=st.sampled_from([0, 0, 5, 60]))
    def ship(self, which: int, hours_ago: int) -> None:
        ref, line = self._names(which)
        case = self._case(self._pick(which))
        at = max(self.clock.now - timedelta(hours=hours_ago), case.order.completed_at)
        before = assess(case.facts, self.clock.now)
        parcel = [Shipment(ref=line, shipped_at=at.isoformat())]
        try:
            report_shipments(self.env, self.shop, ref, parcel, actor="olga")
        except Conflict:
            return
        if before.state is State.REFUND_DUE and before.refund is not None:
            assert before.refund.vested_at >= at.replace(microsecond=0), "shipped after it ended"

    @precondition(lambda self: self.lines)
    @rule(
        which=st.integers(0, 9), what=st.sampled_from(["refund", "refund", "delivery", "decline"])
    )
    def report(self, which: int, what: str) -> None:
        ref, line = self._names(which)
        env, shop, now = self.env, self.shop, self.clock.now.isoformat()
        with suppress(Conflict):
            if what == "refund" and not self._owes(which):
                return  # as it mostly is; a refund unasked is tested by itself
            if what == "refund":
                report_refund(
                    env, shop, ref, line, sent_at=now, reference="r", amount=None, actor="olga"
                )
            elif what == "delivery":
                report_deliveries(env, shop, ref, [(line, now)], actor="olga")
            else:
                decline(env, shop, ref, line, at=now, why="discontinued", actor="olga")

    # ---- the service, and those who carry its letters ----

    @precondition(lambda self: self.lines)
    @rule()
    def look(self) -> None:
        for _ in range(20):
            if not follow_due(self.env):
                return
        raise AssertionError("the job never comes to an end")

    @precondition(lambda self: self.lines)
    @rule(mood=st.sampled_from(MOODS))
    def deliver(self, mood: str) -> None:
        self.provider.mood = mood
        for _ in range(30):
            if not self.sender.send_due():
                break
        else:
            raise AssertionError("the sender never comes to an end")
        assert self.wrong == []

    @precondition(lambda self: self.lines)
    @rule()
    def die_with_letters_in_hand(self) -> None:
        self.provider.mood = "takes"
        killed = patch.object(BatchBook, "_book", side_effect=RuntimeError("killed"))
        at_once = patch.object(turn, "LONGEST_TURN", 0.0)  # a dead sender takes nothing more
        with killed, at_once, suppress(RuntimeError):
            self.sender.send_due()
        assert self.wrong == []

    @precondition(lambda self: self.lines)
    @rule(
        which=st.integers(0, 9), said=st.sampled_from([Said.BOUNCED, Said.FAILED, Said.DELIVERED])
    )
    def hear_of_a_letter(self, which: int, said: Said) -> None:
        query = (
            "SELECT id, state FROM messages WHERE order_line_id = :line AND attempt_no > 0 "
            "ORDER BY id"
        )
        line = self._pick(which)
        with self.env.db.read() as tx:
            tried = tx.execute(text(query), {"line": line}).all()
        if not tried:
            return
        id_, state = tried[which % len(tried)]
        if state == "refused" and said is Said.DELIVERED:
            self.other_way_tried.add(line)  # when it was refused, and now it arrived all the same
        uid = self.env.signer.make(Purpose.MESSAGE, id_)
        self.receipts += 1
        receive(self.env, Receipt(provider="p", event_id=str(self.receipts), kind=said, uid=uid))

    @precondition(lambda self: self.lines)
    @rule(jump=JUMPS)
    def time_passes(self, jump: timedelta) -> None:
        """While the service is off: nobody looks."""
        self.clock.advance(jump)

    @precondition(lambda self: self.lines)
    @rule(jump=JUMPS)
    def all_is_well(self, jump: timedelta) -> None:
        """Time passes, the jobs run, every letter is taken: then everybody knows what is so."""
        self.clock.advance(jump)
        for _ in range(4):
            self.look()
            self.deliver("takes")
        for line in self.lines:
            self._knows_what_is_so(line)

    def _knows_what_is_so(self, line: int) -> None:
        case, now = self._case(line), self.clock.now
        with self.env.db.read() as tx:
            sent = order_messages.messages_of(tx, line)
        assert not [one for one in sent if one.is_open], "something was not sent"
        wanted = what_to_tell(case, now=now)
        if wanted is not None and not was_told(case, wanted.signature):
            same = {one.state for one in sent if one.signature == wanted.signature}
            assert same, f"{wanted.signature} was not told"
            assert same <= FAILED, f"{wanted.signature} was not told"
        standing, plan = assess(case.facts, now), plan_notice(case.facts, now=now)
        course = rules_for(case.facts).follow(now)
        is_expected = standing.may_ship and course.estimate and not has_goods(case)
        if wanted is None and is_expected and plan.refused is None:
            expected = rules_for(case.facts).expected(course)
            assert course.told == (expected,), "the customer knows another date"

    # ---- what holds for each letter ----

    def look_at_letter(self, letter: Letter) -> None:
        """Called as it is handed over; what is raised there would be lost, so it is kept."""
        with self.env.db.read() as tx:
            query = "SELECT order_line_id FROM messages WHERE id = :id"
            line = tx.execute(text(query), {"id": letter.message_id}).scalar_one()
        if line is None or letter.kind == "order_ready":
            return
        case, now = self._case(line), self.clock.now
        wanted = what_to_tell(case, now=now)
        if wanted is None or wanted.kind.value != letter.kind:
            self.wrong.append(f"{letter.kind} of line {line} is not what is wanted now")
        if letter.kind not in {kind.value for kind in LEGAL_NOTICES}:
            return
        if letter.not_after is None or now >= letter.not_after:
            self.wrong.append(f"{letter.kind} of line {line} left after its last day")
        plan = wanted.plan if wanted else None
        if plan is None or plan.due is None:
            self.wrong.append(f"{letter.kind} of line {line} is not what the law wants now")
        elif plan.kind is NoticeKind.FIRST_SHORT and self._had_a_notice(case):
            self.wrong.append(f"silence is consent to a second delay of line {line}")

    @staticmethod
    def _had_a_notice(case: Case) -> bool:
        lost = came_back(case.events)
        return any(
            one.kind == Happened.NOTICE
            and one.facts["kind"] != NoticeKind.COURTESY
            and one.facts.get("message") not in lost
            for one in case.events
        )

    # ---- what always holds ----

    @invariant()
    def a_line_is_its_history(self) -> None:
        for line in getattr(self, "lines", {}):
            case = self._case(line)
            then = assess(case.facts, case.line.assessed_at)
            assert case.line.state == then.state or self._is_being_sent(line)
            mixed = list(case.facts.events)
            random.Random(0).shuffle(mixed)
            now = self.clock.now
            again = assess(replace(case.facts, events=tuple(mixed)), now)
            assert again == assess(case.facts, now)
            later = assess(case.facts, now + timedelta(days=400))
            if again.refund is not None and later.refund is not None:
                assert again.refund == later.refund, "the refund depends on who looked when"
            if again.state is State.REFUND_DUE:
                assert again.refund is not None
                assert again.refund.by >= day_of(again.refund.vested_at, case.order.zone)

    @invariant()
    def one_message_is_wanted_at_a_time(self) -> None:
        for line in getattr(self, "lines", {}):
            with self.env.db.read() as tx:
                sent = order_messages.messages_of(tx, line)
            waiting = [
                one
                for one in sent
                if one.is_open and one.state != "sending" and one.kind != "order_ready"
            ]
            assert len(waiting) <= 1, waiting
            came_back = any(one.kind == Happened.RETURNED for one in self._case(line).events)
            if came_back or line in self.other_way_tried:
                continue
            sure = [one for one in sent if one.state in ("accepted", "delivered")]
            unsure = self._unsure(line)
            taken = Counter(one.signature for one in sure if one.signature not in unsure)
            assert max(taken.values(), default=0) <= 1, "told the same twice"

    @invariant()
    def every_refund_is_asked_for_once(self) -> None:
        if not getattr(self, "lines", None):
            return
        with self.env.db.read() as tx:
            rows = orders.find_lines(tx, self.lines)
        asked = Counter(
            (hook["order"], hook["line"], hook["vested_on"], hook["ground"])
            for hook in self._hooks("refund.required")
        )
        assert max(asked.values(), default=0) <= 1
        for line, row in rows.items():
            if row.state == State.REFUND_DUE:
                case = self._case(line)
                refund = assess(case.facts, row.assessed_at).refund
                assert refund is not None
                name = (*self.lines[line], refund.vest.isoformat(), refund.ground.value)
                assert asked[name] == 1, f"refund of {name} asked for {asked[name]} times"

    def teardown(self) -> None:
        if not hasattr(self, "env"):
            return
        try:
            self.all_is_well(timedelta(hours=1))
            seal_ledger(self.env)
            with self.env.db.read() as tx:
                assert ledger.verify(tx).broken == ()
        finally:
            self.sender.close()
            self.env.db.close()

    # ---- what the machine does and looks at ----

    def _hand_over(self, said: OrderSaid) -> None:
        now, config = self.clock.now, self.shop.config
        given = read_order(said, shop_zone=config.time_zone, currency="USD", now=now)
        try:
            taken = take_order(self.env, self.shop, given, source="test")
        except Conflict:  # a quantity or a line that was changed since
            return
        self.orders[said.ref] = said
        for one in taken.lines:
            self.lines[one.id] = (said.ref, one.ref)

    def _stock(self, key: str, units: int) -> None:
        there = Availability.IN_STOCK if units else Availability.OUT_OF_STOCK
        seen = Observation(key=key, title=key, availability=there, quantity=units)
        observe(self.env, self.shop, [seen])

    def _pick(self, which: int) -> int:
        return sorted(self.lines)[which % len(self.lines)]

    def _owes(self, which: int) -> bool:
        case = self._case(self._pick(which))
        return assess(case.facts, self.clock.now).state is State.REFUND_DUE

    def _names(self, which: int) -> tuple[str, str]:
        return self.lines[self._pick(which)]

    def _case(self, line: int) -> Case:
        with self.env.db.read() as tx:
            return load_case(tx, line)

    def _unsure(self, line: int) -> set[str]:
        """News of which nobody could say whether it was taken."""
        query = "SELECT facts FROM messages WHERE order_line_id = :line AND unknowns > 0"
        with self.env.db.read() as tx:
            found = [_plain(row[0]) for row in tx.execute(text(query), {"line": line})]
        return {facts["signature"] for facts in found}

    def _is_being_sent(self, line: int) -> bool:
        with self.env.db.read() as tx:
            return any(one.state == "sending" for one in order_messages.messages_of(tx, line))

    def _hooks(self, event: str) -> list[dict[str, Any]]:
        query = "SELECT facts FROM messages WHERE medium = 'webhook' ORDER BY id"
        with self.env.db.read() as tx:
            facts = [_plain(row[0]) for row in tx.execute(text(query))]
        return [one["data"] for one in facts if one["type"] == event]


def _plain(stored: Any) -> Any:
    """JSON columns come as text from SQLite."""
    return json.loads(stored) if isinstance(stored, str) else stored


def run_machine(make_env: Callable[[], tuple[Env, SettableClock]], *, examples: int) -> None:
    machine = type("Machine", (Ordering,), {"make_env": staticmethod(make_env)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


def new_env(url: str, folder: Path) -> tuple[Env, SettableClock]:
    folder.mkdir()
    nowhere: Any = SimpleNamespace(host="127.0.0.1", port=9, url="http://127.0.0.1:9")
    config = configuration(data_dir=folder / "data", smtp=nowhere, twilio=nowhere, webhooks=HOOK)
    clock = SettableClock()
    return open_env(config, clock=clock, db=Database(url)), clock


def in_parts(parts: int, examples: int) -> list[Any]:
    """The long form, as tests that run side by side; each chooses its examples anew."""
    marks = [pytest.mark.soak, pytest.mark.lasts(120)]
    return [pytest.param(examples, id=f"part{n}", marks=marks) for n in range(1, parts + 1)]


@pytest.mark.parametrize("examples", [pytest.param(4, id="few"), *in_parts(4, 75)])
def test_orders_keep_the_law_on_sqlite(
    sqlite_template: SqliteTemplate, tmp_path: Path, examples: int
) -> None:
    numbers = itertools.count()

    def make_env() -> tuple[Env, SettableClock]:
        number = next(numbers)
        return new_env(sqlite_template.copy_to(tmp_path / f"{number}.db"), tmp_path / str(number))

    run_machine(make_env, examples=examples)


@pytest.mark.parametrize("examples", in_parts(3, 50))
def test_orders_keep_the_law_on_postgresql(
    postgres_template: PostgresTemplate, tmp_path: Path, examples: int
) -> None:
    numbers = itertools.count()
    with ExitStack() as lent:

        def make_env() -> tuple[Env, SettableClock]:
            lent.close()  # what the example before used
            url = lent.enter_context(postgres_template.lent())
            return new_env(url, tmp_path / str(next(numbers)))

        run_machine(make_env, examples=examples)

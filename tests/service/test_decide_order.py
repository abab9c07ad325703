"""What follows when the customer of an order line answers by link? The cases of the law by name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from notifier.domain.order_delay import Promise
from notifier.domain.order_history import Happened
from notifier.errors import Conflict, InvalidInput, NotFound
from notifier.services.consent import Circumstances
from notifier.services.decide_order import Decided, decide
from notifier.services.env import open_env
from notifier.services.operation import read_operation
from notifier.services.order_answer import Answer, AnswerKind
from notifier.services.report_order import Shipment, report_shipments
from notifier.store.session import Database
from tests.order_world import OrderWorld
from tests.timing import SettableClock
from tests.web.storefront import config

ANN_AT_HOME = Circumstances(ip="203.0.113.9", agent="Ann's phone")
HOOK = {"own": {"url": "https://kettle.example/hook", "secret": "whsec_a2V0dGxlIGFuZCBjbw=="}}


@pytest.fixture
def world(database: Database, clock: SettableClock, tmp_path: Path) -> OrderWorld:
    """A shop whose software hears every hook; it is 2 March 2026."""
    settings = config(tmp_path, kettle={"webhooks": HOOK})
    made = OrderWorld(open_env(settings, clock=clock, db=database), clock)
    made.at("2026-03-02")
    return made


sqlite_only = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)


def answer(world: OrderWorld, line: int, kind: str, **said: Any) -> Decided:
    """Ann presses a button on the page."""
    token = world.path(line).removeprefix("/o/")
    chosen = Answer(kind=AnswerKind(kind), **said)
    return decide(world.env, line, chosen, circumstances=ANN_AT_HOME, link=token)


# --- the cases of the law -----------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Case:
    """A story told in steps: `MM-DD[Thh:mm[:ss]] verb [object]`, in 2026 at the ship-to place.

    `verb!code` means that the answer is refused with that code. Ends as `state`, and with a refund
    that vests and is due as in `refund`, if one is owed.
    """

    name: str
    steps: str
    state: str
    refund: tuple[str, str] | None = None
    country: str = "US"
    line: dict[str, Any] | None = None

    def __str__(self) -> str:
        return self.name


def play(world: OrderWorld, case: Case) -> int:
    zone = {"DE": "Europe/Berlin", "GB": "Europe/London"}.get(case.country, "America/New_York")
    world.at("2026-03-02", zone=zone)
    line = world.order(country=case.country, zone=zone, lines=[case.line or {}]).line
    for step in filter(None, (one.strip() for one in case.steps.split(";"))):
        when, verb, *rest = step.split()
        day, _, clock = when.partition("T")
        world.at(f"2026-{day}T{clock or '10:00'}", zone=zone)
        _do(world, line, verb, rest[0] if rest else "", zone=zone)
    return line


def _do(world: OrderWorld, line: int, verb: str, about: str, *, zone: str) -> None:
    verb, _, refused = verb.partition("!")
    until = date.fromisoformat(f"2026-{about}") if about[:1].isdigit() and len(about) == 5 else None
    if verb == "expect":
        world.expect(line, until)
    elif verb == "tell":
        world.look()
        world.tell()
    elif verb == "bounce":
        world.bounce(line)
    elif verb == "ship":
        at = (
            datetime.fromisoformat(f"2026-{about}").replace(tzinfo=ZoneInfo(zone))
            if about
            else None
        )
        world.ship(line, at=at)
    elif verb in ("deliver", "decline"):
        world.happens(line, Happened.DELIVERED if verb == "deliver" else Happened.NO_SHIP)
    elif verb == "look":
        world.look()
    elif refused:
        with pytest.raises(Conflict) as raised:
            answer(world, line, verb, until=until)
        assert raised.value.code == refused
    else:
        answer(world, line, verb, until=until)


CASES = [
    Case(
        name="F05 who agrees to wait without a date is not cancelled at T+30",
        steps="03-25 expect; 03-25 tell; 04-20 wait; 05-02 look",
        state="consented_indefinite",
    ),
    Case(
        name="F14 a second delay of a few days needs a word, and gets it",
        steps="03-20 expect 04-20; 03-20 tell; 04-10 expect 04-28; 04-10 tell; 04-12 wait 04-28; "
        "04-21 look",
        state="consented",
    ),
    Case(
        name="F14 the date before the further delay cannot be agreed to any more",
        steps="03-20 expect 04-20; 03-20 tell; 04-10 expect 04-28; 04-10 tell; "
        "04-12 wait!not_offered 04-20",
        state="renewed_option",
    ),
    Case(
        name="F15 a cancellation on a short option vests on its day",
        steps="03-20 expect 04-20; 03-20 tell; 04-10 cancel",
        state="refund_due",
        refund=("2026-04-10", "2026-04-21"),
    ),
    Case(
        name="F16 a cancellation five minutes before the carrier's scan wins",
        steps="03-20 expect 04-20; 03-20 tell; 04-10T10:00 cancel; 04-10T10:05 ship",
        state="refund_due",
        refund=("2026-04-10", "2026-04-21"),
    ),
    Case(
        name="F17 five minutes after the scan it is no cancellation but a return",
        steps="03-20 expect 04-20; 03-20 tell; 04-10T10:00 ship; 04-10T10:05 cancel!shipped",
        state="shipped",
    ),
    Case(
        name="F17 a scan reported late was still before the cancellation",
        steps="03-20 expect 04-20; 03-20 tell; 04-10T10:05 cancel; 04-10T10:30 ship 04-10T10:00; "
        "04-10T11:00 cancel!shipped",
        state="shipped",
    ),
    Case(
        name="F17 in the EU one withdraws after the scan",
        steps="03-20 expect 04-20; 03-20 tell; 03-25T10:00 ship; 03-25T10:05 withdraw",
        state="refund_due",
        refund=("2026-03-25", "2026-04-08"),
        country="DE",
    ),
    Case(
        name="F18 the same second for both is looked into by a person",
        steps="03-20 expect 04-20; 03-20 tell; 04-10T10:00:00 cancel; 04-10T10:30 ship "
        "04-10T10:00:00; 04-10T11:00 cancel!review; 04-10T11:00 wait!review 04-20",
        state="manual_review",
    ),
    Case(
        name="F20 F21 what bounced was no offer, and the page makes it",
        steps="03-20 expect 04-10; 03-20 tell; 03-30 bounce; 03-31 wait 04-10; 04-05 look",
        state="consented",
    ),
    Case(
        name="F21 without a word after a bounce it ends at T",
        steps="03-20 expect 04-10; 03-20 tell; 03-30 bounce; 04-02 look; 04-02 wait!lapsed 04-10",
        state="refund_due",
        refund=("2026-04-02", "2026-04-13"),
    ),
    Case(
        name="F26 what the rule does not cover can be cancelled all the same",
        steps="03-20 cancel",
        state="refund_due",
        refund=("2026-03-20", "2026-03-31"),
        line={"excluded": "cash_on_delivery"},
    ),
    Case(
        name="F28 what the shop declined cannot be waited for",
        steps="03-20 expect 04-10; 03-20 tell; 03-25 decline; 03-26 wait!declined 04-10; "
        "03-26 cancel!declined",
        state="refund_due",
        refund=("2026-03-25", "2026-04-03"),
    ),
    Case(
        name="F33 a better date leaves what was agreed to",
        steps="03-20 expect 05-10; 03-20 tell; 03-21 wait 05-10; 04-01 expect 04-28; 04-01 tell",
        state="consented",
    ),
    Case(
        name="F34 a minute before the end of 30 April is in time",
        steps="03-25 expect; 03-25 tell; 04-30T23:59 wait",
        state="consented_indefinite",
    ),
    Case(
        name="F34 the last second of T+30 is in time",
        steps="03-25 expect; 03-25 tell; 05-01T23:59:59 wait",
        state="consented_indefinite",
    ),
    Case(
        name="F34 the first second after T+30 is too late",
        steps="03-25 expect; 03-25 tell; 05-02T00:00:00 wait!lapsed",
        state="refund_due",
        refund=("2026-05-02", "2026-05-12"),
    ),
    Case(
        name="F34 too late for waiting is too late for cancelling, and it is cancelled",
        steps="03-25 expect; 03-25 tell; 05-02T00:00:00 cancel!lapsed",
        state="refund_due",
        refund=("2026-05-02", "2026-05-12"),
    ),
    Case(
        name="E1 E3 who sets a period that passes may end the contract",
        steps="04-02 look; 04-02 set_period 04-20; 04-21 terminate",
        state="refund_due",
        refund=("2026-04-21", "2026-04-28"),
        country="DE",
    ),
    Case(
        name="E1 no period can be set while the day is not over",
        steps="03-30 set_period!not_open 04-20",
        state="open",
        country="DE",
    ),
    Case(
        name="E1 the contract cannot be ended at once when the day is missed",
        steps="04-02 terminate!not_open",
        state="delivery_missed",
        country="DE",
    ),
    Case(
        name="E2 a proposal is nothing without a word",
        steps="06-20 expect 07-15; 06-20 tell; 07-01 look",
        state="delivery_missed",
        country="DE",
        line={"promise": Promise(text="by 30 June", by=date(2026, 6, 30))},
    ),
    Case(
        name="E2 a proposal that is agreed to counts, also after the day was missed",
        steps="06-20 expect 07-15; 06-20 tell; 07-01 wait 07-15",
        state="consented",
        country="DE",
        line={"promise": Promise(text="by 30 June", by=date(2026, 6, 30))},
    ),
    Case(
        name="E4 a wedding day that is missed ends the contract at once",
        steps="04-02 terminate",
        state="refund_due",
        refund=("2026-04-02", "2026-04-09"),
        country="DE",
        line={"date_is_essential": True},
    ),
    Case(
        name="E6 a withdrawal before delivery is refunded within 14 days",
        steps="04-10 withdraw",
        state="refund_due",
        refund=("2026-04-10", "2026-04-24"),
        country="DE",
    ),
    Case(
        name="E6 fourteen days after delivery the withdrawal still counts",
        steps="03-10 ship; 03-12 deliver; 03-26T23:59 withdraw",
        state="refund_due",
        refund=("2026-03-26", "2026-04-09"),
        country="DE",
    ),
    Case(
        name="E6 fifteen days after delivery it does not",
        steps="03-10 ship; 03-12 deliver; 03-27T00:00 withdraw!delivered",
        state="delivered",
        country="DE",
    ),
    Case(
        name="E8 the United Kingdom as E6",
        steps="04-10 withdraw",
        state="refund_due",
        refund=("2026-04-10", "2026-04-24"),
        country="GB",
    ),
    Case(
        name="E9 where nobody knows the country one may cancel, and silence is no consent",
        steps="03-20 expect 04-10; 03-20 tell; 03-21 cancel",
        state="refund_due",
        refund=("2026-03-21", "2026-03-31"),
        country="",
    ),
    Case(
        name="E9 where nobody knows the country one may withdraw as well",
        steps="03-20 expect 04-10; 03-20 tell; 03-21 withdraw",
        state="refund_due",
        refund=("2026-03-21", "2026-03-31"),
        country="",
    ),
]


@sqlite_only
@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_answer_leads_where_the_law_wants(world: OrderWorld, case: Case) -> None:
    line = play(world, case)
    world.look()

    standing = world.standing(line)
    assert standing.state == case.state
    assert world.case(line).line.state == case.state
    found = standing.refund if standing.state == "refund_due" else None
    assert (found and (str(found.vest), str(found.by))) == case.refund


# --- proof, hooks, the page as the offer --------------------------------------------------


def late(world: OrderWorld, *, until: str | None = "2026-04-10", **order: Any) -> int:
    """A line whose delay was told on 20 March."""
    line = world.order(**order).line
    world.at("2026-03-20")
    world.expect(line, until)
    world.tell()
    return line


def test_consent_is_proved_and_told_to_the_shop(world: OrderWorld) -> None:
    line = late(world)
    world.at("2026-03-21")

    done = answer(world, line, "wait", until=date(2026, 4, 10))

    assert (done.at, done.is_repeat) == (world.clock.now, False)
    entry = world.book()[-1]
    assert entry["act"] == "answered"
    assert entry["personal"] == {"ip": "203.0.113.9", "agent": "Ann's phone"}
    assert (entry["facts"]["what"], entry["facts"]["until"]) == ("wait", "2026-04-10")
    assert entry["facts"]["link"]["subject"] == line
    (hook,) = world.hooks("order.consented")
    assert hook["data"] == {
        "order": "#1001",
        "line": "1",
        "what": "wait",
        "until": "2026-04-10",
        "at": world.clock.now.isoformat(),
    }


@sqlite_only
def test_the_same_answer_again_changes_nothing_and_says_when_it_was_given(
    world: OrderWorld,
) -> None:
    line = late(world)
    first = answer(world, line, "cancel")
    world.clock.advance(timedelta(hours=3))
    before = (world.kinds(line), len(world.book()), len(world.hooks()))

    again = answer(world, line, "cancel")

    assert (again.at, again.is_repeat) == (first.at, True)
    assert (world.kinds(line), len(world.book()), len(world.hooks())) == before


@sqlite_only
def test_an_offer_that_arrived_is_not_made_again(world: OrderWorld) -> None:
    line = late(world)

    answer(world, line, "wait", until=date(2026, 4, 10))

    assert world.kinds(line) == ["estimate", "notice", "kept"]


@sqlite_only
def test_after_a_bounce_the_page_is_the_offer_in_the_laws_own_words(world: OrderWorld) -> None:
    line = late(world)
    world.bounce(line)

    answer(world, line, "wait", until=date(2026, 4, 10))

    assert world.kinds(line) == ["estimate", "notice", "returned", "notice", "kept"]
    notice = world.case(line).latest(Happened.NOTICE)
    assert notice is not None
    assert notice.facts | {"signature": ""} == {
        "via": "page",
        "kind": "first_short",
        "revised": "2026-04-10",
        "adequate": True,
        "message": None,
        "signature": "",
    }
    offered = world.book()[-1]["facts"]["offered"]
    assert any("you will be deemed to have agreed" in one for one in offered["sentences"])
    assert offered["rules"] == "us-ftc-435@2014-12-08"
    assert world.standing(line).state == "consented"
    world.look()
    assert world.tell() == []  # nothing is left to be told


@sqlite_only
def test_a_date_that_moved_meanwhile_is_not_agreed_to_unread(world: OrderWorld) -> None:
    line = late(world)
    world.bounce(line)
    world.expect(line, "2026-04-25")

    with pytest.raises(Conflict) as refused:
        answer(world, line, "wait", until=date(2026, 4, 10))

    assert refused.value.code == "not_offered"
    assert Happened.KEPT not in world.kinds(line)


@sqlite_only
def test_who_agrees_to_the_date_of_a_notice_was_not_told_of_a_later_one(world: OrderWorld) -> None:
    line = late(world)
    world.expect(line, "2026-04-25")  # nobody has told it yet

    answer(world, line, "wait", until=date(2026, 4, 10))

    assert world.kinds(line) == ["estimate", "notice", "estimate", "kept"]
    assert "offered" not in world.book()[-1]["facts"], "else the proof says what was not read"


@sqlite_only
def test_each_line_of_an_order_is_its_own_case_f38(world: OrderWorld) -> None:
    order = world.order(lines=[{}, {}, {}])
    world.ship(order.lines[0])
    world.at("2026-03-20")
    world.expect(order.lines[1], "2026-04-10")

    answer(world, order.lines[2], "cancel")

    states = [world.standing(line).state for line in order.lines]
    assert states == ["shipped", "notice_due", "refund_due"]
    (hook,) = world.hooks("refund.required")
    assert (hook["data"]["line"], hook["data"]["shipping_fee_by_hand"]) == ("3", True)


@sqlite_only
def test_a_withdrawal_is_acknowledged_in_writing(world: OrderWorld) -> None:
    line = world.order(country="DE").line

    answer(world, line, "withdraw")

    assert world.tell() == ["order_cancelled"]
    (hook,) = world.hooks("order.cancel_requested")
    assert hook["data"]["what"] == "withdraw"


# --- changes ------------------------------------------------------------------------------


def test_fewer_are_wanted_and_the_shop_hears_what_to_pay_back(world: OrderWorld) -> None:
    line = late(world, lines=[{"quantity": 5}])

    answer(world, line, "quantity", quantity=2)

    assert world.case(line).line.quantity == 2
    assert world.standing(line).state == "option_short"  # deadlines stay
    (hook,) = world.hooks("order.changed")
    assert hook["data"]["no_longer_wanted"] == 3
    assert hook["data"]["refund"] == {
        "amount": "149.70",
        "currency": "USD",
        "refund_by": "2026-03-31",
    }
    assert answer(world, line, "quantity", quantity=2).is_repeat
    assert len(world.hooks("order.changed")) == 1


@sqlite_only
@pytest.mark.parametrize("quantity", [0, -1, 5, 6, 10**9])
def test_only_less_than_now_and_at_least_one(world: OrderWorld, quantity: int) -> None:
    line = late(world, lines=[{"quantity": 5}])

    with pytest.raises(InvalidInput):
        answer(world, line, "quantity", quantity=quantity)

    assert world.case(line).line.quantity == 5


def test_what_is_there_is_taken_instead_and_deadlines_stay(world: OrderWorld) -> None:
    world.stock("KETTLE", 0, alternatives=("POT",))
    world.stock("POT", 3, price=Decimal(45))
    line = late(world, lines=[{"variant": "KETTLE", "quantity": 2}])
    limit = world.standing(line).limit

    answer(world, line, "swap", variant="POT")

    case = world.case(line)
    assert case.line.title == "Copper pot"
    estimate = case.latest(Happened.ESTIMATE)
    assert estimate is not None
    assert (estimate.facts["ship_by"], estimate.facts["source"]) == ("2026-03-24", "in stock")
    assert estimate.facts["scope"] == "line"
    assert world.standing(line).limit == limit
    (hook,) = world.hooks("order.changed")
    assert (hook["data"]["variant"], hook["data"]["was"]) == ("POT", "Copper kettle")
    assert answer(world, line, "swap", variant="POT").is_repeat


@sqlite_only
@pytest.mark.parametrize(
    ("left", "price", "why"),
    [(0, 45, "gone"), (1, 45, "too few"), (9, 60, "costs more than was paid")],
)
def test_what_is_not_there_or_costs_more_cannot_be_taken(
    world: OrderWorld, left: int, price: int, why: str
) -> None:
    world.stock("KETTLE", 0, alternatives=("POT",))
    world.stock("POT", left, price=Decimal(price))
    line = late(world, lines=[{"variant": "KETTLE", "quantity": 2}])

    with pytest.raises(Conflict) as refused:
        answer(world, line, "swap", variant="POT")

    assert refused.value.code == "sold_out", why
    assert world.case(line).line.title == "Copper kettle"


@sqlite_only
def test_the_last_one_is_taken_once(world: OrderWorld) -> None:
    world.stock("KETTLE", 0, alternatives=("POT",))
    world.stock("POT", 1)
    first = late(world, lines=[{"variant": "KETTLE"}])
    second = world.order(lines=[{"variant": "KETTLE"}]).line

    answer(world, first, "swap", variant="POT")
    with pytest.raises(Conflict) as refused:
        answer(world, second, "swap", variant="POT")

    assert refused.value.code == "sold_out"


@sqlite_only
@pytest.mark.parametrize("kind", ["quantity", "swap"])
def test_nothing_is_changed_about_what_has_left(world: OrderWorld, kind: str) -> None:
    line = world.order(lines=[{"quantity": 3}]).line
    world.ship(line)

    with pytest.raises(Conflict) as refused:
        answer(world, line, kind, quantity=1, variant="POT")

    assert refused.value.code == "shipped"


@sqlite_only
@pytest.mark.parametrize("until", [None, "2026-04-02", "2027-05-01"])
def test_a_period_ends_after_today_and_within_a_year(world: OrderWorld, until: str | None) -> None:
    line = world.order(country="DE").line
    world.at("2026-04-02", zone="Europe/Berlin")

    with pytest.raises(InvalidInput):
        answer(world, line, "set_period", until=date.fromisoformat(until) if until else None)

    assert world.standing(line).state == "delivery_missed"


@sqlite_only
def test_a_line_that_does_not_exist_is_not_found(world: OrderWorld) -> None:
    with pytest.raises(NotFound):
        answer(world, 999, "cancel")


# --- at the same moment -------------------------------------------------------------------


def test_of_many_clicks_at_once_one_counts(world: OrderWorld) -> None:
    line = late(world)

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: answer(world, line, "cancel"), range(16)))

    assert sum(not one.is_repeat for one in done) == 1
    assert len({one.at for one in done}) == 1
    assert world.kinds(line).count("cancelled") == 1
    assert len(world.hooks("order.cancel_requested")) == 1
    assert len(world.hooks("refund.required")) == 1


@pytest.mark.parametrize("turn", range(4))
def test_a_shipment_and_a_cancellation_at_once_leave_one_truth(
    world: OrderWorld, turn: int
) -> None:
    line = late(world)
    shipped_at = world.clock.now - timedelta(minutes=5)

    def cancel() -> str:
        try:
            answer(world, line, "cancel")
        except Conflict as refused:
            return refused.code
        return "cancelled"

    with ThreadPoolExecutor(2) as pool:
        acts = [cancel, lambda: str(world.ship(line, at=shipped_at).state)]
        first, second = (pool.submit(act) for act in (acts if turn % 2 else acts[::-1]))
        results = {first.result(), second.result()}

    # whoever came first, the carrier had it five minutes before (F17)
    assert results in ({"shipped"}, {"cancelled", "shipped"})
    assert world.standing(line).state == "shipped"
    assert world.case(line).line.state == "shipped"


@pytest.mark.parametrize("turn", range(4))
def test_waiting_and_cancelling_at_once_never_brings_back_what_ended(
    world: OrderWorld, turn: int
) -> None:
    line = late(world)

    def give(kind: str) -> str:
        until = date(2026, 4, 10) if kind == "wait" else None
        try:
            answer(world, line, kind, until=until)
        except Conflict as refused:
            return refused.code
        return kind

    with ThreadPoolExecutor(2) as pool:
        said = set(pool.map(give, ["wait", "cancel"] if turn % 2 else ["cancel", "wait"]))

    assert said in ({"wait", "cancel"}, {"cancelled", "cancel"})
    assert world.standing(line).state == "refund_due"


@pytest.mark.parametrize("turn", range(4))
def test_f18_a_parcel_reported_for_the_second_of_a_click_is_never_shipped_and_cancelled(
    world: OrderWorld, turn: int
) -> None:
    line = late(world)
    now = world.clock.now.isoformat()
    parcel = [Shipment(ref="1", shipped_at=now)]

    def report() -> str:
        report_shipments(world.env, world.shop, "#1001", parcel, actor="olga")
        return "reported"

    def cancel() -> str:
        try:
            answer(world, line, "cancel")
        except Conflict as refused:
            return refused.code
        return "cancelled"

    with ThreadPoolExecutor(2) as pool:
        acts = [cancel, report] if turn % 2 else [report, cancel]
        said = {one.result() for one in [pool.submit(act) for act in acts]}

    state = world.standing(line).state
    assert (said, state) in (
        ({"reported", "cancelled"}, "manual_review"),
        ({"reported", "shipped"}, "shipped"),
    )


@sqlite_only
def test_f16_a_parcel_after_a_cancellation_is_refused(world: OrderWorld) -> None:
    line = late(world)
    answer(world, line, "cancel")
    world.clock.advance(timedelta(minutes=5))
    parcel = [Shipment(ref="1", shipped_at=world.clock.now.isoformat())]

    with pytest.raises(Conflict) as refused:
        report_shipments(world.env, world.shop, "#1001", parcel, actor="olga")

    assert refused.value.code == "cancelled"
    assert world.standing(line).state == "refund_due"


def test_deadlines_near_and_refunds_that_are_late_are_counted(world: OrderWorld) -> None:
    """Promised within 30 days of 2 March; cancelled on the 10th of April, so the refund is due by
    the 21st."""

    def counted() -> tuple[float, float]:
        singles = {name: value for name, _, value in read_operation(world.env).singles}
        return singles["order_deadlines"], singles["refunds_overdue"]

    line = world.order(country="US").line
    world.at("2026-03-20")
    world.expect(line, "2026-04-20")
    world.tell()
    assert counted() == (0, 0)
    world.at("2026-04-10")
    answer(world, line, "cancel")
    assert counted()[1] == 0
    world.at("2026-04-22T23:59")
    assert counted()[1] == 1

    deadline = world.standing(world.order(country="US").line).deadline
    assert deadline is not None
    world.clock.set(deadline - timedelta(hours=49))
    assert counted() == (0, 1)
    world.clock.set(deadline - timedelta(hours=47))
    assert counted() == (1, 1)

"""What became of an order line, as the shop's side says: shipped, arrived, refunded, not coming?

Everything is reported with the instant at which it happened, however late. The same report again
changes nothing; one that contradicts an earlier one is refused. A parcel that left after the
customer had cancelled is refused (trust OD-16): that is how the shop learns to stop it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from notifier.domain.order_delay import (
    NextStep,
    Shipped,
    Standing,
    State,
    Why,
    assess,
)
from notifier.domain.order_history import Happened
from notifier.errors import Conflict, InvalidInput, NotFound
from notifier.services.env import Env, ShopRef
from notifier.services.order_case import Case, load_case
from notifier.services.order_follow import New, estimate_facts, record
from notifier.services.order_given import EtaSaid, read_estimate
from notifier.services.order_value import read_past
from notifier.services.take_orders import find_order
from notifier.store import orders
from notifier.store.session import Transaction

LONGEST_WORD = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """One line of a parcel. `left_anyway`: it could not be stopped although the order had ended."""

    ref: str
    shipped_at: str
    carrier: str = ""
    tracking: str = ""
    left_anyway: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What became of a report. `changed` False: it was known. `review`: a person must find out
    what came first."""

    ref: str
    changed: bool
    standing: Standing

    @property
    def review(self) -> bool:
        return self.standing.next_step is NextStep.REVIEW


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    """One event of one line, before it is known whether it may be recorded."""

    ref: str
    field: str
    at: str
    at_field: str
    read: Callable[[Case, datetime], New | None]


def report_shipments(
    env: Env, shop: ShopRef, ref: str, parcel: Sequence[Shipment], *, actor: str, bare: str = ""
) -> list[Reported]:
    """Lines were handed to a carrier. All of them are stored, or none.

    `bare`: the zone of times that name none; empty: refuse them. Raises errors.NotFound,
    InvalidInput, and Conflict: "cancelled" when an order ended before it shipped, "contradiction"
    when it was reported with another time before.
    """
    reports = [
        _Report(
            ref=one.ref,
            field=f"lines.{number}",
            at=one.shipped_at,
            at_field="shipped_at",
            read=lambda case, at, one=one: _shipment(env, case, at, one),  # type: ignore[misc]
        )
        for number, one in enumerate(parcel)
    ]
    return _report(env, shop, ref, reports, actor=actor, bare=bare)


def report_deliveries(
    env: Env, shop: ShopRef, ref: str, arrived: Sequence[tuple[str, str]], *, actor: str
) -> list[Reported]:
    """Lines arrived: (line's ref, when). Raises as `report_shipments`."""
    reports = [
        _Report(
            ref=line_ref,
            field=f"lines.{number}",
            at=at,
            at_field="delivered_at",
            read=lambda case, at: _once(case, Happened.DELIVERED, at),
        )
        for number, (line_ref, at) in enumerate(arrived)
    ]
    return _report(env, shop, ref, reports, actor=actor)


def report_refund(
    env: Env,
    shop: ShopRef,
    ref: str,
    line: str,
    *,
    sent_at: str,
    reference: str,
    amount: Decimal | None,
    actor: str,
) -> Reported:
    """The whole refund of a line was sent. `reference`: by which it can be found at the provider.

    A line that was still open is over by that: the money went back unasked.
    """
    if not reference.strip():
        raise InvalidInput.of("reference", "missing", "Say by which reference it can be found.")

    def read(case: Case, at: datetime) -> New | None:
        known = case.latest(Happened.REFUND_SENT)
        if known is not None:
            _refuse_other(known.facts.get("reference"), reference.strip(), field="reference")
            return None
        if assess(case.facts, env.now()).state is State.MANUAL_REVIEW:
            raise Conflict("review", "First say what came first: POST …/review.", field="line")
        facts = {
            "reference": reference.strip()[:LONGEST_WORD],
            "amount": str(amount) if amount is not None else None,
        }
        return New(kind=Happened.REFUND_SENT, at=at, key="refund_sent", facts=facts)

    return _one(env, shop, ref, line, at=sent_at, at_field="sent_at", read=read, actor=actor)


def report_blocked(
    env: Env, shop: ShopRef, ref: str, line: str, *, found_at: str, actor: str
) -> Reported:
    """The money cannot go back the way it came (16 CFR 435.1(b)(1)). Raises Conflict when none is
    owed."""

    def read(case: Case, at: datetime) -> New | None:
        if case.latest(Happened.REFUND_BLOCKED) is not None:
            return None
        if assess(case.facts, env.now()).state is not State.REFUND_DUE:
            raise Conflict("nothing_owed", "No refund is owed for this line.", field="line")
        return New(kind=Happened.REFUND_BLOCKED, at=at, key="refund_blocked")

    return _one(env, shop, ref, line, at=found_at, at_field="found_at", read=read, actor=actor)


def decline(
    env: Env, shop: ShopRef, ref: str, line: str, *, at: str, why: str, actor: str
) -> Reported:
    """The shop will not ship this line. Raises Conflict("closed") when it has shipped."""

    def read(case: Case, at: datetime) -> New | None:
        if case.latest(Happened.NO_SHIP) is not None:
            return None
        standing = assess(case.facts, env.now())
        if standing.state in (State.REFUND_DUE, State.REFUNDED):
            return None  # it has ended already
        if not standing.may_ship:
            raise Conflict("closed", f"This line is {standing.state}.", field="line")
        facts = {"why": why.strip()[:LONGEST_WORD]}
        return New(kind=Happened.NO_SHIP, at=at, key="no_ship", facts=facts)

    return _one(env, shop, ref, line, at=at, at_field="decided_at", read=read, actor=actor)


def review(
    env: Env, shop: ShopRef, ref: str, line: str, *, shipped_first: bool, actor: str
) -> Reported:
    """A person found out whether parcel or cancellation came first (case F18)."""

    def read(case: Case, at: datetime) -> New | None:
        known = case.latest(Happened.REVIEWED)
        if known is not None:
            _refuse_other(known.facts["shipped_first"], shipped_first, field="shipped_first")
            return None
        if assess(case.facts, env.now()).state is not State.MANUAL_REVIEW:
            raise Conflict("no_review", "Nothing is to be found out about this line.", field="line")
        facts = {"shipped_first": shipped_first}
        return New(kind=Happened.REVIEWED, at=at, key="reviewed", facts=facts)

    return _one(env, shop, ref, line, at="", at_field="", read=read, actor=actor)


def expect_line(
    env: Env, shop: ShopRef, ref: str, line: str, said: EtaSaid, *, actor: str
) -> Reported:
    """When one line is expected to ship, other than its variant; null: nobody knows.

    A newer date of the variant replaces it. Raises errors.InvalidInput for a date that is past, and
    for a definite one without a source (trust OD-5).
    """

    def read(case: Case, at: datetime) -> New | None:
        given = read_estimate(said, zone=case.order.zone, now=env.now())
        if not assess(case.facts, env.now()).may_ship:
            raise Conflict("closed", f"This line is {case.line.state}.", field="line")
        facts = estimate_facts(given.eta, source=given.source, scope="line", reason=given.reason)
        facts["evidence"] = given.evidence
        known = case.latest(Happened.ESTIMATE)
        if known is not None and known.facts == facts:
            return None
        at = max(at, known.at) if known is not None else at
        number = sum(one.kind == Happened.ESTIMATE for one in case.events)
        return New(kind=Happened.ESTIMATE, at=at, key=f"line_eta:{number}", facts=facts)

    return _one(env, shop, ref, line, at="", at_field="", read=read, actor=actor)


def _one(
    env: Env,
    shop: ShopRef,
    ref: str,
    line: str,
    *,
    at: str,
    at_field: str,
    read: Callable[[Case, datetime], New | None],
    actor: str,
) -> Reported:
    report = _Report(ref=line, field="", at=at, at_field=at_field, read=read)
    return _report(env, shop, ref, [report], actor=actor)[0]


def _report(
    env: Env, shop: ShopRef, ref: str, reports: Sequence[_Report], *, actor: str, bare: str = ""
) -> list[Reported]:
    def work(tx: Transaction) -> list[Reported]:
        order = find_order(tx, shop, ref)
        lines = {one.ref: one.id for one in orders.lines_of_order(tx, order.id)}
        for one in reports:
            if one.ref not in lines:
                raise NotFound(
                    f"Order {order.ref!r} has no line {one.ref[:80]!r}.",
                    field=f"{one.field}.ref" if one.field else "line",
                )
        for line_id in sorted({lines[one.ref] for one in reports}):
            orders.find_line(tx, line_id, for_update=True)  # one order for all: no deadlock
        return [_take(env, tx, lines[one.ref], one, actor=actor, bare=bare) for one in reports]

    return env.db.retry(work)


def _take(
    env: Env, tx: Transaction, line_id: int, report: _Report, *, actor: str, bare: str
) -> Reported:
    case = load_case(tx, line_id)
    now = env.now()
    place = f"{report.field}.{report.at_field}".strip(".")
    at = now
    if report.at_field:
        since = case.order.completed_at
        at = read_past(report.at, field=place, now=now, bare=bare or None, since=since)
    try:
        new = report.read(case, at)
    except Conflict as error:
        error.field = f"{report.field}.{error.field}".strip(".")
        raise
    if new is None:
        return Reported(ref=report.ref, changed=False, standing=assess(case.facts, now))
    standing = record(env, tx, line_id, replace(new, actor=actor))
    return Reported(ref=report.ref, changed=True, standing=standing)


def _shipment(env: Env, case: Case, at: datetime, one: Shipment) -> New | None:
    facts = {
        "carrier": one.carrier.strip()[:LONGEST_WORD],
        "tracking": one.tracking.strip()[:LONGEST_WORD],
        "left_anyway": one.left_anyway,
    }
    known = _once(case, Happened.SHIPPED, at, facts=facts)
    if known is not None and not one.left_anyway:
        _refuse_ended(case, at, now=env.now())
    return known


def _refuse_ended(case: Case, at: datetime, *, now: datetime) -> None:
    """Raises Conflict when the line had ended before the goods left (trust OD-16)."""
    with_it = replace(case.facts, events=(*case.facts.events, Shipped(at=at)))
    standing = assess(with_it, now)
    if all(reason.why is not Why.SHIPPED_AFTER_END for reason in standing.reasons):
        return
    refund = standing.refund
    since = f" at {refund.vested_at.isoformat()}" if refund else ""
    raise Conflict(
        "cancelled",
        f"Line {case.line.ref!r} ended{since}, before it shipped"
        f"{f' ({refund.ground})' if refund else ''}. Stop the parcel and send the refund. If it "
        "has left and cannot be stopped, report it with left_anyway: true.",
        field="ref",
    )


def _once(
    case: Case, kind: Happened, at: datetime, *, facts: dict[str, object] | None = None
) -> New | None:
    """An event that a line has once; None when it is known. Raises Conflict for another time."""
    known = case.latest(kind)
    if known is None:
        return New(kind=kind, at=at, key=kind.value, facts=facts or {})
    if known.at.replace(microsecond=0) != at.replace(microsecond=0):
        raise Conflict(
            "contradiction",
            f"Line {case.line.ref!r} was reported as {kind} at {known.at.isoformat()} before.",
            field=f"{kind}_at",
        )
    return None


def _refuse_other(known: object, said: object, *, field: str) -> None:
    if known != said:
        raise Conflict(
            "contradiction", f"This was reported with {field} {known!r} before.", field=field
        )

"""Where does an order stand, line by line, and which lines come next?

What is shown is reckoned from the events at this moment, not read from what was stored last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from notifier.domain.order_delay import Refund, Standing, assess
from notifier.domain.order_history import Happened
from notifier.services.env import Env, ShopRef
from notifier.services.order_case import Case, load_cases
from notifier.services.take_orders import find_order
from notifier.store import catalogue, order_messages, order_queue, orders
from notifier.store.addressed import find_addressees
from notifier.store.order_messages import Sent
from notifier.store.orders import EventRow
from notifier.store.session import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChoice:
    """What the customer may answer, and the paragraph (or "policy") that lets them. `until`: for
    `wait` only; None: as long as it takes."""

    kind: str
    until: date | None
    paragraph: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownReason:
    """Why the line stands there, and the paragraph (or "policy")."""

    at: datetime
    why: str
    paragraph: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownNotice:
    """A notice that must be offered: which, ideally on which day, and before which instant."""

    kind: str
    revised: date | None
    target: date
    by: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRefund:
    """A refund: why it is owed, since when, and before which instant it must be sent."""

    ground: str
    vested_on: date
    refund_by: date
    refund_by_instant: datetime
    sent_at: datetime | None
    was_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEstimate:
    """When it is expected to ship, who says so, and whether that may be told."""

    ship_by: date | None
    source: str
    evidence: str
    has_basis: bool
    scope: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEvent:
    """One thing that happened, when, and when we learned of it."""

    at: datetime
    recorded_at: datetime
    kind: str
    facts: dict[str, Any]
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    """One message about the line, and how it fared."""

    kind: str
    medium: str
    state: str
    reason: str
    made_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLine:
    """One line. `promised`: the last day that was promised; `limit`: the last day to ship (EU and
    UK: to deliver) as things stand; `deadline`: the next instant at which something lapses."""

    order: str
    ref: str
    variant: str | None
    title: str
    quantity: int
    price: Decimal | None
    currency: str
    sold_as: str
    promise: str | None
    promised: date
    rules: str
    state: str
    next_step: str
    limit: date | None
    deadline: datetime | None
    expected: ShownEstimate | None
    notice: ShownNotice | None
    choices: tuple[ShownChoice, ...]
    refund: ShownRefund | None
    reasons: tuple[ShownReason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownWhole(ShownLine):
    """A line with all that happened to it and each message about it."""

    incentive: dict[str, Any] | None
    history: tuple[ShownEvent, ...]
    messages: tuple[ShownMessage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOrder:
    """An order. `country` empty: nobody knows, so the strictest rules count."""

    ref: str
    completed_at: datetime
    received_at: datetime
    received_from: str
    country: str
    zone: str
    locale: str
    email: str | None
    phone: str | None
    lines: tuple[ShownWhole, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePage:
    """Some lines by their next deadline; `last`: deadline and id of the last of them."""

    lines: tuple[ShownLine, ...]
    last: tuple[datetime | None, int] | None


def show_order(env: Env, shop: ShopRef, ref: str) -> ShownOrder:
    """Raises errors.NotFound, also for another shop's."""
    with env.db.read() as tx:
        order = find_order(tx, shop, ref)
        rows = orders.lines_of_order(tx, order.id)
        cases = load_cases(tx, [row.id for row in rows])
        keys = _keys(tx, list(cases.values()))
        sent = {row.id: order_messages.messages_of(tx, row.id) for row in rows}
        contacts = find_addressees(
            tx, [one for one in (order.email_id, order.phone_id) if one is not None]
        )
    now = env.now()
    addresses = {id_: one.address for id_, one in contacts.items() if one.address}
    return ShownOrder(
        ref=order.ref,
        completed_at=order.completed_at,
        received_at=order.created_at,
        received_from=order.source,
        country=order.country,
        zone=order.zone,
        locale=order.locale,
        email=addresses.get(order.email_id or 0),
        phone=addresses.get(order.phone_id or 0),
        lines=tuple(
            ShownWhole(
                **_line(cases[row.id], keys, now=now),
                incentive=row.incentive,
                history=tuple(_event(one) for one in cases[row.id].events),
                messages=tuple(_message(one) for one in sent[row.id]),
            )
            for row in rows
        ),
    )


def list_lines(
    env: Env,
    shop: ShopRef,
    *,
    states: Sequence[str] = (),
    next_steps: Sequence[str] = (),
    due_before: datetime | None = None,
    after: tuple[datetime | None, int] | None = None,
    limit: int = 50,
) -> LinePage:
    """Lines of all orders, those with the next deadline first, those without one last."""
    with env.db.read() as tx:
        rows = order_queue.list_lines(
            tx,
            shop.id,
            states=states,
            next_steps=next_steps,
            due_before=due_before,
            after=after,
            limit=limit + 1,
        )
        shown = rows[:limit]
        cases = load_cases(tx, [row.id for row in shown])
        keys = _keys(tx, list(cases.values()))
    now = env.now()
    more = len(rows) > limit
    return LinePage(
        lines=tuple(ShownLine(**_line(cases[row.id], keys, now=now)) for row in shown),
        last=(shown[-1].deadline_at, shown[-1].id) if more else None,
    )


def _keys(tx: Transaction, cases: Sequence[Case]) -> dict[int, str]:
    wanted = {case.line.variant_id for case in cases if case.line.variant_id is not None}
    return {id_: row.key for id_, row in catalogue.find_variants(tx, wanted).items()}


def _line(case: Case, keys: dict[int, str], *, now: datetime) -> dict[str, Any]:
    row, standing = case.line, assess(case.facts, now)
    return {
        "order": case.order.ref,
        "ref": row.ref,
        "variant": keys.get(row.variant_id) if row.variant_id is not None else None,
        "title": row.title,
        "quantity": row.quantity,
        "price": row.price,
        "currency": row.currency,
        "sold_as": row.sold_as,
        "promise": str(row.promise.get("text", "")) if row.promise else None,
        "promised": standing.promised,
        "rules": standing.pack.version,
        "state": standing.state.value,
        "next_step": standing.next_step.value,
        "limit": standing.limit,
        "deadline": standing.deadline,
        "expected": _estimate(case),
        "notice": _notice(standing),
        "choices": tuple(
            ShownChoice(
                kind=one.kind.value,
                until=one.until,
                paragraph=standing.pack.paragraph_of(one.kind),
            )
            for one in standing.choices
        ),
        "refund": _refund(standing.refund),
        "reasons": tuple(
            ShownReason(at=one.at, why=one.why.value, paragraph=one.paragraph)
            for one in standing.reasons
        ),
    }


def _estimate(case: Case) -> ShownEstimate | None:
    latest = case.latest(Happened.ESTIMATE)
    if latest is None:
        return None
    facts = latest.facts
    return ShownEstimate(
        ship_by=date.fromisoformat(facts["ship_by"]) if facts.get("ship_by") else None,
        source=str(facts.get("source") or ""),
        evidence=str(facts.get("evidence") or ""),
        has_basis=bool(facts.get("has_basis")),
        scope=str(facts.get("scope") or ""),
        since=latest.at,
    )


def _notice(standing: Standing) -> ShownNotice | None:
    due = standing.notice
    if due is None:
        return None
    return ShownNotice(kind=due.kind.value, revised=due.revised, target=due.target, by=due.by)


def _refund(refund: Refund | None) -> ShownRefund | None:
    if refund is None:
        return None
    return ShownRefund(
        ground=refund.ground.value,
        vested_on=refund.vest,
        refund_by=refund.by,
        refund_by_instant=refund.by_at,
        sent_at=refund.sent_at,
        was_late=refund.was_late,
    )


def _event(row: EventRow) -> ShownEvent:
    return ShownEvent(
        at=row.at, recorded_at=row.recorded_at, kind=row.kind, facts=row.facts, actor=row.actor
    )


def _message(one: Sent) -> ShownMessage:
    return ShownMessage(
        kind=one.kind,
        medium=one.medium,
        state=one.state,
        reason=one.reason,
        made_at=one.created_at,
        finished_at=one.finished_at,
    )

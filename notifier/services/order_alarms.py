"""When is a person called about an order line, what is he told to do, and when is it over?

A missed or near deadline, a customer who cannot be reached, a review, a parcel that crossed a
cancellation. Each is raised once for what happened, and cleared when it is true no more.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from notifier.domain.availability import Availability
from notifier.domain.message import MessageKind
from notifier.domain.order_delay import Standing, State
from notifier.domain.order_history import Happened
from notifier.services.alarm_said import say
from notifier.services.alarms import clear_alarm, raise_alarm
from notifier.services.env import Env, ShopRef
from notifier.services.order_case import Case
from notifier.store import etas, orders
from notifier.store.session import Transaction

_OVER_WITH_THE_REFUND = frozenset(
    {"no_option_offered", "no_renewed_option_offered", "refund_nearly_overdue", "refund_overdue"}
)


def call_people(
    env: Env, tx: Transaction, shop: ShopRef, case: Case, standing: Standing, *, now: datetime
) -> None:
    """Raise what is wrong with a line now, and clear what was and is no more."""
    wrong = _what_is_wrong(case, standing, now=now)
    if standing.may_ship and _is_discontinued(tx, case):
        wrong.append(("discontinued", ""))
    for why, mark in wrong:
        if first_time(tx, case, f"alarm:{why}:{mark}", facts={"why": why}, now=now):
            _raise(env, tx, shop, case, standing, why=why)
    still = {why for why, _ in wrong}
    raised = {str(one.facts.get("why")) for one in case.events if one.kind == Happened.ALARM}
    for why in sorted(raised - still):
        clear_alarm(env, tx, code=f"order.{why}", about=_about(shop, case))


def _what_is_wrong(case: Case, standing: Standing, *, now: datetime) -> list[tuple[str, str]]:
    """What a person should hear of: why, and a mark that is the same while it is the same thing."""
    found = [
        (reason.why.value, reason.at.isoformat())
        for reason in standing.reasons
        if reason.why in standing.alarms
        and not (standing.state is State.REFUNDED and reason.why in _OVER_WITH_THE_REFUND)
    ]
    notice = standing.notice
    if notice is not None and notice.person_from is not None and notice.person_from <= now:
        tries = sum(event.kind == Happened.RETURNED for event in case.events)
        found.append(("not_reached", f"{notice.by}:{tries}" if tries else str(notice.by)))
    if standing.state is State.MANUAL_REVIEW:
        found.append(("review", ""))
    if standing.state in (State.SHIPPED, State.DELIVERED) and _was_told_cancelled(case):
        found.append(("told_cancelled", ""))
    return found


def _is_discontinued(tx: Transaction, case: Case) -> bool:
    known = etas.expected(tx, case.line.variant_id) if case.line.variant_id else None
    return known is not None and known.availability is Availability.DISCONTINUED


def _was_told_cancelled(case: Case) -> bool:
    return any(
        one.kind == Happened.TOLD and one.facts.get("kind") == MessageKind.ORDER_CANCELLED
        for one in case.events
    )


def _raise(
    env: Env, tx: Transaction, shop: ShopRef, case: Case, standing: Standing, *, why: str
) -> None:
    notice_by = standing.notice.last_day if standing.notice else None
    words = {
        "refund_by": standing.refund.by if standing.refund else "",
        "notice_by": notice_by or "",
    }
    raise_alarm(
        env,
        tx,
        code=f"order.{why}",
        about=_about(shop, case),
        message=say(
            "order",
            order=case.order.ref,
            line=case.line.ref,
            title=case.line.title[:80],
            what=say(f"order_{why}", **words),
        ),
        shop=shop,
        facts={"order": case.order.ref, "line": case.line.ref},
    )


def _about(shop: ShopRef, case: Case) -> str:
    """Two shops may have the same order number."""
    return f"{shop.slug}/{case.facts.ref}"[:128]


def first_time(
    tx: Transaction, case: Case, mark: str, *, facts: dict[str, Any], now: datetime
) -> bool:
    """Whether this is done for the first time; from now on it was."""
    if any(event.key == mark[:128] for event in case.events):
        return False
    kind = Happened.ALARM if mark.startswith("alarm:") else Happened.HOOK
    return orders.add_event(
        tx, case.line.id, kind=kind.value, at=now, recorded_at=now, key=mark[:128], facts=facts
    )

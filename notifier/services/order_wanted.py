"""What has the customer of an order line to hear now, if anything?

Asked whenever something happened, and again in the transaction that claims the message: what is
not wanted any more is not sent (case F42). A message is known by its signature, so that the same
news is not told twice and newer news replaces what has not left yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.domain.message import MessageKind
from notifier.domain.order_delay import (
    NoticePlan,
    Standing,
    State,
    assess,
    plan_notice,
)
from notifier.domain.order_delay.days import start_of
from notifier.domain.order_history import Happened, came_back
from notifier.services.order_case import Case

NEWS_IS_GOOD_FOR = timedelta(days=14)
RECEIPT_IS_GOOD_FOR = timedelta(days=30)
FROM_STOCK = "stock"
"""Scope of an estimate: the goods are there, and they are this line's."""
_OVER = frozenset({State.REFUND_DUE, State.REFUNDED})
_LAPSED = frozenset({State.DELIVERY_MISSED, State.MAY_TERMINATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One message. `plan`: the notice it has to be, for the kinds that tell a date.

    `about`: why we write, for ORDER_CHECKING: review | no_news | missed.
    """

    kind: MessageKind
    signature: str
    standing: Standing
    plan: NoticePlan | None = None
    about: str = ""

    @property
    def is_legal(self) -> bool:
        """The law asks for this notice, and says by when."""
        return self.plan is not None and self.plan.due is not None

    def expires_at(self, now: datetime) -> datetime:
        """When it is not worth sending any more: an option offered too late is none."""
        if self.plan is not None and self.plan.due is not None and self.plan.due.by is not None:
            return self.plan.due.by
        if self.kind is MessageKind.ORDER_CANCELLED:
            return now + RECEIPT_IS_GOOD_FOR
        return now + NEWS_IS_GOOD_FOR


def what_to_tell(case: Case, *, now: datetime) -> Wanted | None:
    """The message that the line's history asks for at `now`; None: nothing is to be told."""
    standing = assess(case.facts, now)
    if standing.refund is not None and standing.state in _OVER:
        signature = f"order_cancelled:{standing.refund.vest}:{standing.refund.ground}"
        return Wanted(kind=MessageKind.ORDER_CANCELLED, signature=signature, standing=standing)
    if standing.state is State.MANUAL_REVIEW:
        return _checking(standing, about="review", mark="")
    plan = plan_notice(case.facts, now=now)
    if plan.message is not None and (plan.due is not None or not has_goods(case)):
        return Wanted(
            kind=MessageKind(plan.message.value),
            signature=_signature(case, plan),
            standing=standing,
            plan=plan,
        )
    if standing.state in _LAPSED:
        return _checking(standing, about="missed", mark=str(standing.limit))
    if _is_update_due(case, standing, now=now) and not has_goods(case):
        return _checking(standing, about="no_news", mark=str(standing.update_due), plan=plan)
    if has_goods(case):
        return None  # ORDER_READY says it, see services.order_ready
    if not _was_told(case) and standing.may_ship and plan.refused is None:
        return Wanted(
            kind=MessageKind.ORDER_BACKORDERED,
            signature="order_backordered:first",
            standing=standing,
            plan=plan,
        )
    return None


def _checking(
    standing: Standing, *, about: str, mark: str, plan: NoticePlan | None = None
) -> Wanted:
    return Wanted(
        kind=MessageKind.ORDER_CHECKING,
        signature=f"order_checking:{about}:{mark}",
        standing=standing,
        plan=plan,
        about=about,
    )


def _signature(case: Case, plan: NoticePlan) -> str:
    """Which date it tells, with which effect, and as of which word of the merchant: a date that
    comes back after another one is news again."""
    estimate = case.latest(Happened.ESTIMATE)
    parts = (plan.message, plan.kind, plan.revised or "none", estimate.id if estimate else 0)
    return ":".join(str(part) for part in parts)


def has_goods(case: Case) -> bool:
    """Whether goods in stock are this line's, by what was said last."""
    latest = case.latest(Happened.ESTIMATE)
    return latest is not None and latest.facts.get("scope") == FROM_STOCK


def _was_told(case: Case) -> bool:
    lost = came_back(case.events)
    return any(
        event.kind in (Happened.NOTICE, Happened.TOLD) and event.facts.get("message") not in lost
        for event in case.events
    )


def _is_update_due(case: Case, standing: Standing, *, now: datetime) -> bool:
    """Also when the merchant has something to do first: a date that is over is no news either."""
    due = standing.update_due
    return due is not None and now >= start_of(due, case.order.zone)

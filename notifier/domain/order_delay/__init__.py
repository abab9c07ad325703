"""What does the law want for an order line that cannot be shipped in time?

`assess` says where a line stands, `plan_notice` what its customer must be told, `consequences` what
a new date would mean for many lines, `read_promise` what a shop's words promise. All of it is
reckoned from a `Line` and `now`; nothing here reads a clock or writes anything.

    facts      line, events            what happened
    law        packs, paragraphs       whose rules, in which version
    course     course, shipment, delivery, refunds   the history, event by event
    answers    standing, notices, preview
"""

from __future__ import annotations

from notifier.domain.order_delay.assess import assess
from notifier.domain.order_delay.days import Until, end_of
from notifier.domain.order_delay.events import (
    Cancelled,
    Delivered,
    EstimateChanged,
    Event,
    Kept,
    NoShipDecided,
    NoticeKind,
    NoticeOffered,
    PeriodSet,
    RefundBlocked,
    RefundSent,
    Reviewed,
    Shipped,
    Withdrawn,
)
from notifier.domain.order_delay.line import Exclusion, Line, Promise
from notifier.domain.order_delay.notices import (
    Clause,
    NoticePlan,
    OrderMessage,
    Refusal,
    Silence,
    plan_notice,
)
from notifier.domain.order_delay.packs import PACKS, RulePack, pack_for
from notifier.domain.order_delay.preview import Consequence, Preview, consequences
from notifier.domain.order_delay.promise_text import read_promise
from notifier.domain.order_delay.refunds import Refund, RefundScope, refund_scope
from notifier.domain.order_delay.standing import Choice, NoticeDue, Reason, Standing
from notifier.domain.order_delay.states import ChoiceKind, NextStep, State, Why

__all__ = [
    "PACKS",
    "Cancelled",
    "Choice",
    "ChoiceKind",
    "Clause",
    "Consequence",
    "Delivered",
    "EstimateChanged",
    "Event",
    "Exclusion",
    "Kept",
    "Line",
    "NextStep",
    "NoShipDecided",
    "NoticeDue",
    "NoticeKind",
    "NoticeOffered",
    "NoticePlan",
    "OrderMessage",
    "PeriodSet",
    "Preview",
    "Promise",
    "Reason",
    "Refund",
    "RefundBlocked",
    "RefundScope",
    "RefundSent",
    "Refusal",
    "Reviewed",
    "RulePack",
    "Shipped",
    "Silence",
    "Standing",
    "State",
    "Until",
    "Why",
    "Withdrawn",
    "assess",
    "consequences",
    "end_of",
    "pack_for",
    "plan_notice",
    "read_promise",
    "refund_scope",
]

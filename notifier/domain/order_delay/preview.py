"""What would a new expected date mean for the customers who wait, before it is saved?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from notifier.domain.order_delay.assess import assess
from notifier.domain.order_delay.events import EstimateChanged
from notifier.domain.order_delay.line import Line
from notifier.domain.order_delay.notices import NoticePlan, OrderMessage, plan_with_standing
from notifier.domain.order_delay.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """One line: where it stands, where it would stand, and what its customer would be told."""

    ref: str
    before: Standing
    after: Standing
    plan: NoticePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """All lines in the order given. `messages`: how many customers' lines get which message.

    `first_notice_by`: the earliest instant by which a notice must have been offered; None: the law
    asks for none.
    """

    lines: tuple[Consequence, ...]
    messages: Mapping[OrderMessage, int]
    first_notice_by: datetime | None


def consequences(lines: Iterable[Line], estimate: EstimateChanged, *, now: datetime) -> Preview:
    """What `estimate` would change for each of `lines` at `now`. Nothing is changed by asking.

    Raises InvalidInput for a `now` without time zone.
    """
    found = tuple(_consequence(line, estimate, now=now) for line in lines)
    told = Counter(each.plan.message for each in found if each.plan.message is not None)
    due = [each.plan.due.by for each in found if each.plan.due and each.plan.due.by]
    return Preview(lines=found, messages=dict(told), first_notice_by=min(due, default=None))


def _consequence(line: Line, estimate: EstimateChanged, *, now: datetime) -> Consequence:
    plan, after = plan_with_standing(line, estimate, now=now)
    return Consequence(ref=line.ref, before=assess(line, now), after=after, plan=plan)

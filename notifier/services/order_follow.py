"""Something happened to an order line, or time passed: where does it stand, and what follows?

Everything that happens goes through `record`; whatever follows is derived from the whole history
by `follow`, which may run at any time, late or twice. What must happen once (a hook, an alarm) has
a key among the line's events.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from notifier.domain.eta import Eta
from notifier.domain.message import MessageState
from notifier.domain.money import amount_text
from notifier.domain.order_delay import (
    RefundScope,
    Standing,
    State,
    Why,
    assess,
    end_of,
    refund_scope,
)
from notifier.domain.order_delay.days import start_of
from notifier.domain.order_delay.states import CLOSED, OPEN
from notifier.domain.order_history import Happened
from notifier.domain.stock import Level
from notifier.errors import StoreBusy
from notifier.log import log
from notifier.services.alarm_said import say
from notifier.services.alarms import clear_alarm, raise_alarm
from notifier.services.env import Env, ShopRef
from notifier.services.hook_out import tell_webhooks
from notifier.services.order_alarms import call_people, first_time
from notifier.services.order_case import Case, load_case, load_cases
from notifier.services.order_ready import NOTHING, look_for_goods, take_goods, tell_ready
from notifier.services.order_tell import tell
from notifier.services.order_wanted import FROM_STOCK, what_to_tell
from notifier.services.set_eta import BY_HAND
from notifier.store import alarms, etas, order_messages, orders
from notifier.store.orders import EventRow
from notifier.store.session import Transaction

GOODS_ARE_KEPT_FOR = timedelta(days=3)
IN_FLIGHT_LOOK = timedelta(minutes=1)
BROKEN_LOOK = timedelta(minutes=10)
BROKEN = "order.unreadable"
AT_ONCE = 100  # lines a run of the job looks at
__all__ = ["AT_ONCE", "New", "estimate_facts", "follow", "follow_due", "record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """An event to be recorded. `key` is the same when the same thing is reported again."""

    kind: Happened
    at: datetime
    key: str
    facts: dict[str, Any] = field(default_factory=dict)
    actor: str = ""


def record(env: Env, tx: Transaction, line_id: int, *happened: New) -> Standing:
    """Add what happened to a line, and do what follows. Where the line stands after it.

    Raises errors.NotFound. The line stays locked until the caller's transaction ends.
    """
    orders.find_line(tx, line_id, for_update=True)
    for one in happened:
        orders.add_event(
            tx,
            line_id,
            kind=one.kind.value,
            at=one.at,
            recorded_at=env.now(),
            key=one.key,
            facts=one.facts,
            actor=one.actor,
        )
    return follow(env, tx, line_id)


def follow(env: Env, tx: Transaction, line_id: int) -> Standing:
    """Reckon anew where a line stands; store it, tell the customer, the shop and its people."""
    now = env.now()
    case = load_case(tx, line_id, for_update=True)
    arrival = look_for_goods(tx, case, now=now) if case.line.state in OPEN else NOTHING
    if _take_over_estimate(tx, case, now=now) | take_goods(tx, case, arrival, now=now):
        case = load_case(tx, line_id)
    standing = assess(case.facts, now)
    if _is_in_flight(tx, case, standing):
        orders.update_line(tx, line_id, assessed_at=now, look_at=now + IN_FLIGHT_LOOK)
        return standing
    shop = env.shop_by_id(case.line.shop_id)
    if shop is not None:
        _owe(env, tx, shop, case, standing, now=now)
        call_people(env, tx, shop, case, standing, now=now)
        tell(env, tx, shop, case, what_to_tell(case, now=now))
        if arrival.epoch is not None:
            tell_ready(env, tx, shop, case, standing, epoch=arrival.epoch)
    orders.update_line(
        tx,
        line_id,
        assessed_at=now,
        state=standing.state.value,
        next_step=standing.next_step.value,
        deadline_at=standing.deadline,
        refund_by=standing.refund.by_at if _is_owed(standing) and standing.refund else None,
        look_at=_sooner(_look_at(case, standing, now=now), arrival.again_at),
    )
    return standing


def follow_due(env: Env) -> int:
    """The job: look at the lines at which something may follow by now; how many there were.

    A line that cannot be reckoned keeps no other from its deadline: a person is called, and it is
    looked at again later.
    """
    with env.db.read() as tx:
        due = orders.due_lines(tx, now=env.now(), limit=AT_ONCE)
        known = {one.about for one in alarms.open_alarms(tx) if one.code == BROKEN}
    for line_id in due:
        try:
            env.db.retry(partial(_follow_one, env, line_id, f"line:{line_id}" in known))
        except StoreBusy:
            raise
        except Exception as error:  # noqa: BLE001  one broken line must not stop the rest
            log.exception("order line cannot be reckoned", line=line_id)
            env.db.retry(partial(_put_aside, env, line_id, f"{type(error).__name__}: {error}"))
    return len(due)


def _follow_one(env: Env, line_id: int, was_broken: bool, tx: Transaction) -> None:
    follow(env, tx, line_id)
    if was_broken:
        clear_alarm(env, tx, code=BROKEN, about=f"line:{line_id}")


def _put_aside(env: Env, line_id: int, why: str, tx: Transaction) -> None:
    line = orders.find_line(tx, line_id, for_update=True)
    if line is None:
        return
    orders.update_line(tx, line_id, look_at=env.now() + BROKEN_LOOK)
    raise_alarm(
        env,
        tx,
        code=BROKEN,
        about=f"line:{line_id}",
        message=say(
            "line_broken", line=line.ref, title=line.title[:80], id=str(line_id), error=why[:300]
        ),
        shop=env.shop_by_id(line.shop_id),
        facts={"line": line.ref},
    )


def _is_in_flight(tx: Transaction, case: Case, standing: Standing) -> bool:
    """Whether the order seems to be over because nobody was told, while it is not known yet what
    came of a letter: its sender may be at it, or was killed, and its notes say more soon."""
    refund = standing.refund
    if refund is None or refund.ground not in _NOT_TOLD or case.line.state in CLOSED:
        return False
    sending = MessageState.SENDING.value
    return any(one.state == sending for one in order_messages.messages_of(tx, case.line.id))


_NOT_TOLD = (Why.NO_OPTION_OFFERED, Why.NO_RENEWED_OPTION_OFFERED)


def _take_over_estimate(tx: Transaction, case: Case, *, now: datetime) -> bool:
    """The date expected for the variant is the line's too, until somebody gives the line its own.

    True when there was news. Nobody having said anything is no estimate; a date taken back is one.
    """
    if case.line.variant_id is None or case.line.state in CLOSED:
        return False
    belief = etas.expected(tx, case.line.variant_id)
    latest = case.latest(Happened.ESTIMATE)
    if belief is None or belief.level is Level.THERE or (latest is None and belief.eta is None):
        return False  # what is there is expected no more, and that is no delay
    if latest is not None and _stands(latest, belief, now=now):
        return False
    facts = estimate_facts(belief.eta, source=belief.source, reason=belief.reason)
    if latest is not None and {name: latest.facts.get(name) for name in facts} == facts:
        return False
    known = min(max(belief.at or now, case.order.completed_at), now)
    number = sum(event.kind == Happened.ESTIMATE for event in case.events)
    return orders.add_event(
        tx,
        case.line.id,
        kind=Happened.ESTIMATE.value,
        at=max(known, latest.at) if latest else known,
        recorded_at=now,
        key=f"eta:{number}",
        facts=facts,
        actor=belief.source,
    )


def _stands(latest: EventRow, belief: etas.Expected, *, now: datetime) -> bool:
    """Whether what is known of the line itself counts for more than what its variant says now.

    Goods that are this line's are not late because more of them come later; for some days, in which
    they should have left.
    """
    if latest.facts.get("scope") == "variant":
        return False
    if latest.facts.get("scope") == FROM_STOCK and now < latest.at + GOODS_ARE_KEPT_FOR:
        return True
    return belief.at is None or belief.at <= latest.at


def _sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)


def estimate_facts(
    eta: Eta | None, *, source: str, scope: str = "variant", reason: str = ""
) -> dict[str, Any]:
    """What an ESTIMATE event says: the last day of the span (trust A4), and whether somebody or
    something stands behind it (trust OD-5). `scope`: variant, line, or stock (it is there)."""
    return {
        "scope": scope,
        "ship_by": eta.latest.isoformat() if eta and eta.latest else None,
        "eta": eta.iso() if eta else None,
        "has_basis": eta is not None and source not in ("", BY_HAND),
        "source": source if eta else "",
    } | ({"reason": reason} if reason else {})


def _is_owed(standing: Standing) -> bool:
    return standing.refund is not None and standing.state is State.REFUND_DUE


def _owe(
    env: Env, tx: Transaction, shop: ShopRef, case: Case, standing: Standing, *, now: datetime
) -> None:
    """Tell the shop's software of a refund that is due (trust OD-19). We move no money."""
    refund = standing.refund
    if refund is None or not _is_owed(standing):
        return
    mark = f"hook:refund.required:{refund.vest}:{refund.ground}"
    if not first_time(tx, case, mark, facts={"hook": "refund.required"}, now=now):
        return
    line, order = case.line, case.order
    scope = refund_scope([standing.state, *_states_of_others(tx, case, now=now)])
    tell_webhooks(
        env,
        tx,
        shop,
        "refund.required",
        {
            "order": order.ref,
            "line": line.ref,
            "quantity": line.quantity,
            "price": amount_text(line.price, line.currency),
            "currency": line.currency,
            "ground": refund.ground.value,
            "vested_on": refund.vest.isoformat(),
            "refund_by": refund.by.isoformat(),
            "refund_by_instant": refund.by_at.isoformat(),
            "covers": scope.value,
            "shipping_fee_by_hand": scope is RefundScope.LINES_AND_FEE_BY_HAND,
            "rules": standing.pack.name,
        },
    )


def _states_of_others(tx: Transaction, case: Case, *, now: datetime) -> list[State]:
    """Where the other lines of the order stand. Those whose time is over may not have been looked
    at yet: what is owed must not depend on which comes first."""
    others = [one for one in orders.lines_of_order(tx, case.order.id) if one.id != case.line.id]
    unseen = [
        one.id
        for one in others
        if one.deadline_at is not None and one.deadline_at <= now and one.state in OPEN
    ]
    cases = load_cases(tx, unseen) if unseen else {}
    seen = {id_: assess(one.facts, now).state for id_, one in cases.items()}
    return [seen.get(one.id, State(one.state)) for one in others]


def _look_at(case: Case, standing: Standing, *, now: datetime) -> datetime | None:
    """The next instant at which something may follow without anybody doing anything."""
    zone = case.order.zone
    moments = [standing.deadline]
    if standing.notice is not None:
        moments += [standing.notice.person_from, standing.notice.by]
    if _is_owed(standing) and standing.refund is not None:
        moments += [start_of(standing.refund.alarm, zone), standing.refund.by_at]
    if standing.update_due is not None:
        moments.append(start_of(standing.update_due, zone))
    estimate = case.latest(Happened.ESTIMATE)
    if estimate is not None and estimate.facts.get("scope") == FROM_STOCK and standing.may_ship:
        moments.append(estimate.at + GOODS_ARE_KEPT_FOR)
    if estimate is not None and estimate.facts.get("ship_by") and standing.may_ship:
        day = datetime.fromisoformat(estimate.facts["ship_by"]).date()
        moments.append(end_of(day, zone))
    return min((one for one in moments if one is not None and one > now), default=None)

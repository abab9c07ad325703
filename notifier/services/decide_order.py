"""The customer of an order line answers on the page behind his link: what follows?

One transaction with the line locked: the answer, the proof of it in the ledger, what the shop's
software has to hear, and whatever the delay rules make of it. Saying the same twice is harmless;
what is not possible any more is refused with the reason (trust OD-6, OD-13, OD-16).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from notifier.domain.money import amount_text
from notifier.domain.order_delay import Standing, Why, assess
from notifier.domain.order_delay.packs import Looks
from notifier.domain.order_delay.refunds import refund_from
from notifier.domain.order_history import Happened
from notifier.errors import Conflict
from notifier.services.consent import Circumstances
from notifier.services.env import Env, ShopRef
from notifier.services.hook_out import tell_webhooks
from notifier.services.order_answer import (
    Answer,
    AnswerKind,
    refuse_impossible,
    said_before,
)
from notifier.services.order_case import Case, load_case
from notifier.services.order_follow import New, record
from notifier.services.order_offer import Offer, open_offer, sentences
from notifier.services.order_sent import BOOK, ledger_hash
from notifier.services.order_swap import as_sold, swap_estimate, swaps_for
from notifier.services.order_wanted import what_to_tell
from notifier.store import ledger, orders, people
from notifier.store.catalogue import VariantRow
from notifier.store.session import Transaction

ACTOR = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What came of an answer. `at`: when it was given first; `is_repeat`: it had been before."""

    case: Case
    standing: Standing
    answer: Answer
    at: datetime
    is_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Effect:
    """What an answer does besides what the delay rules make of it."""

    events: tuple[New, ...]
    hook: str
    told: dict[str, Any]  # beside order, line, what, until, at
    columns: dict[str, Any]
    first_offer: Offer | None = None  # the page was the first to make it


def decide(
    env: Env, line_id: int, answer: Answer, *, circumstances: Circumstances, link: str
) -> Decided:
    """Record one answer that came by `link`, the token of a page that was really opened.

    Raises errors.NotFound; Conflict with why it is not possible (shipped, delivered, cancelled,
    lapsed, declined, review, not_offered, not_open, sold_out); InvalidInput for a wrong quantity
    or date. The same answer again changes nothing and gives when it was given.
    """

    def work(tx: Transaction) -> Decided:
        now = env.now()
        case = load_case(tx, line_id, for_update=True)
        standing = assess(case.facts, now)
        earlier = said_before(case, standing, answer)
        if earlier is not None:
            return Decided(case=case, standing=standing, answer=answer, at=earlier, is_repeat=True)
        refuse_impossible(case, standing, answer, now=now)
        effect = _EFFECTS[answer.kind](tx, case, standing, answer, now)
        if effect.columns:
            orders.update_line(tx, line_id, **effect.columns)
        after = record(env, tx, line_id, *effect.events)
        _prove(env, tx, case, answer, effect, at=now, circumstances=circumstances, link=link)
        shop = env.shop_by_id(case.line.shop_id)
        if shop is not None:
            _tell_shop(env, tx, shop, case, answer, effect, at=now)
        return Decided(case=load_case(tx, line_id), standing=after, answer=answer, at=now)

    return env.db.retry(work)


# --- what each answer does ----------------------------------------------------------------


def _wait(tx: Transaction, case: Case, standing: Standing, answer: Answer, at: datetime) -> _Effect:
    until = _iso(answer.until)
    kept = _new(case, Happened.KEPT, at, {"until": until, "via": "page"})
    offer = open_offer(case, standing, now=at)
    if offer is None or offer.was_told or offer.until != answer.until:
        return _Effect(events=(kept,), hook="order.consented", told={}, columns={})
    return _Effect(
        events=(_first_told_here(case, offer, at), kept),
        hook="order.consented",
        told={},
        columns={},
        first_offer=offer,
    )


def _first_told_here(case: Case, offer: Offer, at: datetime) -> New:
    """No notice with this offer arrived: the page made it, in the same words, and it was read."""
    wanted = what_to_tell(case, now=at)
    facts = {
        "via": "page",
        "kind": offer.plan.kind.value,
        "revised": _iso(offer.until),
        "adequate": True,
        "message": None,
        "signature": wanted.signature if wanted else "",
    }
    return _new(case, Happened.NOTICE, at, facts)


def _end(tx: Transaction, case: Case, standing: Standing, answer: Answer, at: datetime) -> _Effect:
    withdraws = answer.kind is AnswerKind.WITHDRAW
    kind = Happened.WITHDRAWN if withdraws else Happened.CANCELLED
    event = _new(case, kind, at, {"via": "page", "as": answer.kind.value})
    return _Effect(events=(event,), hook="order.cancel_requested", told={}, columns={})


def _set_period(
    tx: Transaction, case: Case, standing: Standing, answer: Answer, at: datetime
) -> _Effect:
    event = _new(case, Happened.PERIOD, at, {"until": _iso(answer.until), "via": "page"})
    return _Effect(events=(event,), hook="order.changed", told={}, columns={})


def _reduce(
    tx: Transaction, case: Case, standing: Standing, answer: Answer, at: datetime
) -> _Effect:
    was, now_wanted = case.line.quantity, answer.quantity
    back = _difference(case, standing, was - now_wanted, at=at)
    facts = {"quantity": now_wanted, "was": was, "refund": back, "via": "page"}
    told = {
        "quantity": now_wanted,
        "was": was,
        "no_longer_wanted": was - now_wanted,
        "refund": back,
    }
    return _Effect(
        events=(_new(case, Happened.CHANGED, at, facts),),
        hook="order.changed",
        told=told,
        columns={"quantity": now_wanted},
    )


def _difference(case: Case, standing: Standing, count: int, *, at: datetime) -> dict[str, Any]:
    """What the units no longer wanted cost, and by when it must be sent: as if they had been
    cancelled alone. `amount` None: the price is not known here."""
    price = case.line.price
    by_delivery = standing.pack.looks is Looks.AT_DELIVERY
    ground = Why.WITHDRAWN if by_delivery else Why.CANCELLED
    by = refund_from(case.facts, standing.pack, at=at, ground=ground).by
    return {
        "amount": amount_text(price * count if price is not None else None, case.line.currency),
        "currency": case.line.currency,
        "refund_by": by.isoformat(),
    }


def _swap(tx: Transaction, case: Case, standing: Standing, answer: Answer, at: datetime) -> _Effect:
    chosen = _find_swap(tx, case, answer.variant)
    facts = {
        "variant": chosen.key,
        "was": case.line.title,
        "was_variant": case.line.variant_id,
        "title": as_sold(chosen),
        "via": "page",
    }
    told = {
        "variant": chosen.key,
        "title": as_sold(chosen),
        "was": case.line.title,
        "quantity": case.line.quantity,
        "paid": amount_text(case.line.price, case.line.currency),
        "price": amount_text(chosen.price, chosen.currency),
        "currency": case.line.currency,
    }
    expected = swap_estimate(case, standing, now=at)
    return _Effect(
        events=(
            _new(case, Happened.CHANGED, at, facts),
            _new(case, Happened.ESTIMATE, at, expected),
        ),
        hook="order.changed",
        told=told,
        columns={"variant_id": chosen.id, "title": as_sold(chosen)},
    )


def _find_swap(tx: Transaction, case: Case, key: str) -> VariantRow:
    for one in swaps_for(tx, case, for_update=True):
        if one.key == key:
            return one
    raise Conflict("sold_out", "That one cannot be had at once any more.")


_EFFECTS: dict[AnswerKind, Callable[[Transaction, Case, Standing, Answer, datetime], _Effect]] = {
    AnswerKind.WAIT: _wait,
    AnswerKind.CANCEL: _end,
    AnswerKind.WITHDRAW: _end,
    AnswerKind.TERMINATE: _end,
    AnswerKind.SET_PERIOD: _set_period,
    AnswerKind.QUANTITY: _reduce,
    AnswerKind.SWAP: _swap,
}


# --- proof and hooks ----------------------------------------------------------------------


def _new(case: Case, kind: Happened, at: datetime, facts: dict[str, Any]) -> New:
    """An event with a key of its own: that the same answer is not given twice was looked at."""
    key = f"page:{kind.value}:{len(case.events)}"
    return New(kind=kind, at=at, key=key, facts=facts, actor=ACTOR)


def _prove(
    env: Env,
    tx: Transaction,
    case: Case,
    answer: Answer,
    effect: _Effect,
    *,
    at: datetime,
    circumstances: Circumstances,
    link: str,
) -> None:
    """The answer for the book: by which link, and what the page said when it was the offer."""
    contact_id = case.order.email_id or case.order.phone_id
    contact = people.find_contact(tx, contact_id=contact_id) if contact_id else None
    facts: dict[str, Any] = {
        "line": case.line.id,
        "via": "page",
        **_as_told(answer),
        "link": {"purpose": "order", "subject": case.line.id, "digest": _digest(link)},
    }
    if effect.first_offer is not None:
        pack = assess(case.facts, at).pack
        shown = sentences(case, pack, effect.first_offer, locale=case.order.locale)
        facts["offered"] = {
            "kind": effect.first_offer.plan.kind.value,
            "rules": pack.version,
            "locale": case.order.locale,
            "clauses": sorted(effect.first_offer.plan.clauses),
            "sentences": [sentence for _, sentence in shown],
        }
    ledger.append(
        tx,
        book=BOOK,
        act="answered",
        at=at,
        facts=facts,
        personal=circumstances.as_personal(),
        shop_id=case.line.shop_id,
        address_hash=ledger_hash(env, contact) if contact else "",
    )


def _tell_shop(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    case: Case,
    answer: Answer,
    effect: _Effect,
    *,
    at: datetime,
) -> None:
    about = {"order": case.order.ref, "line": case.line.ref}
    data = {**about, **_as_told(answer), "at": at.isoformat(), **effect.told}
    tell_webhooks(env, tx, shop, effect.hook, data)


def _as_told(answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = {"what": answer.kind.value, "until": _iso(answer.until)}
    if answer.kind is AnswerKind.QUANTITY:
        told["quantity"] = answer.quantity
    if answer.kind is AnswerKind.SWAP:
        told["variant"] = answer.variant
    return told


def _digest(link: str) -> str:
    return hashlib.sha256(link.encode()).hexdigest()[:32]


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None

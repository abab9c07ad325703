"""How does a person or a program of the shop say when something is expected?

The date, where it comes from and who said so are kept together (trust OD-5). People who wait hear
of it when it moved far enough, as of a date that a source gave. A later look that gives another
date replaces it; one that gives none leaves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from notifier.domain.availability import Availability
from notifier.domain.eta import Eta, EtaPrecision
from notifier.domain.stock import EventKind, Level, Stock
from notifier.errors import Conflict, InvalidInput
from notifier.services.backorder import redecide
from notifier.services.env import Env, ShopRef
from notifier.services.eta_notice import ONLY_PHYSICAL
from notifier.services.known_variant import known_variant
from notifier.services.touch_orders import touch_orders
from notifier.store import etas, events, ledger
from notifier.store import stock as stock_store
from notifier.store.catalogue import VariantRow
from notifier.store.session import Transaction

BY_HAND = "by hand"
LONGEST_SOURCE = 64
LONGEST_ACTOR = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class EtaChange:
    """`before` and `after` as ISO text, None for no date. `told`: an event was made of it."""

    variant: str
    before: str | None
    after: str | None
    changed: bool
    told: bool


def set_eta(
    env: Env,
    shop: ShopRef,
    variant: str,
    eta: Eta | None,
    *,
    source: str,
    actor: str,
    evidence: str = "",
    reason: str = "",
) -> EtaChange:
    """Set the expected date of one variant (its key, or a sku that only it has); None takes it
    back. `reason` is what customers read: why it is late.

    Raises errors.NotFound, Conflict("available") when it can be bought now, and InvalidInput for a
    date that is past or a definite one without a source.
    """

    def work(tx: Transaction) -> EtaChange:
        found = known_variant(tx, shop, variant)
        done = change_eta(
            env,
            tx,
            shop,
            found,
            eta,
            source=source,
            actor=actor,
            evidence=evidence,
            reason=reason,
        )
        if done.changed:
            facts = {"variant": found.key, "before": done.before, "after": done.after, "by": actor}
            ledger.append(
                tx, book="audit", act="eta.set", at=env.now(), facts=facts, shop_id=shop.id
            )
        return done

    return env.db.retry(work)


def change_eta(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    variant: VariantRow,
    eta: Eta | None,
    *,
    source: str,
    actor: str,
    evidence: str = "",
    reason: str = "",
    only_physical: bool = False,
) -> EtaChange:
    """The same within a transaction. `only_physical`: only who wants nothing but goods that are
    there hears of it; the others hear the date in another message. Raises as `set_eta`."""
    refuse_eta(env, shop, eta, source=source)
    before = _belief(env, tx, variant)
    if before.level is Level.THERE:
        raise Conflict("available", "This can be bought now, so it needs no expected date.")
    done = _store(
        env,
        tx,
        shop,
        variant,
        before,
        eta,
        source=source,
        actor=actor,
        evidence=evidence,
        reason=reason,
        only_physical=only_physical,
    )
    known = {"source": source, "evidence": evidence, "actor": actor}
    if done.changed or _is_better_known(tx, variant, eta, now=env.now(), **known):
        touch_orders(tx, [variant.id], now=env.now())
    if done.changed:
        redecide(env, tx, [variant.id])
    return done


def _is_better_known(
    tx: Transaction,
    variant: VariantRow,
    eta: Eta | None,
    *,
    source: str,
    evidence: str,
    actor: str,
    now: datetime,
) -> bool:
    """The same date again, and now somebody stands behind it: keep that; True when it is so."""
    known = etas.expected(tx, variant.id)
    named = source.strip()[:LONGEST_SOURCE]
    if eta is None or known is None or not named or known.source != BY_HAND:
        return False
    etas.put_eta(tx, variant.id, eta, source=named, evidence=evidence, actor=actor, at=now)
    return True


def today_in(env: Env, shop: ShopRef) -> date:
    """The day it is in the shop, from which "in 2-4 weeks" is reckoned."""
    return env.now().astimezone(ZoneInfo(shop.config.time_zone)).date()


def refuse_eta(env: Env, shop: ShopRef, eta: Eta | None, *, source: str) -> None:
    """Raises errors.InvalidInput for a date that is past, and a definite one without a source."""
    if eta is None:
        return
    if eta.is_past(today_in(env, shop)):
        message = f"{eta.iso()} is over. Give a date to come, or null."
        raise InvalidInput.of("eta", "past", message, typed=eta.iso())
    if eta.precision in (EtaPrecision.DAY, EtaPrecision.RANGE) and not source.strip():
        raise InvalidInput.of(
            "source", "missing", "A definite date needs its source: a supplier, an order, a feed."
        )


def _belief(env: Env, tx: Transaction, variant: VariantRow) -> Stock:
    """What is believed, locked. A variant that was never looked at is not known to be there."""
    found = stock_store.load_stock(tx, [variant.id], for_update=True).get(variant.id)
    if found is not None:
        return found
    now = env.now()
    unseen = Stock(
        availability=Availability.UNKNOWN,
        quantity=None,
        since=now,
        seen_at=datetime.fromtimestamp(0, UTC),
        level=Level.NONE,
        level_since=now,
        vouched=False,
    )
    stock_store.save_stock(tx, variant.id, before=None, after=unseen, source="")
    return unseen


def _store(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    variant: VariantRow,
    before: Stock,
    eta: Eta | None,
    *,
    source: str,
    actor: str,
    evidence: str,
    reason: str,
    only_physical: bool,
) -> EtaChange:
    now = env.now()
    was = before.eta.iso() if before.eta else None
    new = eta.iso() if eta else None
    told = False
    if new != was:
        etas.put_eta(
            tx,
            variant.id,
            eta,
            source=(source.strip() or BY_HAND)[:LONGEST_SOURCE],
            evidence=evidence,
            actor=actor[:LONGEST_ACTOR],
            at=now,
            reason=reason,
        )
        if new is not None:
            told = _tell(
                tx, shop, variant, before, new=new, was=was, now=now, only_physical=only_physical
            )
    return EtaChange(variant=variant.key, before=was, after=new, changed=new != was, told=told)


def _tell(
    tx: Transaction,
    shop: ShopRef,
    variant: VariantRow,
    before: Stock,
    *,
    new: str,
    was: str | None,
    now: datetime,
    only_physical: bool,
) -> bool:
    made = events.add_event(
        tx,
        shop_id=shop.id,
        product_id=variant.product_id,
        variant_id=variant.id,
        kind=EventKind.ETA_REVISED.value,
        at=now,
        epoch=before.epoch,
        sequence=now.isoformat(),
        facts={
            "quantity": before.quantity,
            "availability": before.availability.value,
            "eta": new,
            "eta_before": was,
            **({ONLY_PHYSICAL: True} if only_physical else {}),
        },
    )
    return made is not None

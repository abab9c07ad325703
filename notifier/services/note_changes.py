"""How does a change of belief become an event, and when is it held for a person's word?"""

from __future__ import annotations

from datetime import datetime

from notifier.domain.snapshot import is_abnormal
from notifier.domain.stock import EventKind, Verdict
from notifier.services.alarm_said import say
from notifier.services.alarms import raise_alarm
from notifier.services.env import Env, ShopRef
from notifier.services.eta_notice import ONLY_PHYSICAL
from notifier.services.hold_alarm import TRIPPED, about_hold
from notifier.services.preorder_open import note_release, open_by_source
from notifier.store import events
from notifier.store.catalogue import VariantRow
from notifier.store.session import Transaction


def note_changes(
    tx: Transaction,
    shop: ShopRef,
    variant: VariantRow,
    verdict: Verdict,
    *,
    now: datetime,
    hold_id: int | None = None,
) -> int:
    """Store the events of one variant; how many restocks that are new are among them."""
    announced = 0
    opened = False
    for change in verdict.changes:
        if change.kind is EventKind.PREORDER_OPEN:
            opened = open_by_source(tx, variant, verdict.stock, now=now, hold_id=hold_id)
            continue
        restock = change.kind is EventKind.BACK_IN_STOCK
        if restock:
            note_release(tx, variant, verdict.stock, now=now)
        eta = verdict.stock.eta
        made = events.add_event(
            tx,
            shop_id=shop.id,
            product_id=variant.product_id,
            variant_id=variant.id,
            kind=change.kind.value,
            at=now,
            epoch=change.epoch,
            sequence="" if restock else now.isoformat(),
            hold_id=hold_id,
            facts={
                "quantity": verdict.stock.quantity,
                "availability": verdict.stock.availability.value,
                "eta": eta.iso() if eta else None,
                "eta_before": change.before_eta.iso() if change.before_eta else None,
                # the message that it can be pre-ordered names the date
                **({ONLY_PHYSICAL: True} if opened else {}),
            },
        )
        announced += bool(restock and made)
    return announced


def hold_abnormal(
    env: Env, shop: ShopRef, *, count: int, source: str, catalogue_size: int
) -> int | None:
    """The hold for what is about to be told of `count` variants; None when that is plausible."""
    rules = shop.config.stock
    if not is_abnormal(
        announcements=count,
        catalogue=catalogue_size,
        share=rules.brake_share,
        count=rules.brake_count,
    ):
        return None
    why = say("held", source=source, count=count, of=catalogue_size)

    def hold(tx: Transaction) -> int:
        made = events.make_hold(
            tx, shop_id=shop.id, source=source, at=env.now(), why=str(why), count=count
        )
        raise_alarm(
            env,
            tx,
            code=TRIPPED,
            about=about_hold(shop, made, source=source),
            message=why,
            shop=shop,
            facts={"hold_id": made, "events": count, "source": source},
        )
        return made

    return env.db.retry(hold)

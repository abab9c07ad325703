"""How is a message to all who wait for something sent, once?

It travels as a release of its own: through the outbox, checked anew like an alert. Nobody counts
as told by it; all keep their place in line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from notifier.domain.broadcast import OTHERWISE, TEXTS, WHOLE, Wording
from notifier.domain.person import Person
from notifier.domain.stock import EventKind
from notifier.errors import Conflict, InvalidInput
from notifier.rendering import Renderer
from notifier.services.audit import note_change
from notifier.services.broadcast import NOT_AGAIN_WITHIN, Target, audience, checked, look
from notifier.services.env import Env, ShopRef
from notifier.services.line_up import WHOLE_PRODUCT
from notifier.store import broadcasts, events, releases
from notifier.store.session import Transaction

_TOKEN = re.compile(r"[-_a-zA-Z0-9]{16,64}\Z")


def send_broadcast(
    env: Env,
    renderer: Renderer,
    shop: ShopRef,
    target: Target,
    texts: Mapping[str, Wording],
    *,
    token: str,
    again: bool,
    by: Person,
    ip: str = "",
) -> int:
    """Open its release; the release's id, the same one however often `token` is given.

    `again`: although the last one about this product is less than an hour old. Raises InvalidInput,
    and Conflict when nobody waits or the last one is too fresh.
    """
    if not _TOKEN.match(token):
        raise InvalidInput.of("token", "format", "is not one this page gave; load it again")
    with env.db.read() as tx:
        sent = broadcasts.release_of(tx, variant_id=target.variant.id, sequence=token)
    if sent is not None:
        return sent
    found = audience(env, target)
    if not found.people:
        raise Conflict("nobody_waits", "Nobody waits for it any more.")
    if found.recent is not None and not again:
        raise _too_soon()
    look(env, renderer, shop, target, texts, found=found)
    written = checked(shop, found, texts)
    facts = {
        TEXTS: {locale: asdict(one) for locale, one in written.items()},
        OTHERWISE: shop.config.locale,
        WHOLE: target.whole_product,
    }

    def work(tx: Transaction) -> int:
        broadcasts.hold(tx, target.product_id)
        if not again and _is_too_soon(tx, target, token=token, now=env.now()):
            raise _too_soon()
        return _open(env, tx, shop, target, facts, token=token, by=by, ip=ip, people=found.people)

    return env.db.retry(work)


def _is_too_soon(tx: Transaction, target: Target, *, token: str, now: datetime) -> bool:
    """Whether somebody sent one while this one was written or looked at."""
    if broadcasts.release_of(tx, variant_id=target.variant.id, sequence=token) is not None:
        return False
    last = broadcasts.last_one(tx, target.product_id)
    return last is not None and now - last.at < NOT_AGAIN_WITHIN


def _too_soon() -> Conflict:
    return Conflict(
        "too_soon", "The last message about it is less than an hour old. Confirm to send again."
    )


def _open(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    target: Target,
    facts: dict[str, Any],
    *,
    token: str,
    by: Person,
    ip: str,
    people: int,
) -> int:
    made = _start(tx, shop, target, facts, token=token, now=env.now())
    if made is None:  # somebody was a moment faster with the same token
        sent = broadcasts.release_of(tx, variant_id=target.variant.id, sequence=token)
        if sent is None:
            raise LookupError("a broadcast has an event and no release")
        return sent
    note_change(
        tx,
        env,
        "broadcast.sent",
        by=by,
        shop=shop,
        ip=ip,
        release=made,
        product=target.product_id,
        variant=target.variant_id,
        people=people,
        languages=sorted(facts[TEXTS]),
    )
    return made


def _start(
    tx: Transaction,
    shop: ShopRef,
    target: Target,
    facts: dict[str, Any],
    *,
    token: str,
    now: datetime,
) -> int | None:
    """Its event, which nothing else is told of, and the release; None: `token` has them already."""
    event_id = events.add_event(
        tx,
        shop_id=shop.id,
        product_id=target.product_id,
        variant_id=target.variant.id,
        kind=EventKind.BROADCAST.value,
        at=now,
        epoch=0,
        sequence=token,
        facts=facts,
    )
    if event_id is None:
        return None
    events.close_event(tx, event_id)
    return releases.start_release(
        tx,
        event_id=event_id,
        shop_id=shop.id,
        variant_id=target.variant.id,
        product_id=target.product_id,
        kind=EventKind.BROADCAST.value,
        strategy=_strategy(target),
        started_at=now,
        next_wave_at=now,
    )


def _strategy(target: Target) -> dict[str, Any]:
    """Everybody at once, in the order of asking."""
    return {
        "name": "all",
        "rate": 1.0,
        "size": 1,
        "interval": 60.0,
        WHOLE_PRODUCT: target.whole_product,
    }

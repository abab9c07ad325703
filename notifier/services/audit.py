"""Who did what in the admin, and from where? One entry for each act, in a book that is sealed.

Entries hold no address: people are named by their number, customers by their hash (trust WS-40).
"""

from __future__ import annotations

from typing import Any

from notifier.domain.person import Person
from notifier.services.env import Env, ShopRef
from notifier.store import ledger
from notifier.store.session import Transaction


def note_act(env: Env, act: str, *, by: Person, shop: ShopRef, ip: str = "", **facts: Any) -> None:
    """The same for what changes nothing here, such as an export."""
    env.db.retry(lambda tx: note_change(tx, env, act, by=by, shop=shop, ip=ip, **facts))


def note_change(
    tx: Transaction,
    env: Env,
    act: str,
    *,
    by: Person | None,
    shop: ShopRef | None = None,
    ip: str = "",
    **facts: Any,
) -> None:
    """Write it down with the change itself, in one transaction.

    `act` is `thing.verb` (`eta.set`, `template.published`); `facts` are ids and values before and
    after, nothing personal.
    """
    ledger.append(
        tx,
        book="audit",
        act=act,
        at=env.now(),
        shop_id=shop.id if shop else None,
        facts={"by": f"person:{by.id}" if by else "system", **facts},
        personal={"ip": ip} if ip else None,
    )

"""How does somebody get what is stored about an address, or have it erased?

By the address's keyed hash, so that an address that is no longer stored can be asked for too. It
covers every shop, queue and log. What stays is the keyed hash in the suppression list, so that
who said stop is not written to again, and the facts of the consent ledger, which name nobody
(trust CP-7, acceptance E7, E8). Orders are kept with the address they went to until their record
need not be shown any more: who waits for goods he has paid for must hear of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from notifier.domain.subscription import ACTIVE, EndedReason
from notifier.errors import NotFound
from notifier.log import log
from notifier.services.end_subscriptions import end_subscriptions
from notifier.services.env import Env
from notifier.store import ledger, people, personal, purge
from notifier.store.session import Transaction

BATCH = 200
_INNER = frozenset({"lease_owner", "lease_until", "worker"})  # our own machinery, nobody's data


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure took out; all zero when there was nothing left."""

    subscriptions: int  # ended because of it
    messages: int  # emptied
    entries: int  # of the ledger, without their personal part now

    def __bool__(self) -> bool:
        return bool(self.subscriptions or self.messages or self.entries)


def erase_address(env: Env, address_hash: str, *, by: str) -> Erased:
    """End and erase everything about one address; harmless to repeat, and after a crash to resume.

    `by` says who asked: `owner` (by link) or a name for an operator. A later sign-up of the same
    address is like one of somebody new.
    """
    with env.db.read() as tx:
        contact = people.find_contact(tx, address_hash=address_hash)
    ended = emptied = 0
    was_there = contact is not None and contact.erased_at is None
    if contact is not None:
        found = contact.id
        ended = _in_batches(env, lambda tx: _end_some(env, tx, found))
        emptied = _in_batches(env, lambda tx: personal.erase_messages(tx, found, limit=BATCH))
        _in_batches(env, lambda tx: personal.erase_clicks(tx, found, limit=BATCH))
        ended += env.db.retry(lambda tx: _erase_contact(env, tx, found, already=not was_there))
    entries = _in_batches(env, lambda tx: personal.erase_ledger(tx, address_hash, limit=BATCH))
    done = Erased(subscriptions=ended, messages=emptied, entries=entries)
    if done or was_there:
        env.db.retry(lambda tx: _note(env, tx, address_hash, done, by=by))
        log.info("address erased", address=address_hash[:12], subscriptions=ended, by=by)
    return done


def _in_batches(env: Env, work: Callable[[Transaction], int]) -> int:
    """Each batch in a transaction of its own, so that nobody waits behind a long one."""
    total = 0
    while count := env.db.retry(work):
        total += count
    return total


def _end_some(env: Env, tx: Transaction, contact_id: int) -> int:
    active = people.subscriptions_of(tx, contact_id, states=[state.value for state in ACTIVE])
    ids = [one.id for one in active[:BATCH]]
    return end_subscriptions(env, tx, ids, ended=EndedReason.ERASED) if ids else 0


def _erase_contact(env: Env, tx: Transaction, contact_id: int, *, already: bool) -> int:
    """The contact itself; with it whatever was signed up since we began."""
    people.hold_contacts(tx, [contact_id])
    ended = _end_some(env, tx, contact_id)
    personal.forget_confirmations(tx, contact_id)
    if not already:
        purge.erase_contact(tx, contact_id, at=env.now())
    return ended


def _note(env: Env, tx: Transaction, address_hash: str, done: Erased, *, by: str) -> None:
    ledger.append(
        tx,
        book="audit",
        act="erased",
        at=env.now(),
        facts={
            "by": by,
            "subscriptions": done.subscriptions,
            "messages": done.messages,
            "entries": done.entries,
        },
        address_hash=address_hash,
    )


def export_address(
    env: Env, address_hash: str, *, by: str, only: Collection[int] | None = None
) -> dict[str, Any]:
    """Every row about one address, as plain values fit for JSON. Raises errors.NotFound.

    `only`: the ids of the shops to tell of, for who may not enter the others; None: all of them.
    """
    with env.db.read() as tx:
        contact = people.find_contact(tx, address_hash=address_hash)
        entries = [
            _plain(one)
            for one in ledger.entries_of(tx, address_hash)
            if only is None or one.shop_id is None or one.shop_id in only
        ]
        suppressions = _of_shops(personal.suppression_rows(tx, address_hash), only, general=True)
        if contact is None and not entries and not suppressions:
            raise NotFound("Nothing is stored about this address.")
        about: dict[str, Any] = {}
        if contact is not None:
            about = {
                "contact": contact,
                "subscriptions": _of_shops(personal.subscription_rows(tx, contact.id), only),
                **_messages(tx, contact.id, only),
                **_orders(tx, contact.id, only),
            }
    env.db.retry(
        lambda tx: ledger.append(
            tx,
            book="audit",
            act="exported",
            at=env.now(),
            facts={"by": by},
            address_hash=address_hash,
        )
    )
    gathered = {
        "exported_at": env.now(),
        **about,
        "ledger": entries,
        "suppressions": suppressions,
    }
    return {name: _plain(value) for name, value in gathered.items()}


def _of_shops(
    rows: list[dict[str, Any]], only: Collection[int] | None, *, general: bool = False
) -> list[dict[str, Any]]:
    """Those of these shops; `general`: also those of no shop."""
    return [
        row
        for row in rows
        if only is None or row["shop_id"] in only or (general and row["shop_id"] is None)
    ]


def _messages(tx: Transaction, contact_id: int, only: Collection[int] | None) -> dict[str, Any]:
    own = _of_shops(personal.message_rows(tx, contact_id), only)
    ids = {row["id"] for row in own}
    about = personal.rows_about_messages(tx, contact_id)
    return {
        "messages": own,
        **{name: [row for row in rows if row["message_id"] in ids] for name, rows in about.items()},
    }


def _orders(tx: Transaction, contact_id: int, only: Collection[int] | None) -> dict[str, Any]:
    found = personal.order_rows(tx, contact_id)
    orders = _of_shops(found["orders"], only)
    ids = {row["id"] for row in orders}
    lines = [row for row in found["order_lines"] if row["order_id"] in ids]
    line_ids = {row["id"] for row in lines}
    return {
        "orders": orders,
        "order_lines": lines,
        **{
            name: [row for row in found[name] if row["line_id"] in line_ids]
            for name in ("order_events", "notices")
        },
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if name not in _INNER}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    return value

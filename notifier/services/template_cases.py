"""With which real cases can a template be looked at, and which values does each give it?

The five latest messages of the kind, or the latest sign-ups where none was sent yet. Links are
those of the samples: a preview must hold nobody's working link, and to follow one counts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from notifier.domain.message import ABOUT_ORDERS, Medium, MessageKind
from notifier.domain.message_context import complete_context
from notifier.domain.message_samples import sample_context
from notifier.errors import NotFound, NotifierError
from notifier.log import log
from notifier.services.compose import context_of, load_batch
from notifier.services.env import Env, ShopRef
from notifier.services.order_matter import OrderMatter
from notifier.services.order_wanted import what_to_tell
from notifier.store import outbox, people, template_cases
from notifier.store.outbox import MessageRow
from notifier.store.session import Transaction

MOST = 5
_OF_SIGN_UPS = frozenset(
    {
        MessageKind.CONFIRM,
        MessageKind.WAITING,
        MessageKind.BACK_IN_STOCK,
        MessageKind.REMINDER,
        MessageKind.ETA_REVISED,
        MessageKind.PREORDER_OPEN,
        MessageKind.DISCONTINUED,
        MessageKind.STILL_WAITING,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One real case. `key` names it in a form; `address` is to be masked by whoever shows it."""

    key: str
    at: datetime
    address: str
    about: str
    locale: str


def latest_cases(env: Env, shop: ShopRef, kind: MessageKind) -> list[Case]:
    """At most five, the newest first; only those that can be shown."""
    with env.db.read() as tx:
        return [case for case, _ in _found(env, tx, shop, kind)]


def case_context(
    env: Env, shop: ShopRef, kind: MessageKind, key: str, *, locale: str
) -> dict[str, Any]:
    """The values of the case `key`, worded for `locale`. Raises errors.NotFound when it is gone,
    or is another shop's."""
    with env.db.read() as tx:
        message = _message(env, tx, shop, kind, key)
        if message is not None:
            context = _context(env, tx, shop, replace(message, locale=locale))
            if context is not None:
                return context
    raise NotFound("This case is not there any more. Choose another one.")


def _found(
    env: Env, tx: Transaction, shop: ShopRef, kind: MessageKind
) -> Iterator[tuple[Case, dict[str, Any]]]:
    ids = template_cases.latest_messages(tx, shop_id=shop.id, kind=kind.value, limit=MOST)
    keys = [f"m{one}" for one in ids]
    if not keys and kind in _OF_SIGN_UPS:
        newest = template_cases.latest_subscriptions(tx, shop_id=shop.id, limit=MOST)
        keys = [f"s{one}" for one in newest]
    for key in keys:
        message = _message(env, tx, shop, kind, key)
        context = _context(env, tx, shop, message) if message else None
        if message is None or context is None:
            continue
        contact = people.find_contact(tx, contact_id=message.contact_id or 0)
        about = context.get("product", context.get("source", {}))
        yield (
            Case(
                key=key,
                at=message.created_at,
                address=contact.address if contact else message.address,
                about=str(about.get("title") or about.get("name") or ""),
                locale=message.locale,
            ),
            context,
        )


def _message(
    env: Env, tx: Transaction, shop: ShopRef, kind: MessageKind, key: str
) -> MessageRow | None:
    """The message of a key; for a sign-up, the one that would be sent now."""
    if key[:1] not in ("m", "s") or not key[1:].isdecimal() or len(key) > 18:
        return None
    number = int(key[1:])
    if key[0] == "m":
        found = outbox.find_message(tx, message_id=number)
        fits = found is not None and found.shop_id == shop.id and found.kind == kind.value
        return found if fits else None
    sign_up = people.find_subscription(tx, number)
    if sign_up is None or sign_up.shop_id != shop.id or kind not in _OF_SIGN_UPS:
        return None
    return _as_if_sent(env, kind, sign_up)


def _as_if_sent(env: Env, kind: MessageKind, sign_up: people.SubscriptionRow) -> MessageRow:
    return MessageRow(
        id=0,
        shop_id=sign_up.shop_id,
        kind=kind.value,
        medium=Medium.EMAIL.value,
        channel="",
        contact_id=sign_up.contact_id,
        address="",
        subscription_id=sign_up.id,
        event_id=None,
        release_id=None,
        order_line_id=None,
        locale=sign_up.locale,
        facts=None,
        created_at=env.now(),
        expires_at=None,
        attempt_no=0,
        failures=0,
        unknowns=0,
        first_tried_at=None,
    )


def _context(
    env: Env, tx: Transaction, shop: ShopRef, message: MessageRow
) -> dict[str, Any] | None:
    """The values of a message, with links that lead nowhere; None where they cannot be had."""
    kind = MessageKind(message.kind)
    batch = load_batch(env, tx, [message])
    if kind in ABOUT_ORDERS and message.id in batch.orders:
        batch.orders[message.id] = _as_of_then(batch.orders[message.id], message)
    try:
        context = context_of(env, shop, message, batch)
        links = sample_context(kind, message.locale)["links"]
        given = context.get("links", {})
        context["links"] = {name: url if given.get(name) else "" for name, url in links.items()}
        if kind not in ABOUT_ORDERS and "product" in context:
            context["product"]["url"] = sample_context(kind, message.locale)["product"]["url"]
        if kind is MessageKind.BACK_IN_STOCK and message.id == 0:
            context["availability"] = "in_stock"
        complete_context(kind, context)
    except (NotifierError, LookupError) as error:
        log.info("case not shown in a preview", message=message.id, why=str(error))
        return None
    return context


def _as_of_then(matter: OrderMatter, message: MessageRow) -> OrderMatter:
    """What was known of an order when the message was written: nothing later, and not itself."""
    at = message.created_at
    events = tuple(
        one for one in matter.case.events if one.at <= at and one.facts.get("message") != message.id
    )
    case = replace(matter.case, events=events)
    wanted = what_to_tell(case, now=at)
    return replace(matter, case=case, wanted=wanted, standing=wanted.standing) if wanted else matter

"""How does what a customer has to hear about an order line get into the outbox?

One message at a time: what has not left yet is replaced by what is true now. By e-mail first; when
that cannot reach the customer, by text message with the link (trust OD-18). A text message carries
no legal notice: for that a person is called, or the customer answers on the page.
"""

from __future__ import annotations

from notifier.domain.message import ABOUT_ORDERS, Medium, MessageKind, MessageState, priority_of
from notifier.domain.order_history import Happened, came_back
from notifier.domain.work import Work
from notifier.services.env import Env, ShopRef
from notifier.services.order_case import Case
from notifier.services.order_wanted import Wanted
from notifier.services.write_message import channel_name
from notifier.store import order_messages, outbox
from notifier.store.order_messages import Sent
from notifier.store.session import Transaction, soon

_UNREACHED = frozenset(
    {
        MessageState.BOUNCED.value,
        MessageState.REFUSED.value,
        MessageState.FAILED.value,
        MessageState.UNKNOWN.value,
        MessageState.SKIPPED.value,
    }
)
_PASSING = frozenset({"superseded", "stale", "dropped_after_restore"})  # says nothing of the way
_INDEPENDENT = frozenset({MessageKind.ORDER_READY.value})


def tell(env: Env, tx: Transaction, shop: ShopRef, case: Case, wanted: Wanted | None) -> bool:
    """Enqueue what is wanted, unless it is under way or was told; True when a message was made."""
    sent = order_messages.messages_of(tx, case.line.id)
    signature = wanted.signature if wanted else ""
    outdated = {
        one.id
        for one in sent
        if one.is_open
        and (_is_elsewhere(one, case) or one.signature != signature)
        and (_is_elsewhere(one, case) or one.kind not in _INDEPENDENT)
    }
    order_messages.skip_unsent(tx, sorted(outdated), reason="superseded", now=env.now())
    if wanted is None:
        return False
    left = [one for one in sent if one.id not in outdated]
    return enqueue(env, tx, shop, case, wanted, sent=left)


def enqueue(
    env: Env, tx: Transaction, shop: ShopRef, case: Case, wanted: Wanted, *, sent: list[Sent]
) -> bool:
    """Put one message into the outbox by the first way that is not known to fail."""
    same = [one for one in sent if one.signature == wanted.signature]
    if any(not _has_failed(one) for one in same) or was_told(case, wanted.signature):
        return False
    tried = {one.contact_id for one in same if one.reason not in _PASSING}
    for medium, contact_id in ways_to(env, shop, case):
        if contact_id in tried:
            continue
        now = env.now()
        soon(tx, Work.DELIVER)
        outbox.add_message(
            tx,
            outbox.NewMessage(
                shop_id=shop.id,
                kind=wanted.kind.value,
                medium=medium,
                channel=channel_name(shop, medium),
                contact_id=contact_id,
                order_line_id=case.line.id,
                locale=case.order.locale,
                priority=priority_of(wanted.kind),
                due_at=now,
                expires_at=wanted.expires_at(now),
                facts={"signature": wanted.signature},
            ),
            now=now,
        )
        return True
    return False


def ways_to(env: Env, shop: ShopRef, case: Case) -> list[tuple[str, int]]:
    """Medium and contact, the better way first, for which the shop has a channel."""
    known = ((Medium.EMAIL, case.order.email_id), (Medium.SMS, case.order.phone_id))
    return [
        (medium.value, contact_id)
        for medium, contact_id in known
        if contact_id is not None and channel_name(shop, medium) in env.config.channels
    ]


def was_told(case: Case, signature: str) -> bool:
    """Whether the customer was sent this news, as far as nothing came back."""
    lost = came_back(case.events)
    return any(
        event.kind in (Happened.NOTICE, Happened.TOLD)
        and event.facts.get("signature") == signature
        and event.facts.get("message") not in lost
        for event in case.events
    )


def is_about_order(kind: str) -> bool:
    """Whether a stored kind is one of the messages about something bought."""
    return kind in _ORDER_WORDS


_ORDER_WORDS = frozenset(kind.value for kind in ABOUT_ORDERS)


def _is_elsewhere(one: Sent, case: Case) -> bool:
    """Whether it goes to an address that was corrected since."""
    return one.contact_id not in (case.order.email_id, case.order.phone_id)


def _has_failed(one: Sent) -> bool:
    return one.state in _UNREACHED and not one.is_open

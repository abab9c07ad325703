"""What happens when somebody confirms that they want to be told, or asks for the link again?

The consent goes into the ledger. Doing the same thing twice is harmless and says so.
"""

from __future__ import annotations

from datetime import timedelta

from notifier.domain.message import MessageKind
from notifier.domain.stock import Level
from notifier.domain.subscription import EndedReason, SubscriptionState
from notifier.errors import NotFound, TooMany
from notifier.metrics import LIMITED
from notifier.services.ask_for_confirmation import ask_for_confirmation
from notifier.services.consent import Circumstances, keep_consent
from notifier.services.contacts import address_of
from notifier.services.done import Done
from notifier.services.end_subscriptions import end_subscriptions
from notifier.services.env import Env
from notifier.services.hook_out import tell_webhooks
from notifier.services.own_items import own, shop_of
from notifier.services.tell_gone import are_gone, tell_gone
from notifier.services.write_message import write_message
from notifier.store import catalogue, people
from notifier.store import stock as stock_store
from notifier.store.people import ContactRow, SubscriptionRow
from notifier.store.session import Transaction

RESEND_EVERY = timedelta(minutes=1)
_NOTHING = "Nothing is stored for this link any more."


def confirm(env: Env, subscription_id: int, *, circumstances: Circumstances) -> Done:
    """Put a confirmed subscription in line.

    When the goods are there at this moment, the page says so and that is the telling: it counts as
    told, since a message would only repeat the page. When they will never be, they are told as
    everybody was who waited. Never brings back what was ended.
    """

    def work(tx: Transaction) -> Done:
        row = people.find_subscription(tx, subscription_id, for_update=True)
        if row is None:
            raise NotFound(_NOTHING)
        if row.state == SubscriptionState.ENDED:
            return Done.TOO_LATE
        if row.state != SubscriptionState.UNCONFIRMED:
            return Done.ALREADY
        contact = people.find_contact(tx, contact_id=row.contact_id)
        if contact is None or contact.erased_at is not None:
            raise NotFound(_NOTHING)
        available, gone = _how_it_stands(tx, row)
        _put_in_line(env, tx, row, available=available)
        if row.replaces_id is not None:
            # moved here from another address: that one is left now, and not before (WS-5)
            end_subscriptions(env, tx, [row.replaces_id], ended=EndedReason.REPLACED)
        _write_down(env, tx, row, contact, circumstances=circumstances)
        if available:
            return Done.AVAILABLE
        shop = shop_of(env, row)
        if gone:
            tell_gone(env, tx, shop, row)
            return Done.GONE
        if shop.config.waiting_mail:
            write_message(env, tx, MessageKind.WAITING, shop=shop, subscription=row)
        return Done.CONFIRMED

    return env.db.retry(work)


def _put_in_line(env: Env, tx: Transaction, row: SubscriptionRow, *, available: bool) -> None:
    """Waiting from now on; `available`: told, for the page says it."""
    now = env.now()
    people.move_subscriptions(
        tx,
        [row.id],
        state=(SubscriptionState.TOLD if available else SubscriptionState.WAITING).value,
        confirmed_at=now,
        told_at=now if available else None,
        reason="told_on_confirmation" if available else "",
        expires_at=now + shop_of(env, row).config.subscription_lifetime,
    )


def _write_down(
    env: Env,
    tx: Transaction,
    row: SubscriptionRow,
    contact: ContactRow,
    *,
    circumstances: Circumstances,
) -> None:
    """The consent in the ledger; and the shop's own software hears of it."""
    shop = shop_of(env, row)
    keep_consent(
        env,
        tx,
        row,
        act="confirmed",
        shop=shop,
        address_hash=contact.address_hash,
        circumstances=circumstances,
        method="link",
    )
    facts = {"subscription": row.id, "medium": row.medium}
    tell_webhooks(env, tx, shop, "subscription.confirmed", facts)


def _how_it_stands(tx: Transaction, row: SubscriptionRow) -> tuple[bool, bool]:
    """Whether what is waited for can be bought, and whether it never will be; locks the stock
    rows, see subscribe."""
    ids = (
        [row.variant_id]
        if row.variant_id is not None
        else [one.id for one in catalogue.variants_of(tx, row.product_id)]
    )
    beliefs = stock_store.load_stock(tx, ids, for_update=True)
    enough = Level.wanted(physical_only=row.physical_only)
    there = any(one.level >= enough for one in beliefs.values())
    return there, are_gone([beliefs.get(id_) for id_ in ids])


def resend_confirmation(env: Env, contact_id: int, subscription_id: int) -> None:
    """A new confirmation link, within the same limits as a sign-up.

    Raises errors.TooMany within a minute of the last one (acceptance E6).
    """

    def work(tx: Transaction) -> None:
        people.hold_contacts(tx, [contact_id])  # two at once would each find room
        row = own(tx, contact_id, subscription_id)
        if row.state != SubscriptionState.UNCONFIRMED:
            return
        shop = shop_of(env, row)
        contact = people.find_contact(tx, contact_id=contact_id)
        if contact is None:
            return
        now = env.now()
        if now - row.asked_at < RESEND_EVERY:
            LIMITED.labels(limit="resend").inc()
            raise TooMany(
                "A mail was sent a moment ago. Please wait a minute.",
                retry_after=row.asked_at + RESEND_EVERY - now,
            )
        people.move_subscriptions(
            tx, [row.id], asked_at=now, expires_at=now + env.config.retention.unconfirmed
        )
        fresh = people.find_subscription(tx, row.id)
        if fresh is not None:
            address = address_of(contact)
            ask_for_confirmation(env, tx, shop, fresh, address=address, again=True, by_owner=True)

    env.db.retry(work)

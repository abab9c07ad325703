"""What does somebody hear who confirms when the thing will never come back?

What everybody heard who waited then: one message with alternatives, after which it is over. The
event it belongs to keeps that to one, whether its release is done, running, or yet to start.
"""

from __future__ import annotations

from notifier.domain.availability import Availability
from notifier.domain.message import MessageKind
from notifier.domain.stock import EventKind, Stock
from notifier.domain.subscription import EndedReason
from notifier.services.end_subscriptions import end_subscriptions
from notifier.services.env import Env, ShopRef
from notifier.services.write_message import write_message
from notifier.store import catalogue, events, under_way
from notifier.store.catalogue import VariantRow
from notifier.store.people import SubscriptionRow
from notifier.store.session import Transaction

MOST_SHOWN = 4


def are_gone(beliefs: list[Stock | None]) -> bool:
    """Whether none of these will come back; what was never looked at may."""
    return bool(beliefs) and all(
        one is not None and one.availability is Availability.DISCONTINUED for one in beliefs
    )


def tell_gone(env: Env, tx: Transaction, shop: ShopRef, row: SubscriptionRow) -> None:
    """Write the message to somebody who waits since this moment.

    Nothing where the announcement is still to come or held: that finds them in line.
    """
    event = events.latest_event(
        tx,
        product_id=row.product_id,
        variant_id=row.variant_id,
        kind=EventKind.DISCONTINUED.value,
    )
    if event is not None and event.state != "closed":
        return
    if event is not None and under_way.has_event_message(
        tx, event_id=event.id, contact_ids=[row.contact_id]
    ):
        # they hear it by another wish of theirs
        end_subscriptions(env, tx, [row.id], ended=EndedReason.DISCONTINUED)
        return
    write_message(
        env,
        tx,
        MessageKind.DISCONTINUED,
        shop=shop,
        subscription=row,
        event_id=event.id if event is not None else None,
    )


def offered_instead(env: Env, shop: ShopRef, variant: VariantRow) -> list[VariantRow]:
    """The alternatives of a variant that have a page, as the message names them."""
    with env.db.read() as tx:
        found = catalogue.find_variants_by_key(tx, shop.id, variant.alternatives)
    named = [found[key] for key in variant.alternatives if key in found]
    return [one for one in named if one.published and one.page_url][:MOST_SHOWN]

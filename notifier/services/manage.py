"""What can a customer do by link: confirm, see, change, pause, end, keep, erase, take along?

Every change is written to the consent book where it gives or takes consent. Doing the same thing
twice is harmless and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from notifier.domain.message import Medium, MessageKind
from notifier.domain.stock import Level, Stock
from notifier.domain.subscription import ACTIVE, EndedReason, EtaNews, SubscriptionState
from notifier.errors import Conflict, InvalidInput, NotFound, StoreBusy, TooMany
from notifier.services.book_result import end_subscriptions
from notifier.services.consent import Circumstances, consent_entry
from notifier.services.env import Env, ShopRef
from notifier.services.hook_out import tell_webhooks
from notifier.services.read_address import Address
from notifier.services.subscribe import MAX_QUANTITY, ask_for_confirmation
from notifier.services.tell_gone import are_gone, tell_gone
from notifier.services.write_message import write_message
from notifier.store import catalogue, ledger, people
from notifier.store import stock as stock_store
from notifier.store.catalogue import VariantRow
from notifier.store.people import ContactRow, SubscriptionRow
from notifier.store.session import Transaction

PAUSES = {"30": timedelta(days=30), "90": timedelta(days=90), "": None}
MAX_PAUSE = timedelta(days=365)
RESEND_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One subscription as its owner sees it."""

    subscription: SubscriptionRow
    shop: ShopRef
    variant: VariantRow
    siblings: tuple[VariantRow, ...]
    stock: Stock | None
    is_gone: bool  # for good

    @property
    def can_be_bought(self) -> bool:
        return self.stock is not None and self.stock.level > Level.NONE


class Done(StrEnum):
    """What a click did."""

    CONFIRMED = "confirmed"
    ALREADY = "already"
    AVAILABLE = "available"  # confirmed, and it can be bought at this moment
    GONE = "gone"  # confirmed, and it will never come back
    ENDED = "ended"
    TOO_LATE = "too_late"


def load_items(
    env: Env, contact_id: int, *, states: Sequence[str] | None = None
) -> tuple[ContactRow, list[Item]]:
    """Everything one address waits for, oldest first. Raises errors.NotFound."""
    with env.db.read() as tx:
        contact = people.find_contact(tx, contact_id=contact_id)
        if contact is None or contact.erased_at is not None:
            raise NotFound("Nothing is stored for this link any more.")
        rows = people.subscriptions_of(tx, contact_id, states=states)
        return contact, [item for item in (_item(env, tx, row) for row in rows) if item]


def load_item(env: Env, subscription_id: int) -> tuple[ContactRow, Item]:
    """One subscription with its owner. Raises errors.NotFound."""
    with env.db.read() as tx:
        row = people.find_subscription(tx, subscription_id)
        contact = people.find_contact(tx, contact_id=row.contact_id) if row else None
        item = _item(env, tx, row) if row else None
        if row is None or contact is None or item is None or contact.erased_at is not None:
            raise NotFound("Nothing is stored for this link any more.")
        return contact, item


def _item(env: Env, tx: Transaction, row: SubscriptionRow) -> Item | None:
    shop = env.shop_by_id(row.shop_id)
    siblings = catalogue.variants_of(tx, row.product_id)
    if shop is None or not siblings:
        return None
    variant = next((one for one in siblings if one.id == row.variant_id), siblings[0])
    wanted = [one.id for one in siblings] if row.variant_id is None else [variant.id]
    beliefs = stock_store.load_stock(tx, wanted)
    return Item(
        subscription=row,
        shop=shop,
        variant=variant,
        siblings=tuple(siblings),
        stock=max(beliefs.values(), key=lambda one: one.level, default=None),
        is_gone=are_gone([beliefs.get(id_) for id_ in wanted]),
    )


def confirm(env: Env, subscription_id: int, *, circumstances: Circumstances) -> Done:
    """Put a confirmed subscription in line.

    When the goods are there at this moment, the page says so and that is the telling: it counts as
    told, since a message would only repeat the page. When they will never be, they are told as
    everybody was who waited. Never brings back what was ended.
    """

    def work(tx: Transaction) -> Done:
        row = people.find_subscription(tx, subscription_id, for_update=True)
        if row is None:
            raise NotFound("Nothing is stored for this link any more.")
        if row.state in (SubscriptionState.WAITING, SubscriptionState.PAUSED):
            return Done.ALREADY
        if row.state == SubscriptionState.TOLD:
            return Done.ALREADY
        if row.state == SubscriptionState.ENDED:
            return Done.TOO_LATE
        shop = _shop(env, row)
        contact = people.find_contact(tx, contact_id=row.contact_id)
        if contact is None or contact.erased_at is not None:
            raise NotFound("Nothing is stored for this link any more.")
        now = env.now()
        available, gone = _how_it_stands(tx, row)
        state = SubscriptionState.TOLD if available else SubscriptionState.WAITING
        people.move_subscriptions(
            tx,
            [row.id],
            state=state.value,
            confirmed_at=now,
            told_at=now if available else None,
            reason="told_on_confirmation" if available else "",
            expires_at=now + shop.config.subscription_lifetime,
        )
        said = consent_entry(
            env,
            act="confirmed",
            shop=shop,
            address_hash=contact.address_hash,
            subscription_id=row.id,
            medium=row.medium,
            circumstances=circumstances,
            method="link",
        )
        ledger.append_all(tx, [said])
        if row.replaces_id is not None:
            # moved here from another address: that one is left now, and not before (WS-5)
            end_subscriptions(env, tx, [row.replaces_id], ended=EndedReason.REPLACED)
        tell_webhooks(
            env,
            tx,
            shop,
            "subscription.confirmed",
            {"subscription": row.id, "target": row.target, "medium": row.medium},
        )
        if available:
            return Done.AVAILABLE
        if gone:
            tell_gone(env, tx, shop, row)
            return Done.GONE
        if shop.config.waiting_mail:
            write_message(env, tx, MessageKind.WAITING, shop=shop, subscription=row)
        return Done.CONFIRMED

    return env.db.retry(work)


def _how_it_stands(tx: Transaction, row: SubscriptionRow) -> tuple[bool, bool]:
    """Whether what is waited for can be bought, and whether it never will be; locks the stock
    rows, see subscribe."""
    ids = (
        [row.variant_id]
        if row.variant_id is not None
        else [one.id for one in catalogue.variants_of(tx, row.product_id)]
    )
    beliefs = stock_store.load_stock(tx, ids, for_update=True)
    enough = Level.THERE if row.physical_only else Level.ORDERABLE
    there = any(one.level >= enough for one in beliefs.values())
    return there, are_gone([beliefs.get(id_) for id_ in ids])


def end(
    env: Env,
    subscription_id: int,
    *,
    circumstances: Circumstances,
    reason: EndedReason = EndedReason.CUSTOMER,
    method: str = "link",
) -> Done:
    """End one subscription. From the moment this returns, nothing more is sent for it.

    That includes one that was told already: no reminder follows.
    """

    def work(tx: Transaction) -> Done:
        row = people.find_subscription(tx, subscription_id, for_update=True)
        if row is None:
            raise NotFound("Nothing is stored for this link any more.")
        if row.state == SubscriptionState.ENDED:
            return Done.ALREADY
        contact = people.find_contact(tx, contact_id=row.contact_id)
        end_subscriptions(env, tx, [row.id], ended=reason, reason=method, also_told=True)
        said = consent_entry(
            env,
            act="withdrawn",
            shop=env.shop_by_id(row.shop_id) or row.shop_id,
            address_hash=contact.address_hash if contact else "",
            subscription_id=row.id,
            medium=row.medium,
            circumstances=circumstances,
            method=method,
        )
        ledger.append_all(tx, [said])
        return Done.ENDED

    return env.db.retry(work)


def end_all(env: Env, contact_id: int, *, circumstances: Circumstances) -> int:
    """End everything one address waits for; how many ended."""
    states = [state.value for state in (*ACTIVE, SubscriptionState.TOLD)]
    _, items = load_items(env, contact_id, states=states)
    done = [
        end(env, item.subscription.id, circumstances=circumstances, method="link_all")
        for item in items
    ]
    return sum(one is Done.ENDED for one in done)


def keep(env: Env, subscription_id: int) -> Done:
    """ "Still interested": wait for another lifetime."""

    def work(tx: Transaction) -> Done:
        row = people.find_subscription(tx, subscription_id, for_update=True)
        if row is None:
            raise NotFound("Nothing is stored for this link any more.")
        if row.state not in (SubscriptionState.WAITING, SubscriptionState.PAUSED):
            return Done.TOO_LATE
        shop = _shop(env, row)
        people.move_subscriptions(
            tx,
            [row.id],
            expires_at=env.now() + shop.config.subscription_lifetime,
            renewal_asked_at=None,
        )
        return Done.CONFIRMED

    return env.db.retry(work)


def pause(env: Env, contact_id: int, subscription_id: int, *, until: datetime | None) -> None:
    """Send nothing until then (None: until resumed); the place in line is kept."""
    if until is not None and not env.now() < until <= env.now() + MAX_PAUSE:
        raise InvalidInput.of("until", "out_of_range", f"{until:%Y-%m-%d} is not in the next year.")
    _move_own(
        env,
        contact_id,
        subscription_id,
        from_states=[SubscriptionState.WAITING],
        state=SubscriptionState.PAUSED.value,
        paused_until=until,
    )


def resume(env: Env, contact_id: int, subscription_id: int) -> None:
    """Wait again, in the old place in line."""
    _move_own(
        env,
        contact_id,
        subscription_id,
        from_states=[SubscriptionState.PAUSED],
        state=SubscriptionState.WAITING.value,
        paused_until=None,
    )


def change_quantity(env: Env, contact_id: int, subscription_id: int, *, quantity: int) -> None:
    if not 1 <= quantity <= MAX_QUANTITY:
        raise InvalidInput.of(
            "quantity", "out_of_range", f"{quantity} is not between 1 and {MAX_QUANTITY}."
        )
    _move_own(env, contact_id, subscription_id, from_states=ACTIVE, quantity=quantity)


def change_eta_news(
    env: Env, contact_id: int, subscription_id: int, *, news: EtaNews | None
) -> None:
    """How far a date must move to be told; None: as the shop thinks right."""
    _move_own(
        env,
        contact_id,
        subscription_id,
        from_states=ACTIVE,
        eta_days=None if news is None else news.value,
    )


def change_locale(env: Env, contact_id: int, subscription_id: int, *, locale: str) -> None:
    with env.db.read() as tx:
        row = _own(tx, contact_id, subscription_id)
    if locale not in _shop(env, row).config.locales:
        raise InvalidInput.of("locale", "not_offered", f"{locale!r} is not offered here.")
    _move_own(env, contact_id, subscription_id, from_states=ACTIVE, locale=locale)


def change_variant(
    env: Env, contact_id: int, subscription_id: int, *, variant_id: int | None
) -> None:
    """Wait for another variant of the same product (None: any), in the old place in line, since
    the wish is as old as before. Where that one is waited for already, the two become one.

    Raises errors.NotFound, InvalidInput for what is no variant of the product, and Conflict:
    `ended`, `closed` (takes no requests), `available` and `discontinued`.
    """

    def work(tx: Transaction) -> None:
        row = _own(tx, contact_id, subscription_id)
        if row.state not in ACTIVE:
            raise Conflict("ended", "This is not waited for any more.")
        wanted = _open_variants(tx, row, variant_id)
        only = wanted[0] if len(wanted) == 1 else None
        target = people.target_of(variant_id=only, product_id=row.product_id)
        if target == row.target:
            return
        _refuse_needless(tx, wanted, physical_only=row.physical_only)
        twin = people.find_active(tx, contact_id=contact_id, shop_id=row.shop_id, target=target)
        if twin is None and people.retarget(tx, row.id, variant_id=only, target=target):
            return
        # signed up for at this very moment, if not before
        twin = twin or people.find_active(
            tx, contact_id=contact_id, shop_id=row.shop_id, target=target
        )
        if twin is None:
            raise StoreBusy("This notice is being changed by somebody else.")
        _make_one(env, tx, row, twin)

    env.db.retry(work)


def _open_variants(tx: Transaction, row: SubscriptionRow, variant_id: int | None) -> list[int]:
    """The variants asked for that take requests: one, or any."""
    siblings = {one.id: one for one in catalogue.variants_of(tx, row.product_id)}
    if variant_id is not None and variant_id not in siblings:
        raise InvalidInput.of("variant", "not_of_product", "That is not a variant of this.")
    asked = [variant_id] if variant_id is not None else list(siblings)
    found = [id_ for id_ in asked if siblings[id_].may_be_asked_for]
    if not found:
        raise Conflict("closed", "That one takes no requests at the moment.")
    return found


def _refuse_needless(tx: Transaction, wanted: list[int], *, physical_only: bool) -> None:
    """Conflict where there is nothing to wait for; locks the stock rows, see subscribe."""
    beliefs = stock_store.load_stock(tx, wanted, for_update=True)
    enough = Level.THERE if physical_only else Level.ORDERABLE
    if any(one.level >= enough for one in beliefs.values()):
        raise Conflict("available", "That one can be bought now.")
    if are_gone([beliefs.get(id_) for id_ in wanted]):
        raise Conflict("discontinued", "That one will not come back.")


def _make_one(env: Env, tx: Transaction, row: SubscriptionRow, twin: SubscriptionRow) -> None:
    """Of two wishes for the same: the twin stays, unless it alone is not confirmed. The older
    place in line stays in any case."""
    unconfirmed = SubscriptionState.UNCONFIRMED
    stays, goes = (row, twin) if twin.state == unconfirmed != row.state else (twin, row)
    end_subscriptions(env, tx, [goes.id], ended=EndedReason.REPLACED)
    if stays is row:
        people.retarget(tx, row.id, variant_id=twin.variant_id, target=twin.target)
    first = min(row.created_at, twin.created_at)
    people.move_subscriptions(tx, [stays.id], created_at=first)


def resend_confirmation(env: Env, contact_id: int, subscription_id: int) -> None:
    """A new confirmation link, within the same limits as a sign-up.

    Raises errors.TooMany within a minute of the last one (acceptance E6).
    """

    def work(tx: Transaction) -> None:
        row = _own(tx, contact_id, subscription_id)
        if row.state != SubscriptionState.UNCONFIRMED:
            return
        shop = _shop(env, row)
        contact = people.find_contact(tx, contact_id=contact_id)
        if contact is None:
            return
        now = env.now()
        if now - row.asked_at < RESEND_EVERY:
            raise TooMany(
                "A mail was sent a moment ago. Please wait a minute.",
                retry_after=row.asked_at + RESEND_EVERY - now,
            )
        people.move_subscriptions(
            tx, [row.id], asked_at=now, expires_at=now + env.config.retention.unconfirmed
        )
        fresh = people.find_subscription(tx, row.id)
        if fresh is not None:
            address = _address_of(contact)
            ask_for_confirmation(env, tx, shop, fresh, address=address, again=True, by_owner=True)

    env.db.retry(work)


def _address_of(contact: ContactRow) -> Address:
    return Address(
        medium=Medium(contact.medium),
        value=contact.address,
        hash=contact.address_hash,
        may_be_written_to=True,
    )


def _own(tx: Transaction, contact_id: int, subscription_id: int) -> SubscriptionRow:
    """The subscription if it belongs to this contact. Raises errors.NotFound alike otherwise."""
    row = people.find_subscription(tx, subscription_id, for_update=True)
    if row is None or row.contact_id != contact_id:
        raise NotFound("There is no such subscription behind this link.")
    return row


def _move_own(
    env: Env,
    contact_id: int,
    subscription_id: int,
    *,
    from_states: Sequence[SubscriptionState] | None = None,
    **values: Any,
) -> None:
    def work(tx: Transaction) -> None:
        row = _own(tx, contact_id, subscription_id)
        people.move_subscriptions(
            tx,
            [row.id],
            from_states=[s.value for s in from_states] if from_states else None,
            **values,
        )

    env.db.retry(work)


def _shop(env: Env, row: SubscriptionRow) -> ShopRef:
    shop = env.shop_by_id(row.shop_id)
    if shop is None:
        raise NotFound("This shop is not served here any more.")
    return shop

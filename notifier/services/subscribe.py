"""How does somebody get onto the list?

Whoever asks for whatever address gets the same answer; what differs happens behind it. The stock
row is locked while the subscription is written, so a restock is either seen here ("available
now") or sees the subscription: never neither (trust RL-21).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial

from notifier.domain.availability import Availability
from notifier.domain.message import MessageKind
from notifier.domain.stock import Level, Stock
from notifier.domain.subscription import Origin, SubscriptionState
from notifier.errors import Conflict, InvalidInput
from notifier.services.ask_for_confirmation import ask_for_confirmation
from notifier.services.consent import keep_consent, read_consent_id
from notifier.services.contacts import contact_at
from notifier.services.env import Env, ShopRef
from notifier.services.hook_out import tell_webhooks
from notifier.services.read_address import Address, read_address
from notifier.services.sign_up_limits import count_sign_up, may_write_to
from notifier.services.subscribe_together import Asked, consent_of, subscribe_together
from notifier.services.wanted import SignUp, Wanted, eta_now, find_wanted, new_subscription, zone_of
from notifier.services.write_message import write_message
from notifier.store import joining, ledger, people, under_way
from notifier.store import stock as stock_store
from notifier.store.joining import Standing
from notifier.store.people import ContactRow, SubscriptionRow
from notifier.store.session import Transaction
from notifier.store.write_line import Alike

MAX_QUANTITY = 10_000
_Work = Callable[[Transaction], int | None]


def subscribe(env: Env, shop: ShopRef, ask: SignUp) -> int | None:
    """Put somebody on the list; the subscription's id, None when nothing new was stored.

    Callers that face the public must not let the difference show. Raises errors.InvalidInput,
    NotFound (no such product here), Conflict("available") and TooMany.
    """
    work, alike = _read(env, shop, ask)
    return env.db.together(work, alike)


def subscribe_all(env: Env, asks: Sequence[tuple[ShopRef, SignUp]]) -> list[int | Exception | None]:
    """`subscribe` for several at once, from one thread: of each its result or its error."""
    outcomes: list[int | Exception | None] = [None] * len(asks)
    works: list[tuple[_Work, Alike | None]] = []
    places: list[int] = []
    for place, (shop, ask) in enumerate(asks):
        try:
            works.append(_read(env, shop, ask))
            places.append(place)
        except InvalidInput as error:
            outcomes[place] = error
    for place, outcome in zip(places, env.db.all_together(works), strict=True):
        outcomes[place] = outcome
    return outcomes


def _read(env: Env, shop: ShopRef, ask: SignUp) -> tuple[_Work, Alike | None]:
    """What is to be done for one who asks, and how for many. Raises errors.InvalidInput."""
    address = read_address(env, shop, email=ask.email, phone=ask.phone)
    text = read_consent_id(ask.consent_text_id, medium=address.medium.value)
    check_quantity(ask.quantity)

    asked = Asked(shop=shop, ask=ask, address=address, text=text)
    if not asked.is_plain:
        return partial(_put_on_list, env, asked), None
    alike = Alike(at_once=subscribe_together, about=env, given=asked)
    return partial(_put_on_list, env, asked), alike


def _put_on_list(env: Env, asked: Asked, tx: Transaction) -> int | None:
    shop, ask, address = asked.shop, asked.ask, asked.address
    wanted = find_wanted(tx, shop, ask)
    if ask.origin in (Origin.WIDGET, Origin.FORM):
        count_sign_up(
            env,
            tx,
            shop,
            ip=ask.circumstances.ip,
            product_id=wanted.product_id,
            has_worked=ask.has_worked,
        )
    beliefs = _refuse_available(env, tx, wanted, physical_only=ask.physical_only)
    contact = contact_at(env, tx, address, time_zone=zone_of(ask))
    standing = joining.standing_of(tx, contact_id=contact.id, shop_id=shop.id, now=env.now())
    made = _store(
        env,
        tx,
        shop,
        ask,
        contact=contact,
        wanted=wanted,
        standing=standing,
        eta_told=eta_now(beliefs, wanted),
    )
    _put_tags(tx, shop, ask, contact=contact, wanted=wanted)
    if made is None:
        _ask_again(env, tx, shop, ask, contact=contact, wanted=wanted, address=address)
        return None
    ledger.append_all(tx, [consent_of(env, asked, subscription_id=made.id, target=made.target)])
    _greet(env, tx, shop, made, address=address, is_first=not standing.confirming)
    return made.id


def _put_tags(
    tx: Transaction, shop: ShopRef, ask: SignUp, *, contact: ContactRow, wanted: Wanted
) -> None:
    """Also on what was there before: the shop's latest word about a customer counts."""
    if not ask.tags:
        return
    target = people.target_of(variant_id=wanted.variant_id, product_id=wanted.product_id)
    row = people.find_active(tx, contact_id=contact.id, shop_id=shop.id, target=target)
    if row is not None:
        people.move_subscriptions(tx, [row.id], tags=sorted(set(ask.tags)))


def check_quantity(quantity: int) -> None:
    """Raises errors.InvalidInput."""
    if not 1 <= quantity <= MAX_QUANTITY:
        raise InvalidInput.of(
            "quantity",
            "out_of_range",
            f"{quantity} is not between 1 and {MAX_QUANTITY}.",
            first=1,
            last=MAX_QUANTITY,
        )


def _refuse_available(
    env: Env, tx: Transaction, wanted: Wanted, *, physical_only: bool
) -> dict[int, Stock]:
    """Lock the stock rows, making those that lack; Conflict when one can be bought now.

    What is believed of each variant, by its id.
    """
    ids = [variant.id for variant in wanted.variants]
    beliefs = stock_store.load_stock(tx, ids, for_update=True)
    refuse_what_is_there(beliefs.values(), physical_only=physical_only)
    now = env.now()
    for id_ in ids:
        if id_ not in beliefs:
            # not looked at yet: remember that, so that the first look finds somebody waiting
            unseen = Stock(
                availability=Availability.UNKNOWN,
                quantity=None,
                since=now,
                seen_at=datetime.fromtimestamp(0, now.tzinfo),
                level=Level.NONE,
                level_since=now,
                vouched=False,
            )
            stock_store.save_stock(tx, id_, before=None, after=unseen, source="")
    return beliefs


def refuse_what_is_there(beliefs: Collection[Stock], *, physical_only: bool) -> None:
    """Raises errors.Conflict when one of them can be bought now, or none will come back."""
    enough = Level.wanted(physical_only=physical_only)
    if any(one.level >= enough for one in beliefs):
        raise Conflict("available", "This can be bought now. Reload the page.")
    if beliefs and all(one.availability is Availability.DISCONTINUED for one in beliefs):
        raise Conflict("discontinued", "This is no longer made, so it will not come back.")


def _store(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    ask: SignUp,
    *,
    contact: ContactRow,
    wanted: Wanted,
    standing: Standing,
    eta_told: str,
) -> SubscriptionRow | None:
    if standing.active >= env.config.limits.max_active:
        return None
    waits_at_once = ask.confirmed or not shop.config.double_opt_in or standing.has_confirmed
    values = new_subscription(
        env,
        shop,
        ask,
        contact_id=contact.id,
        medium=contact.medium,
        wanted=wanted,
        waits_at_once=waits_at_once,
        eta_told=eta_told,
    )
    return joining.join(tx, **values)


def _waits_at_once(tx: Transaction, shop: ShopRef, ask: SignUp, contact: ContactRow) -> bool:
    """Whether no confirmation is needed: somebody vouches, or the address has confirmed before."""
    if ask.confirmed or not shop.config.double_opt_in:
        return True
    return people.has_confirmed(tx, contact_id=contact.id, shop_id=shop.id)


def _greet(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    made: SubscriptionRow,
    *,
    address: Address,
    is_first: bool = False,
) -> None:
    """The one message that answers a sign-up, if limits and suppressions allow one."""
    if made.state == SubscriptionState.WAITING:
        is_news = made.origin != Origin.IMPORT  # who waited elsewhere need not hear of a move
        if is_news:
            facts = {"subscription": made.id, "medium": made.medium}
            tell_webhooks(env, tx, shop, "subscription.confirmed", facts)
        if (
            is_news
            and shop.config.waiting_mail
            and may_write_to(env, tx, shop, address, product_id=made.product_id)
        ):
            write_message(env, tx, MessageKind.WAITING, shop=shop, subscription=made)
        return
    ask_for_confirmation(env, tx, shop, made, address=address, is_first=is_first)


def _ask_again(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    ask: SignUp,
    *,
    contact: ContactRow,
    wanted: Wanted,
    address: Address,
) -> None:
    """Somebody asked for what is stored already.

    Waiting or paused: nothing to do. Unconfirmed: it waits from now on if no confirmation is
    needed any more; else a new link when the old one is too old, or when none was ever sent
    because another request was being confirmed.
    """
    target = people.target_of(variant_id=wanted.variant_id, product_id=wanted.product_id)
    known = people.find_active(tx, contact_id=contact.id, shop_id=shop.id, target=target)
    now = env.now()
    if known is None or known.state != SubscriptionState.UNCONFIRMED:
        return
    if _waits_at_once(tx, shop, ask, contact):
        people.move_subscriptions(
            tx,
            [known.id],
            state=SubscriptionState.WAITING.value,
            confirmed_at=now,
            asked_at=now,
            expires_at=now + shop.config.subscription_lifetime,
        )
        if ask.confirmed:
            keep_consent(  # somebody else says that this person has agreed
                env,
                tx,
                known,
                act="confirmed",
                shop=shop,
                address_hash=address.hash,
                circumstances=ask.circumstances,
                method=ask.origin,
                facts={"evidence": ask.evidence},
            )
    elif known.expires_at > now and under_way.asked_to_confirm(tx, [known.id]):
        return
    else:
        people.move_subscriptions(
            tx, [known.id], asked_at=now, expires_at=now + env.config.retention.unconfirmed
        )
    fresh = people.find_subscription(tx, known.id)
    if fresh is not None:
        _greet(env, tx, shop, fresh, address=address)

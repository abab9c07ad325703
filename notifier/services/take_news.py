"""What becomes of what a shop's system says: which variant is meant, what is believed and counted?

Stock goes the way of any push (services/observe), lines of orders that of reported purchases. The
shop may know its variants by the system's ids or by their skus, and either may look like the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.domain.shop_news import Asked, Bought, Gone, ShopNews
from notifier.domain.stock import Stock
from notifier.errors import InvalidInput
from notifier.log import log
from notifier.metrics import UNMATCHED_ROWS
from notifier.services.alarm_said import say
from notifier.services.alarms import raise_alarm
from notifier.services.env import Env, ShopRef
from notifier.services.look_soon import look_soon, looked_at
from notifier.services.meant_variants import MeantVariants
from notifier.services.observe import observe
from notifier.services.privacy import erase_address
from notifier.services.push_stock import source_name
from notifier.services.put_products import WrittenProduct, put_products, written
from notifier.services.read_address import read_address
from notifier.services.report_purchase import GivenPurchase, report_purchases, take_back
from notifier.services.typed_address import hash_typed
from notifier.store import catalogue
from notifier.store import stock as stock_store
from notifier.store.catalogue import VariantRow
from notifier.store.session import Transaction

ASKED = "privacy.asked"  # the alarm


@dataclass(slots=True, kw_only=True)
class Taken:
    """What came of one delivery. `purchases`: lines that were not known before; `taken_back`: lines
    that had been counted; `looked_again`: sources that are asked sooner for it."""

    accepted: int = 0
    refused: int = 0
    unmatched: list[str] = field(default_factory=list)
    changed: int = 0
    announced: int = 0
    held: bool = False
    purchases: int = 0
    taken_back: int = 0
    looked_again: int = 0
    erased: int = 0


def take_news(env: Env, shop: ShopRef, news: ShopNews, *, system: str) -> Taken:
    """Believe, count and do what the delivery says; saying it again changes nothing."""
    taken = Taken(refused=news.refused)
    with env.db.read() as tx:
        believed, look_again = _believable(tx, shop, news, taken)
    if believed:
        report = observe(env, shop, believed, source=source_name(shop))
        taken.changed, taken.announced, taken.held = report.changed, report.announced, report.held
    taken.accepted = len(believed)
    if taken.unmatched:
        UNMATCHED_ROWS.labels(shop=shop.slug).inc(len(taken.unmatched))
    _list(env, shop, news)
    if bought := _known(env, shop, news.bought):
        taken.purchases = sum(one.counted for one in report_purchases(env, shop, bought))
    if called_off := _known(env, shop, news.called_off):
        taken.taken_back = take_back(env, shop, called_off)
    if look_again or news.look_again:
        taken.looked_again = look_soon(env, shop)
    taken.erased = sum(_erase(env, shop, typed, system=system) for typed in news.erase)
    if news.asks is not None:
        _ask(env, shop, news, system=system)
    return taken


# ---- stock ----


def _believable(
    tx: Transaction, shop: ShopRef, news: ShopNews, taken: Taken
) -> tuple[list[Observation], bool]:
    """What is to be believed, under our keys, and whether the shop must be asked for more."""
    found = MeantVariants(tx, shop, [(one.key, one.sku) for one in news.seen])
    beliefs = stock_store.load_stock(tx, [row.id for row in found.rows.values()])
    has_source = bool(looked_at(shop))
    believed: dict[str, Observation] = {}
    look_again = False
    for one in news.seen:
        keys = found.keys(one.key, one.sku)
        if keys is None or (not keys and one.key in found.rows):
            taken.refused += 1
        elif not keys and one.key not in news.if_known:
            taken.unmatched.append(one.key)
            believed[one.key] = one
        for key in keys or ():
            row = found.rows[key]
            belief = beliefs.get(row.id)
            if one.key in news.doubtful and has_source and _was_never_counted(belief):
                look_again = True
                continue
            look_again |= _comes_late(one, belief)
            believed[key] = _as_known(one, row, has_source=has_source)
    for gone in news.gone:
        for key in _keys_of(tx, shop, gone):
            believed[key] = Observation(
                key=key, availability=gone.availability, observed_at=news.as_of
            )
    return list(believed.values()), look_again


def _as_known(one: Observation, row: VariantRow, *, has_source: bool) -> Observation:
    """Names and prices of a shop with a source come from there, where they are as shoppers see
    them; a variant stays with the product it is known under."""
    if has_source:
        return Observation(
            key=row.key,
            availability=one.availability,
            quantity=one.quantity,
            observed_at=one.observed_at,
        )
    return replace(one, key=row.key, product_key=one.product_key if row.key == one.key else "")


def _was_never_counted(belief: Stock | None) -> bool:
    """In stock, as a source says that gives no number: it may be something nobody counts."""
    if belief is None:
        return False
    return belief.availability is Availability.IN_STOCK and belief.quantity is None


def _comes_late(one: Observation, belief: Stock | None) -> bool:
    """Says something else than what is known since. Some shops do not date a change of stock, so
    the source is asked which is right."""
    if belief is None or one.observed_at is None or one.observed_at >= belief.seen_at:
        return False
    return one.availability is not belief.availability


def _keys_of(tx: Transaction, shop: ShopRef, gone: Gone) -> list[str]:
    """Whose id it is. A key that is a sku only looks like one."""
    found = [*catalogue.find_variants_by_key(tx, shop.id, [gone.id]).values()]
    product = catalogue.find_product_id(tx, shop.id, gone.id) if gone.with_variants else None
    if product is not None:
        found += catalogue.variants_of(tx, product)
    by_id = (row.key for row in found if row.key != gone.id or row.sku != row.key)
    return list(dict.fromkeys(by_id))


def _list(env: Env, shop: ShopRef, news: ShopNews) -> None:
    """Show or hide products whose variants say their stock themselves."""
    for one in news.listed:
        with env.db.read() as tx:
            product = catalogue.find_product_id(tx, shop.id, one.product)
            variants = catalogue.variants_of(tx, product) if product is not None else []
        if any(row.key != one.product and row.published is not one.shown for row in variants):
            told = written(one.product, published=one.shown)
            put_products(env, shop, [WrittenProduct(product=told, variants=())])


# ---- orders ----


def _known(env: Env, shop: ShopRef, bought: Sequence[Bought]) -> list[GivenPurchase]:
    """The lines about variants we know."""
    if not bought:
        return []
    with env.db.read() as tx:
        found = MeantVariants(tx, shop, [(one.variant, one.sku) for one in bought])
    given = []
    for one in bought:
        keys = found.keys(one.variant, one.sku)
        if not keys:
            continue
        given.append(
            GivenPurchase(
                ref=one.ref,
                variant=keys[0],
                at=one.at,
                units=one.units,
                email=_readable(env, shop, email=one.email),
                phone=_readable(env, shop, phone=one.phone),
            )
        )
    return given


def _readable(env: Env, shop: ShopRef, **address: str) -> str | None:
    """The address, where it is one that this shop could have written to."""
    (value,) = address.values()
    if not value:
        return None
    try:
        read_address(env, shop, **address)
    except InvalidInput:
        return None
    return value


# ---- what the law has the system pass on ----


def _erase(env: Env, shop: ShopRef, typed: str, *, system: str) -> bool:
    try:
        hash_ = hash_typed(env, typed)
    except InvalidInput:
        log.warning("an address to erase cannot be read", shop=shop.slug, system=system)
        return False
    return bool(erase_address(env, hash_, by=f"{system} of {shop.slug}"))


def _ask(env: Env, shop: ShopRef, news: ShopNews, *, system: str) -> None:
    about = f"{shop.slug}/{system}/{news.asks_about}"
    message = say("asked_export", system=system.capitalize(), customer=news.asks_about or "?")
    if news.asks is Asked.LEFT:
        message = say("asked_left", system=system.capitalize())
    facts: dict[str, Any] = {"system": system, "asks": news.asks.value if news.asks else ""}
    env.db.retry(
        lambda tx: raise_alarm(
            env, tx, code=ASKED, about=about, message=message, shop=shop, facts=facts
        )
    )

"""What does a shop have, what is out and for how long, and how many wait for it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from notifier.domain.eta import Eta
from notifier.domain.person import Person
from notifier.errors import NotFound
from notifier.services.audit import note_change
from notifier.services.env import Env, ShopRef
from notifier.services.eta_history import EtaHistory, eta_history_of
from notifier.services.suggest_eta import Suggestion, suggest_eta
from notifier.store import catalogue, demand_counts, product_list
from notifier.store import stock as stock_store
from notifier.store.counting import MOST
from notifier.store.product_list import Change, Listed
from notifier.store.session import Transaction

__all__ = [
    "MOST",
    "OUT",
    "Listed",
    "ProductShown",
    "Row",
    "VariantShown",
    "list_products",
    "set_alerts",
    "show_product",
    "sold_out_products",
]

OUT = ("out_of_stock", "backorder", "preorder", "discontinued")
DRAWN = timedelta(days=60)
VARIANTS = 100  # of one product that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A variant with its date and the people waiting for it (up to MOST + 1)."""

    variant: Listed
    eta: Eta | None
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantShown:
    """One variant of a shown product. `days`: its stock at the end of each day, None: unknown."""

    row: Row
    days: Sequence[tuple[datetime, int | None]]
    promises: EtaHistory
    usual: Suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductShown:
    id: int
    key: str
    title: str
    alerts: bool
    published: bool
    variants: Sequence[VariantShown]
    has_more: bool  # variants than are shown


def list_products(
    env: Env,
    shop: ShopRef,
    *,
    search: str = "",
    out: bool = False,
    after: tuple[datetime, int] | int | None = None,
    limit: int = 50,
) -> list[Row]:
    """Variants by id; with `out` those that cannot be bought, out for longest first."""
    with env.db.read() as tx:
        found = product_list.list_variants(
            tx,
            shop.id,
            search=search.strip()[:100],
            availabilities=OUT if out else (),
            after=after,
            by_since=out,
            limit=limit,
        )
        return _rows(tx, shop, found)


def show_product(env: Env, shop: ShopRef, key: str) -> ProductShown:
    """A product by its key, with its first variants. Raises errors.NotFound."""
    now, zone = env.now(), ZoneInfo(shop.config.time_zone)
    with env.db.read() as tx:
        product_id = catalogue.find_product_id(tx, shop.id, key)
        if product_id is None:
            raise NotFound(f"There is no product {key[:80]!r} in this shop.")
        all_of_it = product_list.list_variants(
            tx, shop.id, product_id=product_id, limit=VARIANTS + 1
        )
        found = all_of_it[:VARIANTS]
        rows = _rows(tx, shop, found)
        changes = {
            row.variant.id: product_list.changes_of(tx, row.variant.id, since=now - DRAWN)
            for row in rows
        }
    first = found[0] if found else None
    return ProductShown(
        id=product_id,
        key=key,
        title=(first.product_title or first.title) if first else key,
        alerts=first.product_alerts if first else True,
        published=first.published if first else False,
        variants=[
            VariantShown(
                row=row,
                days=_by_day(changes[row.variant.id], now=now, zone=zone),
                promises=eta_history_of(env, shop, row.variant.key),
                usual=suggest_eta(env, shop, row.variant.key),
            )
            for row in rows
        ],
        has_more=len(all_of_it) > VARIANTS,
    )


def set_alerts(env: Env, shop: ShopRef, key: str, *, on: bool, by: Person) -> bool:
    """Let people wait for a product and be told, or not; False when that was so already.

    Who waits keeps the place in line. Raises errors.NotFound.
    """

    def work(tx: Transaction) -> bool:
        product_id = catalogue.find_product_id(tx, shop.id, key)
        if product_id is None:
            raise NotFound(f"There is no product {key[:80]!r} in this shop.")
        done = product_list.set_alerts(tx, product_id, on=on)
        if done:
            act = "product.alerts_on" if on else "product.alerts_off"
            note_change(tx, env, act, by=by, shop=shop, product=product_id)
        return done

    return env.db.retry(work)


def sold_out_products(env: Env, shop: ShopRef, *, limit: int = 5000) -> list[str]:
    """The keys of products that a shop may want to list last: published, and not to be bought."""
    with env.db.read() as tx:
        return product_list.sold_out(tx, shop.id, limit=limit)


def _rows(tx: Transaction, shop: ShopRef, found: Sequence[Listed]) -> list[Row]:
    beliefs = stock_store.load_stock(tx, [one.id for one in found])
    waiting = _waiting(tx, shop, found)
    return [
        Row(
            variant=one,
            eta=beliefs[one.id].eta if one.id in beliefs else None,
            waiting=waiting[one.id],
        )
        for one in found
    ]


def _waiting(tx: Transaction, shop: ShopRef, found: Sequence[Listed]) -> dict[int, int]:
    """How many wait for each; in a large shop, as of the last counting."""
    last = demand_counts.latest_count(tx, shop.id)
    if last is None or not demand_counts.is_large(tx, shop.id):
        return product_list.waiting_for(tx, found)
    people = demand_counts.people_of(tx, last.id, (one.product_id for one in found))
    return {
        one.id: people.get(f"v{one.id}", 0) + people.get(f"p{one.product_id}", 0) for one in found
    }


def _by_day(
    changes: Sequence[Change], *, now: datetime, zone: ZoneInfo
) -> list[tuple[datetime, int | None]]:
    """The stock at the end of each of the last days, today's as it is now."""
    found = []
    place, known = 0, None
    for back in range(DRAWN.days - 1, -1, -1):
        end = now if back == 0 else now - timedelta(days=back)
        while place < len(changes) and changes[place].at <= end:
            one = changes[place]
            known = one.quantity if one.quantity is not None else _without_number(one)
            place += 1
        found.append((end.astimezone(zone), known))
    return found


def _without_number(change: Change) -> int | None:
    """A source that only says in or out: something there is unknown, nothing is nought."""
    return 0 if change.availability in OUT else None

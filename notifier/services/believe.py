"""What do we believe after a look, and which events follow?

Belief and events of a variant are stored in one transaction (trust RL-1). What an abnormal share of
the catalogue would tell is held until a person has looked (trust RL-18).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.domain.stock import Stock, Verdict, first_sight, weigh
from notifier.services.backorder import decide_as_seen
from notifier.services.env import Env, ShopRef, rules_for
from notifier.services.last_rows import untrue
from notifier.services.note_changes import hold_abnormal, note_changes
from notifier.services.touch_orders import concerns_orders, touch_orders
from notifier.store import catalogue, seen_products, sources
from notifier.store import stock as stock_store
from notifier.store.session import Transaction

CHUNK = 200  # variants a transaction; keeps the writer free for sign-ups in between
ABSENT = "absent"  # in place of a row's digest: the look did not show the variant

Seen = tuple[Observation, str]  # with the digest of its row, or ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """How many restocks were announced; `hold_id` of the hold that keeps them back."""

    announced: int
    hold_id: int | None


def believe(
    env: Env,
    shop: ShopRef,
    changed: Sequence[Seen],
    *,
    source: str,
    catalogue_size: int,
    now: datetime,
) -> Believed:
    """Store what is new, a chunk at a time; its events are held when they are abnormally many."""
    hold_id = _brake(env, shop, changed, source=source, catalogue_size=catalogue_size, now=now)
    announced = 0
    for start in range(0, len(changed), CHUNK):
        chunk = changed[start : start + CHUNK]
        announced += env.db.retry(
            lambda tx, chunk=chunk: _store(  # type: ignore[misc]
                env, tx, shop, chunk, source=source, now=now, hold_id=hold_id
            )
        )
    return Believed(announced=announced, hold_id=hold_id)


def _brake(
    env: Env,
    shop: ShopRef,
    changed: Sequence[Seen],
    *,
    source: str,
    catalogue_size: int,
    now: datetime,
) -> int | None:
    """Hold what a look would tell when that is an abnormal share."""
    if len(changed) <= shop.config.stock.brake_count:
        return None
    count = 0
    for start in range(0, len(changed), 500):
        chunk = changed[start : start + 500]
        with env.db.read() as tx:
            rows = catalogue.find_variants_by_key(tx, shop.id, (o.key for o, _ in chunk))
            beliefs = stock_store.load_stock(tx, (row.id for row in rows.values()))
        for one, _ in chunk:
            row = rows.get(one.key)
            before = beliefs.get(row.id) if row else None
            if row is None or before is None:
                continue
            verdict = weigh(before, one, rules=rules_for(shop.config, row), now=now)
            count += bool(verdict.changes)
    return hold_abnormal(env, shop, count=count, source=source, catalogue_size=catalogue_size)


def _store(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    chunk: Sequence[Seen],
    *,
    source: str,
    now: datetime,
    hold_id: int | None,
) -> int:
    """Store beliefs and events of some variants; how many restocks were announced."""
    ids = _ids_of(env, tx, shop, chunk, now=now)
    variants = catalogue.find_variants(tx, ids.values())
    beliefs = stock_store.load_stock(tx, ids.values(), for_update=True)
    spoken_of_by = stock_store.sources_of(tx, ids.values())
    digests: dict[int, str] = {}
    bought: list[int] = []
    announced = 0
    for one, digest in chunk:
        variant_id = ids.get(one.key)
        if variant_id is None:
            continue
        variant, before = variants[variant_id], beliefs.get(variant_id)
        speaker = source
        verdict = _judge(before, one, shop=shop, variant=variant, digest=digest, now=now)
        if before is not None and one.availability is Availability.UNKNOWN:
            # who knows nothing takes nothing back that another source said
            speaker = spoken_of_by[variant_id] or source
            vouched = before.vouched and speaker != source
            verdict = replace(verdict, stock=replace(verdict.stock, vouched=vouched))
        if verdict.stock != before:
            stock_store.save_stock(
                tx, variant_id, before=before, after=verdict.stock, source=speaker
            )
        if concerns_orders(before, verdict.stock):
            bought.append(variant_id)
        known = _is_settled(verdict.stock) and _was_believed(before, one, now=now)
        digests[variant_id] = digest if known else ""
        announced += note_changes(tx, shop, variant, verdict, now=now, hold_id=hold_id)
    touch_orders(tx, bought, now=now)
    _remember_rows(tx, shop, source, digests)
    return announced


def _ids_of(
    env: Env, tx: Transaction, shop: ShopRef, chunk: Sequence[Seen], *, now: datetime
) -> dict[str, int]:
    """Variants by their keys. What is shown for the first time is learnt; what is absent is not."""
    present = [one for one, digest in chunk if digest != ABSENT]
    decide_as_seen(env, tx, shop, present)
    ids = seen_products.learn(tx, shop.id, present, now=now)
    absent = [one.key for one, digest in chunk if digest == ABSENT]
    rows = catalogue.find_variants_by_key(tx, shop.id, absent)
    return {**ids, **{key: row.id for key, row in rows.items()}}


def _remember_rows(tx: Transaction, shop: ShopRef, source: str, digests: dict[int, str]) -> None:
    """By which rows the next look of the source is known to show the same."""
    row = sources.find_source(tx, shop.id, source)
    if row is not None:
        sources.remember_digests(tx, row.id, digests)
        untrue(tx, row)


def _is_settled(stock: Stock) -> bool:
    """False for a rise that waits for confirmation: it must be weighed again although nothing
    changes."""
    return stock.candidate_since is None and stock.announced_epoch == stock.epoch


def _was_believed(before: Stock | None, one: Observation, *, now: datetime) -> bool:
    """False for a row that was too late: the same row in time must be weighed."""
    return before is None or (one.observed_at or now) >= before.seen_at


def _judge(
    before: Stock | None,
    one: Observation,
    *,
    shop: ShopRef,
    variant: catalogue.VariantRow,
    digest: str,
    now: datetime,
) -> Verdict:
    rules = rules_for(shop.config, variant)
    if before is None:
        return Verdict(stock=first_sight(one, rules=rules, now=now))
    verdict = weigh(before, one, rules=rules, now=now)
    if digest == ABSENT:
        stock = replace(verdict.stock, missing=before.missing + 1, vouched=False)
        return Verdict(stock=stock, changes=verdict.changes)
    return verdict

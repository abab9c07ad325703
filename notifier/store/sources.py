"""How is each source doing, which variants does it name, and when is it looked at next?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select, update

from notifier.store.tables.catalogue import stock, variants
from notifier.store.tables.people import subscriptions
from notifier.store.tables.sources import source_variants, sources
from notifier.store.upsert import insert_or

HOOK = "hook:"  # begins the name of a row about a shop system's webhooks (store/heard.py)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    id: int
    shop_id: int
    name: str
    kind: str
    state: str
    next_look_at: datetime | None
    tried_at: datetime | None
    looked_at: datetime | None
    vouched_at: datetime | None
    rows: int | None
    failures: int
    trouble_code: str
    trouble: str
    trouble_since: datetime | None
    alarmed_at: datetime | None
    accept_smaller: int | None
    cursor: dict[str, str]
    lease_owner: str | None
    lease_until: datetime | None


def ensure_source(
    tx: Connection, *, shop_id: int, name: str, kind: str, now: datetime
) -> SourceRow:
    statement = insert_or(tx, sources).values(
        shop_id=shop_id, name=name, kind=kind, next_look_at=now
    )
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["shop_id", "name"], set_={"kind": statement.excluded.kind}
        )
    )
    row = tx.execute(
        select(sources).where(sources.c.shop_id == shop_id, sources.c.name == name)
    ).one()
    return SourceRow(**row._mapping)


_LOOKED_AT = select(sources).where(~sources.c.name.startswith(HOOK))


def find_source(tx: Connection, shop_id: int, name: str) -> SourceRow | None:
    query = _LOOKED_AT.where(sources.c.shop_id == shop_id, sources.c.name == name)
    row = tx.execute(query).one_or_none()
    return SourceRow(**row._mapping) if row else None


def list_sources(tx: Connection, shop_id: int | None = None) -> list[SourceRow]:
    query = _LOOKED_AT.order_by(sources.c.shop_id, sources.c.name)
    if shop_id is not None:
        query = query.where(sources.c.shop_id == shop_id)
    return [SourceRow(**row._mapping) for row in tx.execute(query)]


def lease_source(
    tx: Connection, source_id: int, *, owner: str, now: datetime, lease: timedelta
) -> bool:
    """True when this process alone may look at the source until the lease is over."""
    done = tx.execute(
        update(sources)
        .where(
            sources.c.id == source_id,
            or_(sources.c.lease_until.is_(None), sources.c.lease_until <= now),
        )
        .values(lease_owner=owner, lease_until=now + lease, tried_at=now)
    )
    return bool(done.rowcount == 1)


def update_source(tx: Connection, source_id: int, **values: Any) -> None:
    tx.execute(update(sources).where(sources.c.id == source_id).values(**values))


def bring_forward(tx: Connection, source_id: int, *, to: datetime) -> bool:
    """Have a source that is well looked at by then; False where it is anyway, or in trouble."""
    done = tx.execute(
        update(sources)
        .where(sources.c.id == source_id, sources.c.failures == 0, sources.c.next_look_at > to)
        .values(next_look_at=to)
    )
    return bool(done.rowcount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A variant a source has named: the digest of what it showed last, which source spoke last
    about it, and what is believed since then."""

    variant_id: int
    digest: str
    spoken_of_by: str
    seen_at: datetime | None
    availability: str
    quantity: int | None


def known_variants(tx: Connection, source_id: int, *, keys: Collection[str]) -> dict[str, Known]:
    """Those variants with these keys, at most some hundred, that the source has named."""
    # with the shop's id the keys are looked up, without it all that the source has named
    shop_id = select(sources.c.shop_id).where(sources.c.id == source_id).scalar_subquery()
    query = _known(source_id).where(variants.c.shop_id == shop_id, variants.c.key.in_(sorted(keys)))
    return _by_key(tx.execute(query))


def _known(source_id: int) -> Select[Any]:
    return (
        select(
            variants.c.key,
            source_variants.c.variant_id,
            source_variants.c.digest,
            func.coalesce(stock.c.source, "").label("spoken_of_by"),
            stock.c.seen_at,
            func.coalesce(stock.c.availability, "").label("availability"),
            stock.c.quantity,
        )
        .join(variants, variants.c.id == source_variants.c.variant_id)
        .outerjoin(stock, stock.c.variant_id == variants.c.id)
        .where(source_variants.c.source_id == source_id)
    )


def _by_key(rows: Iterable[Row[Any]]) -> dict[str, Known]:
    names = Known.__slots__
    return {row.key: Known(**{name: row._mapping[name] for name in names}) for row in rows}


def doubtful_variants(tx: Connection, source_id: int, *, name: str) -> dict[str, int]:
    """Those of a source's variants, key → id, whose row means something although it is as it was.

    What it showed last is not settled or must be weighed anew, another source spoke last, or it was
    absent from a look.
    """
    # Two queries with one pass over a table each. To look up the stock of every variant would cost
    # ten times that, and an OR around the list makes PostgreSQL search it row by row.
    unlike = select(stock.c.variant_id).where(or_(stock.c.source != name, stock.c.missing > 0))
    named = _named(source_id)
    rows = chain(
        tx.execute(named.where(source_variants.c.variant_id.in_(unlike))),
        tx.execute(named.where(source_variants.c.digest == "")),
    )
    return {row.key: row.id for row in rows}


def count_named(tx: Connection, source_id: int) -> int:
    """How many variants this source has named."""
    query = select(func.count()).where(source_variants.c.source_id == source_id)
    return int(tx.execute(query).scalar_one())


def named_variants(tx: Connection, source_id: int) -> Iterator[tuple[str, int]]:
    """Key and id of every variant this source has named, as a stream."""
    query = _named(source_id).execution_options(yield_per=5_000)
    return ((row.key, row.id) for row in tx.execute(query))


def _named(source_id: int) -> Select[Any]:
    return (
        select(variants.c.key, variants.c.id)
        .join(source_variants, source_variants.c.variant_id == variants.c.id)
        .where(source_variants.c.source_id == source_id)
    )


def absent_variants(tx: Connection, source_id: int) -> dict[str, int]:
    """Variants this source named once and lacked in its last full look: key → variant id."""
    rows = tx.execute(
        select(variants.c.key, variants.c.id)
        .join(source_variants, source_variants.c.variant_id == variants.c.id)
        .join(stock, stock.c.variant_id == variants.c.id)
        .where(source_variants.c.source_id == source_id, stock.c.missing > 0)
    )
    return {row.key: row.id for row in rows}


def remember_digests(tx: Connection, source_id: int, digests: Mapping[int, str]) -> None:
    """`digests`: variant id → digest of the observation that was applied."""
    if not digests:
        return
    statement = insert_or(tx, source_variants)
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["source_id", "variant_id"],
            set_={"digest": statement.excluded.digest},
        ),
        [
            {"source_id": source_id, "variant_id": variant_id, "digest": digest}
            for variant_id, digest in digests.items()
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A variant somebody waits for."""

    variant_id: int
    key: str
    sku: str
    url: str


def watched_variants(tx: Connection, shop_id: int, *, limit: int) -> list[Watched]:
    """Variants of the shop that people wait for, the most wanted first."""
    wanted = (
        select(
            variants.c.id,
            variants.c.key,
            variants.c.sku,
            variants.c.url,
            func.count().label("waiting"),
        )
        .join(
            subscriptions,
            or_(
                subscriptions.c.variant_id == variants.c.id,
                (subscriptions.c.variant_id.is_(None))
                & (subscriptions.c.product_id == variants.c.product_id),
            ),
        )
        .where(
            variants.c.shop_id == shop_id,
            subscriptions.c.state.in_(("waiting", "unconfirmed", "paused")),
        )
        .group_by(variants.c.id, variants.c.key, variants.c.sku, variants.c.url)
        .order_by(func.count().desc(), variants.c.id)
        .limit(limit)
    )
    return [
        Watched(variant_id=row.id, key=row.key, sku=row.sku, url=row.url)
        for row in tx.execute(wanted)
    ]

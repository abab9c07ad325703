"""What do we believe about stock, and what was believed before?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, insert, or_, select, update

from notifier.domain.availability import Availability
from notifier.domain.eta import Eta, EtaPrecision
from notifier.domain.stock import Level, Stock
from notifier.store import releases
from notifier.store.prepared import Prepared
from notifier.store.tables.catalogue import etas, stock, stock_changes, variants
from notifier.store.tables.sources import sources
from notifier.store.upsert import insert_into


def read_eta(row: Row[Any]) -> Eta | None:
    if row.eta_earliest is None:
        return None
    return Eta(
        earliest=row.eta_earliest,
        latest=row.eta_latest,
        precision=EtaPrecision(row.eta_precision),
        text=row.eta_text,
    )


def _stock(row: Row[Any]) -> Stock:
    return Stock(
        availability=Availability(row.availability),
        quantity=row.quantity,
        since=row.since,
        seen_at=row.seen_at,
        level=Level(row.level),
        level_since=row.level_since,
        epoch=row.epoch,
        announced_epoch=row.announced_epoch,
        announced_at=row.announced_at,
        candidate_since=row.candidate_since,
        candidate_seen=row.candidate_seen,
        missing=row.missing,
        vouched=row.vouched,
        flaps=row.flaps,
        eta=read_eta(row),
    )


_OF_ONE = select(stock).where(stock.c.variant_id == bindparam("of_variant"))
_LOAD_ONE = {False: Prepared(_OF_ONE), True: Prepared(_OF_ONE.with_for_update())}


def load_stock(
    tx: Connection, variant_ids: Iterable[int], *, for_update: bool = False
) -> dict[int, Stock]:
    """By variant id. With `for_update` nobody else changes these rows before the commit."""
    return ask_stock(tx, variant_ids, for_update=for_update)()


def ask_stock(
    tx: Connection, variant_ids: Iterable[int], *, for_update: bool = False
) -> Callable[[], dict[int, Stock]]:
    """As Prepared.ask, of one variant; of several the answer is there at once."""
    wanted = sorted(set(variant_ids))
    if len(wanted) == 1:
        rows = _LOAD_ONE[for_update].ask(tx, {"of_variant": wanted[0]})
        return lambda: {row.variant_id: _stock(row) for row in rows()}
    found: dict[int, Stock] = {}
    for start in range(0, len(wanted), 500):
        query = (
            select(stock)
            .where(stock.c.variant_id.in_(wanted[start : start + 500]))
            .order_by(stock.c.variant_id)  # one order for all, so that two writers cannot deadlock
        )
        if for_update:
            query = query.with_for_update()
        found.update((row.variant_id, _stock(row)) for row in tx.execute(query))
    return lambda: found


# Built once: building a statement anew costs several times what running it does.
_UPDATE_STOCK = update(stock).where(stock.c.variant_id == bindparam("of_variant"))
_INSERT_CHANGE = insert(stock_changes)


@cache
def _insert_stock(dialect: str) -> Any:
    """A first belief, or ours over one that was stored at the same time."""
    statement = insert_into(dialect, stock)
    fresh = {c.name: statement.excluded[c.name] for c in stock.c if not c.primary_key}
    return statement.on_conflict_do_update(index_elements=["variant_id"], set_=fresh)


def save_stock(
    tx: Connection, variant_id: int, *, before: Stock | None, after: Stock, source: str
) -> None:
    """Store the belief, and a line of history when availability or quantity changed.

    Where the variant is there again, the release that stopped for want of it goes on.
    """
    values: dict[str, Any] = {
        "availability": after.availability.value,
        "quantity": after.quantity,
        "since": after.since,
        "seen_at": after.seen_at,
        "level": int(after.level),
        "level_since": after.level_since,
        "epoch": after.epoch,
        "announced_epoch": after.announced_epoch,
        "announced_at": after.announced_at,
        "candidate_since": after.candidate_since,
        "candidate_seen": after.candidate_seen,
        "missing": after.missing,
        "vouched": after.vouched,
        "flaps": after.flaps,
        "source": source,
        **_eta_values(after.eta, before.eta if before else None, source=source, at=after.seen_at),
    }
    if before is None:
        tx.execute(_insert_stock(tx.dialect.name), {"variant_id": variant_id, **values})
    else:
        tx.execute(_UPDATE_STOCK, {"of_variant": variant_id, **values})
    if before is None or (before.availability, before.quantity) != (
        after.availability,
        after.quantity,
    ):
        changed = {name: values[name] for name in ("availability", "quantity", "source")}
        tx.execute(_INSERT_CHANGE, {"variant_id": variant_id, "at": after.seen_at, **changed})
    if before is not None and before.level is Level.NONE and after.level > Level.NONE:
        releases.resume_sold_out(tx, variant_id, now=after.level_since)
    eta_before = before.eta.iso() if before and before.eta else None
    if after.eta is not None and after.eta.iso() != eta_before:
        add_eta(tx, variant_id, after.eta, source=source, at=after.seen_at)


def _eta_values(
    eta: Eta | None, before: Eta | None, *, source: str, at: datetime
) -> dict[str, Any]:
    if eta is not None and eta == before:
        return {}
    return {
        "eta_earliest": eta.earliest if eta else None,
        "eta_latest": eta.latest if eta else None,
        "eta_precision": (eta.precision if eta else EtaPrecision.UNKNOWN).value,
        "eta_text": eta.text if eta else "",
        "eta_source": source if eta else "",
        "eta_at": at if eta else None,
        "eta_reason": "",  # a look gives none
    }


def add_eta(
    tx: Connection,
    variant_id: int,
    eta: Eta,
    *,
    source: str,
    at: datetime,
    evidence: str = "",
    actor: str = "",
    reason: str = "",
) -> None:
    """One more line in the history of promises."""
    tx.execute(
        insert(etas).values(
            variant_id=variant_id,
            at=at,
            earliest=eta.earliest,
            latest=eta.latest,
            precision=eta.precision.value,
            text=eta.text,
            source=source,
            evidence=evidence,
            actor=actor,
            reason=reason,
        )
    )


def touch_seen(tx: Connection, variant_ids: Sequence[int], *, at: datetime) -> None:
    """These were looked at one by one and had not changed."""
    for start in range(0, len(variant_ids), 500):
        tx.execute(
            update(stock)
            .where(stock.c.variant_id.in_(variant_ids[start : start + 500]), stock.c.seen_at < at)
            .values(seen_at=at, vouched=True, missing=0)
        )


def agree(
    tx: Connection,
    variant_ids: Sequence[int],
    *,
    availability: Availability,
    source: str,
    at: datetime,
) -> None:
    """A source says again what another one said last: from now on it vouches for it, too."""
    for start in range(0, len(variant_ids), 500):
        tx.execute(
            update(stock)
            .where(
                stock.c.variant_id.in_(variant_ids[start : start + 500]),
                stock.c.availability == availability.value,
                stock.c.seen_at < at,
            )
            .values(source=source, seen_at=at, vouched=True)
        )


def unsettled(tx: Connection, shop_id: int) -> dict[str, list[int]]:
    """Variants of a shop with a restock that is owed or a rise to be confirmed, by the source that
    last spoke about each."""
    rows = tx.execute(
        select(stock.c.source, stock.c.variant_id)
        .join(variants, variants.c.id == stock.c.variant_id)
        .where(
            variants.c.shop_id == shop_id,
            or_(
                stock.c.candidate_since.is_not(None),
                and_(stock.c.announced_epoch < stock.c.epoch, stock.c.level > int(Level.NONE)),
            ),
        )
        .order_by(stock.c.variant_id)
    )
    found: dict[str, list[int]] = {}
    for source, variant_id in rows:
        found.setdefault(source, []).append(variant_id)
    return found


def vouched_at(tx: Connection, shop_id: int, variant_ids: Iterable[int]) -> dict[int, datetime]:
    """As of when is each variant's stock known: its own look, or its source's last good look."""
    wanted = list(set(variant_ids))
    ages: dict[int, datetime] = {}
    for start in range(0, len(wanted), 500):
        rows = tx.execute(
            select(stock.c.variant_id, stock.c.seen_at, stock.c.vouched, sources.c.vouched_at)
            .outerjoin(sources, (sources.c.shop_id == shop_id) & (sources.c.name == stock.c.source))
            .where(stock.c.variant_id.in_(wanted[start : start + 500]))
        )
        for variant_id, seen_at, vouched, by_source in rows:
            newest = max(seen_at, by_source) if vouched and by_source else seen_at
            ages[variant_id] = newest
    return ages


def source_of(tx: Connection, variant_id: int) -> str:
    """The name of the source that last spoke about the variant."""
    return sources_of(tx, [variant_id]).get(variant_id, "")


def sources_of(tx: Connection, variant_ids: Iterable[int]) -> dict[int, str]:
    """The name of the source that last spoke about each variant."""
    wanted = sorted(set(variant_ids))
    found: dict[int, str] = {}
    for start in range(0, len(wanted), 500):
        rows = tx.execute(
            select(stock.c.variant_id, stock.c.source).where(
                stock.c.variant_id.in_(wanted[start : start + 500])
            )
        )
        found.update((row.variant_id, row.source) for row in rows)
    return found

"""Which lines were crossed and told of, and have not been crossed back yet?

Kept among the one-time things (`spent`): whoever inserts the row tells, nobody else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select

from notifier.domain.availability import Availability
from notifier.store.limits import spend
from notifier.store.tables.catalogue import stock, stock_changes, variants
from notifier.store.tables.operation import spent
from notifier.store.tables.orders import order_lines
from notifier.store.tables.telling import clicks, messages, releases

KEPT = timedelta(days=365)


def cross(tx: Connection, kind: str, shop_id: int, of: int | str, *, now: datetime) -> bool:
    """True for the one who is first to say that this line was crossed."""
    return spend(tx, kind, f"{shop_id}:{of}", expires_at=now + KEPT)


def crossed(tx: Connection, kind: str, shop_id: int) -> set[str]:
    """What is beyond the line and was told of."""
    before = f"{shop_id}:"
    keys = tx.execute(
        select(spent.c.key).where(spent.c.kind == kind, spent.c.key.startswith(before))
    ).scalars()
    return {key.removeprefix(before) for key in keys}


def cross_back(tx: Connection, kind: str, shop_id: int, these: Iterable[int | str]) -> None:
    """They are on this side again: the next crossing is news."""
    keys = [f"{shop_id}:{one}" for one in these]
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        tx.execute(delete(spent).where(spent.c.kind == kind, spent.c.key.in_(part)))


def last_change(tx: Connection) -> int:
    """The number of the latest change of any stock."""
    return int(tx.execute(select(func.coalesce(func.max(stock_changes.c.id), 0))).scalar_one())


def changed_since(
    tx: Connection, shop_id: int, *, after: int, upto: int, at_most: int | None, limit: int
) -> list[int]:
    """Variants of a shop whose stock has changed in these changes, those with the least first.

    `at_most`: only those with so many units left.
    """
    query = (
        select(stock.c.variant_id)
        .join(variants, variants.c.id == stock.c.variant_id)
        .where(
            variants.c.shop_id == shop_id,
            stock.c.quantity.is_not(None),
            stock.c.variant_id.in_(
                select(stock_changes.c.variant_id).where(
                    stock_changes.c.id > after, stock_changes.c.id <= upto
                )
            ),
        )
        .order_by(stock.c.quantity, stock.c.variant_id)
        .limit(limit)
    )
    if at_most is not None:
        query = query.where(stock.c.quantity <= at_most)
    return [row.variant_id for row in tx.execute(query)]


def low_now(tx: Connection, shop_id: int, *, at_most: int, limit: int) -> list[int]:
    """Variants with few units left, and some: those that are out are nobody's news by now."""
    rows = tx.execute(
        select(stock.c.variant_id)
        .join(variants, variants.c.id == stock.c.variant_id)
        .where(
            variants.c.shop_id == shop_id,
            stock.c.quantity.between(1, at_most),
            stock.c.availability == Availability.IN_STOCK.value,
        )
        .order_by(stock.c.quantity, stock.c.variant_id)
        .limit(limit)
    )
    return [row.variant_id for row in rows]


def quantity_before(tx: Connection, variant_id: int, *, upto: int) -> int | None:
    """What was there at the change `upto` or the last one before."""
    return tx.execute(
        select(stock_changes.c.quantity)
        .where(stock_changes.c.variant_id == variant_id, stock_changes.c.id <= upto)
        .order_by(stock_changes.c.at.desc(), stock_changes.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def told_between(tx: Connection, release_ids: Sequence[int]) -> tuple[int, int]:
    """How many messages of these releases a provider took, and how many of them were followed."""
    if not release_ids:
        return 0, 0
    of_them = messages.c.release_id.in_(list(release_ids))
    taken = messages.c.state.in_(("accepted", "delivered", "complained"))
    told = tx.execute(select(func.count()).select_from(messages).where(of_them, taken))
    followed = tx.execute(
        select(func.count(clicks.c.message_id.distinct()))
        .join(messages, messages.c.id == clicks.c.message_id)
        .where(of_them)
    )
    return int(told.scalar_one()), int(followed.scalar_one())


def releases_since(tx: Connection, shop_id: int, *, kind: str, since: datetime) -> list[int]:
    """Releases of a kind that were started since then."""
    rows = tx.execute(
        select(releases.c.id).where(
            releases.c.shop_id == shop_id,
            releases.c.kind == kind,
            releases.c.started_at >= since,
        )
    )
    return [row.id for row in rows]


def orders_due(tx: Connection, shop_id: int, *, before: datetime) -> int:
    """Order lines with a deadline before then."""
    query = select(func.count()).where(
        order_lines.c.shop_id == shop_id,
        order_lines.c.deadline_at.is_not(None),
        order_lines.c.deadline_at < before,
    )
    return int(tx.execute(query).scalar_one())

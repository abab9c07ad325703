"""Which addresses must not be written to, in which scope, and why?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Text, func, insert, select, update

from notifier.store.among import among, listed
from notifier.store.prepared import Prepared
from notifier.store.tables.people import suppressions


def suppress(
    tx: Connection,
    *,
    address_hash: str,
    reason: str,
    source: str,
    at: datetime,
    shop_id: int | None = None,
    product_id: int | None = None,
) -> bool:
    """Never write to this address again (in this scope). False when that was so already."""
    exists = tx.execute(
        select(suppressions.c.id).where(
            suppressions.c.address_hash == address_hash,
            suppressions.c.lifted_at.is_(None),
            suppressions.c.shop_id.is_(None)
            if shop_id is None
            else suppressions.c.shop_id == shop_id,
            suppressions.c.product_id.is_(None)
            if product_id is None
            else suppressions.c.product_id == product_id,
            suppressions.c.reason == reason,
        )
    ).first()
    if exists:
        return False
    tx.execute(
        insert(suppressions).values(
            address_hash=address_hash,
            shop_id=shop_id,
            product_id=product_id,
            reason=reason,
            source=source[:128],
            at=at,
        )
    )
    return True


_SUPPRESSED = Prepared(
    lambda dialect: select(
        suppressions.c.address_hash,
        suppressions.c.shop_id,
        suppressions.c.product_id,
        suppressions.c.reason,
    ).where(
        suppressions.c.lifted_at.is_(None),
        among(suppressions.c.address_hash, "hashes", dialect=dialect, kind=Text()),
    ),
    by_dialect=True,
)


def suppressed(
    tx: Connection, wanted: Iterable[tuple[str, int, int | None]]
) -> dict[tuple[str, int, int | None], str]:
    """Which of (address hash, shop id, product id) must not be written to, and why."""
    asked = list(set(wanted))
    hashes = list({address_hash for address_hash, _, _ in asked})
    rows = _SUPPRESSED.rows(tx, {"hashes": listed(hashes, dialect=tx.dialect.name)})
    found: dict[tuple[str, int, int | None], str] = {}
    if not rows:
        return found
    for one in asked:
        address_hash, shop_id, product_id = one
        for row in rows:
            if (
                row.address_hash == address_hash
                and row.shop_id in (None, shop_id)
                and row.product_id in (None, product_id)
                and found.get(one, "unsubscribed") == "unsubscribed"  # the least of the reasons
            ):
                found[one] = row.reason
    return found


def shut_since(tx: Connection, address_hash: str, *, reason: str) -> datetime | None:
    """Since when nobody may write to this address for that reason; None: somebody may."""
    query = select(func.max(suppressions.c.at)).where(
        suppressions.c.address_hash == address_hash,
        suppressions.c.reason == reason,
        suppressions.c.lifted_at.is_(None),
    )
    since: datetime | None = tx.execute(query).scalar_one()
    return since


def lift_suppressions(
    tx: Connection, *, address_hash: str, reasons: Sequence[str], by: str, why: str, at: datetime
) -> int:
    done = tx.execute(
        update(suppressions)
        .where(
            suppressions.c.address_hash == address_hash,
            suppressions.c.reason.in_(list(reasons)),
            suppressions.c.lifted_at.is_(None),
        )
        .values(lifted_at=at, lifted_by=by, lifted_why=why)
    )
    return int(done.rowcount)

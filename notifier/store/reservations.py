"""Which units are kept for whom, until when?

due (its message has not left) → held → used, passed (the time is over) or released (the message
never arrived).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, or_, select, update

from notifier.store.among import among, listed
from notifier.store.prepared import Prepared
from notifier.store.rows import columns_of
from notifier.store.tables.releasing import reservations
from notifier.store.tables.telling import messages
from notifier.store.upsert import insert_or

DUE, HELD, USED, PASSED, RELEASED = "due", "held", "used", "passed", "released"
_NEVER = ("skipped", "refused", "bounced", "failed")  # of a message: it does not arrive


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationRow:
    id: int
    shop_id: int
    variant_id: int
    release_id: int
    subscription_id: int
    units: int
    state: str
    until: datetime | None
    ref: str


_COLUMNS = columns_of(reservations, ReservationRow)


def reserve(
    tx: Connection,
    units: Mapping[int, int],
    *,
    shop_id: int,
    variant_id: int,
    release_id: int,
    now: datetime,
) -> None:
    """For each subscription so many units, anew where an earlier reservation is over."""
    if not units:
        return
    statement = insert_or(tx, reservations).values(
        [
            {
                "shop_id": shop_id,
                "variant_id": variant_id,
                "release_id": release_id,
                "subscription_id": id_,
                "units": count,
                "state": DUE,
                "made_at": now,
            }
            for id_, count in units.items()
        ]
    )
    fresh = {"state": DUE, "made_at": now, "until": None, "ended_at": None}
    fresh["units"] = statement.excluded.units  # they may want more or fewer by now
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["release_id", "subscription_id"],
            set_=fresh,
            where=reservations.c.state.in_((PASSED, RELEASED)),
        )
    )


def find_reservation(
    tx: Connection, *, release_id: int, subscription_id: int, for_update: bool = False
) -> ReservationRow | None:
    query = select(*_COLUMNS).where(
        reservations.c.release_id == release_id,
        reservations.c.subscription_id == subscription_id,
    )
    if for_update:
        query = query.with_for_update()
    row = tx.execute(query).one_or_none()
    return ReservationRow(**row._mapping) if row else None


def of_messages(
    tx: Connection, wanted: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], ReservationRow]:
    """By (release, subscription), the reservations there are."""
    values = {
        "of_releases": listed(sorted({one for one, _ in wanted}), dialect=tx.dialect.name),
        "of_subscriptions": listed([one for _, one in wanted], dialect=tx.dialect.name),
    }
    found = [ReservationRow(**row._asdict()) for row in _OF_MESSAGES.rows(tx, values)]
    return {(one.release_id, one.subscription_id): one for one in found}


_OF_MESSAGES = Prepared(
    lambda dialect: select(*_COLUMNS).where(
        among(reservations.c.release_id, "of_releases", dialect=dialect),
        among(reservations.c.subscription_id, "of_subscriptions", dialect=dialect),
    ),
    by_dialect=True,
)


def start_holding(tx: Connection, ids: Sequence[int], *, until: datetime) -> None:
    """Their messages leave now. What was used or passed on meanwhile stays so."""
    if ids:
        tx.execute(
            update(reservations)
            .where(reservations.c.id.in_(list(ids)), reservations.c.state.in_((DUE, HELD)))
            .values(state=HELD, until=until, ended_at=None)
        )


def end_reservation(
    tx: Connection, reservation_id: int, *, state: str, now: datetime, ref: str = ""
) -> None:
    tx.execute(
        update(reservations)
        .where(reservations.c.id == reservation_id)
        .values(state=state, ended_at=now, ref=ref[:128])
    )


def let_go(tx: Connection, variant_id: int, *, now: datetime) -> None:
    """End those whose time is over, and those whose message does not arrive."""
    of_variant = reservations.c.variant_id == variant_id
    tx.execute(
        update(reservations)
        .where(of_variant, reservations.c.state == HELD, reservations.c.until <= now)
        .values(state=PASSED, ended_at=now)
    )
    lost = select(messages.c.subscription_id).where(
        messages.c.release_id == reservations.c.release_id,
        messages.c.subscription_id == reservations.c.subscription_id,
        messages.c.state.in_(_NEVER),
    )
    tx.execute(
        update(reservations)
        .where(of_variant, reservations.c.state.in_((DUE, HELD)), lost.exists())
        .values(state=RELEASED, ended_at=now)
    )


def held_units(tx: Connection, variant_id: int) -> tuple[int, datetime | None]:
    """Units kept for somebody, and when the first of them may pass on."""
    row = tx.execute(
        select(
            func.coalesce(func.sum(reservations.c.units), 0), func.min(reservations.c.until)
        ).where(
            reservations.c.variant_id == variant_id,
            or_(reservations.c.state == DUE, reservations.c.state == HELD),
        )
    ).one()
    return int(row[0]), row[1]

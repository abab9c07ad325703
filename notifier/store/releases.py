"""Which releases are there, how far is each, and which goes on when the goods are back?

Their waves: store/waves.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, func, or_, select, update

from notifier.domain.stock import Level
from notifier.store.rows import columns_of
from notifier.store.tables.catalogue import stock
from notifier.store.tables.telling import releases
from notifier.store.upsert import insert_or

SOLD_OUT = "sold_out"
NEWER = "newer"  # the next restock came before everybody was told; its release tells the rest
_UNDER_WAY = ("running", "paused")
RESUMED_AT_ONCE = 5_000  # their ids are sent to the database, which takes tens of thousands
CONTINUES = "continues"  # in a release's strategy: those it tells the rest of
LAST_LOOK = "last_look"  # …: why nobody was told when it was looked at last; none after a wave


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRow:
    id: int
    event_id: int
    shop_id: int
    variant_id: int
    product_id: int
    kind: str
    state: str
    reason: str
    strategy: dict[str, Any]
    started_at: datetime
    next_wave_at: datetime | None
    finished_at: datetime | None
    waves: int
    told: int
    units_told: int
    cursor_at: datetime | None
    cursor_id: int | None
    wave_open: bool
    people_left: int | None
    units_left: int | None
    largest: int | None

    @property
    def place(self) -> tuple[datetime, int] | None:
        """The last place in line that was dealt with in the wave under way."""
        if self.cursor_at is None or self.cursor_id is None:
            return None
        return self.cursor_at, self.cursor_id


_COLUMNS = columns_of(releases, ReleaseRow)


def _release(row: Row[Any]) -> ReleaseRow:
    return ReleaseRow(**row._mapping)


def start_release(tx: Connection, **values: Any) -> int | None:
    """A new release for an event; None when the event has one already."""
    statement = insert_or(tx, releases).values(state="running", **values)
    made = tx.execute(statement.on_conflict_do_nothing().returning(releases.c.id))
    return made.scalar_one_or_none()


def due_releases(tx: Connection, *, now: datetime, limit: int = 50) -> list[int]:
    """Those whose wave or next step is due, those that nobody was told of yet in front."""
    rows = tx.execute(
        select(releases.c.id)
        .where(releases.c.state == "running", releases.c.next_wave_at <= now)
        .order_by(releases.c.waves > 0, releases.c.next_wave_at, releases.c.id)
        .limit(limit)
    )
    return [row.id for row in rows]


def waiting_releases(tx: Connection, *, shop_ids: Sequence[int], now: datetime) -> list[ReleaseRow]:
    """Those of these shops that are running and are looked at later."""
    query = select(*_COLUMNS).where(
        releases.c.state == "running",
        releases.c.next_wave_at > now,
        releases.c.shop_id.in_(list(shop_ids)),
    )
    return [_release(row) for row in tx.execute(query.order_by(releases.c.id))]


def load_release(
    tx: Connection, release_id: int, *, for_update: bool = False, skip_locked: bool = True
) -> ReleaseRow | None:
    """With `for_update` locked; None also where another has it locked, unless that is waited for
    (`skip_locked` False)."""
    query = select(*_COLUMNS).where(releases.c.id == release_id)
    if for_update:
        query = query.with_for_update(skip_locked=skip_locked)
    row = tx.execute(query).one_or_none()
    return _release(row) if row else None


def list_releases(
    tx: Connection,
    *,
    shop_id: int,
    before: int | None = None,
    states: Sequence[str] = (),
    limit: int = 50,
) -> list[ReleaseRow]:
    """The newest first; only those in `states`, if any are named."""
    query = (
        select(*_COLUMNS)
        .where(releases.c.shop_id == shop_id)
        .order_by(releases.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(releases.c.id < before)
    if states:
        query = query.where(releases.c.state.in_(states))
    return [_release(row) for row in tx.execute(query)]


def under_way(tx: Connection, variant_id: int, *, kind: str) -> list[ReleaseRow]:
    """Releases of a variant that are running or paused, oldest first, locked.

    So is the latest one in whatever state: nobody resumes it while a newer one is made.
    """
    of_variant = (releases.c.variant_id == variant_id, releases.c.kind == kind)
    latest = select(func.max(releases.c.id)).where(*of_variant).scalar_subquery()
    goes = releases.c.state.in_(_UNDER_WAY)
    query = (
        select(*_COLUMNS)
        .where(*of_variant, or_(goes, releases.c.id == latest))
        .order_by(releases.c.id)
        .with_for_update()
    )
    found = [_release(row) for row in tx.execute(query)]
    return [one for one in found if one.state in _UNDER_WAY]


def first_start(tx: Connection, release_ids: Sequence[int]) -> datetime | None:
    """When the first of them began; None: there is none."""
    query = select(func.min(releases.c.started_at)).where(releases.c.id.in_(list(release_ids)))
    found: datetime | None = tx.execute(query).scalar_one()
    return found


def told_by(tx: Connection, release_ids: Sequence[int]) -> int:
    """How many people they have told together."""
    query = select(func.coalesce(func.sum(releases.c.told), 0))
    return int(tx.execute(query.where(releases.c.id.in_(list(release_ids)))).scalar_one())


def update_release(tx: Connection, release_id: int, **values: Any) -> None:
    tx.execute(update(releases).where(releases.c.id == release_id).values(**values))


def stop_sold_out(tx: Connection, release_ids: Sequence[int], *, now: datetime) -> list[int]:
    """The goods went before everybody was told: stop, so that a return resumes in order. Those
    that were not stopped before.

    Not one that another has locked: who takes its next step looks at stock, too, and a person who
    holds its messages back would wait for those that the caller has locked.
    """
    if not release_ids:
        return []
    which = (releases.c.id.in_(list(release_ids)), releases.c.state.in_(("running", "done")))
    free = tx.execute(
        select(releases.c.id)
        .where(*which)
        .order_by(releases.c.id)
        .with_for_update(skip_locked=True)
    )
    ids = list(free.scalars())
    if not ids:
        return []
    stopped = tx.execute(
        update(releases)
        .where(releases.c.id.in_(ids))
        .values(
            state="stopped",
            reason=SOLD_OUT,
            finished_at=now,
            next_wave_at=None,
            wave_open=False,
        )
        .returning(releases.c.id)
    )
    return sorted(stopped.scalars())


_NEWER = releases.alias("newer")
_RESUMABLE = (
    select(releases.c.id)
    .join(stock, stock.c.variant_id == releases.c.variant_id)
    .where(
        releases.c.state == "stopped",
        releases.c.reason == SOLD_OUT,
        stock.c.level > int(Level.NONE),
        ~exists(
            select(_NEWER.c.id).where(
                _NEWER.c.variant_id == releases.c.variant_id,
                _NEWER.c.kind == releases.c.kind,
                _NEWER.c.id > releases.c.id,
            )
        ),
    )
)
_RESUME = update(releases).values(
    state="running",
    reason="",
    next_wave_at=bindparam("now", type_=releases.c.next_wave_at.type),
    finished_at=None,
    wave_open=False,
    cursor_at=None,
    cursor_id=None,
)
# Built once: building a statement anew costs several times what running it does.
_FREE = _RESUMABLE.with_for_update(skip_locked=True, of=releases)
_FREE_OF_VARIANT = _FREE.where(releases.c.variant_id == bindparam("of_variant"))
_RESUME_FREE = _RESUME.where(
    releases.c.id.in_(bindparam("free", expanding=True)), releases.c.id.in_(_RESUMABLE)
)


def resume_sold_out(tx: Connection, variant_id: int, *, now: datetime) -> None:
    """The variant is there again: what stopped because it was gone goes on.

    Only the latest release; a newer announcement has its own.
    """
    _resume(tx, tx.execute(_FREE_OF_VARIANT, {"of_variant": variant_id}).scalars(), now=now)


def resume_all_sold_out(tx: Connection, *, now: datetime) -> int:
    """The same for all variants; how many releases, at most `RESUMED_AT_ONCE`.

    It reads every stopped release.
    """
    return _resume(tx, tx.execute(_FREE.limit(RESUMED_AT_ONCE)).scalars(), now=now)


def _resume(tx: Connection, free: Iterable[int], *, now: datetime) -> int:
    """Those that nobody else has locked, and of which there is still no newer one: who makes one
    holds the latest until it can be seen (`under_way`). So nobody waits for another here."""
    ids = list(free)
    return int(tx.execute(_RESUME_FREE, {"free": ids, "now": now}).rowcount) if ids else 0


def latest_release(tx: Connection, variant_id: int, *, kind: str) -> ReleaseRow | None:
    row = tx.execute(
        select(*_COLUMNS)
        .where(releases.c.variant_id == variant_id, releases.c.kind == kind)
        .order_by(releases.c.id.desc())
        .limit(1)
    ).one_or_none()
    return _release(row) if row else None


def count_by_state(tx: Connection) -> dict[str, int]:
    rows = tx.execute(select(releases.c.state, func.count()).group_by(releases.c.state))
    return {state: int(count) for state, count in rows}

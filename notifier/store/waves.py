"""How large was each wave of a release, and why?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from notifier.store.rows import columns_of
from notifier.store.tables.telling import waves


def add_wave(
    tx: Connection,
    release_id: int,
    *,
    number: int,
    at: datetime,
    stock_seen: int | None,
    planned: int | None,
    reason: str,
    facts: dict[str, Any],
) -> None:
    tx.execute(
        insert(waves).values(
            release_id=release_id,
            number=number,
            at=at,
            stock=stock_seen,
            planned=planned,
            reason=reason,
            facts=facts,
        )
    )


def wave_facts(tx: Connection, release_id: int, *, number: int) -> dict[str, Any]:
    """What a wave's size was decided on; empty where there is no such wave."""
    query = select(waves.c.facts).where(waves.c.release_id == release_id, waves.c.number == number)
    return dict(tx.execute(query).scalar_one_or_none() or {})


def count_told(tx: Connection, release_id: int, *, number: int, told: int) -> None:
    tx.execute(
        update(waves)
        .where(waves.c.release_id == release_id, waves.c.number == number)
        .values(told=waves.c.told + told)
    )


def drop_wave(tx: Connection, release_id: int, *, number: int) -> None:
    """Nobody was told in it: it was none."""
    tx.execute(delete(waves).where(waves.c.release_id == release_id, waves.c.number == number))


def note_fact(tx: Connection, release_id: int, *, number: int, **facts: Any) -> None:
    """Add to what a wave shows."""
    known = wave_facts(tx, release_id, number=number)
    tx.execute(
        update(waves)
        .where(waves.c.release_id == release_id, waves.c.number == number)
        .values(facts={**known, **facts})
    )


def told_in_wave(tx: Connection, release_id: int, *, number: int) -> int:
    """How many people a wave has told so far."""
    query = select(waves.c.told).where(waves.c.release_id == release_id, waves.c.number == number)
    return int(tx.execute(query).scalar_one_or_none() or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRow:
    number: int
    at: datetime
    stock: int | None
    planned: int | None
    told: int
    reason: str
    facts: dict[str, Any]


def waves_of(tx: Connection, release_id: int) -> list[WaveRow]:
    rows = tx.execute(
        select(*columns_of(waves, WaveRow))
        .where(waves.c.release_id == release_id)
        .order_by(waves.c.number)
    )
    return [WaveRow(**row._mapping) for row in rows]

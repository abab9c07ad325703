"""Which dates were given for a variant, and what was seen of its stock since then?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from notifier.domain.availability import Availability
from notifier.domain.eta import Eta, EtaPrecision
from notifier.domain.outages import Seen
from notifier.store.tables.catalogue import etas, stock_changes

MOST_GIVEN = 1_000
MOST_SEEN = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRow:
    """One line of the history of promises; `eta` None: the date was taken back."""

    id: int
    at: datetime
    eta: Eta | None
    source: str
    evidence: str
    actor: str
    reason: str


def given_of(tx: Connection, variant_id: int) -> list[GivenRow]:
    """The newest MOST_GIVEN of them, oldest first."""
    rows = tx.execute(
        select(etas)
        .where(etas.c.variant_id == variant_id)
        .order_by(etas.c.at.desc(), etas.c.id.desc())
        .limit(MOST_GIVEN)
    ).all()
    return [
        GivenRow(
            id=row.id,
            at=row.at,
            eta=_eta(row),
            source=row.source,
            evidence=row.evidence,
            actor=row.actor,
            reason=row.reason,
        )
        for row in reversed(rows)
    ]


def seen_since(tx: Connection, variant_id: int, *, at: datetime) -> list[Seen]:
    """Oldest first: the look that held at that instant and those after it, the newest MOST_SEEN."""
    of = stock_changes.c
    columns = select(of.at, of.availability, of.quantity).where(of.variant_id == variant_id)
    newest = (of.at.desc(), of.id.desc())
    later = tx.execute(columns.where(of.at > at).order_by(*newest).limit(MOST_SEEN)).all()
    rows = list(reversed(later))
    if len(later) < MOST_SEEN:
        rows = [*tx.execute(columns.where(of.at <= at).order_by(*newest).limit(1)).all(), *rows]
    return [
        Seen(at=row.at, availability=Availability(row.availability), quantity=row.quantity)
        for row in rows
    ]


def _eta(row: Row[Any]) -> Eta | None:
    if row.earliest is None:
        return None
    return Eta(
        earliest=row.earliest,
        latest=row.latest,
        precision=EtaPrecision(row.precision),
        text=row.text,
    )

"""How is an expected date that somebody gave by hand kept?

Beside the belief about stock, whose source and age stay those of the last look.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from notifier.domain.availability import Availability
from notifier.domain.eta import Eta, EtaPrecision
from notifier.domain.stock import Level
from notifier.store.stock import add_eta, read_eta
from notifier.store.tables.catalogue import stock

NONE = Eta(earliest=None, latest=None, precision=EtaPrecision.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The date that is believed now. `at`: since when, None when nobody gave one."""

    eta: Eta | None
    source: str
    at: datetime | None
    level: Level
    availability: Availability
    reason: str = ""


def expected(tx: Connection, variant_id: int) -> Expected | None:
    """When a variant is expected, and who says so; None when nothing is known of its stock."""
    row = tx.execute(select(stock).where(stock.c.variant_id == variant_id)).one_or_none()
    if row is None:
        return None
    return Expected(
        eta=read_eta(row),
        source=row.eta_source,
        at=row.eta_at,
        level=Level(row.level),
        availability=Availability(row.availability),
        reason=row.eta_reason,
    )


def put_eta(
    tx: Connection,
    variant_id: int,
    eta: Eta | None,
    *,
    source: str,
    evidence: str,
    actor: str,
    at: datetime,
    reason: str = "",
) -> None:
    """Store the date (None: none any more) and one more line in the history of promises. `reason`
    is for customers to read: why it is late."""
    kept = eta or NONE
    tx.execute(
        update(stock)
        .where(stock.c.variant_id == variant_id)
        .values(
            eta_earliest=kept.earliest,
            eta_latest=kept.latest,
            eta_precision=kept.precision.value,
            eta_text=kept.text,
            eta_source=source if eta else "",
            eta_at=at if eta else None,
            eta_reason=reason,
        )
    )
    add_eta(
        tx, variant_id, kept, source=source, at=at, evidence=evidence, actor=actor, reason=reason
    )

"""How is an expected date that somebody gave by hand kept?

Beside the belief about stock, whose source and age stay those of the last look.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, update

from notifier.domain.eta import Eta, EtaPrecision
from notifier.store.stock import add_eta
from notifier.store.tables.catalogue import stock

NONE = Eta(earliest=None, latest=None, precision=EtaPrecision.UNKNOWN)


def put_eta(
    tx: Connection,
    variant_id: int,
    eta: Eta | None,
    *,
    source: str,
    evidence: str,
    actor: str,
    at: datetime,
) -> None:
    """Store the date (None: none any more) and one more line in the history of promises."""
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
        )
    )
    add_eta(tx, variant_id, kept, source=source, at=at, evidence=evidence, actor=actor)

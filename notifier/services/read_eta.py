"""What did an ETA that was stored as text say?"""

from __future__ import annotations

from notifier.domain.eta import Eta, EtaPrecision
from notifier.services.eta_notice import last_day


def read_iso(iso: str) -> Eta | None:
    """The ETA that `Eta.iso()` wrote."""
    if not iso:
        return None
    last = last_day(iso)
    if last is None:
        return None
    first, slash, _ = iso.partition("/")
    if slash:
        start = last_day(first)
        return Eta(earliest=start or last, latest=last, precision=EtaPrecision.RANGE, text=iso)
    if len(iso) == 7:
        return Eta.in_month(last.year, last.month, text=iso)
    return Eta.on(last, text=iso)

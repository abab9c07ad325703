"""What has one look gathered so far, and which hosts does it leave alone?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from notifier.connectors.base import RowProblem, WatchedVariant
from notifier.connectors.page_reading.reading import PageReading
from notifier.connectors.page_reading.visits import Notebook, Visit, give_keys
from notifier.domain.observation import Observation
from notifier.errors import LookFailed

STRIKES = 3  # refusals in a row, then a host is left alone for this look
_REFUSALS = frozenset(
    {"http_403", "http_429", "http_503", "bot_wall", "throttled", "timeout", "connect"}
)


@dataclass(slots=True, kw_only=True)
class RoundTrip:
    """Filled visit by visit. A page that fails is a problem of its own and stops no other."""

    book: Notebook
    now: datetime
    watched: Sequence[WatchedVariant] = ()
    observations: list[Observation] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    troubles: list[LookFailed] = field(default_factory=list)
    read: int = 0
    strikes: dict[str, int] = field(default_factory=dict)

    def leaves_alone(self, host: str) -> LookFailed | None:
        """Why no more pages of `host` are asked for now, or None."""
        until = self.book.entries.get(f"wait:{host}", "")
        if until and datetime.fromisoformat(until) > self.now:
            wait = datetime.fromisoformat(until) - self.now
            return LookFailed(
                "asked_to_wait", f"{host} asked to wait until {until}.", retry_after=wait
            )
        if self.strikes.get(host, 0) >= STRIKES:
            return LookFailed(
                "left_alone", f"{host} refused {STRIKES} pages in a row and is left alone for now."
            )
        return None

    def note_failure(self, visit: Visit, *, row: int, host: str, trouble: LookFailed) -> None:
        if trouble.code in _REFUSALS:
            self.strikes[host] = self.strikes.get(host, 0) + 1
        if trouble.retry_after:
            self.book.entries[f"wait:{host}"] = (self.now + trouble.retry_after).isoformat()
        self.failed(visit, row=row, trouble=trouble)

    def failed(self, visit: Visit, *, row: int, trouble: LookFailed | None) -> None:
        if trouble is not None:
            self.troubles.append(trouble)
            self.problems.append(
                RowProblem(row=row, field="url", value=visit.url, message=str(trouble))
            )

    def note_success(self, visit: Visit, *, row: int, host: str, reading: PageReading) -> None:
        self.read += 1
        self.strikes.pop(host, None)
        self.book.entries.pop(f"wait:{host}", None)
        self.observations.extend(give_keys(reading.observations, watched=self.watched))
        self.warnings.extend(f"{visit.url}: {w}" for w in reading.warnings)
        if not reading.observations:
            message = reading.warnings[-1] if reading.warnings else "no product was found on it"
            self.problems.append(RowProblem(row=row, field="url", value=visit.url, message=message))

    def raise_if_nothing_was_read(self, visits: Sequence[Visit]) -> None:
        if self.read or not self.troubles:
            return
        first = self.troubles[0]
        waits = [t.retry_after for t in self.troubles if t.retry_after]
        count = "The page" if len(visits) == 1 else f"None of the {len(visits)} pages"
        verb = "could not be read" if len(visits) == 1 else "could be read"
        raise LookFailed(
            first.code,
            f"{count} {verb}. {first}",
            retry_after=max(waits, default=None),
        ) from first

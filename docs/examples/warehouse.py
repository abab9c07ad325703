"""Reads stock from a warehouse's own JSON: docs/add-a-connector.md walks through it.

    GET <url>/stock?page=1   {"items": [{"article": "K-1", "free": 3, "expected": "2027-02"}],
                              "next": 2, "made_at": "2027-01-05T08:00:00Z"}

Pages follow each other until `next` is null. Only then is the look known to be complete.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from notifier.clock import Clock, system_clock
from notifier.connectors.base import Finding, Look, RowProblem, WatchedVariant
from notifier.domain.availability import Availability, settle_availability
from notifier.domain.dates import read_eta, read_instant
from notifier.domain.observation import Observation
from notifier.domain.quantity import read_units
from notifier.errors import ConfigError, InvalidInput, LookFailed
from notifier.http import Limits, Outbound

__all__ = ["Settings", "Source"]

MAX_PAGES = 1_000
MAX_PROBLEMS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseSettings:
    """A warehouse that tells its stock as JSON, page by page."""

    url: str = field(metadata={"help": "Where the warehouse is, https://warehouse.example."})
    token: str = field(
        repr=False, metadata={"help": "Bearer token of the warehouse.", "secret": True}
    )
    timeout: float = field(default=20.0, metadata={"help": "Seconds for one page."})

    def __post_init__(self) -> None:
        if not self.url.startswith(("https://", "http://")):
            raise ConfigError(f"url: {self.url!r} is not a web address like https://….")
        if not 1 <= self.timeout <= 120:
            raise ConfigError(f"timeout: {self.timeout:g} is not between 1 and 120 seconds.")


Settings = WarehouseSettings


class Source:
    """Made anew for each look. `allow_private` and `allow_http` come from `[service]`."""

    Settings = WarehouseSettings

    def __init__(
        self,
        settings: WarehouseSettings,
        *,
        allow_private: bool = False,
        allow_http: bool = False,
        clock: Clock = system_clock,
    ) -> None:
        self._settings = settings
        self._private = allow_private
        self._http = allow_http
        self._clock = clock

    def look(self, cursor: Mapping[str, str], *, only: Sequence[WatchedVariant] = ()) -> Look:
        """Every article of the warehouse. It cannot be asked for single ones, so `only` is ignored.

        Raises LookFailed, also while the stream is read: then nothing of it is believed.
        """
        look = Look(observations=iter(()), full=True)
        look.observations = self._read(look)
        return look

    def check(self) -> list[Finding]:
        """Read all of it once and say what was found. Never raises."""
        look = self.look({})
        try:
            count = sum(1 for _ in look.observations)
        except LookFailed as trouble:
            advice = "Copy the token again." if trouble.code == "http_401" else "Check url."
            return [Finding(level="bad", about="warehouse", message=str(trouble), advice=advice)]
        found = [Finding(level="ok", about="warehouse", message=f"{count} articles.")]
        found += [
            Finding(level="warn", about="rows", message=f"Row {p.row}: {p.message}")
            for p in look.problems[:5]
        ]
        return found

    def _read(self, look: Look) -> Iterator[Observation]:
        outbound = Outbound(
            allow_private=self._private,
            allow_http=self._http,
            limits=Limits(total=self._settings.timeout),
            clock=self._clock,
        )
        row = 0
        page: Any = 1
        try:
            for _ in range(MAX_PAGES):
                said = self._fetch(outbound, page)
                look.data_at = look.data_at or _time_of(said)
                for item in _items(said):
                    row += 1
                    seen = _observe(item, row=row, look=look)
                    if seen is not None:
                        look.rows += 1
                        yield seen
                page = said.get("next")
                if page is None:
                    return
        finally:
            outbound.close()
        raise LookFailed("too_many_pages", f"The warehouse has more than {MAX_PAGES} pages.")

    def _fetch(self, outbound: Outbound, page: Any) -> dict[str, Any]:
        url = f"{self._settings.url.rstrip('/')}/stock?page={page}"
        headers = {"Authorization": f"Bearer {self._settings.token}"}
        with outbound.get(url, headers=headers) as answer:
            try:
                said = json.loads(answer.body.read())
            except ValueError as trouble:
                raise LookFailed("not_json", f"{url} gave no JSON: {trouble}.") from trouble
        if not isinstance(said, dict):
            raise LookFailed("not_json", f"{url} gave a {type(said).__name__}, not an object.")
        return said


def _items(said: Mapping[str, Any]) -> list[Any]:
    items = said.get("items")
    if not isinstance(items, list):
        raise LookFailed("no_items", "The warehouse's answer holds no list `items`.")
    return items


def _observe(item: Any, *, row: int, look: Look) -> Observation | None:
    """One article; None for one that cannot be read, which is noted and holds up no other."""
    article = str(item.get("article") or "") if isinstance(item, dict) else ""
    try:
        if not article:
            raise InvalidInput.of("article", "missing", "The row has no article number.")
        units = read_units(item.get("free"), field="free")
        return Observation(
            key=article,
            availability=settle_availability(Availability.UNKNOWN, count=units.raw),
            quantity=units.count,
            eta=read_eta(item.get("expected"), field="expected"),
        )
    except InvalidInput as trouble:
        problem = trouble.problems[0]
        look.full = False  # this article is not absent, it only cannot be read
        if len(look.problems) < MAX_PROBLEMS:
            value = str(item.get(problem.field, "") if isinstance(item, dict) else item)[:100]
            look.problems.append(
                RowProblem(row=row, field=problem.field, value=value, message=problem.message)
            )
        return None


def _time_of(said: Mapping[str, Any]) -> Any:
    """The warehouse's own time for its data; None when it says none that can be read."""
    try:
        return read_instant(said.get("made_at"))
    except InvalidInput:
        return None

"""How is stock read from a shop's own product pages, politely?

One request a page, conditional where the shop allows it, never more than one a second to a host,
within its robots.txt and under our own name. A page that cannot be read is unknown: its variants
get no observation, and the last state is kept. A look at pages is never complete.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from notifier.clock import Clock, system_clock
from notifier.connectors.base import Finding, Look, WatchedVariant
from notifier.connectors.page_reading.checking import check_visit
from notifier.connectors.page_reading.document import MAX_BYTES
from notifier.connectors.page_reading.reading import PageReading, read_page
from notifier.connectors.page_reading.round_trip import RoundTrip
from notifier.connectors.page_reading.rule import Rule
from notifier.connectors.page_reading.visits import (
    Notebook,
    Remembered,
    Visit,
    plan_visits,
    take_turns,
)
from notifier.connectors.page_reading.walls import refuse_detour
from notifier.connectors.politeness import SHARED_PACER, HostPacer, Visitor
from notifier.errors import ConfigError, LookFailed
from notifier.http import Fetched, Limits, Outbound

__all__ = ["Settings", "Source"]

CHECKED_PAGES = 5
_READER_VERSION = "3"
_log = logging.getLogger(__name__)


def _help(text: str) -> dict[str, str]:
    return {"help": text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Product pages of a shop. Pages of variants people wait for are found by the variant's URL."""

    urls: tuple[str, ...] = field(
        default=(), metadata=_help("Pages to read for everything they offer, beside those.")
    )
    pages: Mapping[str, str] = field(
        default_factory=dict, metadata=_help("Variant id = URL of its page, where no feed has it.")
    )
    trust_markup: bool = field(
        default=True,
        metadata=_help("Believe the page's structured data. false: only the rule decides."),
    )
    rule: Rule = field(
        default_factory=Rule,
        metadata=_help(
            "What shoppers see: in_stock, out_of_stock, preorder, backorder, discontinued, eta, "
            "price, sku as `CSS selector :: words` or `CSS selector :: /regex/`."
        ),
    )
    currency: str = field(default="", metadata=_help("Where a price names none, e.g. EUR."))
    max_pages: int = field(default=60, metadata=_help("Pages one look reads; the rest next time."))
    seconds_between: float = field(
        default=1.0, metadata=_help("Seconds between two requests to a host, at least 1.")
    )
    respect_robots: bool = field(
        default=True,
        metadata=_help("Keep to robots.txt. Only for your own shop may this be false."),
    )
    timeout: float = field(default=20.0, metadata=_help("Seconds for one page."))

    def __post_init__(self) -> None:
        if self.seconds_between < 1:
            raise ConfigError(
                f"seconds_between: {self.seconds_between:g} is too often; at least 1 is polite."
            )
        if not 1 <= self.max_pages <= 1_000:
            raise ConfigError(f"max_pages: {self.max_pages} is not between 1 and 1000.")
        if not 1 <= self.timeout <= 120:
            raise ConfigError(f"timeout: {self.timeout:g} is not between 1 and 120 seconds.")
        if not self.trust_markup and not self.rule.decides:
            raise ConfigError(
                "trust_markup: it is false and there is no rule, so no page could ever say "
                "anything. Add rule.in_stock and rule.out_of_stock, or trust the markup."
            )

    @property
    def fingerprint(self) -> str:
        """Changes with everything that changes the reading of one and the same page."""
        told = repr((_READER_VERSION, self.trust_markup, self.rule, self.currency))
        return hashlib.blake2b(told.encode(), digest_size=9).hexdigest()


_Settings = Settings


class Source:
    """Reads product pages. `pacer` is shared by all sources, so that hosts are spared together."""

    Settings = _Settings

    def __init__(
        self,
        settings: _Settings,
        *,
        allow_private: bool = False,
        allow_http: bool = False,
        clock: Clock = system_clock,
        pacer: HostPacer = SHARED_PACER,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._pacer = pacer
        self._private = allow_private
        self._http = allow_http

    def look(self, cursor: Mapping[str, str], *, only: Sequence[WatchedVariant] = ()) -> Look:
        """Visit the pages and bring back what they show. Raises LookFailed when none could be read.

        Everything is fetched before this returns, so nobody holds a transaction open meanwhile.
        """
        settings = self._settings
        visits = plan_visits(pages=settings.pages, urls=settings.urls, only=only)
        if not visits:
            raise LookFailed(
                "no_pages",
                "There is no page to read: no variant has a URL and neither `urls` nor `pages` "
                "is set. Give the products URLs, or list the pages.",
            )
        book = Notebook.open(cursor, fingerprint=settings.fingerprint)
        turns = take_turns(visits, after=book.entries.get("last", ""), count=settings.max_pages)
        trip = RoundTrip(book=book, now=self._clock(), watched=only)
        outbound = self._outbound()
        try:
            visitor = self._visitor(outbound)
            for row, visit in enumerate(turns, start=1):
                self._visit(visit, row=row, visitor=visitor, trip=trip)
        finally:
            outbound.close()
        trip.raise_if_nothing_was_read(turns)
        book.entries["last"] = turns[-1].asked
        return Look(
            observations=iter(trip.observations),
            full=False,
            cursor=book.close(),
            # Not even when every page answered 304: pages that had no turn may have changed.
            not_modified=False,
            rows=len(trip.observations),
            problems=trip.problems,
            warnings=trip.warnings,
        )

    def check(self) -> list[Finding]:
        """Visit the first few configured pages and say what is right and wrong. Never raises."""
        settings = self._settings
        visits = plan_visits(pages=settings.pages, urls=settings.urls, only=())
        if not visits:
            return [
                Finding(
                    level="ok",
                    about="pages",
                    message="The pages are those of the variants people wait for.",
                    advice="To try one now, list it under `urls`.",
                )
            ]
        outbound = self._outbound()
        try:
            visitor = self._visitor(outbound)
            return [
                finding
                for visit in visits[:CHECKED_PAGES]
                for finding in check_visit(
                    visit,
                    fetch=lambda v: self._read(v, visitor=visitor, remembered=Remembered())[0],
                    trust_markup=settings.trust_markup,
                )
            ]
        finally:
            outbound.close()

    def _outbound(self) -> Outbound:
        limits = Limits(total=self._settings.timeout, max_bytes=MAX_BYTES)
        return Outbound(
            allow_private=self._private,
            allow_http=self._http,
            limits=limits,
            clock=self._clock,
        )

    def _visitor(self, outbound: Outbound) -> Visitor:
        return Visitor(
            outbound=outbound,
            pacer=self._pacer,
            seconds=self._settings.seconds_between,
            respect_robots=self._settings.respect_robots,
        )

    def _visit(self, visit: Visit, *, row: int, visitor: Visitor, trip: RoundTrip) -> None:
        """One page into the round trip; a page that fails stops nothing but itself."""
        host = urlsplit(visit.url).netloc.casefold()
        if trip.leaves_alone(host):
            trip.failed(visit, row=row, trouble=trip.leaves_alone(host))
            return
        remembered = trip.book.recall(visit)
        try:
            reading, seen = self._read(visit, visitor=visitor, remembered=remembered)
        except LookFailed as trouble:
            trip.note_failure(visit, row=row, host=host, trouble=trouble)
            return
        trip.note_success(visit, row=row, host=host, reading=reading)
        trip.book.note(visit, seen)

    def _read(
        self, visit: Visit, *, visitor: Visitor, remembered: Remembered
    ) -> tuple[PageReading, Remembered]:
        """What a page shows, and what to remember of it. Raises LookFailed."""
        with visitor.get(
            visit.url, etag=remembered.etag, last_modified=remembered.last_modified
        ) as fetched:
            if fetched.not_modified:
                return PageReading(observations=remembered.observations), remembered
            refuse_detour(visit.url, to=fetched.url, content_type=fetched.content_type)
            reading = self._read_bytes(visit, fetched=fetched)
            seen = Remembered(
                etag=fetched.etag,
                last_modified=fetched.last_modified,
                observations=reading.observations,
            )
        return reading, seen

    def _read_bytes(self, visit: Visit, *, fetched: Fetched) -> PageReading:
        try:
            return read_page(
                fetched.body.read(),
                url=fetched.url,
                content_type=fetched.headers.get("content-type", ""),
                wanted=visit.wanted,
                rule=self._settings.rule,
                trust_markup=self._settings.trust_markup,
                currency=self._settings.currency,
                today=self._clock().date(),
            )
        except LookFailed:
            raise
        except Exception as trouble:
            _log.exception("a product page could not be read", extra={"url": visit.url})
            raise LookFailed(
                "reader_failed",
                f"{visit.url} could not be read ({type(trouble).__name__}: {trouble}). "
                "This is a defect of this program; please report it with the page.",
            ) from trouble

"""How are the pages of a shop's API fetched one after another, and do they make a whole?

A page that fails, or one too many, refuses the look: nothing of it is believed. Absence is proved
only where nothing moved from page to page while they were read: each says the same total, as many
items came, and none came twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO
from urllib.parse import SplitResult, urlsplit

from notifier.connectors.politeness import MIN_SECONDS, HostPacer
from notifier.connectors.reading.next_page import PageRead, Turning, said_total
from notifier.connectors.reading.paging import ONE_PAGE, page_size
from notifier.connectors.reading.places import Opened, opened_page
from notifier.connectors.reading.records import Notes
from notifier.errors import LookFailed
from notifier.http import Fetched

REPEATS = "a page came a second time, so what is missing from the pages proves nothing"
MOVED = "the goods moved from page to page while they were read, so absence proves nothing"
ELSEWHERE = "the next page is said to be at another origin than url, so it was not read"
LONGEST = 480.0  # seconds for all pages; a look has its source to itself for ten minutes


@dataclass(slots=True, kw_only=True)
class Pages:
    """The pages that follow `first`, which was asked for at `url`, and that one.

    `fetch` gets an address and the bytes that are left. `enough`: stop after so many pages
    without calling it a fault. `is_mapped`: items may be left out, so they cannot be counted.
    `data_at` is the oldest time that a page says of itself.
    """

    url: str
    first: Opened
    turning: Turning
    fetch: Callable[[str, int], Fetched]
    pacer: HostPacer
    notes: Notes
    max_pages: int
    max_bytes: int
    enough: int = 0
    is_mapped: bool = False
    monotonic: Callable[[], float] = time.monotonic
    data_at: datetime | None = None
    _totals: set[int] = field(default_factory=set)

    @property
    def is_counted(self) -> bool:
        """Whether the pages said how many items there are; `bodies` has doubts if it is not so."""
        return bool(self._totals - {0}) and not self.is_mapped

    def bodies(self) -> Iterator[IO[bytes]]:
        """The bodies, each to be read to its end before the next. Raises LookFailed."""
        notes, opened, asked = self.notes, self.first, self.url
        until = self.monotonic() + LONGEST
        seen, left = {opened.digest}, self.max_bytes - opened.size
        self.data_at = opened.data_at
        self._wait()
        while True:
            before = (notes.rows, notes.listed, notes.repeated)
            notes.turned += 1
            notes.total = notes.pages = notes.limit = 0
            notes.goes_on = False
            if opened.body is not None:
                self._check_begin(opened.body)
                yield opened.body
            page = self._page(opened, asked, before[1])
            rows = notes.rows - before[0]
            asked = self.turning.following(page)
            if rows and notes.repeated - before[2] >= rows:
                notes.doubt(REPEATS)
                return
            if not asked or notes.turned == self.enough:
                break
            if not self._is_same_origin(asked):
                notes.doubt(ELSEWHERE, asked.partition("?")[0][:200])
                return
            self._check_limits(asked, until)
            self._wait()
            opened = self._opened(asked, left)
            left -= opened.size
            if opened.digest in seen:
                notes.doubt(REPEATS)
                if opened.body is not None:
                    opened.body.close()
                return
            seen.add(opened.digest)
        if not asked:
            self._judge(page)

    def _page(self, opened: Opened, asked: str, listed_before: int) -> PageRead:
        page = PageRead(
            number=self.notes.turned,
            asked=asked,
            answered=opened.answered or asked,
            headers=opened.headers,
            listed=self.notes.listed - listed_before,
            total=self.notes.total,
            pages=self.notes.pages,
            limit=self.notes.limit,
        )
        self._totals.add(said_total(page))
        return page

    def _judge(self, last: PageRead) -> None:
        """Whether all pages together are all that there is, as far as they tell."""
        notes = self.notes
        is_cut = notes.turned == 1 and 0 < page_size(self.url) <= notes.listed
        is_hollow = notes.turned > 1 and not last.listed  # perhaps an error in other words
        is_open = (is_cut or is_hollow) and not (self.is_counted or self.turning.begins)
        if notes.goes_on or is_open:
            notes.doubt(ONE_PAGE)
        moved = len(self._totals) > 1 or notes.repeated
        if moved or (self.is_counted and self._totals != {notes.listed}):
            notes.doubt(MOVED)

    def _check_begin(self, body: IO[bytes]) -> None:
        begins = self.turning.begins
        if begins is None:
            return
        head = body.read(1024)
        body.seek(0)
        if not begins.match(head):
            raise LookFailed(
                "not_a_page",
                f"Page {self.notes.turned} of {self.url} is no list of products, so none of its "
                "pages was believed. If it stays so, set max_pages = 1 to read the first alone.",
            )

    def _check_limits(self, asked: str, until: float) -> None:
        if self.notes.turned >= self.max_pages:
            raise LookFailed(
                "too_many_pages",
                f"max_pages: {self.url} has more than {self.max_pages} pages, the next is {asked}. "
                "Ask for more items a page (limit=250, per_page=100) or raise max_pages; with "
                "max_pages = 1 only the first page is read and absence proves nothing.",
            )
        if self.monotonic() > until:
            raise LookFailed(
                "timeout",
                f"{self.url}: {self.notes.turned} pages took more than {LONGEST:.0f} seconds. "
                "Ask for more items a page (limit=250, per_page=100), or export a file.",
            )

    def _opened(self, asked: str, left: int) -> Opened:
        number = self.notes.turned + 1
        try:
            if left <= 0:
                raise LookFailed("too_big", "Nothing is left of max_bytes.")
            fetched = self.fetch(asked, left)
        except LookFailed as trouble:
            message = f"Page {number} could not be read, so none was believed: {trouble}"
            if trouble.code == "too_big":
                message = (
                    f"max_bytes: pages 1 to {number} of {self.url} have more than "
                    f"{self.max_bytes} bytes. Raise max_bytes, or ask for fewer fields."
                )
            raise LookFailed(trouble.code, message, retry_after=trouble.retry_after) from trouble
        if _origin(fetched.url) != _origin(self.first.answered or self.url):
            fetched.body.close()
            raise LookFailed(
                "other_origin",
                f"Page {number}, {asked}, leads to {fetched.url}, which is another origin than "
                f"{self.url}. None of the pages was believed. Give the final address as url.",
            )
        opened = opened_page(asked, fetched)
        self.data_at = min(filter(None, (opened.data_at, self.data_at)), default=None)
        return opened

    def _wait(self) -> None:
        """One page a second of a host, over all sources that are read page by page."""
        host = urlsplit(self.url).netloc.casefold()
        self.pacer.wait_turn(host, seconds=MIN_SECONDS)

    def _is_same_origin(self, asked: str) -> bool:
        return _origin(asked) == _origin(self.url)


def _origin(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port of an address; None of what cannot be one."""
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    return parts.scheme, (parts.hostname or "").rstrip("."), port

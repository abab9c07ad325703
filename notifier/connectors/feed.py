"""How is a shop's product feed asked: by URL, file or folder, in whatever format it is written?

Google Merchant (RSS, Atom, TSV), Meta catalogue, OpenAI product feed, Yandex YML, CSV, JSON and
XML are told apart by their content. A feed that is cut off, empty, a login page or mostly
unreadable is no look at all: LookFailed, and nothing is believed.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from notifier import __version__
from notifier.clock import Clock, system_clock
from notifier.connectors.base import Finding, Look, Recall, WatchedVariant
from notifier.connectors.politeness import SHARED_PACER, HostPacer
from notifier.connectors.reading.check_feed import check_feed
from notifier.connectors.reading.feed_reader import Again, read_feed, read_pages
from notifier.connectors.reading.feed_settings import Settings
from notifier.connectors.reading.next_page import Turning
from notifier.connectors.reading.pages import Pages
from notifier.connectors.reading.paging import ONE_PAGE
from notifier.connectors.reading.places import Opened, open_files, open_url, refuse_changed
from notifier.connectors.reading.prints import Prints, read_prints
from notifier.connectors.reading.records import Hints, Notes
from notifier.domain.inflate import SizeLimits
from notifier.domain.money import read_currency
from notifier.domain.observation import Observation
from notifier.http import Fetched, Limits, Outbound, Resolve

__all__ = ["Settings", "Source"]
_Settings = Settings
CHECKED_PAGES = 3
NOT_YET = "the pages name no total, so absence counts when two looks in a row list the same"
_READER_VERSION = "4"  # goes up when one and the same feed is read in another way


class Source:
    """One feed, ready to be looked at. `allow_private` is for development, demo and tests."""

    Settings = _Settings

    def __init__(
        self,
        settings: _Settings,
        *,
        allow_private: bool = False,
        allow_http: bool = False,
        clock: Clock = system_clock,
        resolve: Resolve | None = None,
        recall: Recall | None = None,
        pacer: HostPacer = SHARED_PACER,
    ) -> None:
        self._settings = settings
        self._pacer = pacer
        self._clock = clock
        self._allow_private = allow_private
        self._allow_http = allow_http
        self._resolve = resolve
        self._recall = recall

    def look(self, cursor: Mapping[str, str], *, only: Sequence[WatchedVariant] = ()) -> Look:
        """Look at the feed now. It cannot be asked for single variants, so `only` is ignored.

        Raises LookFailed: `bad_url`, `private_address`, `http_<n>`, `timeout`, `truncated`,
        `empty`, `login_page`, `html_page`, `no_items`, `no_header`, `no_id_column`, `not_xml`,
        `not_json`, `xml_entities`, `too_deep`, `too_big`, `bomb`, `too_many_bad_rows` and others.
        """
        known = cursor if cursor.get("reader") == self._fingerprint() else {}
        opened = self._open(known)
        first = next(opened)
        look = Look(
            observations=iter(()),
            full=self._settings.full,
            data_at=first.data_at,
            cursor={**first.cursor, "reader": self._fingerprint()},
            not_modified=first.not_modified,
        )
        if first.not_modified:
            return look
        if first.turning is not None:
            look.observations = self._observe_pages(first, first.turning, look, known)
            return look
        if self._recall is None or not self._settings.full:
            look.observations = self._observe(first, opened, look)
            return look
        again = Again(about=self._fingerprint(), recall=self._recalled)
        stream = self._observe(first, opened, look, again)
        begun = next(stream, None)  # it is known now what need not be read
        look.same = again.same
        look.observations = chain(() if begun is None else (begun,), stream)
        return look

    def _recalled(self, context: str) -> Prints | None:
        recalled = self._recall() if self._recall is not None else None
        if recalled is None:
            return None
        with recalled.traces as file:
            prints = read_prints(file, context=context)
        if prints is not None:
            prints.doubt(recalled.doubtful)
        return prints

    def check(self) -> list[Finding]:
        """Read the whole feed once and say what is right and wrong. Never raises."""
        return check_feed(
            lambda notes: self._read_all(notes),
            full=self._settings.full,
            has_words=bool(self._settings.words),
        )

    def _read_all(self, notes: Notes) -> Iterator[Observation]:
        for opened in self._open({}):
            if opened.turning is None:
                yield from self._read(opened, notes)
            else:
                yield from self._read_pages(opened, opened.turning, notes, enough=CHECKED_PAGES)[1]

    def _observe(
        self, first: Opened, more: Iterator[Opened], look: Look, again: Again | None = None
    ) -> Iterator[Observation]:
        notes = Notes()
        opened = first
        try:
            while True:
                yield from self._read(opened, notes, again)
                look.cursor = {**opened.cursor, "reader": self._fingerprint()}
                following = next(more, None)
                if following is None:
                    break
                opened = following
        finally:
            self._finish(look, notes, opened.data_at)
            look.traces = again.made if again is not None else None

    def _observe_pages(
        self, first: Opened, turning: Turning, look: Look, known: Mapping[str, str]
    ) -> Iterator[Observation]:
        """Where the pages name no total, absence counts when two looks in a row list the same."""
        notes = Notes()
        pages, observations = self._read_pages(first, turning, notes)
        listed = 0
        try:
            for one in observations:
                mark = hashlib.blake2b(one.key.encode("utf-8", "surrogatepass"), digest_size=16)
                listed = (listed + int.from_bytes(mark.digest(), "big")) % (1 << 128)
                yield one
            look.cursor["listed"] = f"{listed:032x}"
            if not pages.is_counted and known.get("listed") != look.cursor["listed"]:
                notes.doubt(NOT_YET)
        finally:
            self._finish(look, notes, pages.data_at)

    def _finish(self, look: Look, notes: Notes, data_at: datetime | None) -> None:
        look.rows = notes.rows - notes.refused
        look.problems = notes.problems
        look.full = look.full and notes.complete
        look.data_at = self._time_of_data(notes, data_at)
        look.warnings = notes.sentences()

    def _read_pages(
        self, first: Opened, turning: Turning, notes: Notes, *, enough: int = 0
    ) -> tuple[Pages, Iterator[Observation]]:
        settings = self._settings
        notes.follows = True
        pages = Pages(
            url=settings.url, first=first, turning=turning, fetch=self._fetch, pacer=self._pacer,
            notes=notes, max_pages=settings.max_pages, max_bytes=settings.max_bytes, enough=enough,
            is_mapped=bool(settings.record),
        )  # fmt: skip
        return pages, read_pages(
            pages.bodies(),
            hints=self._hints(),
            notes=notes,
            now=self._clock(),
            limits=SizeLimits(max_bytes=settings.max_bytes),
            may_be_empty=not settings.full,
        )

    def _fetch(self, url: str, max_bytes: int) -> Fetched:
        outbound = self._outbound()
        try:
            limits = Limits(total=self._settings.timeout, max_bytes=max_bytes)
            return outbound.get(url, headers=self._headers(), limits=limits)
        finally:
            outbound.close()

    def _read(
        self, opened: Opened, notes: Notes, again: Again | None = None
    ) -> Iterator[Observation]:
        if opened.body is None:
            return
        settings = self._settings
        with opened.body as body:
            yield from read_feed(
                body,
                hints=self._hints(),
                notes=notes,
                now=self._clock(),
                limits=SizeLimits(max_bytes=settings.max_bytes),
                may_be_empty=not settings.full,
                again=again,
            )
        if opened.goes_on or 0 < opened.page_size <= (notes.listed or notes.rows):
            notes.doubt(ONE_PAGE)
        if settings.path:
            refuse_changed(opened)

    def _open(self, cursor: Mapping[str, str]) -> Iterator[Opened]:
        settings = self._settings
        if settings.path:
            yield from open_files(
                Path(settings.path),
                pattern=settings.pattern,
                done_marker=settings.done_marker,
                every=not settings.full,
                max_bytes=settings.max_bytes,
                cursor=cursor,
            )
            return
        outbound = self._outbound()
        try:
            opened = open_url(
                settings.url,
                outbound=outbound,
                headers=self._headers(),
                limits=Limits(total=settings.timeout, max_bytes=settings.max_bytes),
                cursor=cursor,
                follow=settings.max_pages > 1,
            )
        finally:
            outbound.close()
        yield opened

    def _outbound(self) -> Outbound:
        return Outbound(
            allow_private=self._allow_private,
            allow_http=self._allow_http,
            resolve=self._resolve,
            ca_file=self._settings.ca_file,
            clock=self._clock,
        )

    def _headers(self) -> dict[str, str]:
        settings = self._settings
        headers = dict(settings.headers)
        if settings.bearer:
            headers["Authorization"] = f"Bearer {settings.bearer}"
        elif settings.user:
            pair = f"{settings.user}:{settings.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        return headers

    def _hints(self) -> Hints:
        s = self._settings
        return Hints(
            preset=s.preset, record=s.record, columns=s.columns, words=s.words,
            default_currency=read_currency(s.default_currency), decimal=s.decimal,
            date_order=s.date_order, encoding=s.encoding, delimiter=s.delimiter,
        )  # fmt: skip

    def _fingerprint(self) -> str:
        """Changes with the settings and the program, so that a new map reads the old feed anew."""
        said = repr((__version__, _READER_VERSION, self._hints(), self._settings.full))
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def _time_of_data(self, notes: Notes, fallback: datetime | None) -> datetime | None:
        """The feed's own time; a time in the future is a mistake and says nothing."""
        latest = self._clock() + timedelta(days=1)
        if notes.data_at is not None and notes.data_at > latest:
            notes.warn("the feed's own time lies in the future, so it was ignored")
            return fallback
        return notes.data_at or fallback

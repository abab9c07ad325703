"""How does one stay a welcome visitor: not too often, and not where one is told to stay away?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from notifier.connectors.robots import ALLOW_ALL, MAX_BYTES, Robots, read_robots, robots_url
from notifier.errors import LookFailed
from notifier.http import Fetched, Limits
from notifier.http_gate import OutboundFailed

MIN_SECONDS = 1.0
MAX_HOSTS = 10_000


class HostPacer:
    """Spaces out the requests to each host, over all sources and threads of this process.

    `monotonic` and `sleep` are the machine's; tests give their own.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._free_at: dict[str, float] = {}

    def wait_turn(self, host: str, *, seconds: float) -> float:
        """Wait until `host` may be asked, and take the place; `seconds` to the one after.

        Returns how long it waited.
        """
        with self._lock:
            now = self._monotonic()
            turn = max(now, self._free_at.get(host, now))
            if len(self._free_at) >= MAX_HOSTS:
                self._free_at = {h: at for h, at in self._free_at.items() if at > now}
            self._free_at[host] = turn + seconds
        if turn > now:
            self._sleep(turn - now)
        return turn - now


SHARED_PACER = HostPacer()


class Getter(Protocol):
    """The part of http.Outbound that is needed here."""

    def get(
        self, url: str, *, etag: str = "", last_modified: str = "", limits: Limits | None = None
    ) -> Fetched: ...


@dataclass(slots=True, kw_only=True)
class Visitor:
    """Fetches pages of any number of hosts for one look. Asks each host's robots.txt once."""

    outbound: Getter
    pacer: HostPacer
    seconds: float = MIN_SECONDS
    respect_robots: bool = True
    limits: Limits | None = None
    robots: dict[str, Robots | LookFailed] = field(default_factory=dict)

    def robots_of(self, url: str) -> Robots:
        """What the host's robots.txt says to us; fetched once in a look. Raises LookFailed."""
        where = robots_url(url)
        if where not in self.robots:
            try:
                self.robots[where] = self._fetch_robots(where)
            except LookFailed as trouble:
                self.robots[where] = trouble
        found = self.robots[where]
        if isinstance(found, LookFailed):
            raise LookFailed(found.code, str(found), retry_after=found.retry_after) from found
        return found

    def get(self, url: str, *, etag: str = "", last_modified: str = "") -> Fetched:
        """The page at `url`. Raises LookFailed `robots` when the shop does not want that.

        Where a redirect leads to a page that robots.txt forbids, that page is not used.
        """
        delay = self._permit(url)
        self._wait(url, delay=delay)
        fetched = self.outbound.get(url, etag=etag, last_modified=last_modified, limits=self.limits)
        if fetched.url != url:
            try:
                self._permit(fetched.url)
            except LookFailed:
                fetched.body.close()
                raise
        return fetched

    def _permit(self, url: str) -> float:
        """Seconds the host wants between visits. Raises LookFailed where one may not go."""
        if not self.respect_robots:
            return 0.0
        robots = self.robots_of(url)
        reason = robots.why_not(url)
        if reason:
            raise LookFailed(
                "robots",
                f"{url} was not read: {reason}. Ask the shop to allow `notifier` there; in your "
                "own shop, add `User-agent: notifier` with `Allow: /`.",
            )
        return robots.delay

    def _wait(self, url: str, *, delay: float) -> None:
        host = (urlsplit(url).netloc or url).casefold()
        self.pacer.wait_turn(host, seconds=max(self.seconds, MIN_SECONDS, delay))

    def _fetch_robots(self, where: str) -> Robots:
        """RFC 9309, 2.3.1: missing means everything is allowed, unreachable that nothing is."""
        self._wait(where, delay=0.0)
        limits = Limits(total=10.0, max_bytes=4 * MAX_BYTES, max_redirects=5)
        try:
            with self.outbound.get(where, limits=limits) as answer:
                return read_robots(answer.body.read(MAX_BYTES))
        except OutboundFailed as trouble:
            status = trouble.status or 0
            if 400 <= status < 500 and status != 429:
                return ALLOW_ALL
            if not status:
                raise
            raise LookFailed(
                "robots_unreachable",
                f"{where} answers {status}, so nothing of this shop is read until it is back.",
                retry_after=trouble.retry_after,
            ) from trouble

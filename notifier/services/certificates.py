"""Which certificates of a provider were fetched, and how often may a stranger make us fetch?

Whose word a callback is can only be told by the certificate that it names, so whoever forges one
makes us ask its provider. What came is kept. What could not be had is not asked for again for a
while, and only so many addresses are asked in that time: few for one network, so that one who names
ever new ones does not use up what true callbacks need.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from notifier.errors import LookFailed

__all__ = ["AGAIN_AFTER", "MOST_ASKED", "MOST_OF_ONE", "WITHIN", "Certificates"]

AGAIN_AFTER = timedelta(seconds=15)  # SNS tries three times more, 20 seconds apart
WITHIN = timedelta(minutes=1)
MOST_ASKED = 20  # times within that
MOST_OF_ONE = 5  # of them for one network
MOST_KEPT = 64  # more than a provider ever has had


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    url: str
    network: str
    at: datetime


@dataclass(slots=True)
class Certificates:
    """Those of one process. Used by many threads; one certificate is fetched at a time."""

    _kept: dict[str, bytes] = field(default_factory=dict)  # each has an address of its own
    _asked: list[_Asked] = field(default_factory=list)  # lately
    _asking: Lock = field(default_factory=Lock)

    def get(
        self,
        url: str,
        *,
        fetch: Callable[[str], bytes],
        is_one: Callable[[bytes], bool],
        network: str,
        now: datetime,
    ) -> bytes:
        """What is at this address. `network`: where the callback came from. Raises
        errors.LookFailed when it cannot be had, or may not be tried now."""
        if (known := self._kept.get(url)) is not None:
            return known
        if not self._asking.acquire(blocking=False):
            raise LookFailed("busy", "A certificate is being fetched at this moment.")
        try:
            if (known := self._kept.get(url)) is not None:  # it has just come
                return known
            self._note(url, network=network, now=now)
            found = fetch(url)
            if not is_one(found):
                raise LookFailed("certificate", f"What is at {url} is no certificate.")
            self._keep(url, found)
        finally:
            self._asking.release()
        return found

    def _note(self, url: str, *, network: str, now: datetime) -> None:
        """It is asked for now. Raises errors.LookFailed where that would be too often."""
        self._asked = [one for one in self._asked if abs(now - one.at) < WITHIN]
        if any(one.url == url and abs(now - one.at) < AGAIN_AFTER for one in self._asked):
            raise LookFailed("failed", f"{url} could not be had a moment ago.")
        of_one = sum(one.network == network for one in self._asked)
        if of_one >= MOST_OF_ONE or len(self._asked) >= MOST_ASKED:
            raise LookFailed("too_many", "Too many certificates were asked for a moment ago.")
        self._asked.append(_Asked(url=url, network=network, at=now))

    def _keep(self, url: str, found: bytes) -> None:
        """The oldest gives way."""
        while len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[url] = found

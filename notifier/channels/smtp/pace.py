"""When may the next letter leave, so that neither we nor a mailbox provider is overrun?

Two limits, each in letters a second: over all connections, and to one provider. Domains that one
provider serves share its limit. Senders to one server share both, in equal parts. A provider that
says "too fast" is left alone for a while, longer each time, until it takes a letter again. Pure:
the time comes in, in monotonic seconds.
"""

from __future__ import annotations

from notifier.channels.base import Blame, Outcome, Result

__all__ = ["Pace", "provider_of"]

FIRST_REST = 30.0
LONGEST_REST = 900.0
MOST_KNOWN = 10_000  # providers remembered

# As the providers name them on their own pages for senders.
_PROVIDERS = {
    "gmail.com": "google",
    "googlemail.com": "google",
    "outlook.com": "microsoft",
    "hotmail.com": "microsoft",
    "live.com": "microsoft",
    "msn.com": "microsoft",
    "hotmail.co.uk": "microsoft",
    "hotmail.fr": "microsoft",
    "live.co.uk": "microsoft",
    "live.nl": "microsoft",
    "yahoo.com": "yahoo",
    "ymail.com": "yahoo",
    "rocketmail.com": "yahoo",
    "aol.com": "yahoo",
    "yahoo.co.uk": "yahoo",
    "yahoo.fr": "yahoo",
    "yahoo.de": "yahoo",
    "icloud.com": "apple",
    "me.com": "apple",
    "mac.com": "apple",
    "gmx.de": "united internet",
    "gmx.net": "united internet",
    "gmx.at": "united internet",
    "web.de": "united internet",
}


def provider_of(address: str) -> str:
    """Who takes the mail of this address: a name for several domains, or the domain itself."""
    domain = address.rpartition("@")[2].lower()
    return _PROVIDERS.get(domain, domain)


class Pace:
    """`rate`, `provider_rate`: letters a second; 0 is no limit. `among`: how many senders share
    them now."""

    def __init__(self, *, rate: float = 0.0, provider_rate: float = 0.0) -> None:
        self._rate = rate
        self._provider_rate = provider_rate
        self.among = 1
        self._free_at = 0.0
        self._provider_free_at: dict[str, float] = {}
        self._come_again_at: dict[str, float] = {}  # for those that found no place in time
        self._resting: dict[str, tuple[float, float]] = {}  # until when, and how long it was

    @property
    def has_rate(self) -> bool:
        """Whether the settings set one."""
        return bool(self._rate or self._provider_rate)

    @property
    def is_free(self) -> bool:
        """Whether nothing is limited now, so that nobody needs to be asked for."""
        return not (self.has_rate or self._resting)

    def wait(self, now: float) -> float:
        """Seconds until any letter may leave."""
        return max(self._free_at - now, 0.0) if self._rate else 0.0

    def take(self, now: float) -> None:
        """A letter leaves now."""
        if self._rate:
            self._free_at = max(self._free_at, now) + self.among / self._rate

    def book(self, provider: str, now: float, *, at_most: float) -> float:
        """Seconds until this letter may leave to its provider. Up to `at_most` its place is taken;
        who would wait longer has none and is to come again then, one after the other."""
        rest = self._resting.get(provider, (now, 0.0))[0]
        if not self._provider_rate:
            return max(rest - now, 0.0)
        step = self.among / self._provider_rate
        at = max(now, rest, self._provider_free_at.get(provider, now))
        if at - now > at_most:
            at = max(at, self._come_again_at.get(provider, now))
            self._come_again_at = _with(self._come_again_at, provider, at + step, now=now)
        else:
            self._provider_free_at = _with(self._provider_free_at, provider, at + step, now=now)
        return at - now

    def note(self, provider: str, result: Result, now: float) -> None:
        """How a letter to it fared."""
        if result.outcome is Outcome.ACCEPTED:
            self._resting.pop(provider, None)
        elif is_too_fast(result):
            until, last = self._resting.get(provider, (0.0, 0.0))
            if until <= now:  # several letters were under way when it said so
                rest = min(last * 2 or FIRST_REST, LONGEST_REST)
                self._resting[provider] = (now + rest, rest)


def _with(
    moments: dict[str, float], provider: str, moment: float, *, now: float
) -> dict[str, float]:
    if len(moments) > MOST_KNOWN:
        moments = {name: at for name, at in moments.items() if at > now}
    moments[provider] = moment
    return moments


def is_too_fast(result: Result) -> bool:
    """Whether the answer to one letter speaks of too many of them (RFC 3463 4.2.1, 4.3.2, 4.7.28;
    greylisting says 4.7.1 and means the one letter)."""
    if result.outcome is not Outcome.TRY_LATER or result.blame is Blame.TRANSPORT:
        return False
    return result.code.endswith((" 4.7.28", " 4.7.650", " 4.3.2", " 4.4.5"))

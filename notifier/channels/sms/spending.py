"""Has this account, or one shop with it, sent as much today as its owner allows?

A day is a day of UTC, as in Twilio's usage records. Counted before a message is handed over, and
by all senders together where the caller keeps the count. Twilio's own count is taken in now and
then, so that what others send through the account counts, too.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from notifier.channels.base import SPENT, SPENT_BY_SHOP, Blame, Outcome, Result
from notifier.channels.sms.settings import Settings
from notifier.clock import Clock

__all__ = ["DailySpending", "Spending", "Tally"]

# Counts so many more of today, or fewer where negative; how many all senders have then.
Tally = Callable[[int], int]


class OwnTally:
    """The count of one sender alone, gone with it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._day = _day_of(clock())
        self._count = 0

    def __call__(self, more: int) -> int:
        day = _day_of(self._clock())
        if day != self._day:
            self._day, self._count = day, 0
        self._count += more
        return self._count


class Spending:
    """The cap of the account and the caps of its shops, taken and given back together.

    `ask` gives the segments that Twilio counts today; None when it could not be asked.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        tally: Tally | None,
        tally_of_shop: Callable[[str], Tally] | None,
        ask: Callable[[], int | None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._ask = ask
        self._tally_of_shop = tally_of_shop or (lambda shop: OwnTally(clock))
        self._all = self._day(settings.daily_spend_cap, tally or OwnTally(clock))
        self._of_shops: dict[str, DailySpending] = {}

    def take(self, shop: str, *, segments: int) -> Result | None:
        """Count these segments of a shop; why they must not be sent today, None when they may."""
        now = self._clock()
        if self._all.wants_look(now):
            self._all.note_look(now, segments=self._ask())
        of_shop = self._of(shop)
        if not of_shop.take(now, segments=segments):
            return self._spent(SPENT_BY_SHOP, "daily_spend_cap_per_shop", now=now)
        if not self._all.take(now, segments=segments):
            of_shop.give_back(segments=segments)
            return self._spent(SPENT, "daily_spend_cap", now=now)
        return None

    def give_back(self, shop: str, *, segments: int) -> None:
        """They were not sent after all."""
        self._all.give_back(segments=segments)
        self._of(shop).give_back(segments=segments)

    def _of(self, shop: str) -> DailySpending:
        if shop not in self._of_shops:
            cap = self._settings.daily_spend_cap_per_shop
            self._of_shops[shop] = self._day(cap, self._tally_of_shop(shop))
        return self._of_shops[shop]

    def _day(self, cap: float, tally: Tally) -> DailySpending:
        price = Decimal(str(self._settings.price_per_segment))
        return DailySpending(cap=Decimal(str(cap)), price=price, tally=tally)

    def _spent(self, code: str, name: str, *, now: datetime) -> Result:
        cap = f"{getattr(self._settings, name):g} {self._settings.currency}"
        return Result(
            outcome=Outcome.TRY_LATER,
            blame=Blame.TRANSPORT,
            code=code,
            detail=f"The daily cap of {cap} is reached. Raise {name}, or wait for tomorrow.",
            retry_after=_day_of(now) + timedelta(days=1) - now,
        )


class DailySpending:
    """What was spent today. `cap` 0 means there is none; `price` is for one segment."""

    look_every = timedelta(minutes=5)

    def __init__(self, *, cap: Decimal, price: Decimal, tally: Tally) -> None:
        self._cap = cap
        self._price = price
        self._tally = tally
        self._day = _day_of(datetime.min.replace(tzinfo=UTC))
        self._by_others = 0
        self._looked_at: datetime | None = None

    def wants_look(self, now: datetime) -> bool:
        """Whether Twilio's count should be asked for before the next message."""
        if not self._cap:
            return False
        self._turn(now)
        return self._looked_at is None or abs(now - self._looked_at) >= self.look_every

    def note_look(self, now: datetime, *, segments: int | None) -> None:
        """`segments` Twilio counts today; None when it could not be asked."""
        self._turn(now)
        self._looked_at = now
        if segments is not None:
            self._by_others = max(self._by_others, segments - self._tally(0))

    def take(self, now: datetime, *, segments: int) -> bool:
        """Count these, unless that is more than may be spent. May raise what the tally raises."""
        if not self._cap:
            return True
        self._turn(now)
        if (self._by_others + self._tally(segments)) * self._price <= self._cap:
            return True
        self._tally(-segments)
        return False

    def give_back(self, *, segments: int) -> None:
        """They were not sent after all."""
        if self._cap:
            self._tally(-segments)

    def _turn(self, now: datetime) -> None:
        day = _day_of(now)
        if day != self._day:
            self._day, self._by_others, self._looked_at = day, 0, None


def _day_of(now: datetime) -> datetime:
    """When its day began."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

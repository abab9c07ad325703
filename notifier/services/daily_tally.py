"""How much have all senders of a channel used of what it may use in a day?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from zlib import crc32

from notifier.errors import StoreBusy
from notifier.log import log
from notifier.services.env import Env
from notifier.store import limits
from notifier.store.session import Transaction

DAY = timedelta(days=1)


def daily_tally(env: Env, channel: str) -> Callable[[int], int]:
    """What counts so many more of today (UTC), or fewer where negative, and tells how many there
    are. Raises StoreBusy when more cannot be counted: then they must not be sent."""
    rule = limits.Sliding(bucket=f"tally:{crc32(channel.encode()):08x}", allowed=0, window=DAY)

    def count(more: int) -> int:
        now = env.now()

        def work(tx: Transaction) -> int:
            if more:
                hits = limits.Hits(rule=rule, count=more, by_the_clock=True)
                limits.count_many(tx, [hits], at=now)
            return limits.totals(tx, [rule.bucket], now=now).get(rule.bucket, 0)

        try:
            if more:
                return env.db.retry(work)
            with env.db.read() as tx:
                return work(tx)
        except StoreBusy as error:
            if more >= 0:
                raise
            log.warning("counted as used, though it is not", channel=channel, why=str(error))
            return 0

    return count

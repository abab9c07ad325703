"""May this try at a password or code count yet? Each try is counted before it is looked at.

So that many tries at once are no way around the wait. The right answer takes its count back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from notifier.domain.sign_in_delay import (
    FORGOTTEN_AFTER,
    FREE_FOR_ACCOUNT,
    FREE_FOR_NETWORK,
    wait_after,
)
from notifier.errors import TooMany
from notifier.metrics import LIMITED
from notifier.services.env import Env
from notifier.services.sign_up_limits import network_of
from notifier.store import sign_in_delays
from notifier.store.session import Transaction
from notifier.store.sign_in_delays import DelayRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The buckets a try was counted in. `network` may be empty: the command line has none."""

    account: str
    network: str


def count_try(env: Env, *, what: str, whom: str, ip: str, anywhere: bool = False) -> Tried:
    """Count one try at `whom` (an address, an id), in a transaction of its own.

    `anywhere`: the wait holds for every network. Raises errors.TooMany while there is one.
    """
    network = network_of(ip)
    key = env.signer.hash_address
    tried = Tried(
        account=key(f"wait:{what}", f"{whom}\x00{'' if anywhere else network}"),
        network=key("wait:network", network) if network else "",
    )

    def work(tx: Transaction) -> datetime | None:
        now = env.now()
        counted = [_counted(tx, tried.account, free=FREE_FOR_ACCOUNT, now=now)]
        if tried.network:
            counted.append(_counted(tx, tried.network, free=FREE_FOR_NETWORK, now=now))
        until = [before for before, _ in counted if before is not None]
        if until:
            return max(until)
        for _, row in counted:
            sign_in_delays.put_delay(tx, row)
        return None

    until = env.db.retry(work)
    if until is not None:
        LIMITED.labels(limit="sign_in").inc()
        raise TooMany(
            "There were too many wrong tries. Please wait a little.",
            retry_after=until - env.now(),
        )
    return tried


def forgive(tx: Transaction, tried: Tried) -> None:
    """It was the right person: what they mistyped before is forgotten."""
    sign_in_delays.forgive(tx, tried.account)
    if tried.network:
        sign_in_delays.take_back(tx, tried.network)


def _counted(
    tx: Transaction, bucket: str, *, free: int, now: datetime
) -> tuple[datetime | None, DelayRow]:
    """Until when to wait, if so, and the row with one try more."""
    row = sign_in_delays.lock_delay(tx, bucket, now=now)
    if now < row.free_at:
        return row.free_at, row
    known = 0 if now - row.last_at > FORGOTTEN_AFTER else row.failures
    free_at = now + wait_after(known + 1, free=free)
    return None, DelayRow(bucket=bucket, failures=known + 1, last_at=now, free_at=free_at)

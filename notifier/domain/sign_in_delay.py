"""How long does one wait after wrong passwords?

Nobody is ever shut out for good: a stranger's guesses would then shut out the owner. The wait
doubles with every wrong try from the same network and is at most a quarter of an hour; a day
without a try and it begins anew (trust WS-34).
"""

from __future__ import annotations

from datetime import timedelta

FREE_FOR_ACCOUNT = 5  # tries at one account from one network, or at its codes from anywhere
FREE_FOR_NETWORK = 30  # tries at any accounts from one network; offices share one
LONGEST = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)


def wait_after(failures: int, *, free: int) -> timedelta:
    """How long after the last of so many failures the next try counts."""
    beyond = failures - free
    if beyond < 0:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(beyond, 20)), LONGEST)

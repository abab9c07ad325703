"""When is the demand of a large shop counted anew?

As often as it costs little: a counting may take a fiftieth of the time between two of them.
"""

from __future__ import annotations

import time
from datetime import timedelta
from itertools import islice

from notifier.log import log
from notifier.services.env import Env, ShopRef
from notifier.store import demand, demand_counts

AT_LEAST = timedelta(minutes=1)
SHARE = 50
A_YEAR = timedelta(days=366)


def count_demand(env: Env) -> int:
    """Count the shops whose counting is old; how many that were."""
    return sum(_count_if_old(env, shop) for shop in list(env.shops.values()))


def _count_if_old(env: Env, shop: ShopRef) -> bool:
    with env.db.read() as tx:
        last = demand_counts.latest_count(tx, shop.id)
        if last is not None:
            pause = max(AT_LEAST, timedelta(milliseconds=last.took_ms * SHARE))
            if env.now() < last.at + pause:
                return False
        if not demand_counts.is_large(tx, shop.id):
            return False
    count(env, shop)
    return True


def count(env: Env, shop: ShopRef) -> int:
    """Count one shop now; the number of what somebody waits for.

    Rows go in by chunks, so that no other writer waits; the counting shows when it is whole.
    """
    began = time.monotonic()
    now = env.now()
    with env.db.read() as tx:
        rows = list(demand_counts.tally(tx, shop.id, now=now))
        new = demand.new_by_day(tx, shop.id, since=now - A_YEAR)
    took = round((time.monotonic() - began) * 1000)
    count_id = env.db.retry(lambda tx: demand_counts.begin_count(tx, shop.id, at=now))
    left = iter(rows)
    while chunk := list(islice(left, demand_counts.CHUNK)):
        env.db.retry(lambda tx, some=chunk: demand_counts.add_rows(tx, count_id, some))  # type: ignore[misc]
    env.db.retry(lambda tx: demand_counts.end_count(tx, count_id, took_ms=took, new_by_day=new))
    with env.db.read() as tx:
        old = demand_counts.old_counts(tx, shop.id, newer_than=count_id)
    for one in old:
        while env.db.retry(lambda tx, id_=one: demand_counts.drop_some(tx, id_)):  # type: ignore[misc]
            continue
    log.info("demand counted", shop=shop.slug, rows=len(rows), took_ms=took)
    return len(rows)

"""The scheduler is killed in the middle of a tick, again and again (trust FI-3)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.reliability.checker import Rows
from tests.reliability.database_trouble import SQLITE_FIRST
from tests.reliability.fleet import Fleet
from tests.reliability.seeding import seed
from tests.timing import wait_until

LEASE = timedelta(seconds=0.6)  # ten seconds, if the test were not in a hurry


@pytest.mark.fault("FI-3")
@pytest.mark.parametrize(
    ("people", "kills"),
    [(2_000, 2), pytest.param(60_000, 40, marks=[pytest.mark.soak, pytest.mark.lasts(100)])],
)
@SQLITE_FIRST
def test_a_scheduler_killed_in_a_tick_is_followed_by_one_that_goes_on_where_it_was(
    configure: Callable[..., Path],
    make_fleet: Callable[..., Fleet],
    database_url: str,
    people: int,
    kills: int,
    seen: Callable[..., None],
) -> None:
    config = configure()
    seed(config, mails=people, announced=False).db.close()
    chance = random.Random(people)
    fleet = make_fleet(config, leader_lease=LEASE)
    longest = 0.0
    with closing(Rows(database_url)) as rows:

        def written() -> int:
            return int(rows("SELECT count(*) AS n FROM messages")[0]["n"])

        running = fleet.start("scheduler")
        for _ in range(kills):
            before = written()
            began = time.monotonic()
            wait_until(lambda before=before: written() > before or written() == people, 30)  # type: ignore[misc]
            longest = max(longest, time.monotonic() - began)
            time.sleep(chance.uniform(0, 0.03))  # any moment will do: that is what is tested
            fleet.kill(running)
            running = fleet.start("scheduler")
        assert running.is_alive
        wait_until(lambda: _is_done(rows), 60)
        [made] = rows(
            "SELECT count(*) AS n, count(DISTINCT subscription_id) AS people FROM messages"
        )
        [release] = rows("SELECT told, waves FROM releases")
    seen(people=people, kills=fleet.kills, twice=made["n"] - made["people"], longest_pause=longest)
    assert made == {"n": people, "people": people}
    assert release == {"told": people, "waves": 1}
    assert longest < 30


def _is_done(rows: Rows) -> bool:
    return bool(rows("SELECT id FROM releases WHERE state = 'done'"))

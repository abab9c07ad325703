"""Who announces is killed in the middle of it (trust FI-2): everybody has one message, no more."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from notifier.config import load_config
from notifier.services.announce import announce
from notifier.services.env import open_env
from notifier.services.pace import Pace
from tests.reliability.checker import Rows
from tests.reliability.seeding import seed
from tests.timing import wait_until

PEOPLE = 2000
CHUNK = 40


def announce_all(config: str) -> None:
    """A process of its own."""
    env = open_env(load_config(Path(config)))
    env.pace = Pace(people=CHUNK, most=CHUNK)
    while announce(env):
        continue


@pytest.mark.fault("FI-2")
def test_killed_between_chunks_the_next_goes_on_where_it_was(
    configure: Callable[..., Path], database_url: str
) -> None:
    config = configure()
    seed(config, mails=PEOPLE, announced=False).db.close()
    context = multiprocessing.get_context("forkserver")
    kills = 0
    with closing(Rows(database_url)) as rows:

        def written() -> int:
            return int(rows("SELECT count(*) AS n FROM messages")[0]["n"])

        for share in (1, 500, 1000, 1500, PEOPLE):
            announcer = context.Process(target=announce_all, args=(str(config),), daemon=True)
            announcer.start()
            wait_until(lambda share=share: written() >= share, 30)  # type: ignore[misc]
            if share < PEOPLE:
                announcer.kill()
                kills += announcer.exitcode is None
            announcer.join(20)
        [made] = rows(
            "SELECT count(*) AS n, count(DISTINCT subscription_id) AS people FROM messages"
        )
        [release] = rows("SELECT state, told, waves FROM releases")
    assert kills >= 3  # the last may have been too late
    assert made == {"n": PEOPLE, "people": PEOPLE}
    assert release == {"state": "done", "told": PEOPLE, "waves": 1}

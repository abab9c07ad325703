"""Who announces is killed in the middle of it (trust FI-2): everybody has one message, no more."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from notifier.config_reading import load_config
from notifier.services.announce import announce
from notifier.services.env import open_env
from notifier.services.pace import Pace
from tests.reliability.checker import Rows
from tests.reliability.seeding import seed
from tests.timing import wait_until

PEOPLE = 2000
CHUNK = 40
MOST_CHUNKS = 20  # of one that will be killed: however late that is, it leaves some


def announce_chunks(config: str, most: int) -> None:
    """A process of its own: at most so many chunks, then it waits for its end."""
    env = open_env(load_config(Path(config)))
    env.pace = Pace(people=CHUNK, most=CHUNK)
    while announce(env):
        most -= 1
        if not most:
            signal.pause()


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
            most = MOST_CHUNKS if share < PEOPLE else -1
            work = (str(config), most)
            announcer = context.Process(target=announce_chunks, args=work, daemon=True)
            announcer.start()
            wait_until(lambda share=share: written() >= share)  # type: ignore[misc]
            if share < PEOPLE:
                announcer.kill()
            announcer.join(60)
            kills += announcer.exitcode == -signal.SIGKILL
        [made] = rows(
            "SELECT count(*) AS n, count(DISTINCT subscription_id) AS people FROM messages"
        )
        [release] = rows("SELECT state, told, waves FROM releases")
    assert kills == 4
    assert made == {"n": PEOPLE, "people": PEOPLE}
    assert release == {"state": "done", "told": PEOPLE, "waves": 1}

"""Very many wait for one thing: is memory flat, and is nobody else kept waiting? (trust FI-41)

$FAN_OUT says how many wait in `make soak`: 200,000, or a million.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.services.observe import observe
from notifier.services.subscribe import subscribe
from notifier.services.wanted import SignUp
from tests.fakes.smtp_server import SmtpServer
from tests.reliability.checker import Rows
from tests.reliability.database_trouble import SQLITE_FIRST
from tests.reliability.fleet import Fleet, Program
from tests.reliability.seeding import seed
from tests.timing import wait_until
from tests.world import ANN, BEN

MANY = int(os.environ.get("FAN_OUT", "200000"))
MOST_MEGABYTES = 300
MOST_SECONDS = 60  # on a busy machine; some seconds are usual, minutes a fault


@pytest.mark.fault("FI-41")
@pytest.mark.parametrize(
    "people", [2_000, pytest.param(MANY, marks=[pytest.mark.soak, pytest.mark.lasts(150)])]
)
@SQLITE_FIRST
def test_a_release_to_very_many_takes_little_memory_and_keeps_nobody_else_waiting(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
    people: int,
    seen: Callable[..., None],
) -> None:
    env = seed(config := configure(connections=1, batch=100), mails=people, announced=False)
    shop = env.shop("kettle")

    def see_mug(quantity: int) -> None:
        word = Availability.IN_STOCK if quantity else Availability.OUT_OF_STOCK
        mug = Observation(key="MUG", product_key="MUG", availability=word, quantity=quantity)
        observe(env, shop, [mug])

    see_mug(0)
    subscribe(env, shop, SignUp(variant="MUG", email=BEN, confirmed=True))
    fleet = make_fleet(config)
    programs = [fleet.start("scheduler"), fleet.start("worker")]
    with closing(Rows(database_url)) as rows:

        def count(what: str) -> int:
            return int(rows(f"SELECT count(*) AS n FROM {what}")[0]["n"])

        wait_until(lambda: count("messages") > people // 10, 120)
        see_mug(5)
        to_ben = _seconds_until(smtp, BEN)
        wait_until(lambda: count("messages") >= people, 1800, every=0.2)
        left = count("messages WHERE finished_at IS NULL")
        see_mug(0)
        subscribe(env, shop, SignUp(variant="MUG", email=ANN))
        to_ann = _seconds_until(smtp, ANN)
        [made] = rows(
            "SELECT count(*) AS n, count(DISTINCT subscription_id) AS people FROM messages "
            "WHERE kind = 'back_in_stock'"
        )
    memory = [_most_memory(one) for one in programs]
    env.db.close()
    seen(
        waiting=people,
        scheduler_mb=memory[0],
        worker_mb=memory[1],
        others_alert_seconds=to_ben,
        confirmation_seconds=to_ann,
        still_due_then=left,
    )
    assert made == {"n": people + 1, "people": people + 1}
    assert max(memory) < MOST_MEGABYTES
    assert max(to_ben, to_ann) < MOST_SECONDS


def _seconds_until(smtp: SmtpServer, address: str) -> float:
    began = time.monotonic()
    wait_until(lambda: any(address in mail.rcpt_to for mail in smtp.messages[::-1]), 120)
    return time.monotonic() - began


def _most_memory(program: Program) -> float:
    """Megabytes at the worst moment."""
    for line in Path(f"/proc/{program.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0

"""Do two workers, each a process, together keep to the rate of the mail server?"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.smtp_server import SmtpServer
from tests.reliability.checker import Rows, check, unfinished
from tests.reliability.database_trouble import SQLITE_FIRST
from tests.reliability.fleet import Fleet
from tests.reliability.seeding import seed
from tests.timing import wait_until

RATE = 40
MAILS = 280
SETTLED = 2.0  # seconds until each knows of the other


@pytest.mark.soak
@SQLITE_FIRST
def test_two_workers_send_no_faster_than_one_may(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
) -> None:
    config = configure(mail=f"rate = {RATE}", batch=10)
    seed(config, mails=MAILS).db.close()
    fleet = make_fleet(config)
    for _ in range(2):
        fleet.start(wait=True)
    arrived = _arrivals(smtp, count=MAILS)
    with closing(Rows(database_url)) as rows:
        assert len(rows("SELECT name FROM leases WHERE name LIKE 'rate:%'")) == 2
    later = [at for at in arrived if at > arrived[0] + SETTLED]
    assert (len(later) - 1) / (later[-1] - later[0]) < RATE * 1.15
    wait_until(lambda: unfinished(database_url) == 0, 10)
    copies = {mail.rcpt_to[0]: [mail.message_id] for mail in smtp.messages}
    assert check(database_url, copies, kills=0, in_flight=0).problems == []


def _arrivals(smtp: SmtpServer, *, count: int) -> list[float]:
    """When each mail was seen to be there."""
    found: list[float] = []
    until = time.monotonic() + 60
    while len(found) < count and time.monotonic() < until:
        found += [time.monotonic()] * (len(smtp.messages) - len(found))
        time.sleep(0.005)
    return found

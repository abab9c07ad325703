"""The machine's clock is set to another hour or day while workers send (trust RL-14, FI-31)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.fakes.smtp_server import SmtpServer
from tests.reliability.checker import check, unfinished
from tests.reliability.seeding import seed
from tests.timing import wait_until

STEPS = ("+2h", "-2h", "+23h", "-1d")  # after a whole day ahead an alert is stale, and dropped
LIBRARY = "libfaketimeMT.so.1"


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    """A server that takes 20 ms a mail."""
    with SmtpServer(delay=0.02) as server:
        yield server


def _library() -> Path:
    for folder in ("/usr/lib", "/usr/local/lib", "/opt/homebrew/lib"):
        for found in Path(folder).glob(f"**/faketime/{LIBRARY}"):
            return found
    pytest.skip("no libfaketime here (Debian: apt-get install faketime)")


@contextmanager
def _worker(config: Path, clock: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`notifier worker` whose clock goes as the file says; the monotonic clock stays."""
    program = Path(sys.executable).with_name("notifier")
    environment = {
        **os.environ,
        "LD_PRELOAD": str(_library()),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    with log.open("wb") as said:
        worker = subprocess.Popen(
            [program, "--config", config, "worker"], env=environment, stderr=said, stdout=said
        )
        try:
            yield worker
        finally:
            worker.kill()
            worker.wait()


def _wait_for_some(smtp: SmtpServer, count: int, *, is_first: bool = False) -> None:
    """By a clock that was set back nothing more is due for a while; what is in hand leaves."""
    with suppress(AssertionError):
        smtp.wait_for(count, timeout=40 if is_first else 3)


@pytest.mark.fault("FI-31")
@pytest.mark.parametrize(
    ("steps", "mails"), [(STEPS[2:], 40), pytest.param(STEPS * 5, 600, marks=pytest.mark.soak)]
)
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_clock_that_is_set_by_hours_and_days_while_mail_leaves_doubles_and_loses_nothing(
    configure: Callable[..., Path],
    smtp: SmtpServer,
    database_url: str,
    tmp_path: Path,
    steps: tuple[str, ...],
    mails: int,
    seen: Callable[..., None],
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("+0")
    config = configure(connections=1, batch=20)
    seed(config, mails=mails).db.close()
    with _worker(config, clock, tmp_path / "worker.log") as worker:
        for number, step in enumerate(steps):
            _wait_for_some(smtp, 1 + number * mails // (len(steps) + 1), is_first=not number)
            clock.write_text(step)
        _wait_for_some(smtp, mails // 2)
        clock.write_text("+0")
        wait_until(lambda: unfinished(database_url) == 0, 60, every=0.05)
        worker.terminate()
        assert worker.wait(30) == 0, (tmp_path / "worker.log").read_text()[-2000:]
    copies: dict[str, list[str]] = {}
    for mail in smtp.messages:
        copies.setdefault(mail.rcpt_to[0], []).append(mail.message_id)
    verdict = check(database_url, copies, kills=0, in_flight=0)
    seen(messages=mails, steps=len(steps), lost=verdict.lost, doubles=verdict.doubles)
    assert verdict.problems == []

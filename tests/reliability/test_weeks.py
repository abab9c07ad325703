"""Does memory grow over weeks of work? (trust FI-42)"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.smtp_server import SmtpServer
from tests.reliability.checker import Rows
from tests.reliability.fleet import CHECKOUT

MEGABYTES = 512
MAY_GROW = 25  # megabytes after the first days: what is kept for speed is full by then


@pytest.mark.fault("FI-42")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    ("days", "a_day"),
    [(2, 24), pytest.param(30, 96, marks=[pytest.mark.soak, pytest.mark.lasts(195)])],
)
def test_weeks_of_work_in_half_a_gigabyte_take_no_more_memory_than_days(
    database_url: str,
    tmp_path: Path,
    smtp: SmtpServer,
    days: int,
    a_day: int,
    seen: Callable[..., None],
) -> None:
    words = ["--url", database_url, "--folder", tmp_path, "--port", smtp.port, "--days", days]
    words += ["--a-day", a_day, "--megabytes", MEGABYTES]
    command = [sys.executable, "-m", "tests.reliability.weeks", *words]
    done = subprocess.run(
        list(map(str, command)), cwd=CHECKOUT, capture_output=True, text=True, timeout=850
    )
    assert done.returncode == 0, done.stderr[-3000:]
    used = [json.loads(line)["mb"] for line in done.stdout.splitlines() if line.startswith("{")]
    settled = used[len(used) // 4]
    with closing(Rows(database_url)) as rows:
        [unfinished] = rows("SELECT count(*) AS n FROM messages WHERE finished_at IS NULL")
        [told] = rows("SELECT count(*) AS n FROM messages WHERE kind = 'back_in_stock'")
    seen(
        days=days,
        mails=len(smtp.messages),
        megabytes_after_a_quarter=settled,
        megabytes_at_the_end=used[-1],
        allowed=MEGABYTES,
    )
    assert len(used) == days
    assert used[-1] - settled < MAY_GROW
    assert told["n"] > days
    assert unfinished["n"] < 20  # some are put off to a better hour

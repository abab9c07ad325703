"""Is "every so often" said to the clock as it was meant?"""

from __future__ import annotations

from datetime import timedelta

import croniter
import pytest

from notifier.engine.cron import cron_of
from notifier.engine.jobs import JOBS

MIDNIGHT = 1_800_057_600.0  # 2027-01-16 00:00 UTC


@pytest.mark.parametrize(
    ("every", "offset"),
    [(1, 0), (4, 3), (15, 0), (60, 0), (240, 60), (3600, 0), (21600, 7200), (86400, 90)],
)
def test_the_clock_strikes_every_so_often_and_so_much_late(every: int, offset: int) -> None:
    line = cron_of(timedelta(seconds=every), offset=timedelta(seconds=offset))
    clock = croniter.croniter(line)
    clock.set_current(start_time=MIDNIGHT - 0.5)
    strikes = [clock.get_next(float) - MIDNIGHT for _ in range(4)]
    assert strikes == [offset + every * number for number in range(4)]


def test_every_job_and_each_lane_of_it_can_be_said() -> None:
    for job in JOBS:
        for lane in range(job.at_once):
            assert cron_of(job.every * job.at_once, offset=job.every * lane)


@pytest.mark.parametrize(("every", "offset"), [(7, 0), (90, 0), (0, 0), (15, 15), (7 * 3600, 0)])
def test_what_a_clock_cannot_say_is_refused(every: int, offset: int) -> None:
    with pytest.raises(ValueError, match="every"):
        cron_of(timedelta(seconds=every), offset=timedelta(seconds=offset))

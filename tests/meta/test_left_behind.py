"""Is a test found out that leaves its process changed, and is the process put right again?"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog

from notifier.log import log, set_up_logging
from tests.left_behind import nothing_left_behind

CHANGES: dict[str, Callable[[], object]] = {
    "os.environ": lambda: os.environ.update(NOTIFIER_CONFIG="elsewhere"),
    "the working folder": lambda: os.chdir("/"),
    "signal handlers": lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
    "the switch interval": lambda: sys.setswitchinterval(0.5),
    "the collector's thresholds": lambda: gc.set_threshold(1, 1, 1),
    "the import path": lambda: sys.path.insert(0, "elsewhere"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_a_test_leaves_changed_fails_it_and_is_put_back(what: str) -> None:
    with pytest.raises(AssertionError, match=what), nothing_left_behind():
        CHANGES[what]()
    with nothing_left_behind():
        pass
    assert "NOTIFIER_CONFIG" not in os.environ
    assert Path.cwd() != Path("/")


def test_a_time_zone_is_put_back() -> None:
    def move() -> None:
        os.environ["TZ"] = "Asia/Kathmandu"
        time.tzset()

    before = time.tzname
    with pytest.raises(AssertionError, match="the time zone"), nothing_left_behind():
        move()
    assert time.tzname == before


def test_a_log_that_was_set_up_is_as_if_it_never_had_been() -> None:
    handlers = logging.getLogger().handlers[:]
    with nothing_left_behind():
        set_up_logging(level="ERROR")
        log.info("not heard at this level")
    assert logging.getLogger().handlers == handlers
    with structlog.testing.capture_logs() as heard:
        log.info("heard")
    assert [entry["event"] for entry in heard] == ["heard"]

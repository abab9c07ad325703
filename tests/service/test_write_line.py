"""Who writes next into an SQLite file?"""

from __future__ import annotations

import threading
from contextlib import nullcontext

from notifier.store.patience import waiting_at_most
from notifier.store.write_line import WriteLine
from tests.timing import wait_until


def test_a_visitor_waits_for_one_other_and_keeps_none_of_them_out() -> None:
    line, turns = WriteLine(), list[str]()
    assert line.acquire(1)  # a job

    def write(name: str) -> None:
        with waiting_at_most(9) if name.startswith("visitor") else nullcontext():
            assert line.acquire(20)
        turns.append(name)
        line.release()

    threads = []
    for name in ("job 1", "job 2", "job 3", "visitor 1", "visitor 2"):
        threads.append(threading.Thread(target=write, args=(name,)))
        threads[-1].start()
        wait_until(lambda: len(line._visitors) + len(line._others) == len(threads), 20)
    line.release()
    for one in threads:
        one.join(20)
    assert turns == ["visitor 1", "job 1", "visitor 2", "job 2", "job 3"]
    assert line.acquire(0)


def test_who_waited_too_long_is_out_of_the_line() -> None:
    line = WriteLine()
    assert line.acquire(1)
    assert not line.acquire(0.01)
    with waiting_at_most(0.01):
        assert not line.acquire(0.01)
    line.release()
    assert line.acquire(0)

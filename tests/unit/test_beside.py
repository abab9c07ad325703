"""Is work beside a thread done when there is need, now and then, and after a failure?"""

from __future__ import annotations

import threading

import pytest

from notifier.errors import StoreBusy
from notifier.services.beside import Beside
from tests.timing import wait_until

NEVER = 3600.0  # seconds


def test_it_works_when_nudged_and_not_before() -> None:
    done: list[int] = []
    with Beside(lambda: done.append(1), name="x", every=NEVER) as beside:
        assert done == []
        beside.nudge()
        wait_until(lambda: done == [1])
        beside.nudge()
        wait_until(lambda: done == [1, 1])


def test_it_works_now_and_then_without_being_nudged() -> None:
    done: list[int] = []
    with Beside(lambda: done.append(1), name="x", every=0.001):
        wait_until(lambda: len(done) > 3)


def test_a_nudge_while_it_works_is_not_lost() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), list[int]()

    def work() -> None:
        begun.set()
        go_on.wait(30)
        done.append(1)

    with Beside(work, name="x", every=NEVER) as beside:
        beside.nudge()
        assert begun.wait(30)
        beside.nudge()
        go_on.set()
        wait_until(lambda: len(done) == 2)


@pytest.mark.parametrize("error", [StoreBusy("busy"), RuntimeError("broken")])
def test_it_goes_on_after_a_failure(error: Exception) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise error

    with Beside(work, name="x", every=0.001):
        wait_until(lambda: len(tries) > 1)


def test_at_its_end_what_is_under_way_is_waited_for() -> None:
    begun, done = threading.Event(), list[int]()

    def work() -> None:
        begun.set()
        done.append(1)

    with Beside(work, name="x", every=NEVER) as beside:
        beside.nudge()
        assert begun.wait(30)
    assert done == [1]
    assert not any(one.name == "x" for one in threading.enumerate())

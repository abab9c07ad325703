"""Does work that shares a commit stay apart: each its own result, its own fault, none lost?"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from notifier.errors import Conflict, StoreBusy
from notifier.store import limits
from notifier.store.patience import JOBS_WAIT, VISITORS_WAIT
from notifier.store.session import Database, Transaction

NOW = datetime(2026, 12, 1, 10, tzinfo=UTC)


def spend(tx: Transaction, key: str) -> bool:
    return limits.spend(tx, "test", key, expires_at=NOW + timedelta(days=1))


def test_what_comes_at_once_is_stored_each_for_itself(database: Database) -> None:
    def ask(number: int) -> str:
        def work(tx: Transaction) -> bool:
            new = spend(tx, f"key-{number // 2}")
            if number % 5 == 4:
                raise Conflict("refused", str(number))
            return new

        try:
            return "new" if database.together(work) else "known"
        except Conflict as error:
            return "refused" if str(error) == str(number) else "somebody else's fault"

    with ThreadPoolExecutor(16) as visitors:
        answers = list(visitors.map(ask, range(100)))

    stored = {number for number in range(100) if answers[number] == "new"}
    assert answers.count("refused") == 20
    for pair in range(50):
        asked = [number for number in (2 * pair, 2 * pair + 1) if number % 5 != 4]
        assert len(stored & set(asked)) == 1, "of two who ask for the same one is first"
    with database.read() as tx:
        assert all(limits.is_spent(tx, "test", f"key-{pair}") for pair in range(50))


def test_a_commit_is_shared_while_the_one_before_is_under_way(database: Database) -> None:
    began, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def slow(tx: Transaction) -> None:
        began.set()
        assert go_on.wait(30)
        spend(tx, "slow")
        order.append("slow")

    with ThreadPoolExecutor(8) as visitors:
        first = visitors.submit(database.together, slow)
        assert began.wait(30)
        rest = [
            visitors.submit(database.together, lambda tx, n=n: spend(tx, f"k{n}")) for n in range(5)
        ]
        go_on.set()
        first.result(60)
        assert all(one.result(60) for one in rest)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_writer_of_another_kind_gets_its_turn(database: Database) -> None:
    stop = threading.Event()

    def sign_up_on(name: str) -> int:
        count = 0
        while not stop.is_set():
            database.together(lambda tx: spend(tx, f"{name}-{count}"))  # noqa: B023
            count += 1
        return count

    with ThreadPoolExecutor(8) as visitors:
        busy = [visitors.submit(sign_up_on, f"visitor-{n}") for n in range(8)]
        try:
            for number in range(20):
                assert database.retry(lambda tx, n=number: spend(tx, f"sender-{n}"))
        finally:
            stop.set()
        assert all(one.result(60) for one in busy)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_who_waits_behind_a_long_write_is_told_in_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.store.session.VISITORS_WAIT", 0.1)

    def visit(number: int) -> str:
        try:
            with database.for_visitors():
                database.together(lambda tx: spend(tx, str(number)))
        except StoreBusy:
            return "busy"
        return "stored"

    with ThreadPoolExecutor(8) as visitors:
        with database.write():
            assert set(visitors.map(visit, range(8))) == {"busy"}
        monkeypatch.setattr("notifier.store.session.VISITORS_WAIT", 30)
        assert set(visitors.map(visit, range(8, 16))) == {"stored"}


def test_only_visitors_wait_for_a_lock_as_long_as_visitors_do(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.store.session.VISITORS_WAIT", VISITORS_WAIT)

    def limit(tx: Transaction, key: str) -> int:
        assert spend(tx, key)
        if database.is_sqlite:
            return int(tx.exec_driver_sql("PRAGMA busy_timeout").scalar_one())
        asked = "SELECT setting FROM pg_settings WHERE name = 'lock_timeout'"
        return int(tx.exec_driver_sql(asked).scalar_one())

    for n in range(2):  # on the same connection
        with database.for_visitors(), database.write() as tx:
            assert limit(tx, f"visitor-{n}") == VISITORS_WAIT * 1000
        with database.write() as tx:
            assert limit(tx, f"job-{n}") == JOBS_WAIT * 1000
    with database.read() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM spent").scalar_one() == 4

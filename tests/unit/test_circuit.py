"""Is a failing server left alone, and tried again in time?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from notifier.channels.circuit import Circuit

NOW = datetime(2026, 12, 1, tzinfo=UTC)
NONE = timedelta(0)


def failed(times: int) -> Circuit:
    circuit = Circuit()
    for _ in range(times):
        circuit.note_failure(NOW)
    return circuit


def test_two_failures_are_bad_luck() -> None:
    assert failed(2).wait_at(NOW) == NONE


def test_three_failures_open_it_for_half_a_minute() -> None:
    circuit = failed(3)

    assert circuit.wait_at(NOW) == timedelta(seconds=30)
    assert circuit.wait_at(NOW + timedelta(seconds=29)) == timedelta(seconds=1)
    assert circuit.wait_at(NOW + timedelta(seconds=30)) == NONE


def test_a_failed_probe_opens_it_for_longer_up_to_five_minutes() -> None:
    waits = [failed(times).wait_at(NOW).total_seconds() for times in (3, 4, 5, 6, 7, 60)]

    assert waits == [30, 60, 120, 240, 300, 300]


def test_a_success_closes_it() -> None:
    circuit = failed(5)

    circuit.note_success()

    assert circuit.wait_at(NOW) == NONE
    circuit.note_failure(NOW)
    assert circuit.wait_at(NOW) == NONE


def test_a_clock_that_jumps_back_does_not_keep_it_open_for_ever() -> None:
    circuit, back = failed(3), NOW - timedelta(days=3)

    waits = [circuit.wait_at(back + timedelta(seconds=one)).total_seconds() for one in (0, 20, 30)]

    assert waits == [30, 10, 0]

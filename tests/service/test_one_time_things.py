"""Is what may happen once let through once, on both databases?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from notifier.store import idempotency, leases, limits
from notifier.store.session import Database

NOW = datetime(2026, 12, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_one_time_thing_is_spent_once(database: Database) -> None:
    def spend() -> bool:
        return database.retry(lambda tx: limits.spend(tx, "pow", "one", expires_at=NOW + HOUR))

    assert [spend(), spend()] == [True, False]


def test_a_one_time_thing_is_forgotten_when_its_time_is_over_and_not_before(
    database: Database,
) -> None:
    def is_known(at: datetime) -> bool:
        database.retry(lambda tx: limits.forget_old(tx, now=at))
        return database.retry(lambda tx: limits.is_spent(tx, "pow", "one"))

    database.retry(lambda tx: limits.spend(tx, "pow", "one", expires_at=NOW + HOUR))
    assert is_known(NOW + HOUR)
    assert not is_known(NOW + HOUR + timedelta(seconds=1))


def test_a_lease_is_held_by_one_at_a_time(database: Database) -> None:
    def take(owner: str, at: datetime) -> bool:
        return database.retry(
            lambda tx: leases.take_lease(tx, "poll", owner=owner, now=at, lease=HOUR)
        )

    assert take("first", NOW)
    assert not take("second", NOW)
    assert take("first", NOW)
    assert take("second", NOW + 2 * HOUR)


def test_a_request_with_a_key_is_the_first_once(database: Database) -> None:
    def reserve() -> idempotency.Answer | None:
        return database.retry(
            lambda tx: idempotency.reserve(tx, scope="s", key="k", body_hash="h", now=NOW)
        )

    assert reserve() is None
    assert reserve() == idempotency.Answer(body_hash="h", status=None, body=None)

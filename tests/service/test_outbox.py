"""Which skipped messages are due again, and which ones count against a day's number of texts?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from notifier.store import outbox
from tests.world import ANN, World

DAY = timedelta(days=1)


@pytest.fixture
def alert(world: World) -> dict[str, Any]:
    """Ann was told that the shirt is back; her message's row."""
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.see("SHIRT-S", 5)
    world.run()
    [row] = world.rows("SELECT * FROM messages WHERE kind = 'back_in_stock'")
    return row


def put(world: World, **values: Any) -> None:
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    query = text(f"UPDATE messages SET {assignments} WHERE kind = 'back_in_stock'")
    world.db.retry(lambda tx: tx.execute(query, values))


@pytest.mark.parametrize(
    ("state", "reason", "beside", "again"),
    [
        ("skipped", "stock_gone", 0, 1),
        ("skipped", "no_texts_now", 0, 1),
        ("skipped", "ended_customer", 0, 0),  # who left is not woken
        ("accepted", "stock_gone", 0, 0),  # what was sent is not sent again
        ("skipped", "stock_gone", 1, 0),  # another release is none of its business
    ],
)
def test_only_what_this_release_skipped_for_now_is_due_again(
    world: World, alert: dict[str, Any], state: str, reason: str, beside: int, again: int
) -> None:
    put(world, state=state, reason=reason)
    now = world.clock()
    made = world.db.retry(
        lambda tx: outbox.rearm_skipped(
            tx,
            release_id=alert["release_id"] + beside,
            subscription_ids=[alert["subscription_id"]],
            now=now,
            wave=7,
            expires_at=now + 3 * DAY,
        )
    )
    assert made == again
    assert world.count("messages", "state = 'due' AND reason = '' AND wave = 7") == again
    assert world.count("messages", "state = 'due' AND finished_at IS NULL") == again
    with world.db.read() as tx:
        [message] = outbox.find_messages(tx, [alert["id"]]).values()
    # else it is too old to be sent when its turn comes, and nobody is told
    assert (message.expires_at == now + 3 * DAY) == bool(again)


@pytest.mark.parametrize(
    ("other", "counted"),
    [
        ({}, 1),
        ({"contact_id": 1}, 0),
        ({"shop_id": 1}, 0),
        ({"besides": 1}, 0),
        ({"kinds": ["eta_revised"]}, 0),
        ({"since": timedelta(seconds=1)}, 0),
        ({"state": "unknown"}, 1),  # it may have arrived
        ({"state": "sending"}, 1),
        ({"state": "skipped"}, 0),
    ],
    ids=str,
)
def test_what_may_have_reached_this_person_since_then_is_counted(
    world: World, alert: dict[str, Any], other: dict[str, Any], counted: int
) -> None:
    put(world, state=other.get("state", "accepted"))
    with world.db.read() as tx:
        [message] = outbox.find_messages(tx, [alert["id"]]).values()
        assert message.first_tried_at is not None
        count = outbox.count_recent(
            tx,
            contact_id=alert["contact_id"] + other.get("contact_id", 0),
            shop_id=alert["shop_id"] + other.get("shop_id", 0),
            since=message.first_tried_at + other.get("since", timedelta(0)),
            kinds=other.get("kinds", ["back_in_stock"]),
            besides=alert["id"] if "besides" in other else 0,
        )
    assert count == counted

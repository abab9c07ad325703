"""Does the result of a sender that was thought dead count while another is at its message?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifier.channels.base import Outcome, Result
from notifier.services.book_result import book_results
from notifier.services.take_over import take_over
from notifier.store import claims
from notifier.store.outbox import MessageRow
from tests.world import ANN, World


def claim(world: World, owner: str) -> MessageRow:
    now, lease = world.clock(), world.config.delivery.lease
    with world.db.write() as tx:
        [message] = claims.select_due(tx, channel="mail", now=now, limit=9)
        claims.claim(tx, [message.id], owner=owner, now=now, lease=lease)
    return message


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.REFUSED, Outcome.TRY_LATER])
def test_a_late_result_does_not_overwrite_what_another_sender_is_at(
    world: World, outcome: Outcome
) -> None:
    world.see("SHIRT-S", 0)
    world.asks(ANN)
    message = claim(world, "zombie")
    world.clock.advance(world.config.delivery.lease * 2)
    take_over(world.env)
    world.clock.advance(timedelta(minutes=30))  # over the pause before the next try
    claim(world, "another")

    with world.db.write() as tx:
        assert not book_results(world.env, tx, [(message, 1, Result(outcome=outcome))])

    [row] = world.rows("SELECT state, attempt_no, lease_owner FROM messages")
    assert row == {"state": "sending", "attempt_no": 2, "lease_owner": "another"}

    with world.db.write() as tx:
        assert book_results(world.env, tx, [(message, 2, Result(outcome=Outcome.ACCEPTED))])
    assert world.count("messages", "state = 'accepted' AND lease_owner IS NULL") == 1


@pytest.mark.parametrize("late", [Outcome.REFUSED, Outcome.TRY_LATER])
def test_what_was_booked_is_not_booked_once_more(world: World, late: Outcome) -> None:
    world.see("SHIRT-S", 0)
    world.asks(ANN)
    message = claim(world, "me")
    with world.db.write() as tx:
        assert book_results(world.env, tx, [(message, 1, Result(outcome=Outcome.ACCEPTED))])

    with world.db.write() as tx:
        assert not book_results(world.env, tx, [(message, 1, Result(outcome=late))])

    [row] = world.rows("SELECT state, lease_owner FROM messages")
    assert row == {"state": "accepted", "lease_owner": None}, "else it is sent once more"


@pytest.mark.parametrize("engine_name", ["postgres"])  # SQLite keeps what is too long
def test_a_server_that_says_too_much_does_not_undo_what_a_batch_did(world: World) -> None:
    world.see("SHIRT-S", 0)
    for address, outcome in ((ANN, Outcome.ACCEPTED), ("ben@waits.example", Outcome.REFUSED)):
        world.asks(address)
        said = Result(outcome=outcome, code="250 " * 99, detail="x" * 9_999, provider_id="q" * 999)
        message = claim(world, "me")
        with world.db.write() as tx:
            assert book_results(world.env, tx, [(message, 1, said)])

    rows = world.rows("SELECT state, length(last_code) AS code FROM messages ORDER BY id")
    assert rows == [{"state": "accepted", "code": 64}, {"state": "refused", "code": 64}]

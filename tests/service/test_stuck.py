"""Is a person called for what should have moved on by itself? (trust RL-31)"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from notifier.services.find_stuck import BOUND, FAILURES, find_stuck
from notifier.store import leases
from notifier.store.tables.telling import messages, releases
from tests.world import ANN, World


def alarms(world: World) -> dict[str, str]:
    rows = world.rows("SELECT code, message FROM alarms WHERE cleared_at IS NULL")
    return {row["code"]: row["message"] for row in rows}


def ran(world: World, job: str, trouble: str = "") -> None:
    now = world.clock()
    with world.db.write() as tx:
        leases.record_job(tx, job, started_at=now, finished_at=now, next_at=now, trouble=trouble)


def test_events_releases_and_messages_that_stand_are_told_of_until_they_move(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.see("SHIRT-S", 5)  # and no job is there to announce it
    ran(world, "stuck")
    world.clock.advance(BOUND + timedelta(seconds=1))
    assert find_stuck(world.env) == 0  # the service was away: it may be seen to at this moment
    ran(world, "stuck")
    world.clock.advance(timedelta(minutes=5))
    assert find_stuck(world.env) == 1
    assert alarms(world)["stuck.events"].startswith("An event (")

    world.announce()
    with world.db.write() as tx:
        late = world.clock() - BOUND - timedelta(seconds=1)
        tx.execute(update(releases).values(state="running", next_wave_at=late))
        held = {"state": "sending", "lease_owner": "nobody", "lease_until": late}
        tx.execute(update(messages).where(messages.c.state == "due").values(held))
    assert find_stuck(world.env) == 2
    assert sorted(alarms(world)) == ["stuck.messages", "stuck.releases"]

    world.announce()
    with world.db.write() as tx:
        tx.execute(update(messages).values(state="due", lease_until=None))
    assert find_stuck(world.env) == 0
    assert alarms(world) == {}


def test_a_job_that_fails_again_and_again_is_told_of_until_it_works(world: World) -> None:
    for _ in range(FAILURES - 1):
        ran(world, "seal", "KeyError: 'x'")
    assert find_stuck(world.env) == 0
    ran(world, "seal", "KeyError: 'x'")
    assert find_stuck(world.env) == 1
    assert "KeyError: 'x'" in alarms(world)["job.failing"]
    ran(world, "seal")
    assert find_stuck(world.env) == 0
    assert alarms(world) == {}


def test_a_message_whose_event_is_gone_is_not_sent(world: World) -> None:
    """Nobody could say whether what it tells of is still so."""
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    world.see("SHIRT-S", 5)
    world.announce()
    with world.db.write() as tx:
        tx.execute(update(messages).values(event_id=messages.c.event_id + 1000))
    world.deliver()
    assert world.mails(ANN) == []
    assert world.subscription(ann).state == "waiting"
    assert world.count("messages", "state = 'skipped' AND reason = 'deleted'") == 1

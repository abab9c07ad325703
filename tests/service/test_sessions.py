"""How long is somebody signed in, and what does the database give away?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from notifier.services.env import Env
from notifier.services.session_of import Stage, find_session, open_session, renew_session
from notifier.store import accounts, sessions
from tests.world import OLGA, World

sqlite_only = pytest.mark.parametrize("engine_name", ["sqlite"])


def olga(env: Env) -> int:
    with env.db.write() as tx:
        return accounts.add_account(
            tx,
            email=OLGA,
            name="Olga",
            role="owner",
            shops=[],
            locale="en",
            user_handle="handle",
            now=env.now(),
        )


def opened(env: Env, **options: Any) -> str:
    account = olga(env)
    with env.db.write() as tx:
        return open_session(env, tx, account, **options)


def test_a_session_names_its_person_on_both_databases(world: World) -> None:
    token = opened(world.env)
    signed = find_session(world.env, token)
    assert signed is not None
    assert (signed.person.email, signed.stage) == (OLGA, Stage.FULL)
    assert signed.fresh_until == world.env.now() + timedelta(minutes=5)
    with world.env.db.read() as tx:
        row = tx.execute(text("SELECT * FROM sessions")).one()
    assert token not in str(row)
    assert signed.csrf not in str(row)


@sqlite_only
@pytest.mark.parametrize(
    ("every", "times", "lasts"),
    [
        (timedelta(minutes=29), 1, True),
        (timedelta(minutes=30), 1, False),
        (timedelta(minutes=29), 24, True),  # 11 h 36 min of work
        (timedelta(minutes=29), 25, False),  # longer than twelve hours, however busy
    ],
)
def test_a_session_ends_when_idle_and_after_twelve_hours(
    world: World, every: timedelta, times: int, lasts: bool
) -> None:
    token = opened(world.env)
    for _ in range(times - 1):
        world.clock.advance(every)
        assert find_session(world.env, token) is not None
    world.clock.advance(every)
    assert (find_session(world.env, token) is not None) is lasts


@sqlite_only
@pytest.mark.parametrize("token", ["", "x", "ü" * 43, "x" * 10**6, "' OR 1=1 --"])
def test_a_token_that_was_made_up_leads_nowhere(world: World, token: str) -> None:
    opened(world.env)
    assert find_session(world.env, token) is None


@sqlite_only
def test_a_renewed_session_shuts_out_who_has_the_old_token(world: World) -> None:
    old = opened(world.env)
    before = find_session(world.env, old)
    assert before is not None
    world.clock.advance(timedelta(minutes=10))
    with world.env.db.write() as tx:
        new = renew_session(world.env, tx, before.session_id)
    after = find_session(world.env, new)
    assert find_session(world.env, old) is None
    assert after is not None
    assert after.session_id == before.session_id
    assert after.csrf != before.csrf
    assert after.fresh_until == world.env.now() + timedelta(minutes=5)


@sqlite_only
def test_who_is_shut_out_is_not_signed_in_any_more(world: World) -> None:
    token = opened(world.env)
    signed = find_session(world.env, token)
    assert signed is not None
    with world.env.db.write() as tx:
        accounts.change_account(tx, signed.person.id, disabled_at=world.env.now())
    assert find_session(world.env, token) is None


@sqlite_only
def test_sessions_that_are_over_are_deleted_by_the_next_one(world: World) -> None:
    opened(world.env)
    world.clock.advance(timedelta(hours=13))
    with world.env.db.write() as tx:
        account = accounts.find_by_email(tx, OLGA)
        assert account is not None
        open_session(world.env, tx, account.id)
        assert len(sessions.list_sessions(tx, account.id)) == 1

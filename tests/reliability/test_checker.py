"""The checker itself: it must see each kind of damage, or the kill tests prove nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from notifier.services.deliver import Sender
from notifier.services.env import Env
from tests.fakes.smtp_server import SmtpServer
from tests.reliability.checker import check
from tests.reliability.seeding import seed
from tests.world import RENDERER

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])

SOUND = "SELECT 1"
FIRST = "(SELECT min(id) FROM messages)"


@pytest.fixture
def sent(configure: Callable[..., Path], smtp: SmtpServer) -> Env:
    """Three people waited, and each was told."""
    env = seed(configure(), mails=3)
    sender = Sender(env, RENDERER)
    sender.send_due()
    sender.close()
    return env


def _copies(smtp: SmtpServer) -> dict[str, list[str]]:
    return {mail.rcpt_to[0]: [mail.message_id] for mail in smtp.messages}


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (SOUND, ""),
        (f"UPDATE messages SET finished_at = NULL WHERE id = {FIRST}", "not finished"),
        (f"UPDATE messages SET state = 'sending' WHERE id = {FIRST}", "not finished"),
        (f"UPDATE messages SET lease_owner = 'x' WHERE id = {FIRST}", "still leased"),
        (f"UPDATE messages SET attempt_no = 2 WHERE id = {FIRST}", "gap in its tries"),
        (f"UPDATE messages SET unknowns = 1 WHERE id = {FIRST}", "unknowns"),
        (f"UPDATE attempts SET outcome = '' WHERE message_id = {FIRST}", "without an end"),
        (f"UPDATE attempts SET outcome = 'try_later' WHERE message_id = {FIRST}", "last try"),
        ("UPDATE subscriptions SET state = 'waiting'", "its person is waiting"),
        ("UPDATE messages SET state = 'failed'", "its person is told"),
    ],
)
def test_damage_in_the_database_is_seen(
    sent: Env, smtp: SmtpServer, database_url: str, damage: str, complaint: str
) -> None:
    with sent.db.write() as tx:
        tx.execute(text(damage))
    problems = check(database_url, _copies(smtp), kills=0, in_flight=9).problems
    assert bool(problems) == bool(complaint)
    assert complaint in "; ".join(problems)


@pytest.mark.parametrize(
    ("copies", "kills", "complaint"),
    [
        (0, 9, "1 lost"),
        (2, 0, "1 doubles in 0 kills"),
        (2, 1, ""),
        (3, 9, "arrived 3 times"),
    ],
)
def test_lost_and_doubled_mails_are_seen(
    sent: Env, smtp: SmtpServer, database_url: str, copies: int, kills: int, complaint: str
) -> None:
    taken = _copies(smtp)
    taken["p0@waits.example"] *= copies
    problems = check(database_url, taken, kills=kills, in_flight=3).problems
    assert [complaint in problem for problem in problems] == ([True] if complaint else [])


def test_copies_that_differ_and_mails_to_strangers_are_seen(
    sent: Env, smtp: SmtpServer, database_url: str
) -> None:
    taken = _copies(smtp) | {"eve@stranger.example": ["<1@kettle.example>"]}
    taken["p0@waits.example"].append("<another@kettle.example>")
    problems = check(database_url, taken, kills=1, in_flight=3).problems
    assert len(problems) == 2, problems

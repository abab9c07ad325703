"""The checker itself: it must see each kind of damage, or the kill tests prove nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from notifier.services.deliver import Sender
from notifier.services.env import Env
from tests.fakes.smtp_server import SmtpServer
from tests.reliability.checker import answers_in, check
from tests.reliability.seeding import seed
from tests.world import RENDERER

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])

SOUND = "SELECT 1"
FIRST = "(SELECT min(id) FROM messages)"


def _tried(number: int, outcome: str) -> str:
    """A row for a try at the first message. One that went well needs none."""
    return (
        "INSERT INTO attempts (message_id, worker, started_at, finished_at, phase, attempt_no,"
        f" outcome) SELECT id, 'w', created_at, created_at, 'answered', {number}, '{outcome}'"
        f" FROM messages WHERE id = {FIRST};"
    )


@pytest.fixture
def sent(configure: Callable[..., Path], smtp: SmtpServer) -> Env:
    """Three people waited, and each was told."""
    env = seed(configure(), mails=3)
    sender = Sender(env, RENDERER)
    sender.send_due()
    sender.close()
    with env.db.write() as tx:
        tx.execute(text("DELETE FROM attempts WHERE outcome = 'accepted'"))
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
        (_tried(1, "accepted"), ""),
        (f"UPDATE messages SET attempt_no = 2 WHERE id = {FIRST}", "gap in its tries"),
        (f"UPDATE messages SET unknowns = 1 WHERE id = {FIRST}", "unknowns"),
        (_tried(1, ""), "without an end"),
        (_tried(1, "try_later"), "last try"),
        (
            _tried(1, "accepted") + f"UPDATE messages SET attempt_no = 2 WHERE id = {FIRST}",
            "before its last try",
        ),
        ("UPDATE subscriptions SET state = 'waiting'", "its person is waiting"),
        ("UPDATE messages SET state = 'failed'", "its person is told"),
    ],
)
def test_damage_in_the_database_is_seen(
    sent: Env, smtp: SmtpServer, database_url: str, damage: str, complaint: str
) -> None:
    with sent.db.write() as tx:
        for statement in filter(None, damage.split(";")):
            tx.execute(text(statement))
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


def test_what_a_killed_sender_had_heard_must_not_be_forgotten(
    sent: Env, smtp: SmtpServer, database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    heard = "".join(f'A {n} 1 {{"outcome": "accepted", "code": "250"}}\n' for n in (1, 2))
    (folder / "somebody.journal").write_text(f"N boot\nH 1 1\nH 2 1\n{heard}A 3 1 torn")
    with sent.db.write() as tx:
        tx.execute(text("UPDATE messages SET state = 'unknown' WHERE id = 2"))
    notes = answers_in(folder)
    assert notes == {(1, 1): "accepted", (2, 1): "accepted"}
    problems = check(database_url, _copies(smtp), kills=1, in_flight=3, notes=notes).problems
    assert [one for one in problems if "as its sender noted" in one] == [
        "message 2 was accepted by try 1, as its sender noted, and is unknown by try 1"
    ]

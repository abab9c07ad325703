"""Which faults are tried, and what must follow from each? Every one has a test that names it:

@pytest.mark.fault("FI-5")
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong, and what must follow."""

    id: str
    what: str
    expected: str


def _table(*rows: tuple[str, str, str]) -> dict[str, Fault]:
    return {id_: Fault(id=id_, what=what, expected=expected) for id_, what, expected in rows}


FAULTS = _table(
    (
        "kills",
        "workers killed at any moment, hundreds of times",
        "nothing lost, at most two copies, no more doubles than kills × connections",
    ),
    (
        "FI-1",
        "a worker killed at a chosen step of sending",
        "one copy; at most two after the final dot without an answer; by SMS always one",
    ),
    ("FI-2", "the fan-out killed between chunks", "it goes on where it was; one message each"),
    ("FI-3", "the scheduler killed in a tick", "another goes on; nothing is missed"),
    (
        "FI-5",
        "a worker frozen for longer than its lease, then woken",
        "its late results are refused; at most one copy more",
    ),
    ("FI-6", "every fault of an SMTP dialogue", "no letter costs more than it must"),
    ("FI-7", "a mail server silent for nine minutes after the dot", "waited for; one copy"),
    ("FI-9", "STARTTLS no longer offered", "nothing in clear; the channel pauses"),
    ("FI-10", "a certificate expired or for another name", "the channel pauses and says so"),
    ("FI-11", "the mail server's name cannot be looked up", "tried again; no message lost"),
    ("FI-13", "an SMS taken, the connection reset", "looked up before any second try; one SMS"),
    ("FI-14", "the phone network says 500", "looked up before any second try; one SMS"),
    ("FI-15", "reports repeated and in any order", "each counted once; delivered stays delivered"),
    ("FI-17", "a flood of forged reports", "all refused; customers still served"),
    ("FI-18", "a signed delivery replayed later", "no effect"),
    ("FI-19", "a webhook secret changed", "both good while they overlap, then only the new"),
    ("FI-29", "sold out between queueing and sending", "not sent; the person waits on"),
    (
        "FI-30",
        "asking, confirming and stopping while goods come and mail leaves, step by step",
        "told on the page or by one message; nothing starts after a stop was answered",
    ),
    ("FI-31", "the clock steps by hours or a day", "nothing twice, nothing lost"),
    ("FI-33", "the disk full, the database read-only", "nothing sent that cannot be recorded"),
    ("FI-34", "the database locked for long", "a clear 503 at once; all goes on afterwards"),
    ("FI-35", "PostgreSQL restarts, or cuts a commit", "nothing lost, nothing twice"),
    ("FI-37", "a message that cannot be written, or kills", "set aside; the others go on"),
    ("FI-38", "an old backup restored", "nothing sent until a person has looked"),
    ("FI-39", "a new version with a migration, under load", "no gap, nothing twice"),
    ("FI-41", "very many wait for one product", "memory flat; others are not kept waiting"),
    ("FI-42", "weeks of work in little memory", "no growth"),
)

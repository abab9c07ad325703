"""What becomes of a message that its sender took and did not finish?

The sender's notes tell how far it got: not handed over, due again; answered, book the answer;
handed over without an answer, unknown: at most one more try, but where the provider had said that
it took none of the earlier ones (trust RL-3, RL-4, EM-22). Where the notes are missing, everything
counts as unknown.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime

from notifier.channels.base import Blame, Outcome, Phase, Result
from notifier.domain import delivery
from notifier.journal import LastStep, Notes
from notifier.services.book_result import book_results
from notifier.services.env import Env
from notifier.store import booking, outbox
from notifier.store.claims import Leased
from notifier.store.outbox import MessageRow
from notifier.store.session import Transaction

KILLED = "killed"
GIVEN_BACK = "given_back"


def settle(
    env: Env,
    tx: Transaction,
    left: Sequence[Leased],
    *,
    notes: Notes,
    code: str,
    is_over: bool,
) -> int:
    """Move on what one sender left; how many messages. `code`: KILLED or GIVEN_BACK. `is_over`: it
    surely does no more with them. One that only sleeps may still send what it had noted."""
    ids = [one.message_id for one in left]
    kills = booking.count_tries(tx, ids, code=KILLED)
    known = outbox.find_messages(tx, ids)
    given_back: list[booking.Booked] = []
    results: list[tuple[MessageRow, int, Result]] = []
    for one in left:
        message = known.get(one.message_id)
        if message is None or message.attempt_no != one.attempt_no or message.state != "sending":
            continue
        step = notes.steps.get((one.message_id, one.attempt_no))
        times = kills.get(one.message_id, 0) + (code == KILLED)
        if step is None and notes.complete:
            given_back.append(_given_back(message, now=env.now(), code=code, kills=times))
        else:
            result = _result(step, code, kills=times, is_over=is_over)
            results.append((message, one.attempt_no, result))
    lease = env.config.delivery.lease
    settled = len(booking.book_all(tx, given_back, now=env.now(), lease=lease))
    return settled + book_results(env, tx, results)


def _result(step: LastStep | None, code: str, *, kills: int, is_over: bool) -> Result:
    if step is not None and step.answered:
        return note_as_result(dict(step.answer))
    return Result(
        outcome=Outcome.UNKNOWN,
        blame=Blame.TRANSPORT,
        code=code,
        detail="The sender stopped before it knew the answer.",
        retry_after=delivery.pause_after_kills(kills, jitter=random.random()),
        earlier_not_taken=is_over and step is not None and step.earlier_not_taken,
    )


def _given_back(message: MessageRow, *, now: datetime, code: str, kills: int) -> booking.Booked:
    standing = delivery.Standing(
        failures=message.failures, unknowns=message.unknowns, expires_at=message.expires_at
    )
    back = delivery.book_given_back(standing, now=now, kills=kills, jitter=random.random())
    return booking.Booked(
        message_id=message.id,
        attempt_no=message.attempt_no,
        state=back.state.value,
        reason=back.reason,
        due_at=back.due_at,
        failures=back.failures,
        unknowns=back.unknowns,
        phase=Phase.PREPARED.value,
        outcome=Outcome.TRY_LATER.value,
        blame=Blame.TRANSPORT.value,
        code=code,
        detail="The sender stopped before it handed the message over.",
        provider_id="",
    )


def result_as_note(result: Result) -> dict[str, object]:
    """A result in the journal's words; `note_as_result` reads it."""
    return {
        "outcome": result.outcome.value,
        "blame": result.blame.value,
        "code": result.code,
        "detail": result.detail[:200],
        "provider_id": result.provider_id,
    }


def note_as_result(note: dict[str, object]) -> Result:
    return Result(
        outcome=Outcome(str(note["outcome"])),
        blame=Blame(str(note["blame"])),
        code=str(note["code"]),
        detail=str(note["detail"]),
        provider_id=str(note["provider_id"]),
    )

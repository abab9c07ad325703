"""What becomes of messages whose sender died or lost its lease?

Its journal tells how far it got: not handed over, send again; answered, book the answer; handed
over without an answer, unknown: at most one more try (trust RL-3, RL-4, EM-22). Without the
journal (another machine) everything it held counts as unknown.
"""

from __future__ import annotations

from pathlib import Path

from notifier import journal
from notifier.channels.base import Blame, Outcome, Result
from notifier.log import log
from notifier.services.book_result import book_result
from notifier.services.deliver import note_as_result
from notifier.services.env import Env
from notifier.store import outbox
from notifier.store.session import Transaction


def take_over(env: Env) -> int:
    """Settle what dead or overdue senders left behind; how many messages."""
    folder = env.config.service.data_dir / "journal"
    now = env.now()
    with env.db.read() as tx:
        held = outbox.leased(tx)
    owners: dict[str, bool] = {one.owner: journal.is_dead(folder, one.owner) for one in held}
    left = [one for one in held if owners[one.owner] or one.lease_until <= now]
    settled = 0
    for owner in sorted({one.owner for one in left}):
        notes = journal.read_steps(folder, owner)
        mine = [one for one in left if one.owner == owner]
        settled += env.db.retry(
            lambda tx, mine=mine, notes=notes: _settle(env, tx, mine, notes)  # type: ignore[misc]
        )
    for owner, dead in owners.items():
        if dead:
            journal.throw_away(folder, owner)
    _throw_away_idle(folder, set(owners))
    if settled:
        log.warning("messages taken over", count=settled, owners=len(owners))
    return settled


def _settle(
    env: Env,
    tx: Transaction,
    left: list[outbox.Leased],
    notes: dict[tuple[int, int], journal.LastStep] | None,
) -> int:
    settled = 0
    for one in left:
        message = outbox.find_message(tx, message_id=one.message_id)
        if message is None or message.attempt_no != one.attempt_no or message.state != "sending":
            continue
        settled += book_result(env, tx, message, one.attempt_no, _result(one, notes))
    return settled


def _result(one: outbox.Leased, notes: dict[tuple[int, int], journal.LastStep] | None) -> Result:
    unknown = Result(
        outcome=Outcome.UNKNOWN, blame=Blame.TRANSPORT, code="killed", detail="The sender died."
    )
    if notes is None:
        return unknown
    step = notes.get((one.message_id, one.attempt_no))
    if step is None:
        return Result(
            outcome=Outcome.TRY_LATER,
            blame=Blame.TRANSPORT,
            code="killed",
            detail="The sender died before it handed the message over.",
        )
    return note_as_result(dict(step.answer)) if step.answered else unknown


def _throw_away_idle(folder: Path, busy: set[str]) -> None:
    """Journals of dead senders that held nothing."""
    if not folder.is_dir():
        return
    for path in folder.glob("*.journal"):
        owner = path.name.removesuffix(".journal")
        if owner not in busy and journal.is_dead(folder, owner):
            journal.throw_away(folder, owner)

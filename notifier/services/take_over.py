"""Whose messages must be taken over, because their sender died or is too slow?

On this machine the lock on a sender's journal tells the dead from the living, and its own promise
(on a clock that nobody sets) the slow from the stuck. Of a sender elsewhere we know the lease only.
"""

from __future__ import annotations

from datetime import datetime

from notifier import journal
from notifier.errors import StoreBusy
from notifier.journal import Life, Notes
from notifier.log import log
from notifier.metrics import TAKEN_OVER
from notifier.services.env import Env
from notifier.services.settle import KILLED, settle
from notifier.store import claims
from notifier.store.claims import Leased


def take_over(env: Env) -> int:
    """Settle what dead or overdue senders left behind; how many messages."""
    folder = env.config.service.data_dir / "journal"
    with env.db.read() as tx:
        held = claims.leased(tx)
    settled = 0
    for owner in sorted({one.owner for one in held}):
        life = journal.look(folder, owner)
        left = _left_by(env, owner, [one for one in held if one.owner == owner], life=life)
        if not left:
            continue
        notes = journal.seize(folder, owner)
        try:
            settled += _settle(env, owner, left, notes, is_dead=life is Life.DEAD)
        except StoreBusy as error:  # a frozen one may hold locks; the others need not wait
            log.warning("not taken over: database busy", sender=owner, why=str(error))
    journal.throw_away_idle(folder, busy={one.owner for one in held})
    return settled


def _settle(env: Env, owner: str, left: list[Leased], notes: Notes, *, is_dead: bool) -> int:
    count = env.db.retry(
        lambda tx: settle(env, tx, left, notes=notes, code=KILLED, is_over=is_dead), tries=2
    )
    if not count:
        return 0  # somebody else was quicker
    TAKEN_OVER.inc(count)
    log.warning("messages taken over", count=count, sender=owner, complete=notes.complete)
    return count


def _left_by(env: Env, owner: str, held: list[Leased], *, life: Life) -> list[Leased]:
    """What this sender will not finish."""
    if life is Life.DEAD:
        return held
    if life is Life.ALIVE:
        folder = env.config.service.data_dir / "journal"
        promised_until = journal.read_notes(folder, owner).promised_until
        if promised_until is not None:
            return held if journal.boot_seconds() > promised_until else []
    now = env.now()
    return [one for one in held if _is_overdue(env, one, now=now)]


def _is_overdue(env: Env, one: Leased, *, now: datetime) -> bool:
    """Past its end, or longer than any lease: then a clock was set back (trust RL-14)."""
    return one.lease_until <= now or one.lease_until > now + 2 * env.config.delivery.lease

"""What becomes of a message after one try?

At least once, never lost, never more than two copies (trust RL-5, EM-18, EM-22).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.domain.message import MessageState

FIRST_RETRY = timedelta(minutes=2)
LONGEST_RETRY = timedelta(hours=4)
WAY_BLOCKED = timedelta(seconds=30)  # where nobody said for how long
MAX_UNKNOWNS = 2  # the first unknown allows one resend; the second is final
KILLS_WITHOUT_PAUSE = 10  # after that it may be the message that kills its senders


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a message stands before the try's result is booked."""

    failures: int
    unknowns: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """The message's next state. `due_at` is set only when it is to be tried again."""

    state: MessageState
    reason: str = ""
    due_at: datetime | None = None
    failures: int = 0
    unknowns: int = 0


def backoff(failures: int, *, jitter: float) -> timedelta:
    """2, 4, 8 … minutes up to four hours, spread by `jitter` from 0 to 1."""
    wait = min(FIRST_RETRY * 2 ** min(max(failures - 1, 0), 16), LONGEST_RETRY)
    spread: timedelta = wait * (0.8 + 0.4 * jitter)
    return spread


def book_accepted(standing: Standing) -> Booking:
    return Booking(
        state=MessageState.ACCEPTED, failures=standing.failures, unknowns=standing.unknowns
    )


def book_refused(standing: Standing, *, reason: str) -> Booking:
    return Booking(
        state=MessageState.REFUSED,
        reason=reason,
        failures=standing.failures + 1,
        unknowns=standing.unknowns,
    )


def book_skipped(standing: Standing, *, reason: str) -> Booking:
    """Never handed over in this try, and not wanted any more."""
    return Booking(
        state=MessageState.SKIPPED,
        reason=reason,
        failures=standing.failures,
        unknowns=standing.unknowns,
    )


def book_later(
    standing: Standing,
    *,
    now: datetime,
    counts: bool,
    max_failures: int,
    retry_after: timedelta | None,
    jitter: float,
) -> Booking:
    """Surely not accepted. `counts` is False when the way, not the message, was at fault."""
    failures = standing.failures + (1 if counts else 0)
    if failures >= max_failures:
        return Booking(
            state=MessageState.FAILED,
            reason="gave_up",
            failures=failures,
            unknowns=standing.unknowns,
        )
    if counts:
        wait = max(backoff(max(failures, 1), jitter=jitter), retry_after or timedelta(0))
    else:
        wait = WAY_BLOCKED if retry_after is None else retry_after
    due_at = now + wait
    if standing.expires_at is not None and due_at >= standing.expires_at:
        return Booking(
            state=MessageState.FAILED,
            reason="stale",
            failures=failures,
            unknowns=standing.unknowns,
        )
    state = MessageState.UNKNOWN if standing.unknowns else MessageState.DUE
    return Booking(state=state, due_at=due_at, failures=failures, unknowns=standing.unknowns)


def pause_after_kills(kills: int, *, jitter: float) -> timedelta:
    """None, unless the message may be what kills its senders (trust RL-9)."""
    beyond = kills - KILLS_WITHOUT_PAUSE
    return backoff(beyond, jitter=jitter) if beyond > 0 else timedelta(0)


def book_given_back(standing: Standing, *, now: datetime, kills: int, jitter: float) -> Booking:
    """Taken, not handed over. Due at once, but for the pause after many kills."""
    return Booking(
        state=MessageState.UNKNOWN if standing.unknowns else MessageState.DUE,
        due_at=now + pause_after_kills(kills, jitter=jitter),
        failures=standing.failures,
        unknowns=standing.unknowns,
    )


def book_unknown(
    standing: Standing,
    *,
    now: datetime,
    again_after: timedelta,
    earlier_not_taken: bool = False,
) -> Booking:
    """Handed over, no answer. Tried once more after a pause, under the same Message-ID; again and
    again where the provider said before each try that it had taken none of the earlier ones."""
    unknowns = standing.unknowns + 1
    is_over = standing.expires_at is not None and now + again_after >= standing.expires_at
    if unknowns >= MAX_UNKNOWNS and (is_over or not earlier_not_taken):
        return Booking(
            state=MessageState.UNKNOWN,
            reason="no_answer",
            failures=standing.failures,
            unknowns=unknowns,
        )
    return Booking(
        state=MessageState.UNKNOWN,
        due_at=now + again_after,
        failures=standing.failures,
        unknowns=unknowns,
    )

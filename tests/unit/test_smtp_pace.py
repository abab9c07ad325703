"""Do all letters to one provider leave at its rate, however many have to come again?"""

from __future__ import annotations

from itertools import pairwise

from notifier.channels.smtp.pace import Pace

RATE = 10
PEOPLE = 400
LOOKED_AT = 40  # letters taken from the outbox in a tenth of a second
PATIENCE = 1.0  # seconds a letter is kept waiting; who would wait longer comes again


def when_all_left(pace: Pace, *, give_up: float) -> list[float]:
    """When each letter left, if those that found no place are due again when they were told."""
    due = [0.0] * PEOPLE
    left: list[float] = []
    now = 0.0
    while due and now < give_up:
        ready = sorted(at for at in due if at <= now)[:LOOKED_AT]
        for at in ready:
            due.remove(at)
            wait = pace.book("google", now, at_most=PATIENCE)
            (left if wait <= PATIENCE else due).append(now + wait)
        now += 0.1
    return sorted(left)


def test_more_letters_than_a_provider_takes_leave_one_after_the_other() -> None:
    left = when_all_left(Pace(provider_rate=RATE), give_up=2 * PEOPLE / RATE)

    assert len(left) == PEOPLE, "those that had to come again are not put off for ever"
    assert left[-1] < 1.2 * PEOPLE / RATE
    gaps = [later - sooner for sooner, later in pairwise(left)]
    assert min(gaps) > 0.99 / RATE


def test_those_that_have_to_come_again_take_nobodys_place() -> None:
    pace = Pace(provider_rate=RATE)
    for _ in range(PEOPLE):
        pace.book("google", 0.0, at_most=PATIENCE)

    assert pace.book("google", 2.0, at_most=PATIENCE) == 0.0

"""How does the demo's clock get to a later day as if one had waited for it?

It stops wherever an order line has something to come, lets the real jobs and senders do what is due
there, and goes on only when nothing is on its way: so a month passes as it does in earnest, in
seconds. The service itself notices nothing but the time.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from notifier.demo.settings import SHOP
from notifier.demo.stage import Stage
from notifier.errors import InvalidInput
from notifier.services.order_follow import follow_due
from notifier.services.poll import poll
from notifier.store import claims, orders

__all__ = ["FARTHEST", "go_to", "settle"]

FARTHEST = timedelta(days=370)
MOST_STOPS = 120  # a year has room for every deadline of a few orders
LINES = 1000
PATIENCE = 5.0  # seconds a stop waits for messages to leave
PULSE = 0.03
FEED = "feed"
A_MOMENT = timedelta(seconds=1)


def go_to(stage: Stage, at: datetime) -> None:
    """Live through the time until `at`. Raises errors.InvalidInput for what is past or too far."""
    now = stage.clock()
    if not now < at <= now + FARTHEST:
        raise InvalidInput.of("to", "out_of_range", "The clock goes forward, a year at most.")
    with stage.travelling:
        for _ in range(MOST_STOPS):
            settle(stage)
            stop = _next_stop(stage, before=at)
            if stop is None:
                break
            _be_at(stage, stop)
        settle(stage)
        _be_at(stage, at)
        settle(stage)
    stage.note("clock", f"The clock was turned to {at:%-d %B %Y, %H:%M} UTC.")


def settle(stage: Stage) -> bool:
    """Wait until no message is due or on its way; False when some stay so."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with stage.env.db.read() as tx:
            if not claims.leased(tx) and not claims.due_channels(tx, now=stage.clock()):
                return True
        time.sleep(PULSE)
    return False


def _be_at(stage: Stage, at: datetime) -> None:
    stage.clock.turn_to(at)
    # a look at once, so that the data are not as old as the journey is long
    poll(stage.env, stage.env.shop(SHOP), FEED, owner="demo-travel")
    follow_due(stage.env)


def _next_stop(stage: Stage, *, before: datetime) -> datetime | None:
    """The next instant at which something may follow for an order line by itself."""
    env = stage.env
    with env.db.read() as tx:
        ids = orders.due_lines(tx, now=before, limit=LINES)
        lines = orders.find_lines(tx, ids)
    now = stage.clock()
    moments = [line.look_at for line in lines.values() if line.look_at is not None]
    ahead = [at for at in moments if at > now]
    return min(ahead, default=None) and min(ahead) + A_MOMENT

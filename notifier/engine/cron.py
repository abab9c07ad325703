"""How is "every so often" said to something that knows only the clock?"""

from __future__ import annotations

from datetime import timedelta

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def cron_of(every: timedelta, *, offset: timedelta = timedelta(0)) -> str:
    """A cron line, with seconds in its sixth field where they are needed.

    `every` must divide a minute, an hour or a day, so that the steps are even; `offset` shifts
    them and is less than `every`. Raises ValueError.
    """
    step, first = round(every.total_seconds()), round(offset.total_seconds())
    if step < 1 or not 0 <= first < step:
        raise ValueError(f"every {every}, beginning {offset} late, cannot be said by a clock")
    if step < _MINUTE and _MINUTE % step == 0:
        return f"* * * * * {first}-59/{step}"
    minute, second = divmod(first, 60)
    if step % _MINUTE == 0 and step < _HOUR and _HOUR % step == 0:
        return f"{minute}-59/{step // 60} * * * * {second}"
    hour, minute = divmod(minute, 60)
    if step % _HOUR == 0 and step <= _DAY and _DAY % step == 0:
        return f"{minute} {hour}-23/{step // 3600} * * * {second}"
    raise ValueError(f"every {every} does not divide a minute, an hour or a day evenly")

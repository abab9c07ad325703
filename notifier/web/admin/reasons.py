"""Why does something need a person, in the language of who reads it?"""

from __future__ import annotations

from typing import Any

from notifier.services.alarm_said import read
from notifier.services.brake import why_braked
from notifier.services.decide_hold import why_it_is_held
from notifier.web.admin.door import shop
from notifier.web.admin.page import locale
from notifier.web.here import env

__all__ = ["alarm_text", "brake_why", "hold_why"]


def alarm_text(alarm: Any) -> str:
    """What an alarm says."""
    return read(alarm.facts, locale(), stored=alarm.message)


def brake_why(off: Any) -> str:
    """Why the shop's alerts wait."""
    return why_braked(env(), shop(), off, locale=locale())


def hold_why(hold: Any) -> str:
    """Why what a look brought is held."""
    return why_it_is_held(env(), shop(), hold, locale=locale())

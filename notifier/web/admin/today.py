"""What needs me today, what is going on, and what is wanted?"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from notifier.domain.rights import Right
from notifier.services.look_today import MOST, look_today
from notifier.web.admin.door import needs, shop
from notifier.web.admin.page import locale, show, words_of
from notifier.web.here import env

blueprint = Blueprint("today", __name__)


@blueprint.get("/<shop>/")
@needs(Right.SEE)
def index() -> Any:
    """The first page after signing in. `?part=now`: what is going on, which renews itself."""
    wanted, under_way = look_today(env(), shop())
    part = "today_now" if request.args.get("part") == "now" else "today"
    return show(part, needs=wanted, under_way=under_way, most=MOST, alarm_words=alarm_words)


def alarm_words(code: str) -> str:
    """What an alarm is about, in the reader's language, by the first part of its code."""
    words = words_of("today", locale())
    first = code.partition(".")[0]
    return words.get(f"alarm_{first}", words["alarm_other"])

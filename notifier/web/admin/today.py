"""What needs me today, what is going on, and what is wanted?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Blueprint, redirect, request, url_for

from notifier.domain.rights import Right
from notifier.services.close_alarm import close_alarm
from notifier.services.find_silent import SILENT
from notifier.services.look_today import MOST, look_today
from notifier.services.read_demand import read_wanted, sign_ups_by_day
from notifier.web.admin.chart import Series, bars
from notifier.web.admin.door import needs, person, shop
from notifier.web.admin.page import locale, note, short_day, show, words_of
from notifier.web.admin.reasons import alarm_text, brake_why, hold_why
from notifier.web.here import env

blueprint = Blueprint("today", __name__)

BIGGEST = 2**63 - 1
DRAWN = 28  # days
SHOWN = 5  # of what is wanted most


@blueprint.get("/<shop>/")
@needs(Right.SEE)
def index() -> Any:
    """The first page after signing in. `?part=now`: what is going on, which renews itself."""
    wanted, under_way = look_today(env(), shop())
    if request.args.get("part") == "now":
        return show("today_now", under_way=under_way, most=MOST)
    days = sign_ups_by_day(env(), shop(), days=DRAWN)
    return show(
        "today",
        needs=wanted,
        under_way=under_way,
        most=MOST,
        alarm_words=alarm_words,
        alarm_text=alarm_text,
        alarm_way=alarm_way,
        brake_why=brake_why,
        hold_why=hold_why,
        of_every_shop=not person().shops,
        steps=words_of("orders", locale()),
        wanted=[one for one in read_wanted(env(), shop(), limit=SHOWN).rows if one.tally.people],
        drawing=_drawing(days),
        new=sum(count for _, count in days[-7:]),
    )


@blueprint.post("/<shop>/alarms/<int:alarm_id>/done")
@needs(Right.EDIT)
def done(alarm_id: int) -> Any:
    """Somebody has looked after it."""
    ip = request.remote_addr or ""
    close_alarm(env(), shop(), min(alarm_id, BIGGEST), by=person(), ip=ip)
    note(words_of("today", locale())["did_done"])
    return redirect(url_for("today.index"), code=303)


def _drawing(days: Sequence[tuple[date, int]]) -> Any:
    words = words_of("demand", locale())
    return bars(
        [short_day(day) for day, _ in days],
        Series(name=words["sign_ups"], values=[count for _, count in days]),
        title=words["drawing"].replace("{days}", str(DRAWN)),
        table=words_of("frame", locale())["table"],
        height=120,
    )


def alarm_way(alarm: Any) -> tuple[str, str]:
    """Where this person can do something about it, and the word for the button; empty: nowhere."""
    words, facts, mine = words_of("today", locale()), alarm.facts, alarm.shop_id == shop().id
    if subscription := facts.get("subscription"):
        return url_for("subscriptions.one", subscription_id=subscription), words["see_person"]
    if mine and (order := facts.get("order")):
        return url_for("orders.one", ref=order), words["see_order"]
    if not mine or not person().may(Right.OWN):
        return "", ""
    if alarm.code == SILENT:
        at = url_for("settings.form", part="system")
        return f"{at}#field-{facts.get('system')}_silence", words["see_settings"]
    if (source := facts.get("source")) in shop().config.sources:
        return url_for("settings_sources.one", name=source), words["see_source"]
    return "", ""


def alarm_words(code: str) -> str:
    """What an alarm is about, in the reader's language, by the first part of its code."""
    words = words_of("today", locale())
    first = code.partition(".")[0]
    return words.get(f"alarm_{first}", words["alarm_other"])

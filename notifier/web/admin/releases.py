"""Who is being told of what, why in such waves, and how does a person steer it?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, redirect, request, url_for

from notifier.domain.rights import Right
from notifier.errors import InvalidInput, NotFound
from notifier.services.brake import find_brake
from notifier.services.decide_hold import Decision, decide_hold, load_hold
from notifier.services.foresee_release import MOST_UNITS, foresee_release
from notifier.services.look_today import told_of_release
from notifier.services.read_demand import read_wanted
from notifier.services.steer_release import (
    ReleaseShown,
    list_releases,
    pause_release,
    release_now,
    resume_release,
    show_release,
    stop_release,
)
from notifier.services.wave_words import why_nobody, why_wave
from notifier.web.admin.chart import Series, lines
from notifier.web.admin.door import confirm_first, needs, person, shop
from notifier.web.admin.page import counted, locale, note, show, words_of, zone
from notifier.web.admin.paging import asked_choice, asked_cursor, asked_limit, page_of
from notifier.web.admin.reasons import brake_why, hold_why
from notifier.web.admin.said import said_of
from notifier.web.here import env
from notifier.web.public import RENDERER

blueprint = Blueprint("releases", __name__)

STATES = ("", "running", "paused", "done", "stopped")
STEERING = {
    "pause": pause_release,
    "resume": resume_release,
    "stop": stop_release,
    "now": release_now,
}
TELLS = ("resume", "now")  # to stop must never wait for a password
BIGGEST = 2**63 - 1
OFFERED = 100  # variants to choose from, the most wanted first


@blueprint.get("/<shop>/releases")
@needs(Right.SEE)
def index() -> Any:
    """All releases, the newest first."""
    state = asked_choice("state", STATES, default="")
    after, limit = asked_cursor(int), asked_limit()
    found = list_releases(
        env(),
        shop(),
        before=after[0] if after else None,
        states=(state,) if state else (),
        limit=limit + 1,
    )
    page = page_of(found, limit=limit, last=lambda one: (one.release.id,))
    brake = find_brake(env(), shop())
    return show(
        "releases", page=page, state=state, states=STATES[1:], brake=brake, brake_why=brake_why
    )


@blueprint.get("/<shop>/releases/<int:release_id>")
@needs(Right.SEE)
def one(release_id: int) -> Any:
    """One release: how far it is, and each wave with its reason. `?part=live` renews itself."""
    shown = show_release(env(), shop(), _id(release_id))
    written, sent = told_of_release(env(), shown.release.id)
    part = "release_live" if request.args.get("part") == "live" else "release"
    return show(
        part,
        shown=shown,
        written=written,
        sent=sent,
        drawing=_drawing(shown),
        wave_words=_wave_words,
        nobody_because=why_nobody(shown.release, locale()),
        brake=find_brake(env(), shop()),
        brake_why=brake_why,
    )


@blueprint.post("/<shop>/releases/<int:release_id>")
@needs(Right.SEND)
def steer(release_id: int) -> Any:
    """Pause, resume, stop, or tell the next wave now."""
    wish = request.form.get("wish", "")
    if wish not in STEERING:
        raise InvalidInput.of("wish", "choice", f"must be one of {', '.join(STEERING)}")
    if wish in TELLS and (way := confirm_first()):
        return way
    STEERING[wish](env(), shop(), _id(release_id), by=f"person:{person().id}")
    note(words_of("releases", locale())[f"did_{wish}"])
    return redirect(url_for("releases.one", release_id=release_id), code=303)


@blueprint.get("/<shop>/holds/<int:hold_id>")
@needs(Right.SEE)
def hold(hold_id: int) -> Any:
    """A look that is held: what it would announce, and to how many."""
    return show("hold", held=_hold(hold_id), hold_why=hold_why)


@blueprint.post("/<shop>/holds/<int:hold_id>")
@needs(Right.SEND)
def decide(hold_id: int) -> Any:
    """Release what is held, or drop it as a mistake."""
    _hold(hold_id)
    try:
        wish = Decision(request.form.get("wish", ""))
    except ValueError as error:
        raise InvalidInput.of("wish", "choice", "must be released or dropped") from error
    if wish is Decision.RELEASED and (way := confirm_first()):
        return way
    count = decide_hold(env(), _id(hold_id), wish, by=f"person:{person().id}")
    words = words_of("releases", locale())
    said = f"hold_{wish.value}"
    note(words["hold_decided_before"] if count is None else counted(words, said, count))
    return redirect(url_for("releases.index"), code=303)


@blueprint.get("/<shop>/what-if")
@needs(Right.SEE)
def what_if() -> Any:
    """If so many units came now: who would be told when, and what would it cost?"""
    variant = request.args.get("variant", "").strip()
    asked = request.args.get("units", "").strip()
    foreseen, wrong = None, ""
    if variant and (asked or "units" in request.args):
        try:
            foreseen = foresee_release(
                env(),
                current_app.extensions[RENDERER],
                shop(),
                variant,
                units=_units(asked),
                locale=locale(),
            )
        except InvalidInput as error:
            wrong = said_of(error)
        except NotFound as error:
            wrong = said_of(InvalidInput.of("variant", "unknown", str(error)))
    status = 422 if wrong else 200
    wanted = read_wanted(env(), shop(), limit=OFFERED).rows
    return show(
        "what_if",
        status=status,
        variant=variant,
        units=asked,
        foreseen=foreseen,
        wrong=wrong,
        wanted=[one for one in wanted if one.named.variant],
    )


def _units(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        message = f"{text[:20]!r} is not a number of units"
        raise InvalidInput.of("units", "not_a_number", message, typed=text[:20], most=MOST_UNITS)
    return int(text)


def _wave_words(wave: Any) -> str:
    return why_wave(wave, locale())


def _hold(hold_id: int) -> Any:
    held = load_hold(env(), _id(hold_id))
    if held.shop.id != shop().id:
        raise NotFound("There is no such hold in this shop.")
    return held


def _id(value: int) -> int:
    return min(value, BIGGEST)


def _drawing(shown: ReleaseShown) -> Any:
    """Stock and people told over the waves; nothing to draw before the second."""
    if len(shown.waves) < 2:
        return ""
    words = words_of("releases", locale())
    told, so_far = [], 0
    for wave in shown.waves:
        so_far += wave.told
        told.append(so_far)
    return lines(
        _hours([wave.at.astimezone(zone()) for wave in shown.waves]),
        Series(name=words["told"], values=told),
        Series(name=words["stock"], values=[wave.stock for wave in shown.waves]),
        title=words["drawing"],
        table=words_of("frame", locale())["table"],
        stepped=True,
    )


def _hours(moments: Sequence[datetime]) -> list[str]:
    """Hours and minutes; with seconds, where two waves would be called the same."""
    said = [f"{one:%H:%M}" for one in moments]
    return said if len(set(said)) == len(said) else [f"{one:%H:%M:%S}" for one in moments]

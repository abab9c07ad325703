"""The button that lets a shop's alerts go on, after too many came back or were called spam."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, url_for

from notifier.domain.rights import Right
from notifier.services.brake import lift_brake
from notifier.web.admin.door import confirm_first, needs, person, shop
from notifier.web.admin.page import locale, note, words_of
from notifier.web.here import env

blueprint = Blueprint("brake", __name__)


@blueprint.post("/<shop>/brake")
@needs(Right.SEND)
def lift() -> Any:
    """Alerts go on. What left before that is not held against the shop again."""
    if way := confirm_first():
        return way
    if lift_brake(env(), shop(), by=f"person:{person().id}"):
        note(words_of("frame", locale())["brake_lifted"])
    return redirect(url_for("today.index"), code=303)

"""Where does somebody begin who has just typed `make demo`?"""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, jsonify, render_template

from notifier.demo.goods import GOODS
from notifier.demo.pictures import draw
from notifier.demo.storefront import stage
from notifier.demo.story import progress

__all__ = ["blueprint"]

blueprint = Blueprint("front", __name__)


@blueprint.get("/")
def front_page() -> str:
    kettle = GOODS[0]
    return render_template(
        "demo/front.html",
        progress=progress(stage()),
        picture=draw(kettle, kettle.kinds[0]),
        hero=kettle,
    )


@blueprint.get("/progress.json")
def progress_state() -> Response:
    """How far the newcomer is, and how many mails wait to be read."""
    unread = stage().mailbox.count()[1]
    return jsonify({**asdict(progress(stage())), "unread": unread})

"""Where does somebody land who opens the admin without saying what?"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, url_for

from notifier.domain.rights import Right
from notifier.web.admin.door import needs, shops
from notifier.web.admin.page import show

blueprint = Blueprint("front", __name__)


@blueprint.get("/")
@needs(Right.SEE)
def index() -> Any:
    """To the first shop's day."""
    own = shops()
    if not own:
        return show("no_shop", words="frame")
    return redirect(url_for("today.index", shop=own[0].slug), code=303)

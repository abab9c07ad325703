"""What needs me today, what is going on, and what is wanted?"""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from notifier.domain.rights import Right
from notifier.web.admin.door import needs
from notifier.web.admin.page import show

blueprint = Blueprint("today", __name__)


@blueprint.get("/<shop>/")
@needs(Right.SEE)
def index() -> Any:
    """The first page after signing in."""
    return show("today")

"""What does somebody see who opens our bare address? The shop, if there is only one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect

from notifier.web.guards import Guard, guarded
from notifier.web.here import env

blueprint = Blueprint("front", __name__)


@blueprint.get("/")
@guarded(Guard.ANYBODY)
def front() -> Any:
    """To the only shop's front page; with several shops there is nothing to see here."""
    addresses = {shop.config.url for shop in env().shops.values()}
    if len(addresses) != 1 or not (address := addresses.pop()):
        abort(404)
    return redirect(address, code=302)

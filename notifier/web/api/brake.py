"""Do a shop's alerts wait because too many came back, and how does its server let them go on?"""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint

from notifier.domain.scope import Scope
from notifier.services.brake import find_brake, lift_brake
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.shapes import Nothing, Shape
from notifier.web.here import env

blueprint = Blueprint("brake", __name__)


class Brake(Shape):
    """`braked`: alerts wait, `since` then, and `why`. Order notices and confirmations never do."""

    braked: bool
    since: datetime | None = None
    why: str = ""


@operation(
    "GET",
    "/brake",
    scope=Scope.RELEASES_READ,
    summary="See whether alerts wait",
    given=Nothing,
    answer=Brake,
    blueprint=blueprint,
)
def see_brake(caller: Caller, _given: Nothing) -> Brake:
    """Alerts wait when too many of the last came back or were called spam."""
    found = find_brake(env(), caller.shop)
    return Brake(braked=True, since=found.at, why=found.why) if found else Brake(braked=False)


@operation(
    "POST",
    "/brake/lift",
    scope=Scope.RELEASES_WRITE,
    summary="Let alerts go on",
    given=Nothing,
    answer=Brake,
    blueprint=blueprint,
)
def go_on(caller: Caller, _given: Nothing) -> Brake:
    """What left before is not held against the shop again. Changes nothing where nothing waits."""
    lift_brake(env(), caller.shop, by=caller.name)
    return Brake(braked=False)

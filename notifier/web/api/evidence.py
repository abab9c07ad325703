"""How does a shop's server fetch the whole record of one order?"""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from pydantic import Field

from notifier.domain.scope import Scope
from notifier.services.evidence import gather_evidence
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.shapes import Nothing, Shape
from notifier.web.here import env

blueprint = Blueprint("evidence", __name__)


class Evidence(Shape):
    """Everything that can be shown for one order. `notifier evidence` prints the same as PDF."""

    format: str = Field(description="Name and version of this shape.")
    made_at: str
    made_by: str
    shop: dict[str, Any]
    order: dict[str, Any]
    lines: list[dict[str, Any]] = Field(
        description="Per line: the promise, where it stands and by which paragraph, all that "
        "happened, each message as it was sent with its digest."
    )
    ledger: list[dict[str, Any]] = Field(description="The chained entries about this order.")


@operation(
    "GET",
    "/orders/<path:ref>/evidence",
    scope=Scope.ORDERS_READ,
    summary="The whole record of one order",
    given=Nothing,
    answer=Evidence,
    blueprint=blueprint,
)
def order_evidence(caller: Caller, given: Nothing, ref: str) -> Evidence:
    """What was promised, told, answered and decided, with each notice byte for byte and the
    ledger entries that chain it (16 CFR 435.2(d))."""
    return Evidence(**gather_evidence(env(), caller.shop, ref))

"""How does a shop's server see whether orders are taken for what is not there, and decide so?"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Literal

from flask import Blueprint
from pydantic import Field

from notifier.domain.backorder import Taking
from notifier.domain.scope import Scope
from notifier.errors import InvalidInput
from notifier.services.override_backorder import (
    AUTOMATIC,
    MOST_UNITS,
    Shown,
    expect_units,
    list_backorders,
    override,
)
from notifier.services.push_stock import find_key
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.shapes import Key, Page, Shape
from notifier.web.here import env

blueprint = Blueprint("backorders", __name__)


class BackorderGiven(Shape):
    """A person's word about one variant, how many units of it are coming, or both. One of
    `variant` and `sku`."""

    variant: Key = Field("", description="The shop's own variant id.", examples=["4711"])
    sku: Key = Field("", description="Enough alone when one variant has it.")
    decision: Literal["accept", "stop", "automatic"] | None = Field(
        None, description="automatic: follow the shop's rules again.", examples=["stop"]
    )
    why: str = Field("", max_length=1000, description="Needed with `decision`; kept with it.")
    actor: str = Field("", max_length=64, description="Who says so.")
    expected_units: int | None = Field(
        None, ge=0, le=MOST_UNITS, description="How many are coming. null: nobody knows."
    )


class BackorderAnswer(Shape):
    """What holds for one variant. `reason` is empty where orders are taken by the rules;
    `by_rules` is what would hold without a person's word, and `sentence` says why."""

    variant: str
    availability: str
    decision: Taking
    reason: str = Field(
        description="discontinued, not_open, source_in_trouble, no_eta, eta_over, eta_too_far, "
        "too_many_open, broken_promises or override."
    )
    by_rules: Taking
    by_rules_reason: str
    sentence: str
    expected_units: int | None
    decided_at: datetime
    override: str = Field(description="accept, stop, or empty.")
    override_by: str
    override_why: str
    override_at: datetime | None


class BackorderPage(Shape):
    """`next`: give it as `after` for more; null on the last page."""

    backorders: list[BackorderAnswer]
    next: int | None


@operation(
    "GET",
    "/backorders",
    scope=Scope.ORDERS_READ,
    summary="See where backorders are taken",
    given=Page,
    answer=BackorderPage,
    blueprint=blueprint,
)
def list_backordered(caller: Caller, given: Page) -> BackorderPage:
    """Every variant on backorder or pre-order that was decided about, and those that were and are
    discontinued."""
    found = list_backorders(env(), caller.shop, after=given.after, limit=given.limit + 1)
    shown = found[: given.limit]
    more = len(found) > given.limit
    return BackorderPage(
        backorders=[_answer(one) for one in shown], next=shown[-1].id if more else None
    )


@operation(
    "POST",
    "/backorders",
    scope=Scope.ORDERS_WRITE,
    summary="Take or stop backorders of a variant",
    given=BackorderGiven,
    answer=BackorderAnswer,
    blueprint=blueprint,
)
def decide_backorder(caller: Caller, given: BackorderGiven) -> BackorderAnswer:
    """The word stands over the shop's rules until `automatic` takes it back, and is kept in the
    audit book. 409 `not_ordered_ahead` for what is neither on backorder nor on pre-order."""
    counts = "expected_units" in given.model_fields_set
    if given.decision is None and not counts:
        raise InvalidInput.of("decision", "missing", "Give a decision, or expected_units.")
    key = find_key(env(), caller.shop, variant=given.variant.strip(), sku=given.sku.strip())
    by = f"{caller.name} {given.actor}".strip()
    shown = None
    if given.decision is not None:
        word = AUTOMATIC if given.decision == "automatic" else given.decision
        shown = override(env(), caller.shop, key, word, by=by, why=given.why)
    if counts:
        shown = expect_units(env(), caller.shop, key, given.expected_units, by=by)
    assert shown is not None
    return _answer(shown)


def _answer(one: Shown) -> BackorderAnswer:
    return BackorderAnswer(
        **{field.name: getattr(one, field.name) for field in fields(one) if field.name != "id"}
    )

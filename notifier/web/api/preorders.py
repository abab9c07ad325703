"""How does a shop's server plan pre-orders?"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from flask import Blueprint
from pydantic import AwareDatetime, BeforeValidator, Field

from notifier.domain.scope import Scope
from notifier.services.preorder import Listed, Plan, list_preorders, plan
from notifier.services.push_stock import find_key
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.shapes import Key, Page, Shape
from notifier.web.here import env

blueprint = Blueprint("preorders", __name__)


def _moment(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _day(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value


class Incentive(Shape):
    """What early birds get. Your shop honours the code; here it is only told."""

    code: str = Field("", max_length=32, examples=["EARLY10"])
    text: str = Field("", max_length=300, examples=["10 % off until it is out."])


class PreorderGiven(Shape):
    """What is left out stays as it was; null takes it back. One of `variant` and `sku`."""

    variant: Key = Field("", description="The shop's own variant id.", examples=["4711"])
    sku: Key = Field("", description="Enough alone when one variant has it.")
    opens_at: Annotated[AwareDatetime, BeforeValidator(_moment)] | None = Field(
        None,
        description="From when on it can be pre-ordered; past: at once. null: when the source "
        "says so.",
        examples=["2027-01-15T09:00:00Z"],
    )
    release_on: Annotated[date, BeforeValidator(_day)] | None = Field(
        None, description="When it is out: its expected date.", examples=["2027-03-01"]
    )
    incentive: Incentive | None = None
    source: str = Field(
        "", max_length=64, description="Where the date comes from. Needed with `release_on`."
    )
    actor: str = Field("", max_length=64, description="Who says so.")


class PreorderAnswer(Shape):
    """A pre-order. `released_at`: since when it can be bought."""

    variant: str
    availability: str
    opens_at: datetime | None
    opened_at: datetime | None
    release_on: date | None
    released_at: datetime | None
    incentive: Incentive | None
    source: str
    actor: str
    changed_at: datetime


class PreorderPage(Shape):
    """`next`: give it as `after` for more; null on the last page."""

    preorders: list[PreorderAnswer]
    next: int | None


class PreorderQuery(Page):
    """All, or that of one variant."""

    variant: Key = ""


@operation(
    "GET",
    "/preorders",
    scope=Scope.ORDERS_READ,
    summary="See the pre-orders",
    given=PreorderQuery,
    answer=PreorderPage,
    blueprint=blueprint,
)
def list_preordered(caller: Caller, given: PreorderQuery) -> PreorderPage:
    """Planned, open and released ones."""
    found = list_preorders(
        env(), caller.shop, variant=given.variant, after=given.after, limit=given.limit + 1
    )
    shown = found[: given.limit]
    more = len(found) > given.limit
    return PreorderPage(
        preorders=[_answer(one) for one in shown],
        next=shown[-1].row.variant_id if more else None,
    )


@operation(
    "POST",
    "/preorders",
    scope=Scope.ORDERS_WRITE,
    summary="Plan a pre-order",
    given=PreorderGiven,
    answer=PreorderAnswer,
    blueprint=blueprint,
)
def plan_preorder(caller: Caller, given: PreorderGiven) -> PreorderAnswer:
    """Who waits is told once when it opens, with the incentive, and hears of a new release date
    as of any expected date. 409 `available` for what can be bought now, `opened` for a new opening
    time of what is open."""
    key = find_key(env(), caller.shop, variant=given.variant.strip(), sku=given.sku.strip())
    told: dict[str, Any] = {
        name: getattr(given, name)
        for name in ("opens_at", "release_on", "incentive")
        if name in given.model_fields_set
    }
    if isinstance(told.get("incentive"), Incentive):
        told["incentive"] = told["incentive"].model_dump()
    done = plan(
        env(),
        caller.shop,
        key,
        Plan(**told),
        source=given.source,
        actor=f"{caller.name} {given.actor}".strip(),
    )
    return _answer(done)


def _answer(one: Listed) -> PreorderAnswer:
    row = one.row
    return PreorderAnswer(
        variant=one.variant,
        availability=one.availability,
        opens_at=row.opens_at,
        opened_at=row.opened_at,
        release_on=row.release_on,
        released_at=row.released_at,
        incentive=Incentive(**row.incentive) if row.incentive else None,
        source=row.source,
        actor=row.actor,
        changed_at=row.changed_at,
    )

"""How does a shop's server learn what is wanted most?"""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date, datetime

from flask import Blueprint
from pydantic import Field

from notifier.domain.scope import Scope
from notifier.errors import InvalidInput
from notifier.services.browse_products import sold_out_products
from notifier.services.demand import Place, Wanted, read_demand
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.shapes import MOST_ON_A_PAGE, Key, Nothing, Shape
from notifier.web.here import env

blueprint = Blueprint("demand", __name__)

_PLACE = re.compile(r"(\d{1,12})\.([vp]\d{1,19})")


class DemandQuery(Shape):
    """What, and how far back."""

    product: Key = ""
    variant: Key = ""
    series: int = Field(0, ge=0, le=400, description="Also new sign-ups a day, for so many days.")
    after: str = Field("", max_length=64, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=MOST_ON_A_PAGE)


class WantedItem(Shape):
    """`variant` null: people for whom any variant will do. `people` and `units` are those who wait
    now and have confirmed; `new_…` are confirmed sign-ups of these days, told or not."""

    product: str
    variant: str | None
    sku: str
    title: str
    variant_title: str
    published: bool
    availability: str | None
    people: int
    units: int
    unconfirmed: int
    new_7_days: int
    new_30_days: int
    new_90_days: int
    waiting_since: datetime | None = Field(description="Since when the first of them waits.")


class DemandDay(Shape):
    """One day (UTC)."""

    day: date
    new: int


class DemandPage(Shape):
    """Most people first. `series` has a value for every day asked for, today last."""

    wanted: list[WantedItem]
    series: list[DemandDay]
    next: str | None


@operation(
    "GET",
    "/demand",
    scope=Scope.DEMAND_READ,
    summary="See what is wanted most",
    given=DemandQuery,
    answer=DemandPage,
    blueprint=blueprint,
)
def show_demand(caller: Caller, given: DemandQuery) -> DemandPage:
    """Products that are no longer sold are listed as long as somebody waits for them."""
    found = read_demand(
        env(),
        caller.shop,
        product=given.product,
        variant=given.variant,
        after=_place(given.after),
        limit=given.limit + 1,
        days=given.series,
    )
    shown = found.wanted[: given.limit]
    last = shown[-1] if len(found.wanted) > given.limit else None
    return DemandPage(
        wanted=[_item(one) for one in shown],
        series=[DemandDay(day=one.day, new=one.new) for one in found.series],
        next=f"{last.people}.{last.target}" if last else None,
    )


def _item(one: Wanted) -> WantedItem:
    return WantedItem(
        **{field.name: getattr(one, field.name) for field in fields(one) if field.name != "target"}
    )


def _place(text: str) -> Place | None:
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    if found is None:
        raise InvalidInput.of("after", "unknown", "Give the `next` of the page before, unchanged.")
    return Place(people=int(found[1]), target=found[2])


class SoldOut(Shape):
    """Published products of which no variant can be bought, by their keys; at most 5,000."""

    products: list[str]


@operation(
    "GET",
    "/sold-out",
    scope=Scope.DEMAND_READ,
    summary="See what to list last",
    given=Nothing,
    answer=SoldOut,
    blueprint=blueprint,
)
def show_sold_out(caller: Caller, _given: Nothing) -> SoldOut:
    """For shops that want what is sold out at the end of their lists. Ask now and then, and sort by
    it; what is on backorder where that counts as available is not in it."""
    return SoldOut(products=sold_out_products(env(), caller.shop))

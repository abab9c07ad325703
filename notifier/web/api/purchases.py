"""How does a shop's server say what was bought, so that waves learn who buys?"""

from __future__ import annotations

from flask import Blueprint
from pydantic import Field

from notifier.domain.scope import Scope
from notifier.services.order_value import read_past
from notifier.services.push_stock import find_key
from notifier.services.report_purchase import GivenPurchase, report_purchases
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.shapes import Key, Shape
from notifier.web.here import env
from notifier.web.read_json import HOOK_LIMIT

blueprint = Blueprint("purchases", __name__)

MOST = 500


class Purchase(Shape):
    """Units of one variant in one order."""

    ref: Key = Field(
        min_length=1,
        max_length=128,
        description="The shop's number of the order or line; with the variant it counts once.",
        examples=["1001"],
    )
    variant: Key = ""
    sku: Key = ""
    units: int = Field(1, ge=1, le=10**6)
    at: str = Field(
        max_length=100,
        description="When it was bought, with its time zone.",
        examples=["2027-01-09T16:30:00-05:00"],
    )
    email: str | None = Field(
        None, max_length=320, description="Whose it is: says whether a message led to it."
    )
    phone: str | None = Field(None, max_length=40)


class PurchasesGiven(Shape):
    """All of them are stored, or none. Nothing but numbers is kept of an address."""

    purchases: list[Purchase] = Field(min_length=1, max_length=MOST)


class PurchaseCounted(Shape):
    """`counted` false: known before. `told`: whether the buyer had been told of a restock; null
    where no address came with it."""

    ref: str
    counted: bool
    told: bool | None


class PurchasesCounted(Shape):
    """In the order in which they were given."""

    purchases: list[PurchaseCounted]


@operation(
    "POST",
    "/purchases",
    scope=Scope.ORDERS_WRITE,
    summary="Report what was bought",
    given=PurchasesGiven,
    answer=PurchasesCounted,
    limit=HOOK_LIMIT,
    blueprint=blueprint,
)
def report(caller: Caller, given: PurchasesGiven) -> PurchasesCounted:
    """Of any order of a variant that people wait for. Releases learn from it how many of those
    told buy, and how soon. Without such reports they go by the fall in stock."""
    found = [
        GivenPurchase(
            ref=one.ref,
            variant=find_key(env(), caller.shop, variant=one.variant.strip(), sku=one.sku.strip()),
            at=read_past(one.at, field=f"purchases.{number}.at", now=env().now()),
            units=one.units,
            email=one.email,
            phone=one.phone,
        )
        for number, one in enumerate(given.purchases)
    ]
    counted = report_purchases(env(), caller.shop, found)
    return PurchasesCounted(
        purchases=[
            PurchaseCounted(ref=one.ref, counted=one.counted, told=one.told) for one in counted
        ]
    )

"""How does a shop's checkout ask whether a reservation holds, and end it with an order?"""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint
from pydantic import Field

from notifier.domain.scope import Scope
from notifier.errors import BadToken, NotFound
from notifier.services import reserve
from notifier.services.reserve import Reservation
from notifier.signing import Purpose
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.shapes import Key, Nothing, Shape
from notifier.web.here import env

blueprint = Blueprint("reservations", __name__)


class ReservationShown(Shape):
    """`valid`: these units may be bought by who came with the link. `state`: due (the message has
    not left), held, used, passed or released."""

    valid: bool
    state: str
    variant: str
    units: int
    until: datetime | None


class Used(Shape):
    """The order it was used for."""

    order: Key = Field(min_length=1, max_length=128, examples=["1001"])


@operation(
    "GET",
    "/reservations/<token>",
    scope=Scope.ORDERS_READ,
    summary="Ask whether a reservation holds",
    given=Nothing,
    answer=ReservationShown,
    blueprint=blueprint,
)
def show_reservation(caller: Caller, _given: Nothing, *, token: str) -> ReservationShown:
    """`token` is what came with the customer as `notifier_hold` in the product's address."""
    return _answer(reserve.reservation_of(env(), caller.shop, _message(token)))


@operation(
    "POST",
    "/reservations/<token>/use",
    scope=Scope.ORDERS_WRITE,
    summary="End a reservation with an order",
    given=Used,
    answer=ReservationShown,
    blueprint=blueprint,
)
def use(caller: Caller, given: Used, *, token: str) -> ReservationShown:
    """The units were bought; the purchase is counted, too. 409 `passed`, `used` or `released` for
    one that is over."""
    return _answer(reserve.use_reservation(env(), caller.shop, _message(token), ref=given.order))


def _message(token: str) -> int:
    try:
        return env().signer.read(token, purpose=Purpose.PRODUCT, now=env().now()).subject
    except BadToken as error:
        raise NotFound("There is no such reservation in this shop.") from error


def _answer(one: Reservation) -> ReservationShown:
    return ReservationShown(
        valid=one.is_valid,
        state=one.state,
        variant=one.variant,
        units=one.units,
        until=one.until,
    )

"""How does a shop's own server put people on the list, see who waits, and take them off?"""

from __future__ import annotations

from typing import Literal

from flask import Blueprint
from pydantic import Field

from notifier.domain.subscription import Origin
from notifier.errors import InvalidInput
from notifier.i18n import choose_locale
from notifier.metrics import SIGN_UPS
from notifier.services.consent import Circumstances
from notifier.services.subscribe import SignUp, subscribe
from notifier.web.api.access import Caller, Scope
from notifier.web.api.operation import operation
from notifier.web.api.shapes import Key, Shape
from notifier.web.here import env

blueprint = Blueprint("subscriptions", __name__)


class NewSubscription(Shape):
    """Somebody to put on the list: one of `email` and `phone`, one of `variant` and `product`."""

    variant: Key = Field("", description="The shop's own variant id, or a sku.")
    product: Key = Field("", description="The shop's own product id.")
    email: str | None = Field(None, max_length=10_000)
    phone: str | None = Field(None, max_length=10_000)
    quantity: int = Field(1, description="How many are wanted.")
    locale: str = Field("", max_length=35, description="Language of messages, such as de.")
    any_variant: bool = Field(False, description="Any variant of the product will do.")
    physical_only: bool = Field(False, description="Do not tell about backorder.")
    accepts_marketing: bool = False
    consent_text_id: str = Field("", max_length=128, description="The wording that was shown.")
    page_url: str = Field("", max_length=4000)
    time_zone: str = Field("", max_length=64, description="Such as Europe/Berlin.")
    confirmed: bool = Field(
        False,
        description="The shop vouches that this person asked for it: no confirmation by link. "
        "Needs the scope consent:assert and evidence.",
    )
    evidence: str = Field(
        "", max_length=4000, description="Where and how the person agreed; kept as proof."
    )


class Stored(Shape):
    """`created`: a new subscription. `known`: this address waits for this already."""

    status: Literal["created", "known"]
    id: int | None


@operation(
    "POST",
    "/subscriptions",
    scope=Scope.SUBSCRIPTIONS_WRITE,
    summary="Put somebody on the list",
    given=NewSubscription,
    answer=Stored,
    status=201,
)
def create_by_key(caller: Caller, given: NewSubscription) -> tuple[Stored, int]:
    """Without `confirmed` the person is asked to confirm by link, as in the widget. 409
    `available` when it can be bought now, `discontinued` when it will not come back."""
    if given.confirmed:
        caller.need(Scope.CONSENT_ASSERT)
        if not given.evidence.strip():
            raise InvalidInput.of(
                "evidence", "missing", "confirmed needs evidence: where and how they agreed."
            )
    shop = caller.shop
    ask = SignUp(
        variant=given.variant,
        product=given.product,
        email=given.email,
        phone=given.phone,
        quantity=given.quantity,
        locale=choose_locale(given.locale or shop.config.locale, shop.config.locales),
        any_variant=given.any_variant,
        physical_only=given.physical_only,
        accepts_marketing=given.accepts_marketing,
        consent_text_id=given.consent_text_id,
        time_zone=given.time_zone,
        origin=Origin.API,
        circumstances=Circumstances(page_url=given.page_url, origin=caller.name),
        confirmed=given.confirmed,
        evidence=given.evidence.strip(),
    )
    made = subscribe(env(), shop, ask)
    SIGN_UPS.labels(answer="api").inc()
    if made is None:
        return Stored(status="known", id=None), 200
    return Stored(status="created", id=made), 201

"""How does a shop's own server put people on the list, see who waits, and take them off?"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Annotated, Literal

from flask import Blueprint
from pydantic import Field

from notifier.domain.message import Medium
from notifier.domain.scope import Scope
from notifier.domain.subscription import Origin, SubscriptionState
from notifier.errors import InvalidInput
from notifier.i18n import choose_locale
from notifier.metrics import SIGN_UPS
from notifier.services.consent import Circumstances
from notifier.services.list_subscriptions import (
    Filter,
    Listed,
    end_of_address,
    end_of_shop,
    list_subscriptions,
)
from notifier.services.subscribe import subscribe
from notifier.services.wanted import SignUp
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.shapes import BIGGEST_ID, Key, Nothing, Page, Shape
from notifier.web.here import env

blueprint = Blueprint("subscriptions", __name__)


class NewSubscription(Shape):
    """Somebody to put on the list: one of `email` and `phone`, one of `variant` and `product`."""

    variant: Key = Field("", description="The shop's own variant id, or a sku.", examples=["4711"])
    product: Key = Field("", description="The shop's own product id.")
    email: str | None = Field(None, max_length=10_000, examples=["ann@post.example"])
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
    tags: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        [], max_length=20, description="Such as vip; see first_tags in the release rules."
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
        tags=tuple(one.strip() for one in given.tags),
    )
    made = subscribe(env(), shop, ask)
    SIGN_UPS.labels(answer="api").inc()
    if made is None:
        return Stored(status="known", id=None), 200
    return Stored(status="created", id=made), 201


class SubscriptionQuery(Page):
    """Which subscriptions; what is left out does not matter."""

    product: Key = Field("", description="The shop's own product id.")
    variant: Key = Field("", description="The shop's own variant id.")
    state: SubscriptionState | None = None
    channel: Literal["email", "sms"] | None = None
    address: str = Field("", max_length=320, description="One e-mail address or phone number.")


class SubscriptionShown(Shape):
    """`variant` null: any variant of the product. Times are UTC."""

    id: int
    product: str
    variant: str | None
    channel: Medium
    address: str
    state: SubscriptionState
    reason: str = Field(description="Why it is over, or of the latest decision.")
    quantity: int
    locale: str
    origin: str
    physical_only: bool
    accepts_marketing: bool
    created_at: datetime
    confirmed_at: datetime | None
    told_at: datetime | None
    paused_until: datetime | None
    ended_at: datetime | None
    expires_at: datetime


class SubscriptionPage(Shape):
    """`next`: give it as `after` for the next page; null on the last one."""

    subscriptions: list[SubscriptionShown]
    next: int | None


@operation(
    "GET",
    "/subscriptions",
    scope=Scope.SUBSCRIPTIONS_READ,
    summary="See who is on the list",
    given=SubscriptionQuery,
    answer=SubscriptionPage,
    blueprint=blueprint,
)
def list_page(caller: Caller, given: SubscriptionQuery) -> SubscriptionPage:
    """In the order in which they were stored."""
    rows = list_subscriptions(
        env(),
        caller.shop,
        Filter(
            product=given.product,
            variant=given.variant,
            state=given.state or "",
            medium=given.channel or "",
        ),
        address=given.address,
        after=given.after,
        limit=given.limit + 1,
    )
    shown, more = rows[: given.limit], len(rows) > given.limit
    return SubscriptionPage(
        subscriptions=[_show(row) for row in shown], next=shown[-1].id if more else None
    )


def _show(row: Listed) -> SubscriptionShown:
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    del values["product_title"], values["variant_title"]  # a shop's software knows its names
    values["channel"] = values.pop("medium")
    values["reason"] = values.pop("ended_reason") or values["reason"]
    return SubscriptionShown(**values)


class Ended(Shape):
    """How many were ended by this call."""

    ended: int


@operation(
    "DELETE",
    "/subscriptions/<int:subscription_id>",
    scope=Scope.SUBSCRIPTIONS_WRITE,
    summary="Take one subscription off the list",
    given=Nothing,
    answer=Ended,
    blueprint=blueprint,
)
def end_one(caller: Caller, _given: Nothing, *, subscription_id: int) -> Ended:
    """From the answer on nothing more is sent for it. Done twice it ends none."""
    id_ = min(subscription_id, BIGGEST_ID)
    return Ended(ended=int(end_of_shop(env(), caller.shop, id_, method=caller.name)))


class AddressGiven(Shape):
    """Whom."""

    address: str = Field(
        min_length=1, max_length=320, description="An e-mail address or phone number."
    )


@operation(
    "DELETE",
    "/subscriptions",
    scope=Scope.SUBSCRIPTIONS_WRITE,
    summary="Take an address off the list",
    given=AddressGiven,
    answer=Ended,
    blueprint=blueprint,
)
def end_address(caller: Caller, given: AddressGiven) -> Ended:
    """Ends all that the address waits for in this shop. It may sign up again. `notifier erase`
    deletes what is stored about an address."""
    return Ended(ended=end_of_address(env(), caller.shop, given.address, method=caller.name))

"""What does a browser say when somebody signs up in the widget, and what is asked for by it?"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from notifier.domain.subscription import Origin
from notifier.i18n import choose_locale
from notifier.services.consent import Circumstances
from notifier.services.env import ShopRef
from notifier.services.wanted import SignUp
from notifier.web.read_json import as_model, parse_json


class SubscribeBody(BaseModel):
    """The body of POST /api/v1/subscriptions from a browser. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(max_length=255)
    variant: str = Field("", max_length=255)
    product: str = Field("", max_length=255)
    email: str | None = Field(None, max_length=10_000)
    phone: str | None = Field(None, max_length=10_000)
    quantity: int = 1
    locale: str = Field("", max_length=35)
    any_variant: bool = False
    physical_only: bool = False
    accepts_marketing: bool = False
    consent_text_id: str = Field("", max_length=128)
    page_url: str = Field("", max_length=4000)
    time_zone: str = Field("", max_length=64)
    website: str = Field("", max_length=4000)  # honeypot: people leave it empty
    pow: str | None = Field(None, max_length=4000)


def read_sign_up(raw: bytes) -> SubscribeBody:
    """Raises what read_json raises: errors.InvalidInput, or an answer of 400."""
    return as_model(SubscribeBody, _named_alike(parse_json(raw)))


def _named_alike(value: Any) -> Any:
    """Ids that shops keep as numbers are taken as text; nothing else is converted."""
    if isinstance(value, dict):
        for name in ("variant", "product"):
            if isinstance(value.get(name), int) and not isinstance(value.get(name), bool):
                value[name] = str(value[name])
    return value


def locale_of(shop: ShopRef, body: SubscribeBody) -> str:
    return choose_locale(body.locale or shop.config.locale, shop.config.locales)


def sign_up_of(
    shop: ShopRef, body: SubscribeBody, *, circumstances: Circumstances, has_worked: bool
) -> SignUp:
    """What is asked for."""
    return SignUp(
        variant=body.variant,
        product=body.product,
        email=body.email,
        phone=body.phone,
        quantity=body.quantity,
        locale=locale_of(shop, body),
        any_variant=body.any_variant,
        physical_only=body.physical_only,
        accepts_marketing=body.accepts_marketing,
        consent_text_id=body.consent_text_id,
        time_zone=body.time_zone,
        origin=Origin.WIDGET,
        circumstances=circumstances,
        has_worked=has_worked,
    )

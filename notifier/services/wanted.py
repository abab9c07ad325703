"""What does somebody ask for who signs up, and what is stored of it?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from notifier.domain.quiet_hours import known_zone
from notifier.domain.stock import Stock
from notifier.domain.subscription import Origin, SubscriptionState
from notifier.errors import InvalidInput, NotFound
from notifier.i18n import choose_locale
from notifier.log import log
from notifier.services.consent import Circumstances
from notifier.services.env import Env, ShopRef
from notifier.store import catalogue, people
from notifier.store.catalogue import VariantRow
from notifier.store.session import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """What somebody asks for: by one of `email` and `phone`, one of `variant` and `product`."""

    variant: str = ""
    product: str = ""
    email: str | None = None
    phone: str | None = None
    quantity: int = 1
    locale: str = ""
    any_variant: bool = False
    physical_only: bool = False
    accepts_marketing: bool = False
    consent_text_id: str = ""
    time_zone: str = ""
    origin: Origin = Origin.WIDGET
    circumstances: Circumstances = field(default_factory=Circumstances)
    has_worked: bool = False  # a valid proof of work came with it
    confirmed: bool = False  # an API key vouches for the consent (trust CP-13)
    evidence: str = ""
    tags: tuple[str, ...] = ()  # from the shop's own software or an import only
    created_at: datetime | None = None  # an import keeps places in line


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: one variant, or any of a product (`variant` is then one of them)."""

    product_id: int
    variant_id: int | None
    variants: list[VariantRow]


def zone_of(ask: SignUp) -> str:
    """Where the browser says it is; empty, and logged, for what is no place's time zone."""
    if ask.time_zone and not known_zone(ask.time_zone):
        log.info("time zone ignored: not known", zone=ascii(ask.time_zone[:64]))
        return ""
    return ask.time_zone


def find_wanted(tx: Transaction, shop: ShopRef, ask: SignUp) -> Wanted:
    """What is asked for. Raises errors.NotFound alike for unknown, unpublished and opted out."""
    variant = catalogue.find_variant(tx, shop.id, ask.variant) if ask.variant else None
    product_id = variant.product_id if variant else None
    if ask.product:
        named = catalogue.find_product_id(tx, shop.id, ask.product)
        if variant is not None and named != variant.product_id:
            raise InvalidInput.of(
                "variant", "not_of_product", f"{ask.variant!r} is not a variant of {ask.product!r}."
            )
        product_id = named
    if not (ask.variant or ask.product):
        raise InvalidInput.of("variant", "missing", "Name the variant, or the product.")
    field = "variant" if ask.variant else "product"
    if product_id is None or (ask.variant and variant is None):
        raise NotFound("This product cannot be waited for.", field=field)
    siblings = [variant] if variant else catalogue.variants_of(tx, product_id)
    if ask.any_variant and variant:
        siblings = catalogue.variants_of(tx, product_id)
    open_to = [one for one in siblings if one.may_be_asked_for]
    if not open_to or (variant and not variant.may_be_asked_for):
        raise NotFound("This product cannot be waited for.", field=field)
    wants_any = ask.any_variant or variant is None
    if wants_any and len(open_to) == 1:
        return Wanted(product_id=product_id, variant_id=open_to[0].id, variants=open_to)
    if wants_any or variant is None:
        return Wanted(product_id=product_id, variant_id=None, variants=open_to)
    return Wanted(product_id=product_id, variant_id=variant.id, variants=[variant])


def eta_now(beliefs: dict[int, Stock], wanted: Wanted) -> str:
    """The ETA as the person saw it, so that only a real change is told later."""
    if wanted.variant_id is None:
        return ""
    belief = beliefs.get(wanted.variant_id)
    return (belief.eta.iso() or "") if belief and belief.eta else ""


def new_subscription(
    env: Env,
    shop: ShopRef,
    ask: SignUp,
    *,
    contact_id: int,
    medium: str,
    wanted: Wanted,
    waits_at_once: bool,
    eta_told: str,
) -> dict[str, Any]:
    """The columns of its row. `waits_at_once`: no confirmation is needed."""
    now = env.now()
    lifetime = (
        shop.config.subscription_lifetime if waits_at_once else env.config.retention.unconfirmed
    )
    state = SubscriptionState.WAITING if waits_at_once else SubscriptionState.UNCONFIRMED
    return {
        "shop_id": shop.id,
        "contact_id": contact_id,
        "product_id": wanted.product_id,
        "variant_id": wanted.variant_id,
        "target": people.target_of(variant_id=wanted.variant_id, product_id=wanted.product_id),
        "medium": medium,
        "locale": choose_locale(ask.locale or shop.config.locale, shop.config.locales),
        "quantity": ask.quantity,
        "physical_only": ask.physical_only,
        "accepts_marketing": ask.accepts_marketing,
        "state": state.value,
        "origin": ask.origin.value,
        "page_url": ask.circumstances.page_url[:2000],
        "created_at": ask.created_at or now,
        "asked_at": now,
        "confirmed_at": now if waits_at_once else None,
        "expires_at": now + lifetime,
        "eta_told": eta_told,
    }

"""What is missing or wrong in the settings of one shop? Asks nobody outside."""

from __future__ import annotations

from collections.abc import Iterator

from notifier.config import Shop
from notifier.connectors.base import Finding
from notifier.domain.message import Medium
from notifier.services.check_values import check_values
from notifier.services.env import Env, ShopRef
from notifier.services.write_message import media_of

_WANTED = (
    ("postal_address", "The law wants a postal address in every mail."),
    ("privacy_url", "The widget should link to the shop's privacy notice."),
    ("support_email", "Customers have nobody to write to."),
)


def check_shop(env: Env, shop: ShopRef) -> list[Finding]:
    """Every finding; where there is none, that all is well."""
    own = shop.config
    about = f"shops.{shop.slug}"
    found = [
        *_channels(env, shop, about),
        *_origins(own, about),
        *_wanted(own, about),
        *check_values(own, about=about),
        *_sender(env, shop, about),
        *_word_of_stock(own, about),
    ]
    return found or [Finding.ok(about, f"{own.name}: {len(own.origins)} origins")]


def _channels(env: Env, shop: ShopRef, about: str) -> Iterator[Finding]:
    own = shop.config
    for field, channel in (("mail_channel", own.mail_channel), ("sms_channel", own.sms_channel)):
        if channel and channel not in env.config.channels:
            works = field == "mail_channel" and media_of(env, shop)
            yield (Finding.warn if works else Finding.bad)(
                f"{about}.{field}",
                f"There is no channel {channel!r}.",
                advice=f"Add [channels.{channel}], or correct the name.",
            )
    if not media_of(env, shop):
        advice = "Set mail_channel or sms_channel."
        yield Finding.bad(about, "This shop can reach nobody.", advice=advice)


def _origins(own: Shop, about: str) -> Iterator[Finding]:
    if not own.origins:
        yield Finding.bad(
            f"{about}.origins",
            "The widget may run nowhere.",
            advice='List the addresses of the shop, e.g. origins = ["https://shop.example"].',
        )
    for origin in own.origins:
        if origin.startswith("http://") and "localhost" not in origin and "127.0.0.1" not in origin:
            advice = "If shoppers use https, write that: a browser's origin must match exactly."
            yield Finding.warn(f"{about}.origins", f"{origin} is not https.", advice=advice)


def _wanted(own: Shop, about: str) -> Iterator[Finding]:
    for field, why in _WANTED:
        if not getattr(own, field):
            yield Finding.warn(f"{about}.{field}", why, advice=f"Set {field}.")


def _sender(env: Env, shop: ShopRef, about: str) -> Iterator[Finding]:
    if Medium.EMAIL.value in media_of(env, shop) and not shop.config.sender:
        yield Finding.warn(
            f"{about}.sender",
            "Mail goes out under the channel's own From.",
            advice="Set sender so that customers see the shop's name.",
        )


def _word_of_stock(own: Shop, about: str) -> Iterator[Finding]:
    if bool(own.shopify_secrets) != bool(own.shopify_domain):
        yield Finding.bad(
            f"{about}.shopify_domain",
            "Shopify's webhooks are refused.",
            advice="Set shopify_domain and shopify_secrets, both or neither.",
        )
    signed = (own.push_secrets, own.shopify_secrets, own.woocommerce_secrets)
    if not own.sources and not own.keys and not any(signed):
        yield Finding.bad(
            f"{about}.sources",
            "Nothing says what is in stock.",
            advice="Add a source, or a key for POST /api/v1/stock.",
        )

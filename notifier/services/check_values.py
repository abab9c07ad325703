"""Which of a shop's settings are words that nothing here understands?

They are no errors of form, so the service runs with them; what they were meant for would not
happen, and nobody would know why.
"""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parseaddr

from notifier.config import Shop
from notifier.connectors.base import Finding
from notifier.domain.mail_address import normalise_email
from notifier.domain.money import read_currency
from notifier.errors import InvalidInput
from notifier.i18n import available_locales
from notifier.services.hook_out import HOOK_EVENTS


def check_values(shop: Shop, *, about: str) -> Iterator[Finding]:
    """What is wrong with the words of one shop's settings; nothing when all is well."""
    for locale in shop.locales:
        if locale.partition("-")[0] not in available_locales():
            yield Finding.warn(
                f"{about}.locales",
                f"There are no texts in {locale!r}; customers would read English.",
                advice=f"Take some of {', '.join(available_locales())}, or add the language.",
            )
    if shop.locale not in shop.locales:
        yield Finding.warn(
            f"{about}.locale",
            f"{shop.locale!r} is not among the shop's locales.",
            advice="Add it to locales, or name one of them.",
        )
    if shop.currency and read_currency(shop.currency) != shop.currency:
        yield Finding.warn(
            f"{about}.currency",
            f"{shop.currency!r} is not a currency of ISO 4217.",
            advice="Write it as EUR, USD or GBP.",
        )
    for field in ("country", "sms_countries"):
        codes = (shop.country,) if field == "country" else shop.sms_countries
        for code in codes:
            if not _is_country(code):
                yield Finding.warn(
                    f"{about}.{field}",
                    f"{code!r} is not a country whose phone numbers are known.",
                    advice="Write two capital letters such as US, GB or DE.",
                )
    yield from _addresses(shop, about)
    for name, webhook in shop.webhooks.items():
        for event in webhook.events:
            if event not in ("*", *HOOK_EVENTS):
                yield Finding.bad(
                    f"{about}.webhooks.{name}.events",
                    f"{event!r} is no event, so it never comes.",
                    advice=f"Take some of {', '.join(HOOK_EVENTS)}, or * for all.",
                )
    if shop.logo_url and not shop.logo_url.startswith("https://"):
        yield Finding.warn(
            f"{about}.logo_url",
            "Mail programs do not show pictures that are not on https.",
            advice="Give an https address.",
        )


def _addresses(shop: Shop, about: str) -> Iterator[Finding]:
    for field in ("sender", "reply_to", "support_email"):
        written = str(getattr(shop, field))
        if written and not _is_address(written):
            yield Finding.bad(
                f"{about}.{field}",
                f"{written!r} is not a mail address.",
                advice="Write hello@kettle.example, with a name before it: Kettle <hello@…>.",
            )
    for field in ("url", "privacy_url"):
        written = str(getattr(shop, field))
        if written and not written.startswith(("https://", "http://")):
            yield Finding.bad(
                f"{about}.{field}",
                f"{written!r} is not a web address, so nothing links to it.",
                advice="Write https://kettle.example/….",
            )


def _is_country(code: str) -> bool:
    from phonenumbers import SUPPORTED_REGIONS

    return code in SUPPORTED_REGIONS


def _is_address(written: str) -> bool:
    try:
        normalise_email(parseaddr(written)[1])
    except InvalidInput:
        return False
    return True

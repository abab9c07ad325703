"""What is a product called, and what does it cost, in the reader's language?"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from notifier.i18n import format_money
from notifier.store.catalogue import VariantRow


def in_language(titles: Mapping[str, str], locale: str) -> str:
    """The title in this language or its base language; empty when there is none."""
    return titles.get(locale) or titles.get(locale.partition("-")[0]) or ""


def product_title(variant: VariantRow, locale: str) -> str:
    """What the product is called, in the reader's language where the shop has it."""
    return (
        in_language(variant.product_titles, locale)
        or variant.product_title
        or variant.title
        or variant.key
    )


def variant_title(variant: VariantRow, locale: str) -> str:
    """What tells the variant from its siblings; empty when nothing does."""
    return in_language(variant.titles, locale) or variant.title


@lru_cache(maxsize=1024)
def money(amount: Decimal | None, currency: str, locale: str) -> str:
    """The price in words of the language; empty when the shop did not say it."""
    if amount is None or not currency:
        return ""
    return format_money(amount, currency, locale)

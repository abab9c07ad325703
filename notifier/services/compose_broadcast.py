"""What does a reader get of a message to all who wait?"""

from __future__ import annotations

from typing import Any

from notifier.domain.broadcast import (
    OTHERWISE,
    TEXTS,
    Wording,
    chosen_language,
    filled,
    is_to_all_of_product,
    paragraphs,
)
from notifier.i18n import section
from notifier.rendering.filters import truncate
from notifier.services.env import ShopRef
from notifier.services.product_words import product_title, variant_title
from notifier.store.catalogue import VariantRow
from notifier.store.events import EventRow

LONGEST_NAME = 40  # in a text message


def news_of(
    shop: ShopRef, event: EventRow | None, variant: VariantRow, *, locale: str
) -> dict[str, Any]:
    """The values `news` and `paragraphs`; empty where nothing was written."""
    facts = event.facts if event else {}
    texts = facts.get(TEXTS) or {}
    language = chosen_language(texts, locale, otherwise=str(facts.get(OTHERWISE, "")))
    if not language:
        return {}
    return written_news(
        shop,
        Wording(**texts[language]),
        variant,
        locale=locale,
        whole_product=is_to_all_of_product(facts),
    )


def written_news(
    shop: ShopRef, wording: Wording, variant: VariantRow, *, locale: str, whole_product: bool
) -> dict[str, Any]:
    """The same for a wording that may not be sent yet.

    Where others may read it, a discreet shop does not name the product.
    """
    name = product_title(variant, locale)
    own = "" if whole_product else variant_title(variant, locale)
    full = f"{name} ({own})" if own and own != name else name
    seen = section(locale, "mail")["item"] if shop.config.discreet else full
    short = wording.short.strip() or wording.subject
    return {
        "news": {
            "subject": filled(wording.subject, seen),
            "short": filled(short, truncate(seen, LONGEST_NAME, "...")),
        },
        "paragraphs": [{"text": filled(line, full)} for line in paragraphs(wording.text)],
    }

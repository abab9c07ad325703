"""Can this observation be written down as it is?

Connectors and the API clean what they read. This is the last gate, for all of them and for those
of strangers: one row that a database would refuse must not take the whole look with it (trust
RL-20), and SQLite must not keep what PostgreSQL cannot.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from notifier.domain.observation import Observation
from notifier.domain.quantity import MAX_UNITS

LONGEST_KEY = 255
LONGEST_TEXT = 4_000
DEAREST = Decimal(10) ** 12


def is_storable_key(key: str) -> bool:
    """Whether a variant can be kept under this id."""
    return 0 < len(key) <= LONGEST_KEY and _clean(key) == key


def storable(one: Observation) -> Observation:
    """The observation without what no database keeps; the same object when nothing is wrong.

    An id that cannot be kept is left out, except the variant's own: ask `is_storable_key` first.
    """
    product_key = one.product_key if is_storable_key(one.product_key) else ""
    changed = replace(
        one,
        sku=one.sku if is_storable_key(one.sku) else "",
        product_key=product_key,
        title=_clean(one.title),
        variant_title=_clean(one.variant_title),
        url=_clean(one.url),
        image_url=_clean(one.image_url),
        options=tuple((_clean(name), _clean(value)) for name, value in one.options),
        alternatives=tuple(key for key in one.alternatives if is_storable_key(key)),
        quantity=None if one.quantity is None else max(min(one.quantity, MAX_UNITS), -MAX_UNITS),
        price=_money(one.price),
        regular_price=_money(one.regular_price),
        currency=one.currency if len(one.currency) <= 3 else "",
        eta=replace(one.eta, text=_clean(one.eta.text)) if one.eta else None,
    )
    return one if changed == one else changed


def _clean(text: str) -> str:
    """Without NUL and halves of characters, and not longer than any text need be."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if not text.isascii():
        text = text.encode("utf-8", "ignore").decode("utf-8")
    return text[:LONGEST_TEXT]


def _money(amount: Decimal | None) -> Decimal | None:
    if amount is None or not amount.is_finite() or abs(amount) >= DEAREST:
        return None
    return amount

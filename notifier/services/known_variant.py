"""Which variant of a shop is meant by what somebody gave?"""

from __future__ import annotations

from notifier.errors import NotFound
from notifier.services.env import ShopRef
from notifier.store import catalogue
from notifier.store.catalogue import VariantRow
from notifier.store.session import Transaction


def known_variant(tx: Transaction, shop: ShopRef, given: str) -> VariantRow:
    """`given`: its key, or a sku that only it has. Raises errors.NotFound."""
    found = catalogue.find_variant(tx, shop.id, given)
    if found is None:
        raise NotFound(f"There is no variant {given[:80]!r} in this shop.", field="variant")
    return found

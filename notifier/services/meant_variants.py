"""Which of our variants does a shop's system mean by its own id and the sku?

A shop knows its variants by what its feed calls them: the system's ids, the skus, or something else
with the sku beside it. Where ids and skus are numbers, one may look like the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from notifier.services.env import ShopRef
from notifier.store import catalogue, skus
from notifier.store.session import Transaction


class MeantVariants:
    """Asked for many at once. `rows`: those of our variants that could be meant, by their keys."""

    def __init__(self, tx: Transaction, shop: ShopRef, asked: Sequence[tuple[str, str]]) -> None:
        names = {name for one in asked for name in one if name}
        self._by_sku = skus.keys_by_sku(tx, shop.id, (sku for _, sku in asked))
        wanted = names.union(*self._by_sku.values()) if self._by_sku else names
        self.rows = catalogue.find_variants_by_key(tx, shop.id, wanted)

    def keys(self, id_: str, sku: str) -> list[str] | None:
        """Their keys; none where it is new to us, None where it cannot be said: several have the
        sku, or the id is that of one and the sku that of another.

        The same article may be known twice, by its id and by its sku. An id that only looks like
        the sku of another article is none: who is known by the sku is known by it.
        """
        row = self.rows.get(id_)
        twin = self.rows.get(sku) if sku else None
        by_sku = [sku] if twin is not None and twin.sku in ("", sku) else []
        if row is not None and row.sku == sku != "":
            return list(dict.fromkeys([id_, *by_sku]))
        others = [key for key in self._by_sku.get(sku, ()) if key != sku]
        contradicted = row is not None and row.sku not in ("", row.key)
        if len(others) > 1 or (others and contradicted):
            return None
        if others or by_sku:
            return [*others, *by_sku]
        return [id_] if row is not None and row.sku != row.key else []

"""What does a variant that does not say it take from its product?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from notifier.connectors.reading.columns import Field

_FROM_PRODUCT = (
    Field.TITLE, Field.URL, Field.IMAGE_URL, Field.PRICE, Field.CURRENCY, Field.ETA,
)  # fmt: skip


def inherit(values: dict[Field, Any], parent: Mapping[Field, Any], *, alone: bool) -> None:
    """What a variant does not say its product does. `alone`: the product has no other variant."""
    for field in _FROM_PRODUCT:
        if field in parent:
            values.setdefault(field, parent[field])
    own_id = parent.get(Field.KEY) or parent.get(Field.SKU) or parent.get(Field.PRODUCT_KEY)
    values.setdefault(Field.PRODUCT_KEY, own_id)
    title = values.get(Field.TITLE)
    if own_id and Field.KEY not in values and Field.SKU not in values:
        values[Field.KEY] = own_id if alone or not title else f"{own_id}/{title}"
    if parent.get(Field.TITLE) and title != parent[Field.TITLE]:
        values[Field.VARIANT_TITLE] = title
        values[Field.TITLE] = parent[Field.TITLE]

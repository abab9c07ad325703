"""What did one look at a source show for one variant?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from notifier.domain.availability import Availability
from notifier.domain.eta import Eta


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One variant as one source showed it.

    `key` is the shop's own variant id, `sku` an alias, `product_key` the parent's id (empty: the
    variant is its own product). `quantity` is what can be sold, None where the source does not
    say. Prices are decimal amounts in `currency` (ISO 4217, empty when the source gives none);
    `price` is what one pays now, `regular_price` the struck-out one. `observed_at` is the source's
    own time for this row, None to mean the time of the look. Empty text means "not said": it never
    overwrites what another look said.
    """

    key: str
    availability: Availability
    sku: str = ""
    product_key: str = ""
    quantity: int | None = None
    eta: Eta | None = None
    price: Decimal | None = None
    currency: str = ""
    regular_price: Decimal | None = None
    title: str = ""
    variant_title: str = ""
    url: str = ""
    image_url: str = ""
    options: tuple[tuple[str, str], ...] = ()
    alternatives: tuple[str, ...] = ()
    observed_at: datetime | None = None
    warnings: tuple[str, ...] = ()

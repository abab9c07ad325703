"""What does a page's markup offer? One `Offered` for each product or variant it names."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from notifier.domain.availability import Availability
from notifier.domain.eta import Eta


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One product or variant as the markup shows it.

    `ids` are all names it answers to (sku, mpn, GTIN, variant number in its URL), `sku` the best
    of them. `summed`: the answer covers several variants or sellers at once ("in stock" then means
    "at least one is"), so it is no answer for one variant. `family` is the same for all variants
    of one product. `has_offer` tells "an offer that does
    not say" from "no offer at all". `stated` is False when the markup says nothing of availability.
    `is_main`: the page itself says that it is about this one.
    """

    source: str
    sku: str = ""
    ids: frozenset[str] = frozenset()
    group: str = ""
    family: str = ""
    title: str = ""
    variant_title: str = ""
    urls: tuple[str, ...] = ()
    image_url: str = ""
    options: tuple[tuple[str, str], ...] = ()
    availability: Availability = Availability.UNKNOWN
    stated: bool = False
    summed: bool = False
    has_offer: bool = False
    is_main: bool = False
    quantity: int | None = None
    price: Decimal | None = None
    currency: str = ""
    regular_price: Decimal | None = None
    eta: Eta | None = None
    warnings: tuple[str, ...] = ()

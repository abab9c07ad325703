"""What does a shop system say of its own accord, by a webhook?

Products and variants go by the system's own ids here. Under which key the shop's variants are
known to us is found out by whoever takes the news.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from notifier.domain.availability import Availability
from notifier.domain.observation import Observation


class Asked(StrEnum):
    """What the system passes on that only a person can answer."""

    EXPORT = "export"  # somebody wants to know what is stored about them
    LEFT = "left"  # the shop itself has gone, and its data should


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A product or variant that was taken away, and what holds of it now.

    `with_variants`: of all the variants of the product with this id, too.
    """

    id: str
    availability: Availability
    with_variants: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Whether shoppers see a product, of whose variants nothing is said."""

    product: str
    shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """One line of an order that was placed. `ref` is the same whenever the line is told again."""

    ref: str
    variant: str
    sku: str
    at: datetime
    units: int
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopNews:
    """What one delivery says. Nothing at all is an answer, too.

    `doubtful`: ids of those in `seen` that are counted as 0 while nothing says whether they are
    counted at all; `if_known`: of those that count only where we know them. `as_of`: the moment
    that `gone` speaks of. `look_again`: something changed that this delivery does not tell.
    `called_off`: lines of orders that were cancelled, whether or not they were told before.
    `refused`: how many variants could not be read. `asks_about`: the system's number of the
    customer or shop that `asks` is about.
    """

    known: bool = True
    seen: tuple[Observation, ...] = ()
    doubtful: frozenset[str] = frozenset()
    if_known: frozenset[str] = frozenset()
    gone: tuple[Gone, ...] = ()
    listed: tuple[Listed, ...] = ()
    as_of: datetime | None = None
    bought: tuple[Bought, ...] = ()
    called_off: tuple[Bought, ...] = ()
    look_again: bool = False
    refused: int = 0
    erase: tuple[str, ...] = ()
    asks: Asked | None = None
    asks_about: str = ""

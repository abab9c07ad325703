"""What do the offers of one schema.org product say: availability, price, quantity, ETA?

Sources: schema.org/Offer, /AggregateOffer, /PriceSpecification; Google's "product structured data"
pages for priceType and member prices; WooCommerce 10.5 writes only priceSpecification.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from notifier.connectors.page_reading.availability_words import availability_word, read_words
from notifier.connectors.page_reading.page_values import read_day, read_price, read_quantity
from notifier.connectors.page_reading.schema_nodes import (
    Node,
    first_text,
    nodes_of,
    plain_name,
    text_value,
    types_of,
    values_of,
)
from notifier.domain.availability import Availability
from notifier.domain.eta import Eta

_OFFER_TYPES = frozenset({"offer", "aggregateoffer", "offerforpurchase", "demand"})
_OLD_PRICE_TYPES = frozenset({"listprice", "strikethroughprice", "srp", "msrp", "regularprice"})
_OFFER_FIELDS = ("availability", "price", "priceCurrency")
_NOT_A_PRICE = frozenset({"deliverychargespecification", "paymentchargespecification"})
# What several offers mean together: one that can be had is enough, one that does not say leaves
# open whether the others, which are gone, are all there is.
_RANK = (
    Availability.IN_STOCK,
    Availability.UNKNOWN,
    Availability.BACKORDER,
    Availability.PREORDER,
    Availability.OUT_OF_STOCK,
    Availability.DISCONTINUED,
)
_GONE = (Availability.OUT_OF_STOCK, Availability.DISCONTINUED)
_REST = "_rest"  # marks the offer that stands for those an AggregateOffer counts and does not list


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFacts:
    """What one offer, or several taken together, says."""

    availability: Availability = Availability.UNKNOWN
    stated: bool = False
    summed: bool = False
    quantity: int | None = None
    price: Decimal | None = None
    currency: str = ""
    regular_price: Decimal | None = None
    eta: Eta | None = None
    warnings: tuple[str, ...] = field(default=())


def is_offer(node: Node) -> bool:
    """An Offer or AggregateOffer; without a type, anything with a price or an availability."""
    types = types_of(node)
    if types:
        return bool(types & _OFFER_TYPES)
    return any(k in node for k in ("price", "availability", "priceSpecification", "lowPrice"))


def is_summed(offer: Node) -> bool:
    """AggregateOffer says "in stock" if any of its variants is; a sum of one is that one."""
    if first_text(offer, "offerCount") == "1":
        return False
    return "aggregateoffer" in types_of(offer) or "lowPrice" in offer


def offers_of(product: Node) -> list[Node]:
    """A product's offers, the offers inside an AggregateOffer in its place where it lists them.

    `offerCount` is "the number of offers for the product" (schema.org): where it is more than are
    listed, one offer more stands for the rest.
    """
    found: list[Node] = []
    for offer in nodes_of(product, "offers"):
        inner = [o for o in nodes_of(offer, "offers") if is_offer(o)]
        if inner:
            found.extend(_offers_inside(offer, inner))
        elif is_offer(offer):
            found.append(offer)
    return _with_own_word(product, found)


def is_rest(offer: Node) -> bool:
    """Whether it stands for offers that are counted and not listed."""
    return _REST in offer


def _with_own_word(product: Node, offers: list[Node]) -> list[Node]:
    """Shops also write the availability, and even the price, beside the offers or instead."""
    said = {name: product[name] for name in _OFFER_FIELDS if values_of(product, name)}
    if "availability" not in said or any(values_of(o, "availability") for o in offers):
        return offers
    return [{**said, **offer} for offer in offers] or [{"@type": ["Offer"], **said}]


def _offers_inside(outer: Node, listed: Sequence[Node]) -> list[Node]:
    """The listed offers with what `outer` says for all, and the rest of them as one."""
    said = values_of(outer, "availability")
    word, _ = read_words([availability_word(v) for v in said])
    counted = read_quantity(first_text(outer, "offerCount")) or 0
    missing = counted - len(listed)
    shared: dict[str, Any] = {"priceCurrency": outer.get("priceCurrency")}
    if word in _GONE or (len(listed) == 1 and missing <= 0):
        shared["availability"] = outer.get("availability")
    found: list[Node] = [{**shared, **offer} for offer in listed]
    silent = not any(values_of(offer, "availability") for offer in found)
    if missing > 0 or (silent and word is not Availability.UNKNOWN):
        found.append({"@type": ["AggregateOffer"], "availability": said, _REST: max(missing, 0)})
    return found


def read_offer(offer: Node, *, today: date | None = None) -> OfferFacts:
    """What one offer says. Never raises; what cannot be read is not said, with a warning."""
    words = [availability_word(v) for v in values_of(offer, "availability")]
    availability, problem = read_words(words)
    warnings = [problem] if problem else []
    if is_summed(offer) and availability is Availability.IN_STOCK:
        warnings.append("the offer sums up several variants: at least one of them is in stock")
    price, regular, currency = _read_prices(offer, today=today, warnings=warnings)
    quantity = _read_inventory(offer, availability=availability, warnings=warnings)
    eta = _read_eta(offer, availability=availability, today=today, warnings=warnings)
    return OfferFacts(
        availability=availability,
        stated=any(words),
        summed=is_summed(offer),
        quantity=quantity,
        price=price,
        currency=currency,
        regular_price=regular,
        eta=eta,
        warnings=tuple(warnings),
    )


def join_offers(offers: Sequence[Node], *, today: date | None = None) -> OfferFacts:
    """Several offers of one product: what holds for all is an answer, the rest is summed.

    Used and refurbished offers do not speak for the product while there are new ones.
    """
    facts = [read_offer(o, today=today) for o in _new_ones(offers)]
    hidden = sum(o[_REST] for o in offers if is_rest(o))
    if not facts:
        return OfferFacts()
    if len(facts) == 1:
        return facts[0]
    said = {f.availability for f in facts}
    best = next((a for a in _RANK if a in said), Availability.UNKNOWN)
    warnings = [w for f in facts for w in f.warnings]
    if hidden and best is Availability.UNKNOWN:
        warnings.append(f"the page counts {hidden} offers more than it lists; they may be in stock")
    of_best = [f for f in facts if f.availability is best]
    priced = of_best if any(f.price is not None for f in of_best) else facts
    cheapest = min(priced, key=lambda f: (f.price is None, f.price or Decimal(0)))
    return OfferFacts(
        availability=best,
        stated=any(f.stated for f in facts),
        summed=len(said) > 1 or any(f.summed for f in facts),
        price=cheapest.price,
        currency=cheapest.currency,
        regular_price=cheapest.regular_price,
        eta=cheapest.eta,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _new_ones(offers: Sequence[Node]) -> list[Node]:
    def is_new(offer: Node) -> bool:
        condition = first_text(offer, "itemCondition")
        return not condition or "new" in plain_name(condition).casefold()

    return [o for o in offers if is_new(o)] or list(offers)


def _read_prices(
    offer: Node, *, today: date | None, warnings: list[str]
) -> tuple[Decimal | None, Decimal | None, str]:
    """(what one pays now, the struck-out price, ISO 4217)."""
    specs = [s for s in nodes_of(offer, "priceSpecification") if _is_for_all(s, today=today)]
    old = [s for s in specs if _price_type(s) in _OLD_PRICE_TYPES]
    current = [s for s in specs if _price_type(s) not in _OLD_PRICE_TYPES]
    current.sort(key=lambda s: _price_type(s) != "saleprice")
    for node in [offer, *current, *old]:
        text = first_text(node, "price", "lowPrice", "minPrice")
        if not text:
            continue
        stated = first_text(node, "priceCurrency") or first_text(offer, "priceCurrency")
        price, currency, problem = read_price(text, currency=stated)
        if problem:
            warnings.append(problem)
        if price is None:
            continue
        regular = None
        for spec in old:
            before, _, _ = read_price(first_text(spec, "price"), currency=currency)
            if before is not None and before > price:
                regular = before
        return price, regular, currency
    return None, None, ""


def _price_type(spec: Node) -> str:
    return plain_name(first_text(spec, "priceType")).casefold()


def _is_for_all(spec: Node, *, today: date | None) -> bool:
    """Not a delivery charge, not for members only, not a price that begins later."""
    if types_of(spec) & _NOT_A_PRICE or "validForMemberTier" in spec:
        return False
    least = nodes_of(spec, "eligibleQuantity")
    if least and (read_quantity(first_text(least[0], "minValue", "value")) or 1) > 1:
        return False
    begins = read_day(first_text(spec, "validFrom"))
    return not (today and begins and begins.earliest and begins.earliest > today)


def _read_inventory(offer: Node, *, availability: Availability, warnings: list[str]) -> int | None:
    for value in values_of(offer, "inventoryLevel"):
        quantity = read_quantity(text_value(value))
        if quantity is None:
            continue
        if quantity == 0 and availability is Availability.IN_STOCK:
            warnings.append("the markup says in stock with inventoryLevel 0; the 0 is ignored")
            return None
        return quantity
    return None


def _read_eta(
    offer: Node, *, availability: Availability, today: date | None, warnings: list[str]
) -> Eta | None:
    text = first_text(offer, "availabilityStarts", "availability_date", "availabilityDate")
    if not text:
        return None
    eta = read_day(text)
    if eta is None:
        warnings.append(f"the date {text!r} in availabilityStarts cannot be read")
        return None
    if availability is not Availability.IN_STOCK:
        return eta
    if today and eta.earliest and eta.earliest > today:
        warnings.append(f"the markup says in stock, but available only from {text!r}")
        return eta
    return None

"""What do the answers of marketplaces and tills mean where a plain reading would be wrong?

Mirakl, bol, Allegro, Mercado Libre, Walmart and Square. Sources: the systems' API references.
"""

from __future__ import annotations

from notifier.connectors.reading.columns import Field
from notifier.connectors.reading.hosted_answers import Item, System, Values, member
from notifier.domain.availability import Availability

_NOT_OFFERED = frozenset(["inactive", "ended", "paused", "closed", "under_review"])

# One of these is in every item that is spoken of here.
MARKS = frozenset(
    [
        "shop_sku", "onHoldByRetailer", "publication", "available_quantity", "publishedStatus",
        "catalog_object_id",
    ]
)  # fmt: skip


def _mirakl(found: Values, item: Item, outer: Item) -> None:
    """Its own ids are those of the marketplace; what is not active is not sold there."""
    found[Field.KEY] = found[Field.SKU] = item["shop_sku"]
    if item.get("active") is False:
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _bol(found: Values, item: Item, outer: Item) -> None:
    if item["onHoldByRetailer"] is True:
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _not_offered(found: Values, item: Item, outer: Item) -> None:
    """Allegro and Mercado Libre list what is ended or paused with the stock it had."""
    state = member(item, "publication").get("status", item.get("status"))
    if str(state).casefold() in _NOT_OFFERED:
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _walmart(found: Values, item: Item, outer: Item) -> None:
    """`availability` says what it would be if it were published."""
    is_active = str(item.get("lifecycleStatus", "ACTIVE")).upper() == "ACTIVE"
    if str(item["publishedStatus"]).upper() != "PUBLISHED" or not is_active:
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _square(found: Values, item: Item, outer: Item) -> None:
    """A count for each place and state; what is sold, lost or on its way adds nothing."""
    found[Field.KEY] = item["catalog_object_id"]
    if item["state"] != "IN_STOCK":
        found[Field.LOCATION] = f"{item.get('location_id')} {item['state']}"
        found[Field.QUANTITY] = 0


SYSTEMS: tuple[System, ...] = (
    (lambda i, _: bool(i.get("shop_sku")) and "offer_id" in i, _mirakl),
    (lambda i, _: "onHoldByRetailer" in i, _bol),
    (lambda i, _: "publication" in i or "available_quantity" in i, _not_offered),
    (lambda i, _: "publishedStatus" in i, _walmart),
    (lambda i, _: {"catalog_object_id", "state", "quantity"} <= i.keys(), _square),
)

"""Which of our six words does a shop's word for availability mean?

The words come from schema.org's ItemAvailability and from the Google, Meta and OpenAI feeds.
A word nobody knows is `unknown`: it never sells and never sells out.
"""

from __future__ import annotations

from enum import StrEnum


class Availability(StrEnum):
    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
    BACKORDER = "backorder"
    PREORDER = "preorder"
    DISCONTINUED = "discontinued"
    UNKNOWN = "unknown"


_WORDS = {
    Availability.IN_STOCK: (
        "instock limitedavailability limited available availablenow true yes y 1 download "
        "onlineonly madetoorder instoreandonline lowstock"
    ),
    Availability.OUT_OF_STOCK: (
        "outofstock soldout reserved unavailable notavailable notavailableforpurchase "
        "false no n 0 instoreonly outofstockonline"
    ),
    Availability.BACKORDER: "backorder backordered onbackorder availablefororder",
    Availability.PREORDER: "preorder presale preordered comingsoon",
    Availability.DISCONTINUED: "discontinued endoflife nolongeravailable",
}
_BY_WORD = {word: meaning for meaning, words in _WORDS.items() for word in words.split()}


def read_availability(word: object) -> Availability:
    """Our word for `word`: a URL (`https://schema.org/InStock`), a phrase, a boolean or a number.

    `InStoreOnly` counts as out of stock: the page cannot sell it to a customer at home.
    """
    if isinstance(word, bool):
        return Availability.IN_STOCK if word else Availability.OUT_OF_STOCK
    if not isinstance(word, (str, int)):
        return Availability.UNKNOWN
    tail = str(word).strip().rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1]
    folded = "".join(c for c in tail.casefold() if c.isalnum())
    return _BY_WORD.get(folded, Availability.UNKNOWN)

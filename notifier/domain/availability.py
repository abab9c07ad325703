"""Which of our six words does a shop's word for availability mean?

The words come from schema.org's ItemAvailability, from the Google, Meta and OpenAI feeds, and
from shops that write them in their own language.
A word nobody knows is `unknown`: it never sells and never sells out.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache


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
        "onlineonly madetoorder instoreandonline lowstock lowinstock limitedstock fewleft "
        "availableinstock instockavailable instockonline inthestock onstock buyable instocknow "
        "auflager vorrätig lieferbar sofortlieferbar verfügbar enstock disponible enexistencia "
        "disponibile opvoorraad disponível emestoque dostępny skladem вналичии естьвналичии"
    ),
    Availability.OUT_OF_STOCK: (
        "outofstock soldout reserved unavailable notavailable notavailableforpurchase "
        "false no n 0 instoreonly outofstockonline oos outstock nostock notinstock sold "
        "markassold temporarilyunavailable temporarilyoutofstock currentlyunavailable "
        "ausverkauft nichtlieferbar nichtverfügbar nichtauflager rupturedestock épuisé "
        "indisponible agotado nodisponible sinstock esaurito nondisponibile uitverkocht "
        "nietopvoorraad esgotado indisponível niedostępny vyprodáno нетвналичии"
    ),
    Availability.BACKORDER: (
        "backorder backordered onbackorder availablefororder availableonbackorder backorderable "
        "availabletoorder specialorder nachbestellt подзаказ"
    ),
    Availability.PREORDER: (
        "preorder presale preordered comingsoon availableforpreorder preorderavailable "
        "vorbestellbar vorbestellung précommande preventa prenotabile предзаказ"
    ),
    Availability.DISCONTINUED: (
        "discontinued endoflife nolongeravailable eol archived nichtmehrlieferbar descatalogado"
    ),
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
    return _read_word(str(word))


@lru_cache(maxsize=4_096)
def _read_word(word: str) -> Availability:
    tail = word.strip().rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1]
    folded = "".join(c for c in tail.casefold() if c.isalnum())
    return _BY_WORD.get(folded, Availability.UNKNOWN)


def settle_availability(
    word: Availability,
    *,
    count: int | None,
    tracked: bool | None = None,
    backorders: bool | None = None,
) -> Availability:
    """What holds when a source gives a word, a count of units, or both.

    `count` is signed and None when not given. Without a word the count decides: untracked stock
    sells, above zero sells, at or below zero it is backordered where the shop sells below zero,
    else sold out. A word stands, whatever the count says: 0 is not sold out until it is known that
    stock is counted. One exception: in stock at or below zero with backorders is a backorder.
    """
    sells_below_zero = count is not None and count <= 0 and backorders is True
    if word is Availability.IN_STOCK and sells_below_zero and tracked is not False:
        return Availability.BACKORDER
    if word is not Availability.UNKNOWN:
        return word
    if tracked is False:
        return Availability.IN_STOCK
    if count is None:
        return Availability.UNKNOWN
    if count > 0:
        return Availability.IN_STOCK
    return Availability.BACKORDER if backorders else Availability.OUT_OF_STOCK

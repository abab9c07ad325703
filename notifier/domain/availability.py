"""Which of our six words does a shop's word for availability mean?

The words come from schema.org's ItemAvailability, from the Google, Meta and OpenAI feeds, and
from shops that write them in their own language.
A word nobody knows is `unknown`: it never sells and never sells out.
"""

from __future__ import annotations

import unicodedata
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
        "readytoship "
        "auflager vorrätig vorraetig lieferbar sofortlieferbar verfügbar verfuegbar "
        "sofortverfügbar enstock disponible enexistencia disponibile immediatamentedisponibile "
        "opvoorraad leverbaar beschikbaar disponível emestoque emstock pålager ilager "
        "finnsilager tillgänglig tilgængelig tilgjengelig varastossa saatavilla "
        "dostępny wmagazynie skladem naskladě nasklade dostupné raktáron készleten elérhető "
        "înstoc disponibil stokta stoktavar mevcut διαθέσιμο άμεσαδιαθέσιμο "
        "вналичии естьвналичии наскладе внаявності євнаявності налично "
        "вналичност yrasandėlyje turime irnoliktavā pieejams laos saadaval nazalihi nazalogi "
        "nastanju dostupno dostupnoodmah σεαπόθεμα موجود "
        "متوفر متاح במלאי 在庫あり 在庫有り 有货 现货 有貨 現貨 재고있음 มีสินค้า cònhàng tersedia"
    ),
    Availability.OUT_OF_STOCK: (
        "outofstock soldout reserved unavailable notavailable notavailableforpurchase "
        "false no n 0 instoreonly outofstockonline oos outstock nostock notinstock sold "
        "markassold temporarilyunavailable temporarilyoutofstock currentlyunavailable "
        "notstocked disabled notforsale "
        "ausverkauft nichtlieferbar nichtverfügbar nichtverfuegbar nichtauflager nichtvorrätig "
        "derzeitnichtverfügbar momentannichtverfügbar rupturedestock enrupture "
        "enrupturedestock horsstock épuisé indisponible nondisponible agotado nodisponible "
        "sinstock sinexistencias fueradestock esaurito nondisponibile uitverkocht "
        "nietopvoorraad nietleverbaar nietbeschikbaar esgotado indisponível semestoque semstock "
        "ikkepålager ejilager slutilager slutsåld utsolgt udsolgt eivarastossa loppuvarastosta "
        "loppunut niedostępny brakwmagazynie wyprzedane vyprodáno nenískladem nedostupné "
        "vypredané niejenasklade elfogyott nincsraktáron stocepuizat epuizat indisponibil "
        "stoktayok tükendi εξαντλημένο μηδιαθέσιμο нетвналичии немаєвнаявності "
        "нетнаскладе неевналичност нямавналичност изчерпан nėrasandėlyje išparduota "
        "navnoliktavā navpieejams laostotsas eiolesaadaval nijedostupno nedostupno ninazalogi "
        "nemanastanju nijenastanju rasprodano rasprodato zurzeitnichtlieferbar vergriffen "
        "tijdelijkuitverkocht momentálněnedostupné mevcutdeğil εξαντλήθηκε utsåld "
        "نفدتالكمية نفذتالكمية ناموجود 入荷待ち 補貨中 일시품절 "
        "غيرمتوفر غيرمتاح נמכר אזלמהמלאי 在庫なし 在庫切れ 売り切れ 品切れ 完売 "
        "缺货 无货 售罄 缺貨 품절 สินค้าหมด hếthàng habis stokhabis"
    ),
    Availability.BACKORDER: (
        "backorder backordered onbackorder availablefororder availableonbackorder backorderable "
        "availabletoorder specialorder nachbestellt aufbestellung surcommande bajopedido "
        "sobrepedido suordinazione opbestelling sobencomenda restorder restordre "
        "availableonorder "
        "disponiblesurcommande disponiblebajopedido naobjednávku naobjednavku rendelhető lacomandă "
        "κατόπινπαραγγελίας διαθέσιμοκατόπινπαραγγελίας bestillingsvare beställningsvara "
        "tilauksesta tilattavissa restnoteret "
        "nazamówienie подзаказ підзамовлення お取り寄せ"
    ),
    Availability.PREORDER: (
        "preorder presale preordered comingsoon availableforpreorder preorderavailable "
        "vorbestellbar vorbestellen vorbestellung kommersnart précommande preventa prenotabile "
        "предзаказ передзамовлення 予約 予約受付中 预售 預購"
    ),
    Availability.DISCONTINUED: (
        "discontinued endoflife nolongeravailable eol archived nichtmehrlieferbar descatalogado"
    ),
}


def _folded(phrase: str) -> str:
    """Letters and digits alone, without case and accents: both spellings of `é` are one."""
    bare = unicodedata.normalize("NFKD", phrase.casefold())
    return "".join(c for c in bare if c.isalnum())


def _counts_below_zero(folded: str, *, word: str) -> bool:
    """A count such as `-1`, whose sign would be lost with the other marks: it is no yes."""
    if not folded.isdecimal():
        return False
    mark = unicodedata.normalize("NFKC", word.strip())[:1]
    return mark == "(" or unicodedata.category(mark) == "Pd" or mark == "\N{MINUS SIGN}"


_BY_WORD = {_folded(word): meaning for meaning, words in _WORDS.items() for word in words.split()}


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
    tail = word.strip()
    if "schema.org" in tail.casefold() or "://" in tail or tail.startswith("/"):
        tail = tail.rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1]  # yes/no is no address
    folded = _folded(tail)
    if _counts_below_zero(folded, word=tail):
        return Availability.UNKNOWN
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

"""Which column, tag or key of a shop's file means which of our fields?

Names are compared folded: lower case, letters and digits only, accents and an XML prefix such as
`g:` gone, so `Sale_Price`, `sale price` and `g:sale_price` are one name. The lists are in order
of trust: the first that holds something wins. Sources: the Google Merchant, Meta catalogue,
OpenAI product feed and Yandex YML specifications, and the exports of WooCommerce, Shopify,
Magento, BigCommerce and PrestaShop.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from notifier.errors import InvalidInput


class Field(StrEnum):
    """What a row can tell us. A merchant's `columns` setting uses these words."""

    KEY = "key"
    SKU = "sku"
    PRODUCT_KEY = "product_key"
    AVAILABILITY = "availability"
    IN_STOCK = "in_stock"
    QUANTITY = "quantity"
    ETA = "eta"
    PRICE = "price"
    SALE_PRICE = "sale_price"
    SALE_PERIOD = "sale_period"
    SALE_STARTS = "sale_starts"
    SALE_ENDS = "sale_ends"
    REGULAR_PRICE = "regular_price"
    CURRENCY = "currency"
    TITLE = "title"
    VARIANT_TITLE = "variant_title"
    URL = "url"
    IMAGE_URL = "image_url"
    TRACKED = "tracked"
    BACKORDERS = "backorders"
    ALTERNATIVES = "alternatives"
    OBSERVED_AT = "observed_at"
    COLOR = "color"
    SIZE = "size"
    MATERIAL = "material"
    LOCATION = "location"
    STATUS = "status"  # whatever AVAILABILITY took from a name under which a number is a code


MAY_BE_MAPPED = tuple(field for field in Field if field is not Field.STATUS)
_NAMES = {
    Field.KEY: "id skuid itemid offerid variantid variationid productid articleid contentid "
    "retailerid merchantitemid uniqueid identifiant artikelid iditem idproduct "
    "variantidnoneditable productidnoneditable productinternalid merchantproductid awproductid "
    "catalogobjectid",
    Field.SKU: "sku variantsku productcodesku productcode articlenumber itemnumber artikelnummer "
    "productsku sellersku merchantsku productnumber ugs artikelnummerimshop narticuloentienda "
    "artnr artno reference referenz referencia referenceno code itemcode partnumber handlesku "
    "defaultcode",
    Field.PRODUCT_KEY: "itemgroupid groupid productgroupid parentid parentsku parent handle "
    "parentproductid productgroup",
    Field.AVAILABILITY: "availability availabilitystatus stockstatus stocklevelstatus available "
    "availableforsale stockavailability inventorystatus presence verfugbarkeit lagerstatus "
    "disponibilite availabilities "
    "disponibilidad disponibilita beschikbaarheid disponibilidade dostepnosc dostupnost",
    Field.STATUS: "availability availabilitystatus stockstatus stocklevelstatus inventorystatus "
    "lagerstatus",
    # a yes or no, for those whose availability says when it will be sent
    Field.IN_STOCK: "instock isinstock isonstock isavailable salable issalable orderable vorratig "
    "auflager enstock",
    # what can be sold goes before what is in the house
    Field.QUANTITY: "quantitytosellonfacebook sellableonlinequantity sellablequantity "
    "salablequantity saleablequantity availablequantity quantityavailable availableqty "
    "availablestock freeqty qtyavailable availablenoteditable availabletosell ats "
    "afnfulfillablequantity fulfillablequantity inventorydetails "
    "quantity inventoryquantity variantinventoryqty "
    "stockquantity inventory qty stock stocklevel currentstocklevel currentstock "
    "inventorylevel stockcount qtyinstock productquantity quantityinstock inventoryqty menge "
    "bestand lagerbestand cantidad quantite quantita aantal ilosc mnozstvi existencias "
    "amountinstock unidades stuckzahl voorraad giacenza estoque",
    Field.ETA: "availabilitydate availabledate availablefrom availabilitystarts eta restockdate "
    "expecteddate expectedavailabilitydate expectedinstockdate instockdate preorderreleasedate "
    "backorderdate preorderdate dateavailable nextavailabledate backinstockdate",
    Field.PRICE: "price variantprice productprice pricevat priceinclvat pricetaxincluded "
    "regularprice baseprice unitprice pricewithvat preis preisbrutto prix precio prezzo prijs "
    "preco cena searchprice",
    Field.SALE_PRICE: "saleprice specialprice discountprice discountedprice salesprice "
    "sonderangebotspreis prixsolde preciooferta precioespecial",
    Field.SALE_PERIOD: "salepriceeffectivedate salepriceeffectiveperiod salepricedates",
    Field.SALE_STARTS: "datesalepricestarts specialpricefromdate salepricestartdate "
    "specialfromdate salestart",
    Field.SALE_ENDS: "datesalepriceends specialpricetodate salepriceenddate specialtodate saleend",
    Field.REGULAR_PRICE: "oldprice compareatprice variantcompareatprice listprice regularprice "
    "strikethroughprice priceold preciooriginal msrp rrp uvp",
    Field.CURRENCY: "currency currencyid currencycode pricecurrency wahrung devise moneda",
    Field.TITLE: "title name productname itemtitle producttitle titel titre titulo titolo "
    "produktname nombredelproducto",
    Field.VARIANT_TITLE: "varianttitle variantname",
    Field.URL: "link url producturl itemurl productlink permalink deeplink href produkturl "
    "urldelproducto origurl",
    Field.IMAGE_URL: "imagelink imageurl image mainimage imagesrc imgurl picture images photo "
    "variantimage productimage",
    Field.TRACKED: "managestock manageinventory tracked inventorytracked trackinventory "
    "inventorytracking stocktracking trackquantity productisinventorytracked",
    Field.BACKORDERS: "backordersallowed backorders allowbackorders allowbackorder "
    "variantinventorypolicy inventorypolicy continuesellingwhenoutofstock",
    Field.ALTERNATIVES: "alternatives alternativeids",
    Field.OBSERVED_AT: "stockupdatedat inventoryupdatedat availabilityupdatedat",
    Field.COLOR: "color colour farbe",
    Field.SIZE: "size grosse",
    Field.MATERIAL: "material",
    Field.LOCATION: "location locationid locationname warehouse warehouseid warehousecode "
    "warehousename sourcecode storecode stocklocation",
}  # fmt: skip

_STOCK = (Field.AVAILABILITY, Field.IN_STOCK, Field.QUANTITY)
Wanted = dict[str, list[tuple[Field, int]]]


@lru_cache(maxsize=8_192)
def fold(name: str) -> str:
    """`g:Sale_Price` → `saleprice`, `Verfügbarkeit` → `verfugbarkeit`."""
    bare = unicodedata.normalize("NFKD", name.rsplit("}", 1)[-1].rsplit(":", 1)[-1])
    return "".join(c for c in bare.casefold() if c.isalnum())


def wanted_names(columns: Mapping[str, str]) -> Wanted:
    """For every folded name that matters: the fields it can fill, each with its rank (0 is best).

    `columns` is the merchant's map from our field to his name, which replaces our guesses for
    that field. Paths (`price/amount`, `@id`) are the reader's business and left out here.
    """
    wanted: Wanted = {}
    of_stock = {fold(columns[field]) for field in _STOCK if field in columns}
    for field, names in _NAMES.items():
        own = columns.get(field)
        if field is Field.IN_STOCK and own is None and Field.AVAILABILITY in columns:
            continue  # he says where his availability is
        for rank, name in enumerate([fold(own)] if own is not None else names.split()):
            if own is None and field in _STOCK and name in of_stock:
                continue  # he says what it is
            wanted.setdefault(name, []).append((field, rank))
    return wanted


def check_columns(columns: Mapping[str, str]) -> None:
    """Raise InvalidInput for a field of ours that does not exist, or an empty name of theirs."""
    known = {field.value for field in MAY_BE_MAPPED}
    for field, name in columns.items():
        if field not in known:
            raise InvalidInput.of(
                "columns",
                "unknown_field",
                f"{field!r} is not one of our fields: {', '.join(sorted(known))}.",
            )
        if not name.strip():
            raise InvalidInput.of("columns", "empty_name", f"The column for {field!r} is empty.")


def looks_like_header(names: list[str]) -> int:
    """How many of these names are known: tells a header row from a comment or a row of values."""
    wanted = _KNOWN
    return sum(1 for name in names if len(name) < 60 and fold(name) in wanted)


_KNOWN = wanted_names({})

"""Where does the standard theme of a shop system mark up something else than it shows?

Shopware 6 (`component/delivery-information.html.twig`) writes LimitedAvailability for what is sold
out, for what is switched off and for what comes again; the class of the line that follows tells.
"""

from __future__ import annotations

from notifier.connectors.page_reading.document import Element

_SHOPWARE = {
    "delivery-soldout": "OutOfStock",
    "delivery-not-available": "OutOfStock",
    "delivery-restock": "BackOrder",
}


def theme_word(element: Element) -> str:
    """What an element with an availability means by its theme; empty where that is what it says."""
    shown = element.getnext()
    if shown is None or not isinstance(shown.tag, str):
        return ""
    classes = (shown.get("class") or "").split()
    if "delivery-information" not in classes:
        return ""
    return next((_SHOPWARE[name] for name in classes if name in _SHOPWARE), "")

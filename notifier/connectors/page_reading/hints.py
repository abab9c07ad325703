"""Does the page look as if its markup were wrong? Worth a warning, never an answer.

Open pre-orders are often marked up as in stock, and sold things as buyable; only the button tells.
"""

from __future__ import annotations

import re

from notifier.connectors.page_reading.document import Document
from notifier.connectors.page_reading.visible import is_enabled, is_visible, visible_text
from notifier.domain.availability import Availability

MAX_BUTTONS = 400
MAX_LABEL = 40

_PREORDER = re.compile(
    r"pre-?\s?order|vorbestell|preventa|reserva(?:r)? ahora|pr[eé]-?commande|preordina"
    r"|予約|สั่งของล่วงหน้า|พรีออเดอร์",
    re.IGNORECASE,
)
_BACKORDER = re.compile(r"back-?\s?order|auf bestellung|bajo pedido", re.IGNORECASE)
_BUY = re.compile(
    r"^(?:add to (?:cart|bag|basket|trolley)|buy (?:it )?now|in den warenkorb"
    r"|a[ñn]adir al carrito|agregar al carrito|ajouter au panier|aggiungi al carrello"
    r"|เพิ่มสินค้าไปยังรถเข็น)\W*$",
    re.IGNORECASE,
)


def hint_at_lies(page: Document, *, markup: Availability) -> list[str]:
    """Warnings about buttons a shopper sees that do not fit what the markup says."""
    if markup not in (Availability.IN_STOCK, Availability.OUT_OF_STOCK):
        return []
    labels = _button_labels(page)
    warnings: list[str] = []
    if markup is Availability.IN_STOCK:
        for word, pattern in (("pre-order", _PREORDER), ("backorder", _BACKORDER)):
            label = next((t for t in labels if pattern.search(t)), "")
            if label:
                warnings.append(
                    f"the markup says in stock, but a button says {label!r}: perhaps a {word}. "
                    "Add a rule for it."
                )
    elif sum(1 for t in labels if _BUY.search(t)) == 1:
        label = next(t for t in labels if _BUY.search(t))
        warnings.append(
            f"the markup says out of stock, but the page's one buying button says {label!r}. "
            "Add a rule, or do not trust the markup."
        )
    return warnings


def _button_labels(page: Document) -> list[str]:
    buttons = page.root.xpath("//button | //input[@type='submit' or @type='button']")
    return [
        label
        for b in buttons[:MAX_BUTTONS]
        if is_visible(b) and is_enabled(b) and len(label := visible_text(b)) <= MAX_LABEL
    ]

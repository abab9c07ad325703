"""What does the storefront say, in English, German and Spanish?"""

from __future__ import annotations

from datetime import date

from notifier.demo.goods import Kind
from notifier.demo.shop import Shelf
from notifier.domain.availability import Availability
from notifier.domain.dates import read_eta
from notifier.domain.eta import Eta
from notifier.i18n import eta_words, format_money

__all__ = ["LANGUAGE_NAMES", "PHRASES", "expected_words", "price_words", "stock_words"]

LOW = 3
LANGUAGE_NAMES = {"en": "English", "de": "Deutsch", "es": "Español"}

PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "slogan": "Things for tea, made slowly",
        "lead": "We order from small workshops, so things sell out. "
        "Leave your address on any of them, and we write once, when it is back.",
        "all": "All things for tea",
        "more": "More for tea",
        "choose": "Choose",
        "buy": "Buy",
        "bought": "Thank you. One is on its way to you.",
        "order": "Order now, arrives later",
        "order_mail": "E-mail for the order",
        "order_country": "Ship to",
        "ordered": "Thank you. Your order {ref} is placed; a mail says when it is expected.",
        "see_desk": "See it at the order desk",
        "stopped": "No more orders are taken for it at present.",
        "US": "United States",
        "DE": "Germany",
        "GB": "United Kingdom",
        "gone": "Somebody was quicker: it is sold out.",
        "in_stock": "In stock",
        "low": "Only {n} left",
        "out_of_stock": "Sold out",
        "backorder": "On backorder",
        "preorder": "Coming soon",
        "discontinued": "No longer made",
        "unknown": "Not available",
        "expected": "expected {eta}",
        "language": "Language",
        "back": "All things",
        "tell_me": "Tell me when it is back (plain form)",
        "privacy": "Privacy notice",
        "footer": "A shop that exists only in this demo.",
        "without_script": "Without JavaScript, choose a variant here:",
    },
    "de": {
        "slogan": "Dinge für Tee, in Ruhe gemacht",
        "lead": "Wir bestellen bei kleinen Werkstätten, darum ist manches ausverkauft. "
        "Hinterlassen Sie Ihre Adresse, und wir schreiben einmal, wenn es wieder da ist.",
        "all": "Alles für Tee",
        "more": "Mehr für Tee",
        "choose": "Auswählen",
        "buy": "Kaufen",
        "bought": "Danke. Eins ist unterwegs zu Ihnen.",
        "order": "Jetzt bestellen, kommt später",
        "order_mail": "E-Mail für die Bestellung",
        "order_country": "Lieferung nach",
        "ordered": "Danke. Ihre Bestellung {ref} ist da; eine Mail nennt den Termin.",
        "see_desk": "Am Bestelltisch ansehen",
        "stopped": "Zurzeit werden dafür keine Bestellungen angenommen.",
        "US": "USA",
        "DE": "Deutschland",
        "GB": "Vereinigtes Königreich",
        "gone": "Jemand war schneller: ausverkauft.",
        "in_stock": "Auf Lager",
        "low": "Nur noch {n} da",
        "out_of_stock": "Ausverkauft",
        "backorder": "Nachbestellt",
        "preorder": "Bald da",
        "discontinued": "Nicht mehr lieferbar",
        "unknown": "Nicht verfügbar",
        "expected": "erwartet {eta}",
        "language": "Sprache",
        "back": "Alles für Tee",
        "tell_me": "Benachrichtigen Sie mich (einfaches Formular)",
        "privacy": "Datenschutz",
        "footer": "Diesen Laden gibt es nur in dieser Vorführung.",
        "without_script": "Ohne JavaScript wählen Sie hier:",
    },
    "es": {
        "slogan": "Cosas para el té, hechas con calma",
        "lead": "Pedimos a talleres pequeños, así que algo siempre se agota. "
        "Deje su dirección y le escribimos una vez, cuando vuelva.",
        "all": "Todo para el té",
        "more": "Más para el té",
        "choose": "Elegir",
        "buy": "Comprar",
        "bought": "Gracias. Uno va de camino.",
        "order": "Pedir ahora, llega más tarde",
        "order_mail": "Correo para el pedido",
        "order_country": "Enviar a",
        "ordered": "Gracias. Su pedido {ref} está hecho; un correo dice cuándo se espera.",
        "see_desk": "Verlo en la mesa de pedidos",
        "stopped": "De momento no se aceptan más pedidos.",
        "US": "Estados Unidos",
        "DE": "Alemania",
        "GB": "Reino Unido",
        "gone": "Alguien fue más rápido: agotado.",
        "in_stock": "En existencias",
        "low": "Solo quedan {n}",
        "out_of_stock": "Agotado",
        "backorder": "Bajo pedido",
        "preorder": "Próximamente",
        "discontinued": "Ya no se fabrica",
        "unknown": "No disponible",
        "expected": "se espera {eta}",
        "language": "Idioma",
        "back": "Todo para el té",
        "tell_me": "Avíseme cuando vuelva (formulario sencillo)",
        "privacy": "Privacidad",
        "footer": "Una tienda que solo existe en esta demostración.",
        "without_script": "Sin JavaScript, elija aquí:",
    },
}


def stock_words(shelf: Shelf, *, locale: str, today: date) -> str:
    """How the shop's own page says how a variant stands: `Sold out, expected in February`."""
    say = PHRASES[locale]
    if shelf.can_be_bought and shelf.quantity is not None and shelf.quantity <= LOW:
        return say["low"].replace("{n}", str(shelf.quantity))
    words = say[shelf.availability.value]
    eta = read_eta(shelf.eta) if shelf.eta else None
    if eta is None or shelf.availability is Availability.IN_STOCK or eta.is_past(today):
        return words
    return f"{words}, {expected_words(eta, locale=locale, today=today)}"


def expected_words(eta: Eta, *, locale: str, today: date) -> str:
    """`expected around 10 December`, as the page shows it."""
    return PHRASES[locale]["expected"].replace("{eta}", eta_words(eta, locale, today))


def price_words(kind: Kind, *, locale: str) -> str:
    return format_money(kind.price, "EUR", locale)

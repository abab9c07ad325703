"""What price, number or date does a piece of a page hold? Nothing is ever guessed sharper.

domain.money, domain.dates and domain.quantity read exact values; this file finds the value in the
words around it (`SG$ 77.00 (INCL. TAX)`, `SCHEDULED SHIPPING : Feb. 2027`).
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from price_parser import Price

from notifier.domain.dates import read_eta
from notifier.domain.eta import Eta
from notifier.domain.money import read_currency, read_money
from notifier.domain.quantity import read_units
from notifier.errors import InvalidInput

MAX_TEXT = 200

_SIGN = re.compile(r"[A-Za-z]{0,3}[$€£¥₹₩₪₫₺₱₽₴₦₸₾฿円元]|zł|Kč", re.IGNORECASE)
_CODE = re.compile(r"(?<![A-Za-z])([A-Z]{3})\s?\d|\d\s?([A-Z]{3})(?![A-Za-z])")
_NOT_AN_AMOUNT = re.compile(r"\D{0,5}-\s?\d|.*\d[eE][+-]?\d")
_WORD = r"(?P<{}>[^\W\d_]{{3,10}})\.?"
_DATE = re.compile(
    r"(?<!\d)\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?(?!\d)"
    r"|(?<!\d)\d{1,2}[-/.]\s?\d{1,2}[-/.]\s?\d{4}(?!\d)"
    r"|(?<!\d)\d{1,2}(?:st|nd|rd|th|\.)?\s+(?:de\s+)?"
    + _WORD.format("second")
    + r",?\s+(?:de\s+)?\d{4}(?!\d)|"
    + _WORD.format("first")
    + r",?\s+(?:\d{1,2}(?:st|nd|rd|th)?,?\s+|de\s+)?\d{4}(?!\d)"
)


def read_price(text: str, *, currency: str = "") -> tuple[Decimal | None, str, str]:
    """(amount, ISO 4217 or empty, what was wrong) of a price in markup.

    schema.org wants `1999.90`; shops also write `1,999.90`, `29,00` and `$5`. An amount of 0 is a
    shop system's placeholder for "no price", so it is not said.
    """
    if not text.strip():
        return None, "", ""
    named = _currency(currency)
    try:
        money = read_money(text.strip(), currency=named)
    except InvalidInput:
        return read_price_text(text, currency=named)
    if money is None or not money.amount:
        return None, "", ""
    return money.amount, money.currency, ""


def read_price_text(text: str, *, currency: str = "") -> tuple[Decimal | None, str, str]:
    """The same for a price as shoppers read it: `SG$ 77.00 (INCL. TAX)`, `1.234 €`.

    A sign that several currencies share (`$`, `¥`) names none; `currency` then fills in.
    """
    text = text[:MAX_TEXT].strip()
    if not text:
        return None, "", ""
    try:
        amount = Price.fromstring(text).amount
    except (ValueError, ArithmeticError):
        amount = None
    if amount is None or not amount.is_finite() or _NOT_AN_AMOUNT.match(text):
        return None, "", f"the price {text[:40]!r} cannot be read"
    if not 0 < amount < 10**12:
        return None, "", ""
    return amount, currency_in(text) or _currency(currency), ""


def currency_in(text: str) -> str:
    """The one currency named in a price text, by its sign or by a code beside the number."""
    named = {_currency(sign) for sign in _SIGN.findall(text)}
    named |= {_currency(before or after) for before, after in _CODE.findall(text)}
    named.discard("")
    return named.pop() if len(named) == 1 else ""


def _currency(text: str) -> str:
    return read_currency(text) or read_currency(text.casefold().replace("sg$", "s$"))


def read_quantity(text: str) -> int | None:
    """How many can be sold; None when the text holds no number of units."""
    try:
        return read_units(text.strip()).count
    except InvalidInput:
        return None


def read_day(text: str) -> Eta | None:
    """The date, month or span in `text`, exactly as precise as given.

    None when there is none, when it is ambiguous (`03/02/2027`), and when there are several dates
    that are not joined to a span: one cannot know which is meant.
    """
    text = text[:MAX_TEXT].strip(" \t\r\n:,;")
    eta = _eta(text)
    if eta or not text:
        return eta
    places = _places(text)
    found = [_eta(text[start:end]) for start, end in places]
    if not found or None in found:
        return None
    if len({eta.iso() for eta in found if eta}) == 1:
        return found[0]
    return _eta(text[places[0][0] : places[1][1]]) if len(found) == 2 else None


def _places(text: str) -> list[tuple[int, int]]:
    """Where in `text` dates seem to stand; a word before a year counts only if it is a month."""
    places: list[tuple[int, int]] = []
    at = 0
    while found := _DATE.search(text, at):
        word = found["first"] or found["second"]
        if word and not _is_month(word):
            at = found.end("first") if found["first"] else found.start("second")
            continue
        places.append(found.span())
        at = found.end()
    return places


@lru_cache(maxsize=1_024)
def _is_month(word: str) -> bool:
    return _eta(f"{word} 2030") is not None


def _eta(text: str) -> Eta | None:
    try:
        return read_eta(text)
    except InvalidInput:
        return None

"""How much money does a shop's text mean, and in which currency?

Feeds write `29,00 TND`, `12.34 USD`, `USD 12.34`, `1.234,56 €`, `$5`, `3980 RUB`. Amounts become
Decimal, never float. Where a text could mean two amounts, the currency's own number of decimals
and the shop's hint decide; a sign that several currencies share (`$`, `¥`, `kr`) names none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from notifier.errors import InvalidInput

MAX_AMOUNT = Decimal(10) ** 12

# ISO 4217, active codes; https://www.six-group.com/en/products-services/financial-information
_ISO_4217 = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP "
    "BYN BZD CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP "
    "GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS "
    "KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR "
    "MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF "
    "SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD "
    "TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
)
_CODES = frozenset(_ISO_4217.split())
_OLD_CODES = {"RUR": "RUB", "BYR": "BYN", "BYB": "BYN", "TRL": "TRY", "YTL": "TRY", "HRK": "EUR"}
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_SIGNS = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "₪": "ILS", "₫": "VND", "₺": "TRY",
    "₱": "PHP", "₽": "RUB", "₴": "UAH", "₦": "NGN", "₸": "KZT", "₾": "GEL", "฿": "THB",
    "zł": "PLN", "zl": "PLN", "kč": "CZK", "ft": "HUF", "lei": "RON", "лв": "BGN", "tl": "TRY",
    "руб": "RUB", "р": "RUB", "грн": "UAH", "円": "JPY", "元": "CNY", "us$": "USD", "c$": "CAD",
    "ca$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD",
    "nt$": "TWD", "r$": "BRL", "mx$": "MXN", "euro": "EUR", "euros": "EUR", "dt": "TND",
    "fr": "CHF", "sfr": "CHF",
}  # fmt: skip
_SHARED_SIGNS = frozenset(["$", "¥", "kr", "rs", "₨", "dh"])
_NUMBER = re.compile(r"[+-]?\d(?:[\d.,'’\s]*\d)?(?:[eE][+-]?\d+)?|[+-]?[.,]\d+")
_ROUND = re.compile(r"^[.,]\s*[-–—]+")  # 49.- and 5,– mean a round amount
_EMPTY = frozenset(["", "-", "–", "n/a", "null", "none"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount ≥ 0 in `currency` (ISO 4217; empty when the text names none)."""

    amount: Decimal
    currency: str = ""


def read_money(
    value: object, *, field: str = "price", decimal: str = "", currency: str = ""
) -> Money | None:
    """What `value` says, None when it says nothing.

    `decimal` is the shop's decimal sign (`.` or `,`; empty: unknown). `currency` is what to assume
    where the text names none. Raises InvalidInput for anything that is not an amount ≥ 0.
    """
    if value is None:
        return None
    if isinstance(value, (bool, list, dict, tuple)):
        raise _unreadable(field, value)
    text = str(value)
    found = _read(text, decimal, currency) if len(text) <= 60 else None
    if found is None:
        raise _unreadable(field, value)
    return found if isinstance(found, Money) else None


def read_minor_units(value: object, *, currency: str, field: str = "price") -> Money:
    """An amount given in the smallest unit (1999 USD cents are 19.99). Raises InvalidInput."""
    digits = str(value).strip()
    if not re.fullmatch(r"\d{1,15}", digits):
        raise _unreadable(field, value)
    code = read_currency(currency)
    return Money(amount=Decimal(digits).scaleb(-decimals_of(code)), currency=code)


def read_currency(text: object) -> str:
    """The ISO 4217 code in `text`; empty when there is none that is known."""
    if not text:
        return ""
    word = str(text).strip()
    code = _OLD_CODES.get(word.upper(), word.upper())
    return code if code in _CODES else _SIGNS.get(word.casefold().rstrip("."), "")


def decimals_of(currency: str) -> int:
    """How many decimals the currency has (ISO 4217); 2 when unknown."""
    if not currency:
        return 2
    return 0 if currency in _NO_DECIMALS else 3 if currency in _THREE_DECIMALS else 2


def amount_text(amount: Decimal | None, currency: str) -> str | None:
    """As a text for programs: with the currency's decimals, as far as that loses nothing."""
    if amount is None:
        return None
    usual = amount.quantize(Decimal(1).scaleb(-decimals_of(currency)))
    return str(usual) if usual == amount else f"{amount.normalize():f}"


@lru_cache(maxsize=16_384)
def _read(text: str, decimal: str, default_currency: str) -> Money | str | None:
    """The money in `text`; an empty string when it says nothing; None when it is unreadable."""
    text = text.replace("\xa0", " ").replace("\u202f", " ").strip()
    if text.casefold() in _EMPTY:
        return ""
    numbers = _NUMBER.findall(text)
    if len(numbers) != 1:
        return None
    number = numbers[0].strip()
    before, _, after = text.partition(number)
    code = _currency_of(before.strip(), after.strip())
    if code is None:
        return None
    amount = _amount(number, decimal, code or default_currency)
    if amount is None or not 0 <= amount <= MAX_AMOUNT:
        return None
    return Money(amount=amount, currency=code or default_currency)


def _currency_of(before: str, after: str) -> str | None:
    """The code named round a number; empty for none or a shared sign; None for other words."""
    code = ""
    for word in (before, _ROUND.sub("", after).strip()):
        if not word or word.casefold().rstrip(".") in _SHARED_SIGNS:
            continue
        named = read_currency(word)
        if not named or (code and code != named):
            return None
        code = named
    return code


def _amount(number: str, decimal: str, currency: str) -> Decimal | None:
    """`number` with its separators understood. None when they make no sense."""
    digits = re.sub(r"['’\s]", "", number)
    mark = decimal or _decimal_mark(digits, currency)
    other = "," if mark == "." else "."
    whole, _, rest = digits.partition(mark)
    if mark in rest or other in rest:
        return None
    if other in whole:
        head, *groups = whole.split(other)
        # Groups of three; in India the groups before the last one have two (1,23,456).
        sizes = [len(group) for group in groups]
        if not head.lstrip("+-") or sizes[-1] != 3 or len(set(sizes[:-1]) | {2, 3}) > 2:
            return None
    digits = whole.replace(other, "") + ("." + rest if rest else "")
    try:
        return Decimal(digits)
    except ArithmeticError:
        return None


def _decimal_mark(digits: str, currency: str) -> str:
    """Which sign is the decimal one where the shop has not said.

    Both present: the last. A comma before exactly three digits groups thousands (`1,234`), unless
    the currency has three decimals (`29,000 TND`). A dot is the decimal sign of every feed format.
    """
    dots, commas = digits.count("."), digits.count(",")
    if dots and commas:
        return "," if digits.rfind(",") > digits.rfind(".") else "."
    if commas == 1:
        whole, _, rest = digits.partition(",")
        grouped = len(rest) == 3 and whole.lstrip("+-0") and decimals_of(currency) != 3
        return "." if grouped else ","
    return "," if dots > 1 else "."


def _unreadable(field: str, value: object) -> InvalidInput:
    shown = str(value)[:80]
    return InvalidInput.of(
        field, "not_an_amount", f"{shown!r} is not an amount of money such as 12.34 USD."
    )

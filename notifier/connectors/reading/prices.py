"""What does one pay now for a row's variant, and which price is struck out?

In Google's and Meta's feeds `price` is the regular one and `sale_price` holds while its dates do;
in Yandex's and Shopify's `price` is paid now and the old one stands beside it. A price in a
nested shipping block is not the price.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from notifier.connectors.reading.columns import Field
from notifier.connectors.reading.records import Hints
from notifier.domain.dates import read_instant, read_period
from notifier.domain.money import Money, read_currency, read_minor_units, read_money
from notifier.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What one pays now, what was struck out, and the currency of both."""

    price: Decimal | None = None
    regular: Decimal | None = None
    currency: str = ""


NO_PRICES = Prices()
_CURRENCY_NAMES = ("currency", "currency_code", "currencyCode", "currencyIso")
_BESIDES = frozenset([Field.SALE_PRICE, Field.REGULAR_PRICE])


def read_prices(
    values: Mapping[Field, Any],
    *,
    now: datetime,
    hints: Hints,
    minor_units: bool,
    warnings: list[str],
) -> Prices:
    """The prices of one row. What cannot be read is left out and noted in `warnings`."""
    get = values.get
    if Field.PRICE not in values and Field.SALE_PRICE not in values:
        return NO_PRICES
    currency = read_currency(get(Field.CURRENCY)) or hints.default_currency
    reading = _Reading(decimal=hints.decimal, currency=currency, minor_units=minor_units)
    base = reading.money(get(Field.PRICE), warnings)
    if base is not None and not (_BESIDES & values.keys()):
        return Prices(price=base.amount, currency=base.currency)
    sale = reading.money(get(Field.SALE_PRICE), warnings)
    if sale is not None and base is not None and not sale.amount:
        sale = None  # BigCommerce and others write 0 for "no sale"
    if sale is not None and not _sale_is_on(values, now=now, warnings=warnings):
        sale = None
    if base is None:
        if sale is None:
            return NO_PRICES
        return Prices(price=sale.amount, currency=sale.currency)
    if sale is not None:
        if sale.currency and base.currency and sale.currency != base.currency:
            warnings.append("a sale price is in another currency than the price, so it was ignored")
            sale = base
        return Prices(
            price=sale.amount, regular=base.amount, currency=base.currency or sale.currency
        )
    old = reading.money(get(Field.REGULAR_PRICE), warnings)
    if old is not None and old.amount > base.amount and old.currency in ("", base.currency):
        return Prices(price=base.amount, regular=old.amount, currency=base.currency)
    return Prices(price=base.amount, currency=base.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    decimal: str
    currency: str
    minor_units: bool

    def money(self, value: Any, warnings: list[str]) -> Money | None:
        if value is None or value == "":
            return None
        try:
            if isinstance(value, Mapping):
                return self._from_object(value)
            if self.minor_units and isinstance(value, int):
                return read_minor_units(value, currency=self.currency)
            return read_money(value, decimal=self.decimal, currency=self.currency)
        except InvalidInput:
            warnings.append("a price cannot be read, so it was left out")
            return None

    def _from_object(self, value: Mapping[str, Any]) -> Money | None:
        """`{"amount": 1999, "currency": "USD"}` (in cents for OpenAI) or `{"value": "19.99"}`."""
        named = next((value[name] for name in _CURRENCY_NAMES if value.get(name)), "")
        currency = read_currency(named) or self.currency
        amount = value.get("amount", value.get("value"))
        micros = str(value.get("amountMicros", ""))
        if micros.isascii() and micros.isdigit():  # of Google's Merchant API
            amount = f"{Decimal(micros) / 1_000_000:f}"
        if self.minor_units and isinstance(amount, int):
            return read_minor_units(amount, currency=currency)
        return read_money(amount, decimal=self.decimal, currency=currency)


def _sale_is_on(values: Mapping[Field, Any], *, now: datetime, warnings: list[str]) -> bool:
    """True while the sale's dates hold, or when it has none. Unreadable dates end it."""
    get = values.get
    period, starts, ends = (
        get(Field.SALE_PERIOD), get(Field.SALE_STARTS), get(Field.SALE_ENDS),
    )  # fmt: skip
    if not (period or starts or ends):
        return True
    try:
        start, end = read_period(period)
        start = start or read_instant(starts)
        end = end or _end_of(ends)
    except InvalidInput:
        warnings.append("the dates of a sale cannot be read, so the sale price was ignored")
        return False
    return (start is None or start <= now) and (end is None or now <= end)


def _end_of(value: Any) -> datetime | None:
    """A bare day ends when it is over."""
    at = read_instant(value)
    if at is not None and len(str(value).strip()) == 10:
        at += timedelta(days=1, microseconds=-1)
    return at

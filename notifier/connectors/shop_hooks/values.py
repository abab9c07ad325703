"""How is one value in a webhook of a shop system read? What cannot be read says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from notifier.connectors.reading.columns import Field
from notifier.connectors.reading.records import Hints, Notes, Record
from notifier.connectors.reading.rows import RowReader, RowRefused
from notifier.domain.dates import read_instant
from notifier.domain.observation import Observation
from notifier.domain.quantity import read_units
from notifier.domain.shop_news import Bought, ShopNews
from notifier.errors import InvalidInput

Item = Mapping[str, Any]
NOTHING: Item = {}
MOST_UNITS = 10**6
LONGEST_REF = 128


def member(value: Any, name: str) -> Item:
    """The object of this name, or an empty one."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else NOTHING


def objects(value: Item, name: str) -> list[Item]:
    """The objects in the list of this name."""
    found = value.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def id_of(value: object) -> str:
    """An id as a text; empty for 0, null and what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return ""
    text = str(value).strip()
    return "" if text == "0" or not text.isprintable() else text[:200]


def text_of(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def instant(value: object, *, now: datetime) -> datetime | None:
    """A moment that has come; None where none is said. No zone means UTC."""
    try:
        at = read_instant(value)
    except InvalidInput:
        return None
    return min(at, now) if at is not None else None


def units_of(value: object) -> int:
    """Whole units of an order line; 0 where none were bought."""
    try:
        return min(read_units(value, decimal=".").count or 0, MOST_UNITS)
    except InvalidInput:
        return 0


def news_of_order(lines: Iterable[Bought | None], *, called_off: bool, bought: bool) -> ShopNews:
    """`called_off` goes before `bought`; where neither is so, nothing has been decided."""
    found = tuple(line for line in lines if line is not None)
    if called_off:
        return ShopNews(called_off=found)
    return ShopNews(bought=found if bought else ())


def bought_line(
    line: Item, *, order: str, variant: str, at: datetime, email: str, phone: str
) -> Bought | None:
    """A line of an order; None where it names no variant, or no units of it. `order`: its number,
    by which the line is known with its own id."""
    ref, sku = f"{order}:{id_of(line.get('id'))}", id_of(line.get("sku"))
    units = units_of(line.get("quantity"))
    if not order or not units or not (variant or sku) or len(ref) > LONGEST_REF:
        return None
    return Bought(ref=ref, variant=variant, sku=sku, at=at, units=units, email=email, phone=phone)


def variant_of(
    values: dict[Field, Any],
    *,
    currency: str,
    now: datetime,
    options: tuple[tuple[str, str], ...] = (),
) -> Observation | None:
    """A variant as any feed's row is read; None when it cannot be."""
    hints = Hints(decimal=".", default_currency=currency)
    try:
        return RowReader(hints, Notes(), now=now).read(Record(1, values, options=options))
    except RowRefused:
        return None

"""What does one row of a shop's file say about one variant?

A row without an id, or with a count that is no number, is refused and noted; the rest goes on.
Anything else that cannot be read (a price, a date, a word) leaves its field empty and is noted:
a missing price is a blemish, a wrong ETA or availability is a broken promise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from notifier.connectors.reading.columns import Field, fold
from notifier.connectors.reading.prices import Prices, read_prices
from notifier.connectors.reading.records import Hints, Notes, Record
from notifier.domain.availability import Availability, read_availability, settle_availability
from notifier.domain.dates import read_eta, read_instant
from notifier.domain.eta import Eta
from notifier.domain.observation import Observation
from notifier.domain.quantity import NOTHING, Units, read_units
from notifier.errors import InvalidInput

MAX_KEY = 200
_MAX_TEXT = 500
# 2 is Magento's "sell below zero and say so"
_YES = frozenset(
    ["1", "2", "true", "yes", "y", "continue", "notify", "allow", "on", "ja", "enabled"]
)
_NO = frozenset(
    ["0", "false", "no", "n", "deny", "none", "off", "nein", "do not track", "disabled"]
)


class RowRefused(Exception):
    """This row cannot be read: which field, what it held, why. `key`: the id, if that was there."""

    def __init__(self, field: str, value: object, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.value = value
        self.key = ""


class RowReader:
    """Turns records into observations, by the merchant's hints, at the instant `now`."""

    def __init__(self, hints: Hints, notes: Notes, *, now: datetime) -> None:
        self._hints = hints
        self._notes = notes
        self._now = now
        self._words = {fold(w): read_availability(ours) for w, ours in hints.words.items()}

    def read(self, record: Record) -> Observation:
        """The observation in `record`. Raises RowRefused."""
        ids = record.values.get(Field.KEY), record.values.get(Field.SKU)
        if record.fault:
            refused = RowRefused("", ids[0], record.fault)
            refused.key = self._ids(*ids)[0] if ids[0] else ""
            raise refused
        key, sku = self._ids(*ids)
        try:
            return self._read(record, key=key, sku=sku)
        except RowRefused as refused:
            refused.key = key
            raise

    def _read(self, record: Record, *, key: str, sku: str) -> Observation:
        values = record.values
        get = values.get
        warnings: list[str] = []
        availability, units = self._stock(values, warnings)
        eta = self._eta(get(Field.ETA), warnings)
        prices = self._prices(record, warnings)
        observed_at = self._observed_at(get(Field.OBSERVED_AT), warnings)
        for warning in warnings:
            self._notes.warn(warning, f"row {self._notes.row(record.number)}, id {key}")
        return Observation(
            key=key,
            availability=availability,
            sku=sku,
            product_key=_text(get(Field.PRODUCT_KEY), MAX_KEY),
            quantity=units.count,
            eta=eta,
            price=prices.price,
            currency=prices.currency,
            regular_price=prices.regular,
            title=_text(get(Field.TITLE)),
            variant_title=_text(get(Field.VARIANT_TITLE)),
            url=_web_address(get(Field.URL)),
            image_url=_web_address(get(Field.IMAGE_URL)),
            options=record.options or _options(get),
            alternatives=_list(get(Field.ALTERNATIVES)) if Field.ALTERNATIVES in values else (),
            observed_at=observed_at,
            warnings=tuple(warnings),
        )

    def _ids(self, key_value: object, sku_value: object) -> tuple[str, str]:
        key, sku = _id(key_value, "key"), _id(sku_value, "sku")
        if not key and not sku:
            raise RowRefused("key", key_value, "The row has no id.")
        if not key:
            return sku, sku
        if not sku and key.startswith(("http://", "https://")):
            sku = unquote(urlsplit(key).path.rstrip("/").rpartition("/")[2])
        return key, sku

    def _stock(
        self, values: Mapping[Field, Any], warnings: list[str]
    ) -> tuple[Availability, Units]:
        """Availability and units by the word, the quantity and the rules of the shop's stock."""
        word, quantity = values.get(Field.AVAILABILITY), values.get(Field.QUANTITY)
        is_there = values.get(Field.IN_STOCK)
        if word in (None, ""):
            word, is_there = is_there, None
        said = self._word(word)
        said = self._word(is_there) if said is None else said
        units, instead = self._units(quantity, has_word=said is not None, warnings=warnings)
        said = instead if said is None else said
        if said is None and _text(word):
            if units is NOTHING and not self._is_code(word, values):
                units = self._count_in(word)  # `available` holds a count in Shopify's inventory
            if units is NOTHING or units.count is None or quantity not in (None, ""):
                self._notes.unknown_word(_text(word))
                warnings.append("an availability word is not known")
                return Availability.UNKNOWN, units
        if said is None and units.in_stock is not None:
            said = Availability.IN_STOCK if units.in_stock else Availability.OUT_OF_STOCK
        if said is Availability.IN_STOCK and units.raw is not None and units.raw <= 0:
            warnings.append("the word says in stock, the quantity says none")
        tracked = _yes_or_no(values.get(Field.TRACKED))
        settled = settle_availability(
            said or Availability.UNKNOWN,
            count=units.raw,
            tracked=tracked,
            backorders=_yes_or_no(values.get(Field.BACKORDERS)),
        )
        return settled, NOTHING if tracked is False else units

    def _units(
        self, quantity: object, *, has_word: bool, warnings: list[str]
    ) -> tuple[Units, Availability | None]:
        """The units; or what an availability word in the quantity column says."""
        try:
            units = read_units(quantity, decimal=self._hints.decimal)
        except InvalidInput as trouble:
            problem = trouble.problems[0]
            instead = self._word(quantity)
            if problem.code == "not_finite" or (instead is None and not has_word):
                raise RowRefused("quantity", quantity, problem.message) from trouble
            if instead is None:
                warnings.append("a quantity is not a number, so it was left out")
            return NOTHING, instead
        if units.warning:
            warnings.append(_quantity_kind(units))
        return units, None

    def _is_code(self, word: object, values: Mapping[Field, Any]) -> bool:
        """Whether a number for availability is one of the shop's codes: 3 in `stock_status`."""
        return Field.AVAILABILITY not in self._hints.columns and word == values.get(Field.STATUS)

    def _count_in(self, word: object) -> Units:
        try:
            return read_units(word, decimal=self._hints.decimal)
        except InvalidInput:
            return NOTHING

    def _word(self, value: object) -> Availability | None:
        """What an availability word says; None when there is none or nobody knows it."""
        if value is None or value == "":
            return None
        if isinstance(value, Mapping):  # OpenAI: {"available": true, "status": "in_stock"}
            status = self._word(value.get("status"))
            return status if status is not None else self._word(value.get("available"))
        if self._words and (mine := self._words.get(fold(str(value)))) is not None:
            return mine
        found = read_availability(value)
        return None if found is Availability.UNKNOWN else found

    def _eta(self, value: object, warnings: list[str]) -> Eta | None:
        if value is None or value == "":
            return None
        try:
            return read_eta(value, order=self._hints.date_order)
        except InvalidInput:
            warnings.append("an availability date cannot be read, so there is no ETA")
            return None

    def _observed_at(self, value: object, warnings: list[str]) -> datetime | None:
        if value is None or value == "":
            return None
        try:
            return read_instant(value)
        except InvalidInput:
            warnings.append("the time of a row cannot be read")
            return None

    def _prices(self, record: Record, warnings: list[str]) -> Prices:
        return read_prices(
            record.values,
            now=self._now,
            hints=self._hints,
            minor_units=record.minor_units,
            warnings=warnings,
        )


def _quantity_kind(units: Units) -> str:
    if units.raw is not None and units.raw < 0:
        return "a quantity is below zero, so none can be sold"
    if "two numbers" in units.warning:
        return "a quantity such as 1,000 could mean two numbers; set `decimal`"
    return "a quantity was rounded down or cut to 10⁹"


def _id(value: object, field: str) -> str:
    if value is None or isinstance(value, (bool, float, list, dict)):
        if value is None or value == [] or (value is False and field == "sku"):
            return ""  # Odoo writes false for a text that is not there
        raise RowRefused(field, value, "The id is not a text or a whole number.")
    text = str(value).strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1].strip()  # how Excel is told to leave the zeros of 00123
    if len(text) > MAX_KEY:
        raise RowRefused(field, text, f"The id is longer than {MAX_KEY} characters.")
    if not text.isprintable():
        raise RowRefused(field, text, "The id holds control characters.")
    return text


def _text(value: object, limit: int = _MAX_TEXT) -> str:
    if value is None or value == "" or isinstance(value, (bool, dict, list)):
        return ""
    text = str(value)
    if len(text) > 4 * limit:
        text = text[: 4 * limit]
    return " ".join(text.split())[:limit]


def _web_address(value: object) -> str:
    """The first http(s) URL in `value`; anything else (javascript:, data:, a file) is dropped."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, Mapping):
        value = value.get("url") or value.get("src") or ""
    text = value.strip() if isinstance(value, str) else ""
    if not text[:8].lower().startswith(("http://", "https://")) or len(text) > 4000:
        return ""
    if "," not in text and " " not in text and len(text) <= 2000:
        return text
    # WooCommerce lists its images with commas; a URL may hold one, but not before a new http.
    return text.partition(", http")[0].partition(",http")[0].replace(" ", "%20")[:2000]


def _list(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_text(v, MAX_KEY) for v in value if _text(v, MAX_KEY))
    return tuple(part.strip()[:MAX_KEY] for part in _text(value).split(",") if part.strip())


def _options(get: Callable[[Field], Any]) -> tuple[tuple[str, str], ...]:
    said = [(f, get(f)) for f in (Field.COLOR, Field.SIZE, Field.MATERIAL)]
    return tuple((f.value, _text(value, 100)) for f, value in said if value)


def _yes_or_no(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    text = str(value).strip().casefold()
    return True if text in _YES else False if text in _NO else None

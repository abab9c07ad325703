"""What does the storefront have on its shelves, and what can be done to them?

The shop's own books, apart from the notifier's: it learns of them only through the feed or a push,
as it would from any shop. Kept in a file, so that a demo with --folder goes on where it stopped.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from notifier.clock import Clock, system_clock
from notifier.demo.goods import opening_stock
from notifier.domain.availability import Availability
from notifier.errors import InvalidInput, NotFound

__all__ = ["Act", "Shelf", "Shop"]

MOST = 9_999
MONTHS_AHEAD = 18
REMEMBERED = 120  # points of a variant's curve
RESTOCK = 5
FIRST_ORDER = 1000


class Act(StrEnum):
    """What the dial does to one variant."""

    RESTOCK = "restock"
    SELL = "sell"
    EMPTY = "empty"
    BACKORDER = "backorder"
    PREORDER = "preorder"
    DELAY = "delay"
    DISCONTINUE = "discontinue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """One variant in the shop's books. `eta` is ISO: a day, a month, a range, or empty."""

    availability: Availability
    quantity: int | None
    eta: str = ""

    @property
    def can_be_bought(self) -> bool:
        return self.availability is Availability.IN_STOCK and bool(self.quantity)


class Shop:
    """All shelves, safe for many threads. `on_change` hears of every change, outside the lock."""

    def __init__(self, file: Path, *, clock: Clock = system_clock) -> None:
        self._file = file
        self._clock = clock
        self._lock = threading.RLock()
        self._shelves = self._load()
        self._curves = {key: deque[tuple[float, int]](maxlen=REMEMBERED) for key in self._shelves}
        for key in self._shelves:
            self._note(key)
        self._save()
        self.on_change: Callable[[tuple[str, ...]], None] = lambda _keys: None

    def shelf(self, key: str) -> Shelf:
        """Raises errors.NotFound for what the shop does not sell."""
        with self._lock:
            try:
                return self._shelves[key]
            except KeyError:
                raise NotFound(f"Kettle & Co sells no {key!r}.") from None

    def shelves(self) -> dict[str, Shelf]:
        with self._lock:
            return dict(self._shelves)

    def curve(self, key: str) -> list[tuple[float, int]]:
        """(seconds since the epoch, units) at each change, oldest first."""
        with self._lock:
            return list(self._curves[key])

    def act(self, key: str, act: Act, *, eta: str = "", units: int = RESTOCK) -> Shelf:
        """Turn the dial once. Raises errors.InvalidInput and NotFound."""
        with self._lock:
            before = self.shelf(key)
            after = _after(before, act, eta=eta, units=units, today=self._clock().date())
            self._put(key, after)
        if after != before:
            self.on_change((key,))
        return after

    def buy(self, key: str, units: int = 1) -> bool:
        """A shopper buys; False when there are not enough left."""
        with self._lock:
            before = self.shelf(key)
            if not before.can_be_bought or (before.quantity or 0) < units or units < 1:
                return False
            self._put(key, _with_units(before, (before.quantity or 0) - units))
        self.on_change((key,))
        return True

    def next_order(self) -> int:
        """The number of a new order; none is given out twice."""
        with self._lock:
            file = self._file.with_name("orders.txt")
            last = int(file.read_text()) if file.exists() else FIRST_ORDER
            file.write_text(f"{last + 1}\n")
            return last + 1

    def set_eta(self, key: str, eta: str) -> Shelf:
        """The shop's own page shows another date. Raises errors.NotFound."""
        with self._lock:
            after = replace(self.shelf(key), eta=eta)
            self._put(key, after)
        self.on_change((key,))
        return after

    def restock_all(self, units: int = RESTOCK) -> tuple[str, ...]:
        """A lorry comes, or a spreadsheet went wrong: everything sold out is in stock at once."""
        with self._lock:
            keys = tuple(k for k, shelf in self._shelves.items() if not shelf.can_be_bought)
            for key in keys:
                self._put(key, Shelf(availability=Availability.IN_STOCK, quantity=units))
        self.on_change(keys)
        return keys

    def reset(self) -> None:
        """Everything as it was when the demo opened."""
        with self._lock:
            fresh = _opening(self._clock().date())
            keys = tuple(key for key in fresh if fresh[key] != self._shelves[key])
            for key in keys:
                self._put(key, fresh[key])
        self.on_change(keys)

    def _put(self, key: str, shelf: Shelf) -> None:
        if shelf == self._shelves[key]:
            return
        self._note(key)  # so that the curve is a staircase
        self._shelves[key] = shelf
        self._note(key)
        self._save()

    def _note(self, key: str) -> None:
        self._curves[key].append((time.time(), self._shelves[key].quantity or 0))

    def _load(self) -> dict[str, Shelf]:
        shelves = _opening(self._clock().date())
        with suppress(FileNotFoundError, ValueError, TypeError, KeyError):
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            for key, row in kept.items():
                if key in shelves:
                    shelves[key] = Shelf(
                        availability=Availability(row["availability"]),
                        quantity=row["quantity"],
                        eta=str(row["eta"]),
                    )
        return shelves

    def _save(self) -> None:
        rows = {key: asdict(shelf) for key, shelf in self._shelves.items()}
        self._file.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _opening(today: date) -> dict[str, Shelf]:
    return {
        key: Shelf(availability=one.availability, quantity=one.quantity, eta=one.eta)
        for key, one in opening_stock(today).items()
    }


def _after(before: Shelf, act: Act, *, eta: str, units: int, today: date) -> Shelf:
    here = before.quantity or 0
    match act:
        case Act.RESTOCK:
            return Shelf(availability=Availability.IN_STOCK, quantity=min(here + units, MOST))
        case Act.SELL:
            if not before.can_be_bought:
                raise InvalidInput.of("units", "none_left", "There is none left to sell.")
            return _with_units(before, here - 1)
        case Act.EMPTY:
            return Shelf(availability=Availability.OUT_OF_STOCK, quantity=0, eta=before.eta)
        case Act.BACKORDER:
            when = read_when(eta, today=today) if eta else before.eta
            return Shelf(availability=Availability.BACKORDER, quantity=None, eta=when)
        case Act.PREORDER:
            when = read_when(eta or before.eta, today=today)
            return Shelf(availability=Availability.PREORDER, quantity=None, eta=when)
        case Act.DELAY:
            return replace(before, eta=later_by_a_month(before.eta))
        case Act.DISCONTINUE:
            return Shelf(availability=Availability.DISCONTINUED, quantity=None)


def _with_units(before: Shelf, units: int) -> Shelf:
    if units > 0:
        return replace(before, quantity=units)
    return Shelf(availability=Availability.OUT_OF_STOCK, quantity=0)


def read_when(text: str, *, today: date) -> str:
    """A day or a month ahead, as it was written. Raises errors.InvalidInput."""
    last = _last_month(text)
    if last is None:
        raise InvalidInput.of("eta", "no_date", f"{text!r} is no month like 2027-02 or 2027-02-14.")
    ahead = (last.year - today.year) * 12 + last.month - today.month
    if not 0 <= ahead <= MONTHS_AHEAD:
        raise InvalidInput.of(
            "eta", "out_of_range", f"{text} is not within the next {MONTHS_AHEAD} months."
        )
    return text


def later_by_a_month(eta: str) -> str:
    """The same span a month later, as precise as before. Raises errors.InvalidInput for none."""
    if not eta:
        raise InvalidInput.of(
            "eta", "none", "No date was promised, so none can be moved. Set a pre-order date first."
        )
    return "/".join(_month_on(part) for part in eta.split("/"))


def _month_on(text: str) -> str:
    parts = [int(part) for part in text.split("-")]
    year, month = parts[0] + parts[1] // 12, parts[1] % 12 + 1
    if len(parts) == 2:
        return f"{year:04}-{month:02}"
    return date(year, month, min(parts[2], 28)).isoformat()


def _last_month(text: str) -> date | None:
    last = text.rpartition("/")[2]
    try:
        return date.fromisoformat(last if len(last) > 7 else f"{last}-01")
    except ValueError:
        return None

"""How does a shop push its stock, and which of its rows can be believed?

The same rows come by POST /api/v1/stock and, signed, by /hooks/stock/<shop>. Each row is read for
itself: one that cannot be read is reported and holds up no other.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint
from pydantic import Field, SkipValidation

from notifier.domain.availability import Availability, read_availability, settle_availability
from notifier.domain.dates import names_zone, read_eta, read_instant
from notifier.domain.eta import Eta
from notifier.domain.money import Money, read_currency, read_money
from notifier.domain.observation import Observation
from notifier.domain.quantity import Units, read_units
from notifier.domain.scope import Scope
from notifier.errors import FieldProblem, InvalidInput
from notifier.services.env import Env, ShopRef
from notifier.services.push_stock import PushedRow, push_stock
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.shapes import Amount, Key, Shape
from notifier.web.here import env
from notifier.web.read_json import BULK_LIMIT, as_model

blueprint = Blueprint("stock", __name__)

MOST_ROWS = 50_000
CLOCKS_DIFFER = timedelta(minutes=5)


class StockRow(Shape):
    """What is known of one variant. One of `variant` and `sku`, and `availability` or a quantity.

    A quantity below zero sells nothing, a fraction is rounded down. Without `availability` the
    quantity decides.
    """

    variant: Key = Field("", description="The shop's own variant id.", examples=["4711"])
    sku: Key = Field("", description="Enough alone when one variant has it.")
    product: Key = Field("", description="The product it belongs to, when that is not known yet.")
    availability: str | bool | None = Field(
        None,
        description="in_stock, out_of_stock, backorder, preorder, discontinued, unknown; also "
        "the words of schema.org and of product feeds.",
    )
    quantity: Amount | bool | None = Field(
        None, description="Units that can be sold.", examples=[12]
    )
    on_hand: Amount | None = Field(None, description="Instead of quantity: units in the house …")
    reserved: Amount | None = Field(None, description="… less those that are promised.")
    eta: str | None = Field(
        None, description="When it is expected: 2027-02-14, 2027-02, 2027-02-01/2027-02-14."
    )
    observed_at: str | None = Field(
        None,
        description="When this was so, with its zone. Rows older than what is known count "
        "for nothing.",
    )
    price: Amount | None = None
    currency: str = Field("", max_length=3, description="ISO 4217, when the price names none.")


class StockPush(Shape):
    """Rows are read one by one; see StockRow."""

    observations: list[SkipValidation[StockRow]] = Field(min_length=1, max_length=MOST_ROWS)


class RowNote(Shape):
    """Something about one row. `row` counts from 0."""

    row: int
    field: str
    code: str
    message: str


class UnmatchedRow(Shape):
    """A row about a variant that was not known. It is stored and known from now on."""

    row: int
    variant: str


class StockReport(Shape):
    """What became of the rows. `warnings`: the row counts, but not all that it said.

    `announced`: restocks that people will be told of. `held`: so many came back at once that
    nothing is sent until a person says that this is right.
    """

    accepted: int
    rejected: list[RowNote]
    warnings: list[RowNote]
    unmatched: list[UnmatchedRow]
    changed: int = Field(
        description="Variants of which the rows say other than the last look did; 0 when the same "
        "rows are sent again."
    )
    announced: int
    held: bool


@operation(
    "POST",
    "/stock",
    scope=Scope.STOCK_WRITE,
    summary="Push stock",
    given=StockPush,
    answer=StockReport,
    limit=BULK_LIMIT,
    row=StockRow,
    blueprint=blueprint,
)
def push(caller: Caller, given: StockPush) -> StockReport:
    """Rows that cannot be read are listed under `rejected` and hold up no other; when none can be
    read the answer is 422. Sending the same rows again changes nothing."""
    return take_rows(env(), caller.shop, given)


def take_rows(env: Env, shop: ShopRef, given: StockPush) -> StockReport:
    """Believe what can be read. Raises errors.InvalidInput when nothing can."""
    rows: list[PushedRow] = []
    rejected: list[RowNote] = []
    warnings: list[RowNote] = []
    for number, written in enumerate(given.observations):
        try:
            seen, notes = read_row(written, row=number, now=env.now())
        except InvalidInput as error:
            rejected += [_note(number, problem) for problem in error.problems]
        else:
            rows.append(PushedRow(row=number, seen=seen))
            warnings += [_note(number, problem) for problem in notes]
    done = push_stock(env, shop, rows)
    rejected += [_note(row, problem) for row, problem in done.refused]
    if not done.accepted:
        raise InvalidInput(
            *(
                FieldProblem(
                    field=f"observations.{note.row}.{note.field}".rstrip("."),
                    code=note.code,
                    message=note.message,
                )
                for note in rejected[:20]
            )
        )
    return StockReport(
        accepted=done.accepted,
        rejected=sorted(rejected, key=lambda note: note.row),
        warnings=warnings,
        unmatched=[UnmatchedRow(row=row, variant=key) for row, key in done.unmatched],
        changed=done.report.changed,
        announced=done.report.announced,
        held=done.report.held,
    )


def _note(row: int, problem: FieldProblem) -> RowNote:
    return RowNote(row=row, field=problem.field, code=problem.code, message=problem.message)


def read_row(written: Any, *, row: int, now: datetime) -> tuple[Observation, list[FieldProblem]]:
    """One row as an observation, and what in it could not be used. Its key is empty when only a
    sku was given. Raises errors.InvalidInput."""
    one = as_model(StockRow, written)
    variant, sku = one.variant.strip(), one.sku.strip()
    if not variant and not sku:
        raise InvalidInput.of("variant", "missing", f"Row {row} names neither variant nor sku.")
    notes: list[FieldProblem] = []
    units = _read_quantity(one, notes)
    availability = _read_availability(one, units)
    money = _read_price(one, notes)
    seen = Observation(
        key=variant,
        sku=sku,
        product_key=one.product.strip(),
        availability=availability,
        quantity=units.count,
        eta=_read_eta(one, notes),
        price=money.amount if money else None,
        currency=money.currency if money else "",
        observed_at=_read_time(one, notes, now=now),
    )
    return seen, notes


def _read_quantity(one: StockRow, notes: list[FieldProblem]) -> Units:
    if one.on_hand is None and one.reserved is None:
        units = read_units(one.quantity)
    elif one.quantity is not None:
        raise InvalidInput.of("quantity", "twice", "Give either quantity or on_hand and reserved.")
    elif one.on_hand is None:
        raise InvalidInput.of("on_hand", "missing", "reserved is given without on_hand.")
    else:
        on_hand = _count(one.on_hand, field="on_hand")
        reserved = 0 if one.reserved is None else _count(one.reserved, field="reserved")
        units = read_units(on_hand - reserved)
    if units.warning:
        notes.append(FieldProblem(field="quantity", code="bent", message=f"{units.warning}."))
    return units


def _count(value: str | float, *, field: str) -> int:
    """A number that is needed: `n/a` in the house is not none in the house."""
    count = read_units(value, field=field).raw
    if count is None:
        words = f"{str(value)[:40]!r} is not a number of units such as 12."
        raise InvalidInput.of(field, "not_a_quantity", words)
    return count


def _read_availability(one: StockRow, units: Units) -> Availability:
    """The word, or what the quantity says. Raises when a row says neither."""
    word = Availability.UNKNOWN
    if one.availability is not None and one.availability != "":
        word = read_availability(one.availability)
        if word is Availability.UNKNOWN and str(one.availability).strip().lower() != "unknown":
            raise InvalidInput.of(
                "availability",
                "unknown_word",
                f"{str(one.availability)[:40]!r} is not a word for availability such as in_stock, "
                "out_of_stock, backorder, preorder or discontinued.",
            )
        if word is Availability.UNKNOWN:
            return word
    if units.in_stock is not None and word is Availability.UNKNOWN:
        return Availability.IN_STOCK if units.in_stock else Availability.OUT_OF_STOCK
    said = {"availability", "quantity"} & one.model_fields_set  # null says: not known
    if word is Availability.UNKNOWN and units.count is None and not said:
        raise InvalidInput.of(
            "availability", "missing", "Say availability, quantity, or on_hand and reserved."
        )
    return settle_availability(word, count=units.raw)


def _read_eta(one: StockRow, notes: list[FieldProblem]) -> Eta | None:
    """An expected date that cannot be read is left out: what is there counts all the same."""
    try:
        return read_eta(one.eta)
    except InvalidInput as error:
        notes += error.problems
        return None


def _read_price(one: StockRow, notes: list[FieldProblem]) -> Money | None:
    currency = read_currency(one.currency)
    if one.currency and not currency:
        words = f"{one.currency!r} is not a currency of ISO 4217 such as EUR."
        notes.append(FieldProblem(field="currency", code="unknown_currency", message=words))
        return None
    try:
        return read_money(one.price, currency=currency)
    except InvalidInput as error:
        notes += error.problems
        return None


def _read_time(one: StockRow, notes: list[FieldProblem], *, now: datetime) -> datetime | None:
    at = read_instant(one.observed_at, field="observed_at")
    if at is not None and not names_zone(str(one.observed_at)):
        words = f"{one.observed_at} names no zone, so it was taken for UTC. Send it with its zone."
        notes.append(FieldProblem(field="observed_at", code="no_zone", message=words))
    if at is not None and at > now + CLOCKS_DIFFER:
        raise InvalidInput.of(
            "observed_at",
            "in_the_future",
            f"{one.observed_at} lies in the future. Check the clock, or leave it out.",
        )
    return min(at, now) if at is not None else None

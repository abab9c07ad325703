"""How does a shop's server hand over orders that wait, and see where they stand?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Blueprint

from notifier.domain.order_delay import NextStep, State
from notifier.domain.scope import Scope
from notifier.errors import Conflict, FieldProblem, InvalidInput
from notifier.services.order_given import read_order
from notifier.services.order_taken import TakenLine, TakenOrder
from notifier.services.see_order import list_lines, show_order
from notifier.services.take_orders import take_order
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.order_given_shapes import (
    LineTaken,
    OrderGiven,
    OrderNote,
    OrdersGiven,
    OrdersReport,
    OrderTaken,
)
from notifier.web.api.order_shapes import Line, LinePage, LinesQuery, Order, line_values
from notifier.web.api.shapes import Nothing
from notifier.web.here import env
from notifier.web.read_json import BULK_LIMIT, as_model

blueprint = Blueprint("orders", __name__)

_PLACE = re.compile(r"(\d{1,20}|-)\.(\d{1,18})")


@operation(
    "POST",
    "/orders",
    scope=Scope.ORDERS_WRITE,
    summary="Hand over orders that wait",
    given=OrdersGiven,
    answer=OrdersReport,
    limit=BULK_LIMIT,
    row=OrderGiven,
    blueprint=blueprint,
)
def take(caller: Caller, given: OrdersGiven) -> OrdersReport:
    """Each order is stored whole or not at all, and its customers hear at once what they have to
    hear. The same order again changes nothing; new lines are added; address, language, quantity
    (down) and eta may change, any other fact gives 409 `changed`. Orders that cannot be taken are
    listed under `rejected` and hold up no other; when none can be taken the answer is 422 or 409.
    Report shipments promptly: what is not known to have left lapses on its day."""
    done = OrdersReport(accepted=[], rejected=[], warnings=[])
    conflicts: list[Conflict] = []
    for number, written in enumerate(given.orders):
        try:
            taken = _take_one(caller, written)
        except InvalidInput as error:
            done.rejected += _notes(number, _ref_of(written), error.problems)
        except Conflict as error:
            conflicts.append(error)
            problem = FieldProblem(field=error.field, code=error.code, message=str(error))
            done.rejected += _notes(number, _ref_of(written), [problem])
        else:
            done.accepted.append(_taken(taken))
            done.warnings += _notes(number, taken.ref, taken.warnings)
    if not done.accepted:
        _refuse_all(done, conflicts)
    return done


def _take_one(caller: Caller, written: object) -> TakenOrder:
    now = env().now()
    config = caller.shop.config
    said = as_model(OrderGiven, written).said()
    order = read_order(said, shop_zone=config.time_zone, currency=config.currency, now=now)
    return take_order(env(), caller.shop, order, source=caller.name)


def _refuse_all(done: OrdersReport, conflicts: list[Conflict]) -> None:
    """Raises Conflict when that is all there is, else InvalidInput with the first problems."""
    if len(conflicts) == len(done.rejected):
        first, note = conflicts[0], done.rejected[0]
        raise Conflict(first.code, str(first), field=f"orders.{note.order}.{note.field}")
    raise InvalidInput(
        *(
            FieldProblem(
                field=f"orders.{note.order}.{note.field}".rstrip("."),
                code=note.code,
                message=note.message,
            )
            for note in done.rejected[:20]
        )
    )


def _ref_of(written: object) -> str:
    ref = written.get("ref") if isinstance(written, dict) else None
    return str(ref)[:128] if isinstance(ref, (str, int)) else ""


def _notes(number: int, ref: str, problems: Sequence[FieldProblem]) -> list[OrderNote]:
    return [
        OrderNote(order=number, ref=ref, field=one.field, code=one.code, message=one.message)
        for one in problems
    ]


def _taken(taken: TakenOrder) -> OrderTaken:
    return OrderTaken(
        ref=taken.ref,
        outcome=taken.outcome,
        zone=taken.zone,
        lines=[_line_taken(line) for line in taken.lines],
    )


def _line_taken(line: TakenLine) -> LineTaken:
    standing = line.standing
    return LineTaken(
        ref=line.ref,
        outcome=line.outcome,
        state=standing.state,
        next_step=standing.next_step,
        promised=standing.promised,
        limit=standing.limit,
        deadline=standing.deadline,
    )


@operation(
    "GET",
    "/orders",
    scope=Scope.ORDERS_READ,
    summary="See which order lines come next",
    given=LinesQuery,
    answer=LinePage,
    blueprint=blueprint,
)
def list_waiting(caller: Caller, given: LinesQuery) -> LinePage:
    """Lines of all orders by their next deadline."""
    found = list_lines(
        env(),
        caller.shop,
        states=_words(given.state, [one.value for one in State], "state"),
        next_steps=_words(given.next_step, [one.value for one in NextStep], "next_step"),
        after=_place(given.after),
        limit=given.limit,
    )
    lines = [Line(**line_values(one)) for one in found.lines]
    return LinePage(lines=lines, next=_next(found.last) if found.last else None)


@operation(
    "GET",
    "/orders/<path:ref>",
    scope=Scope.ORDERS_READ,
    summary="See where an order stands",
    given=Nothing,
    answer=Order,
    blueprint=blueprint,
)
def show(caller: Caller, _given: Nothing, *, ref: str) -> Order:
    """Each line with its promise, its deadline, the next step, what the customer may answer, why it
    stands there by which paragraph, all that happened and each message."""
    shown = show_order(env(), caller.shop, ref)
    lines = [line_values(line) for line in shown.lines]
    names = [name for name in Order.model_fields if name != "lines"]
    return Order.model_validate({**{name: getattr(shown, name) for name in names}, "lines": lines})


def _words(text: str, allowed: list[str], field: str) -> list[str]:
    words = [word for word in text.replace(" ", "").split(",") if word]
    for word in words:
        if word not in allowed:
            raise InvalidInput.of(
                field, "unknown_word", f"{word[:40]!r} is none of: {', '.join(allowed)}."
            )
    return words


def _next(last: tuple[datetime | None, int]) -> str:
    """Microseconds since 1970 and the id; a dash for no deadline."""
    at, id_ = last
    if at is None:
        return f"-.{id_}"
    return f"{int(at.timestamp()) * 1_000_000 + at.microsecond}.{id_}"


def _place(text: str) -> tuple[datetime | None, int] | None:
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    if found is None:
        raise InvalidInput.of("after", "unknown", "Give the `next` of the page before, unchanged.")
    if found[1] == "-":
        return None, int(found[2])
    seconds, micros = divmod(int(found[1]), 1_000_000)
    if seconds > 4_102_444_800:  # the year 2100
        raise InvalidInput.of("after", "unknown", "Give the `next` of the page before, unchanged.")
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros), int(found[2])

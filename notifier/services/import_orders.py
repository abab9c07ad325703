"""How do orders that wait come out of a shop's CSV file, one row a line?

Rows of one order may stand anywhere. Each order is stored whole or not at all; one that is wrong is
reported row by row and holds up no other. Bringing the same file again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from notifier.errors import Conflict, FieldProblem, InvalidInput, NotFound
from notifier.services.env import Env, ShopRef
from notifier.services.order_columns import (
    ORDER_NAMES,
    SHIPMENT_NAMES,
    cell_of,
    need,
    read_line_cells,
    read_order_cells,
    same_as,
)
from notifier.services.order_given import LineSaid, OrderSaid, read_order
from notifier.services.order_taken import CHANGED, CREATED
from notifier.services.read_table import find_named, read_table
from notifier.services.report_order import Shipment, report_shipments
from notifier.services.take_orders import take_order, try_order

MOST_KEPT = 1_000  # problems told one by one; the rest are counted
SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """What is wrong with one row. `row` counts from 1, as a spreadsheet does, header included."""

    row: int
    field: str
    code: str
    message: str


@dataclass(slots=True, kw_only=True)
class FileReport:
    """What became of the orders (or shipped lines) of a file."""

    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0  # nothing of these was stored
    dry_run: bool = False
    problems: list[RowProblem] = field(default_factory=list)
    warnings: list[RowProblem] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return bool(self.problems)

    def add(self, outcome: str) -> None:
        name = outcome if outcome in (CREATED, CHANGED) else "unchanged"
        setattr(self, name, getattr(self, name) + 1)

    def note(self, row: int, problems: Sequence[FieldProblem], *, warn: bool = False) -> None:
        kept = self.warnings if warn else self.problems
        for one in problems[: MOST_KEPT - len(kept)]:
            kept.append(RowProblem(row=row, field=one.field, code=one.code, message=one.message))

    def as_dict(self) -> dict[str, Any]:
        counts = {
            name: getattr(self, name)
            for name in self.__slots__
            if name not in ("problems", "warnings")
        }
        for name in ("problems", "warnings"):
            counts[name] = [
                {"row": one.row, "field": one.field, "code": one.code, "message": one.message}
                for one in getattr(self, name)
            ]
        return counts

    def lines(self, what: str) -> Iterator[str]:
        """The report for people. `what`: orders, parcels …"""
        for mark, kept in (("", self.problems), ("note: ", self.warnings)):
            for one in kept[:SHOWN]:
                yield f"{mark}row {one.row}, {one.field}: {one.message}"
            if len(kept) > SHOWN:
                yield f"… and {len(kept) - SHOWN} more"
        would = "would be " if self.dry_run else ""
        yield (
            f"{self.rows} rows. {what}: {self.created} {would}taken, {self.changed} {would}"
            f"changed, {self.unchanged} as they were, {self.refused} refused."
        )


@dataclass(slots=True)
class _Gathered:
    """One order of the file with its rows."""

    said: OrderSaid
    rows: list[int] = field(default_factory=list)
    lines: list[LineSaid] = field(default_factory=list)
    is_wrong: bool = False


def import_orders(
    env: Env,
    shop: ShopRef,
    file: Path,
    *,
    dry_run: bool = False,
    progress: Callable[[int], object] = lambda _octets: None,
) -> FileReport:
    """Bring the orders of a CSV file. `dry_run`: only say what would happen.

    Times without a zone are the shop's. Raises errors.InvalidInput when the file as a whole cannot
    be used.
    """
    report = FileReport(dry_run=dry_run)
    gathered = _gather(file, report, progress)
    for one in gathered.values():
        if one.is_wrong:
            report.refused += 1
            continue
        try:
            _bring(env, shop, one, report, source=f"file:{file.name}"[:64])
        except InvalidInput as error:
            _refuse(report, one, error.problems)
        except Conflict as error:
            problem = FieldProblem(field=error.field, code=error.code, message=str(error))
            _refuse(report, one, [problem])
    return report


def _gather(
    file: Path, report: FileReport, progress: Callable[[int], object]
) -> dict[str, _Gathered]:
    """The orders of the file by their refs, with what is wrong in a row noted."""
    columns: dict[str, int] = {}
    found: dict[str, _Gathered] = {}
    for number, cells in read_table(file, seen=lambda octets: progress(len(octets))):
        if not columns and not isinstance(cells, InvalidInput):
            columns = find_named(cells, ORDER_NAMES)
            need(
                columns,
                ("order",),
                ("completed_at",),
                ("email", "phone"),
                ("variant", "sku", "title"),
                header=cells,
            )
            continue
        report.rows += bool(columns)
        if isinstance(cells, InvalidInput):
            report.note(number, cells.problems)
            continue
        cell = cell_of(cells, columns)
        one = found.get(cell("order"))
        try:
            said = read_order_cells(cell)
            if one is None:
                one = found.setdefault(said.ref, _Gathered(said=said))
            one.rows.append(number)
            problems = same_as(one.said, said)
            one.said = _fill(one.said, said)
            one.lines.append(read_line_cells(cell, ref=str(len(one.lines) + 1)))
        except InvalidInput as error:
            problems = list(error.problems)
        if problems:
            report.note(number, problems)
            nameless = _Gathered(said=OrderSaid(ref="", completed_at=""))
            (one or found.setdefault(cell("order"), nameless)).is_wrong = True
    if not columns:
        raise InvalidInput.of("file", "empty", "The file holds no row.")
    return found


def _fill(first: OrderSaid, later: OrderSaid) -> OrderSaid:
    """Exports write an order's own values into its first row only, or into all."""
    names = [name for name in OrderSaid.__slots__ if name != "lines"]
    gaps = {
        name: getattr(later, name)
        for name in names
        if getattr(first, name) in (None, "") and getattr(later, name) not in (None, "")
    }
    return replace(first, **gaps)


def _bring(env: Env, shop: ShopRef, one: _Gathered, report: FileReport, *, source: str) -> None:
    config = shop.config
    order = read_order(
        replace(one.said, lines=one.lines),
        shop_zone=config.time_zone,
        currency=config.currency,
        now=env.now(),
        bare_times=config.time_zone,
    )
    act = try_order if report.dry_run else take_order
    taken = act(env, shop, order, source=source)
    report.add(taken.outcome)
    for warning in taken.warnings:
        row, said = _place(one, warning)
        report.note(row, [said], warn=True)


def _refuse(report: FileReport, one: _Gathered, problems: Sequence[FieldProblem]) -> None:
    report.refused += 1
    for problem in problems:
        row, said = _place(one, problem)
        report.note(row, [said])


def _place(one: _Gathered, problem: FieldProblem) -> tuple[int, FieldProblem]:
    """The row a problem is about: `lines.2.promise` stands in the order's third row."""
    steps = problem.field.split(".")
    if len(steps) > 1 and steps[0] == "lines" and steps[1].isdigit():
        row = one.rows[min(int(steps[1]), len(one.rows) - 1)]
        return row, replace(problem, field=".".join(steps[2:]) or "row")
    return one.rows[0], problem


def import_shipments(env: Env, shop: ShopRef, file: Path, *, actor: str) -> FileReport:
    """Report what has shipped, one row a line; a row that is refused holds up no other.

    Times without a zone are the shop's. Raises errors.InvalidInput when the file as a whole cannot
    be used.
    """
    report = FileReport()
    columns: dict[str, int] = {}
    for number, cells in read_table(file):
        if not columns and not isinstance(cells, InvalidInput):
            columns = find_named(cells, SHIPMENT_NAMES)
            need(columns, ("order",), ("line",), ("shipped_at",), header=cells)
            continue
        report.rows += bool(columns)
        try:
            if isinstance(cells, InvalidInput):
                raise cells
            cell = cell_of(cells, columns)
            parcel = Shipment(
                ref=cell("line"),
                shipped_at=cell("shipped_at"),
                carrier=cell("carrier"),
                tracking=cell("tracking"),
            )
            zone = shop.config.time_zone
            done = report_shipments(env, shop, cell("order"), [parcel], actor=actor, bare=zone)
            report.add(CREATED if done[0].changed else "unchanged")
        except InvalidInput as error:
            report.refused += 1
            report.note(
                number,
                [replace(one, field=one.field.removeprefix("lines.0.")) for one in error.problems],
            )
        except (Conflict, NotFound) as error:
            report.refused += 1
            code = error.code if isinstance(error, Conflict) else "unknown"
            report.note(number, [FieldProblem(field="line", code=code, message=str(error))])
    if not columns:
        raise InvalidInput.of("file", "empty", "The file holds no row.")
    return report

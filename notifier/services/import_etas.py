"""How are the expected dates of many variants set from one file: all of them, or none?

A list of a supplier that is wrong in one row is looked at again as a whole (trust, bad inputs 235).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from notifier.domain.dates import read_eta
from notifier.domain.eta import Eta
from notifier.errors import Conflict, FieldProblem, InvalidInput, NotFound
from notifier.services.env import Env, ShopRef
from notifier.services.foresee_eta import foresee_eta
from notifier.services.import_orders import MOST_KEPT, RowProblem
from notifier.services.order_columns import ETA_NAMES, NONE_WORDS, Cell, cell_of, need
from notifier.services.push_stock import find_key
from notifier.services.read_table import find_named, read_table
from notifier.services.set_eta import change_eta, today_in
from notifier.store import catalogue
from notifier.store.session import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    number: int
    key: str
    eta: Eta | None
    source: str
    evidence: str


@dataclass(slots=True, kw_only=True)
class EtaReport:
    """`changed` 0 and `problems` not empty: nothing was saved. `available`: can be bought now, so
    it needs no date. The last three say what the dates mean for those who have bought or wait; they
    are filled by a preview only."""

    rows: int = 0
    changed: int = 0
    unchanged: int = 0
    available: int = 0
    preview: bool = False
    problems: list[RowProblem] = field(default_factory=list)
    messages: dict[str, int] = field(default_factory=dict)
    first_notice_by: datetime | None = None
    subscribers: int = 0

    def as_dict(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__slots__}
        values["problems"] = [
            {"row": one.row, "field": one.field, "code": one.code, "message": one.message}
            for one in self.problems
        ]
        by = self.first_notice_by
        return {**values, "first_notice_by": by.isoformat() if by else None}


def import_etas(
    env: Env,
    shop: ShopRef,
    file: Path,
    *,
    actor: str,
    source: str = "",
    preview: bool = False,
) -> EtaReport:
    """Set the dates of a CSV file: variant or sku, date, source, evidence. `source`: for rows that
    name none.

    Nothing is saved when any row is wrong. Raises errors.InvalidInput when the file as a whole
    cannot be used.
    """
    report = EtaReport(preview=preview)
    rows = _read(env, shop, file, report, source=source)
    if report.problems:
        return report
    if preview:
        _foresee(env, shop, rows, report)
    else:
        with suppress(_SaveNothing):
            env.db.retry(lambda tx: _save(env, tx, shop, rows, report, actor=actor))
    if report.problems:
        report.changed = report.unchanged = report.available = 0
    return report


def _read(env: Env, shop: ShopRef, file: Path, report: EtaReport, *, source: str) -> list[_Row]:
    columns: dict[str, int] = {}
    rows: list[_Row] = []
    for number, cells in read_table(file):
        if not columns and not isinstance(cells, InvalidInput):
            columns = find_named(cells, ETA_NAMES)
            need(columns, ("variant", "sku"), ("date",), header=cells)
            continue
        report.rows += bool(columns)
        try:
            if isinstance(cells, InvalidInput):
                raise cells
            row = _row(env, shop, cell_of(cells, columns), number, source=source)
            if any(row.key == one.key for one in rows):
                raise InvalidInput.of("variant", "twice", f"{row.key!r} stands there twice.")
            rows.append(row)
        except InvalidInput as error:
            _note(report, number, error.problems)
        except NotFound as error:
            _note(report, number, [FieldProblem(field="sku", code="unknown", message=str(error))])
    if not columns:
        raise InvalidInput.of("file", "empty", "The file holds no row.")
    return rows


def _row(env: Env, shop: ShopRef, cell: Cell, number: int, *, source: str) -> _Row:
    text = cell("date")
    if not text:
        raise InvalidInput.of("date", "missing", "Give a date, or 'none' to take it back.")
    takes_back = text.lower() in NONE_WORDS
    eta = None if takes_back else read_eta(text, field="date", today=today_in(env, shop))
    return _Row(
        number=number,
        key=find_key(env, shop, variant=cell("variant"), sku=cell("sku")),
        eta=eta,
        source=cell("source") or source,
        evidence=cell("evidence"),
    )


def _save(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    rows: Sequence[_Row],
    report: EtaReport,
    *,
    actor: str,
) -> None:
    """All of them; the first that is wrong takes the others back."""
    report.changed = report.unchanged = report.available = 0
    report.problems.clear()
    for row in sorted(rows, key=lambda one: one.key):  # one order for all: no deadlock
        variant = catalogue.find_variant(tx, shop.id, row.key)
        try:
            if variant is None:
                raise NotFound(f"There is no variant {row.key[:80]!r} in this shop.")
            done = change_eta(
                env,
                tx,
                shop,
                variant,
                row.eta,
                source=row.source,
                evidence=row.evidence,
                actor=actor,
            )
            report.changed += done.changed
            report.unchanged += not done.changed
        except Conflict:
            report.available += 1
        except InvalidInput as error:
            _note(report, row.number, error.problems)
        except NotFound as error:
            problem = FieldProblem(field="variant", code="unknown", message=str(error))
            _note(report, row.number, [problem])
    if report.problems:
        raise _SaveNothing


class _SaveNothing(Exception):
    """Rolls all of it back."""


def _foresee(env: Env, shop: ShopRef, rows: Sequence[_Row], report: EtaReport) -> None:
    messages: Counter[str] = Counter()
    firsts: list[datetime] = []
    for row in rows:
        try:
            found = foresee_eta(env, shop, row.key, row.eta, source=row.source)
        except Conflict:
            report.available += 1
        except InvalidInput as error:
            _note(report, row.number, error.problems)
        except NotFound as error:
            problem = FieldProblem(field="variant", code="unknown", message=str(error))
            _note(report, row.number, [problem])
        else:
            changed = found.before != found.after
            report.changed += changed
            report.unchanged += not changed
            messages.update(found.messages)
            report.subscribers += found.subscribers
            firsts += [found.first_notice_by] if found.first_notice_by else []
    report.messages = dict(messages)
    report.first_notice_by = min(firsts, default=None)


def _note(report: EtaReport, row: int, problems: Sequence[FieldProblem]) -> None:
    for one in problems[: MOST_KEPT - len(report.problems)]:
        report.problems.append(
            RowProblem(row=row, field=one.field, code=one.code, message=one.message)
        )

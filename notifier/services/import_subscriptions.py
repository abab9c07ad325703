"""How do people who waited elsewhere come onto our list, in their old order?

From a CSV file, row by row: a row that is wrong is reported and holds up no other. Every batch says
on what grounds these people may be written to (trust CP-5). Without `confirmed` each is asked to
confirm by link. Bringing the same file again brings nobody twice, and nobody who has left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from notifier.domain.subscription import Origin
from notifier.errors import Conflict, FieldProblem, InvalidInput, NotFound
from notifier.services.consent import Circumstances
from notifier.services.env import Env, ShopRef
from notifier.services.import_columns import ImportedRow, Standing, find_columns, read_row
from notifier.services.read_address import read_address
from notifier.services.read_table import read_table
from notifier.services.subscribe import check_quantity, refuse_what_is_there, subscribe
from notifier.services.wanted import SignUp, find_wanted
from notifier.store import ledger, people, shut_addresses
from notifier.store import stock as stock_store
from notifier.store.session import Transaction

MOST_KEPT = 1_000  # problems told one by one; the rest are counted
SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProblem(FieldProblem):
    """What is wrong with one row. `row` counts from 1, as a spreadsheet does, header included."""

    row: int


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """What became of the rows. Each row is counted once."""

    rows: int = 0
    created: int = 0
    known: int = 0  # waits already, or came by an earlier import
    told: int = 0  # had been told where the file comes from
    left: int = 0  # had unsubscribed there, or here since
    available: int = 0  # can be bought now
    refused: int = 0
    dry_run: bool = False
    problems: list[ImportProblem] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return self.refused > 0

    def as_dict(self) -> dict[str, Any]:
        counts = {name: getattr(self, name) for name in self.__slots__ if name != "problems"}
        kept = [
            {"row": one.row, "field": one.field, "code": one.code, "message": one.message}
            for one in self.problems
        ]
        return {**counts, "problems": kept}

    def lines(self) -> Iterator[str]:
        """The report for people."""
        for one in self.problems[:SHOWN]:
            yield f"row {one.row}, {one.field}: {one.message}"
        if self.refused > SHOWN:
            yield f"… and {self.refused - SHOWN} more"
        verb = "would be put" if self.dry_run else "put"
        yield f"{self.rows} rows: {self.created} {verb} on the list, {self.known} there already,"
        yield f"  {self.told} told before, {self.left} gone, {self.available} can be bought now,"
        yield f"  {self.refused} could not be read."


def import_subscriptions(
    env: Env,
    shop: ShopRef,
    file: Path,
    *,
    basis: str,
    evidence: str,
    confirmed: bool = False,
    dry_run: bool = False,
    progress: Callable[[int], object] = lambda _octets: None,
) -> ImportReport:
    """Bring the people of a CSV file. `basis`: why they may be written to; `evidence`: where that
    is proved; `confirmed`: they have agreed already, so they are not asked again.

    Raises errors.InvalidInput when the file as a whole cannot be used. `progress` is told how many
    octets were read since the last call.
    """
    for name, text in (("basis", basis), ("evidence", evidence)):
        if not text.strip():
            raise InvalidInput.of(name, "missing", f"An import needs its {name} in words.")
    proof = f"{basis.strip()}: {evidence.strip()}"
    report = ImportReport(dry_run=dry_run)
    ahead: set[tuple[str, str]] = set()
    digest = hashlib.sha256()

    def seen(octets: bytes) -> None:
        digest.update(octets)
        progress(len(octets))

    for number, row in _read(file, seen, report):
        if row.standing in (Standing.TOLD, Standing.LEFT):
            outcome = row.standing.value
        else:
            ask = _sign_up(env, row, proof=proof, confirmed=confirmed)
            outcome = _bring(env, shop, ask, number, report=report, ahead=ahead)
        if outcome:
            setattr(report, outcome, getattr(report, outcome) + 1)
    if not dry_run:
        _note_batch(env, shop, file, report, proof=proof, confirmed=confirmed, digest=digest)
    return report


def _bring(
    env: Env,
    shop: ShopRef,
    ask: SignUp,
    number: int,
    *,
    report: ImportReport,
    ahead: set[tuple[str, str]],
) -> str:
    """What becomes of one row: the name of its count in the report; empty when it was refused."""
    try:
        outcome = _foresee(env, shop, ask, ahead=ahead)
        if outcome or report.dry_run:
            return outcome or "created"
        return "created" if subscribe(env, shop, ask) is not None else "known"
    except InvalidInput as error:
        _refuse(report, number, error.problems)
    except NotFound:
        what = ask.variant or ask.product
        words = f"{what[:80]!r} is not a variant or product of this shop that can be waited for."
        _refuse(report, number, [FieldProblem(field="variant", code="unknown", message=words)])
    except Conflict as error:
        if error.code == "available":
            return "available"
        problem = FieldProblem(field="variant", code=error.code, message=str(error))
        _refuse(report, number, [problem])
    return ""


def _sign_up(env: Env, row: ImportedRow, *, proof: str, confirmed: bool) -> SignUp:
    at = min(row.created_at, env.now()) if row.created_at else None
    return SignUp(
        variant=row.variant,
        product=row.product,
        email=row.email,
        phone=row.phone,
        quantity=row.quantity,
        locale=row.locale,
        any_variant=row.any_variant,
        physical_only=row.physical_only,
        accepts_marketing=row.accepts_marketing,
        origin=Origin.IMPORT,
        circumstances=Circumstances(origin="import"),
        confirmed=confirmed and row.standing is Standing.WAITING,
        evidence=proof,
        tags=row.tags,
        created_at=at,
    )


def _foresee(env: Env, shop: ShopRef, ask: SignUp, *, ahead: set[tuple[str, str]]) -> str:
    """Why nothing is to be stored for this row; empty when it is to be. Writes nothing.

    `ahead`: whom rows before this one have brought. Raises as `subscribe` does.
    """
    address = read_address(env, shop, email=ask.email, phone=ask.phone)
    check_quantity(ask.quantity)
    with env.db.read() as tx:
        wanted = find_wanted(tx, shop, ask)
        beliefs = stock_store.load_stock(tx, [one.id for one in wanted.variants])
        refuse_what_is_there(beliefs.values(), physical_only=ask.physical_only)
        key = (address.hash, shop.id, wanted.product_id)
        if shut_addresses.suppressed(tx, [key]):
            return "left"
        target = people.target_of(variant_id=wanted.variant_id, product_id=wanted.product_id)
        if (address.hash, target) in ahead:
            return "known"
        ahead.add((address.hash, target))
        return _met_before(env, tx, shop, ask, address_hash=address.hash, target=target)


def _met_before(
    env: Env, tx: Transaction, shop: ShopRef, ask: SignUp, *, address_hash: str, target: str
) -> str:
    """Whether this very request was here already, and how it ended.

    Who had everything erased since is not brought back; of that the audit book alone knows.
    """
    if ledger.was_noted(
        tx, book="audit", act="erased", address_hash=address_hash, since=ask.created_at
    ):
        return "left"
    contact = people.find_contact(tx, address_hash=address_hash)
    if contact is None:
        return ""
    rows = people.subscriptions_of(tx, contact.id, shop_id=shop.id)
    for row in rows:
        since = ask.created_at is None or row.asked_at >= ask.created_at
        if row.target == target and (row.origin == Origin.IMPORT.value or since):
            return "left" if row.state == "ended" else "known"
    active = people.count_active(tx, contact_id=contact.id, shop_id=shop.id, now=env.now())
    if active >= env.config.limits.max_active:
        raise InvalidInput.of(
            "email", "too_many", f"This address waits for {active} products already.", most=active
        )
    return ""


def _refuse(report: ImportReport, number: int, problems: Sequence[FieldProblem]) -> None:
    report.refused += 1
    for one in problems:
        if len(report.problems) < MOST_KEPT:
            report.problems.append(
                ImportProblem(
                    row=number,
                    field=one.field,
                    code=one.code,
                    message=one.message,
                    values=one.values,
                )
            )


def _note_batch(
    env: Env,
    shop: ShopRef,
    file: Path,
    report: ImportReport,
    *,
    proof: str,
    confirmed: bool,
    digest: Any,
) -> None:
    """On what grounds this batch came, where it can be proved."""
    env.db.retry(
        lambda tx: ledger.append(
            tx,
            book="consent",
            act="imported",
            at=env.now(),
            facts={
                "file": file.name,
                "sha256": digest.hexdigest(),
                "evidence": proof,
                "confirmed": confirmed,
                "rows": report.rows,
                "created": report.created,
            },
            shop_id=shop.id,
        )
    )


def _read(
    file: Path, seen: Callable[[bytes], None], report: ImportReport
) -> Iterator[tuple[int, ImportedRow]]:
    """The rows that can be read, with their numbers; the others go into the report."""
    columns: dict[str, int] = {}
    for number, cells in read_table(file, seen=seen):
        if not columns and not isinstance(cells, InvalidInput):
            columns = find_columns(cells)
            continue
        report.rows += bool(columns)
        try:
            if isinstance(cells, InvalidInput):
                raise cells
            yield number, read_row(cells, columns)
        except InvalidInput as error:
            _refuse(report, number, error.problems)
    if not columns:
        raise InvalidInput.of("file", "empty", "The file holds no row.")

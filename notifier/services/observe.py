"""How far is a look believed, and what does it mean that a variant is absent from it?

The one way in for stock: the poller, the push API, webhooks and imports all end here. A look is
read to its end before anything is believed (services/believe.py), so a source that breaks half-way
changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from notifier.config import SourceSection
from notifier.connectors.base import Look, RowProblem
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.domain.snapshot import refuse_shrunken
from notifier.services.believe import ABSENT, Seen, believe
from notifier.services.env import Env, ShopRef
from notifier.services.last_rows import LastRows, find_missing
from notifier.services.read_look import read_look
from notifier.store import catalogue, sources
from notifier.store import stock as stock_store
from notifier.store.sources import Known


@dataclass(slots=True, kw_only=True)
class Report:
    """What one look did."""

    rows: int = 0
    changed: int = 0
    missing: int = 0
    announced: int = 0
    held: bool = False
    hold_id: int | None = None
    problems: list[RowProblem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def apply_look(
    env: Env,
    shop: ShopRef,
    look: Look,
    *,
    source: str,
    settings: SourceSection,
    last: LastRows | None = None,
) -> Report:
    """Believe a look as far as it may be believed. Raises errors.LookFailed: nothing changed.

    `last`: what the look took for read.
    """
    now = env.now()
    with env.db.read() as tx:
        row = sources.find_source(tx, shop.id, source)
        stocked = 0 if look.full else catalogue.count_variants(tx, shop.id)

    def known_of(keys: Collection[str]) -> Mapping[str, Known]:
        with env.db.read() as tx:
            return sources.known_variants(tx, row.id, keys=keys) if row else {}

    reading = read_look(look, known_of, shop=shop, source=source, settings=settings, now=now)
    if look.full:
        refuse_shrunken(
            rows=reading.seen,
            last_rows=row.rows if row else None,
            min_share=settings.min_share,
            accepted=row.accept_smaller if row else None,
        )
    report = Report(rows=reading.seen, problems=look.problems, warnings=look.warnings)
    missing = find_missing(env, row, look, reading, last=last) if look.full and row else {}
    absent = _absent(env, missing, settings=settings)
    changed = [*reading.changed.values(), *absent]
    report.missing = len(missing)
    report.changed = len(changed)
    # a push holds only what changed; its share is that of all the shop has
    size = max(reading.seen, stocked)
    done = believe(env, shop, changed, source=source, catalogue_size=size, now=now)
    report.announced = done.announced
    report.hold_id, report.held = done.hold_id, done.hold_id is not None
    if not look.full:
        env.db.retry(lambda tx: stock_store.touch_seen(tx, list(reading.unchanged), at=now))
    for availability, ids in reading.agreed.items():
        env.db.retry(
            lambda tx, availability=availability, ids=ids: stock_store.agree(  # type: ignore[misc]
                tx, ids, availability=availability, source=source, at=now
            )
        )
    return report


def repeat_absence(env: Env, shop: ShopRef, *, source: str, settings: SourceSection) -> None:
    """The source says nothing has changed: who was absent is absent from one more full look."""
    if settings.missing_means != "discontinued":
        return
    with env.db.read() as tx:
        row = sources.find_source(tx, shop.id, source)
        missing = sources.absent_variants(tx, row.id) if row else {}
        size = catalogue.count_variants(tx, shop.id)
    told = _absent(env, missing, settings=settings)
    believe(env, shop, told, source=source, catalogue_size=size, now=env.now())


def observe(
    env: Env, shop: ShopRef, seen: Sequence[Observation], *, source: str = "push"
) -> Report:
    """Believe single observations that were pushed (API, webhook, dial). No absence is implied."""
    look = Look(observations=iter(seen), full=False)
    settings = shop.config.sources.get(source) or SourceSection(kind="push")
    env.db.retry(
        lambda tx: sources.ensure_source(
            tx, shop_id=shop.id, name=source, kind=settings.kind, now=env.now()
        )
    )
    return apply_look(env, shop, look, source=source, settings=settings)


def _absent(env: Env, missing: dict[str, int], *, settings: SourceSection) -> list[Seen]:
    """What the absence from a complete look means, by the source's setting.

    Absence is counted in the variant's row; the digest is emptied so that a return is seen.
    """
    if not missing:
        return []
    with env.db.read() as tx:
        beliefs = stock_store.load_stock(tx, missing.values())
    told: list[Seen] = []
    for key, variant_id in missing.items():
        before = beliefs.get(variant_id)
        if before is None:
            continue
        if before.missing and (
            settings.missing_means != "discontinued"
            or before.availability is Availability.DISCONTINUED
        ):
            continue  # its absence has had its effect already
        means = Availability.UNKNOWN
        if settings.missing_means == "out_of_stock":
            means = Availability.OUT_OF_STOCK
        elif (
            settings.missing_means == "discontinued"
            and before.missing + 1 >= settings.missing_after
        ):
            means = Availability.DISCONTINUED
        told.append((Observation(key=key, availability=means), ABSENT))
    return told


def problems_of(report: Report) -> Iterable[str]:
    """The row problems of a report as sentences, at most 20."""
    for problem in report.problems[:20]:
        yield f"row {problem.row}, {problem.field} {problem.value!r}: {problem.message}"

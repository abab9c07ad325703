"""What do we believe after a look, and which events follow?

The one way in for stock: the poller, the push API, webhooks and imports all end here. A look is
read to its end before anything is believed, so a source that breaks half-way changes nothing.
Belief and events of a variant are stored in one transaction (trust RL-1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from notifier.config import SourceSection
from notifier.connectors.base import Look, RowProblem
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.domain.snapshot import refuse_shrunken
from notifier.domain.stock import Stock, Verdict, first_sight, weigh
from notifier.services.backorder import decide_as_seen
from notifier.services.env import Env, ShopRef, rules_for
from notifier.services.last_rows import LastRows, find_missing, untrue
from notifier.services.note_changes import hold_abnormal, note_changes
from notifier.services.read_look import read_look
from notifier.services.touch_orders import concerns_orders, touch_orders
from notifier.store import catalogue, sources
from notifier.store import stock as stock_store
from notifier.store.session import Transaction
from notifier.store.sources import Known

CHUNK = 200  # variants a transaction; keeps the writer free for sign-ups in between


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
        row = _source_row(tx, shop, source)
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
    _believe(env, shop, changed, report, source=source, catalogue_size=size, now=now)
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
        row = _source_row(tx, shop, source)
        missing = sources.absent_variants(tx, row.id) if row else {}
        size = catalogue.count_variants(tx, shop.id)
    told = _absent(env, missing, settings=settings)
    _believe(env, shop, told, Report(), source=source, catalogue_size=size, now=env.now())


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


def _source_row(tx: Transaction, shop: ShopRef, name: str) -> sources.SourceRow | None:
    return next((s for s in sources.list_sources(tx, shop.id) if s.name == name), None)


def _absent(
    env: Env, missing: dict[str, int], *, settings: SourceSection
) -> list[tuple[Observation, str]]:
    """What the absence from a complete look means, by the source's setting.

    Absence is counted in the variant's row; the digest is emptied so that a return is seen.
    """
    if not missing:
        return []
    with env.db.read() as tx:
        beliefs = stock_store.load_stock(tx, missing.values())
    told: list[tuple[Observation, str]] = []
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


ABSENT = "absent"


def _believe(
    env: Env,
    shop: ShopRef,
    changed: Sequence[tuple[Observation, str]],
    report: Report,
    *,
    source: str,
    catalogue_size: int,
    now: datetime,
) -> None:
    """Store what is new, a chunk at a time; its events are held when they are abnormally many."""
    hold_id = _brake(env, shop, changed, source=source, catalogue_size=catalogue_size, now=now)
    report.hold_id, report.held = hold_id, hold_id is not None
    for start in range(0, len(changed), CHUNK):
        chunk = changed[start : start + CHUNK]
        report.announced += env.db.retry(
            lambda tx, chunk=chunk: _apply(  # type: ignore[misc]
                env, tx, shop, chunk, source=source, now=now, hold_id=hold_id
            )
        )


def _brake(
    env: Env,
    shop: ShopRef,
    changed: Sequence[tuple[Observation, str]],
    *,
    source: str,
    catalogue_size: int,
    now: datetime,
) -> int | None:
    """Hold what a look would tell when that is an abnormal share (trust RL-18)."""
    if len(changed) <= shop.config.stock.brake_count:
        return None
    count = 0
    for start in range(0, len(changed), 500):
        chunk = changed[start : start + 500]
        with env.db.read() as tx:
            rows = catalogue.find_variants_by_key(tx, shop.id, (o.key for o, _ in chunk))
            beliefs = stock_store.load_stock(tx, (row.id for row in rows.values()))
        for one, _ in chunk:
            row = rows.get(one.key)
            before = beliefs.get(row.id) if row else None
            if row is None or before is None:
                continue
            verdict = weigh(before, one, rules=rules_for(shop.config, row), now=now)
            count += bool(verdict.changes)
    return hold_abnormal(env, shop, count=count, source=source, catalogue_size=catalogue_size)


def _apply(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    chunk: Sequence[tuple[Observation, str]],
    *,
    source: str,
    now: datetime,
    hold_id: int | None,
) -> int:
    """Store beliefs and events of some variants; how many restocks were announced."""
    present = [one for one, digest in chunk if digest != ABSENT]
    decide_as_seen(env, tx, shop, present)
    ids = catalogue.learn(tx, shop.id, present, now=now)
    absent = [one.key for one, digest in chunk if digest == ABSENT]
    rows = catalogue.find_variants_by_key(tx, shop.id, absent)
    ids.update((key, row.id) for key, row in rows.items())
    variants = catalogue.find_variants(tx, ids.values())
    beliefs = stock_store.load_stock(tx, ids.values(), for_update=True)
    spoken_of_by = stock_store.sources_of(tx, ids.values())
    digests: dict[int, str] = {}
    bought: list[int] = []
    announced = 0
    for one, digest in chunk:
        variant_id = ids.get(one.key)
        if variant_id is None:
            continue
        variant = variants[variant_id]
        before = beliefs.get(variant_id)
        speaker = source
        verdict = _judge(before, one, shop=shop, variant=variant, digest=digest, now=now)
        if before is not None and one.availability is Availability.UNKNOWN:
            # who knows nothing takes nothing back that another source said
            speaker = spoken_of_by[variant_id] or source
            vouched = before.vouched and speaker != source
            verdict = replace(verdict, stock=replace(verdict.stock, vouched=vouched))
        if verdict.stock != before:
            stock_store.save_stock(
                tx, variant_id, before=before, after=verdict.stock, source=speaker
            )
        if concerns_orders(before, verdict.stock):
            bought.append(variant_id)
        # a rise that waits for confirmation must be weighed again although nothing changes
        settled = verdict.stock.candidate_since is None and (
            verdict.stock.announced_epoch == verdict.stock.epoch
        )
        believed = _was_believed(before, one, now=now)
        digests[variant_id] = digest if settled and believed else ""
        announced += note_changes(tx, shop, variant, verdict, now=now, hold_id=hold_id)
    touch_orders(tx, bought, now=now)
    source_row = _source_row(tx, shop, source)
    if source_row is not None:
        sources.remember_digests(tx, source_row.id, digests)
        untrue(tx, source_row)
    return announced


def _was_believed(before: Stock | None, one: Observation, *, now: datetime) -> bool:
    """False for a row that was too late: the same row in time must be weighed."""
    return before is None or (one.observed_at or now) >= before.seen_at


def _judge(
    before: Stock | None,
    one: Observation,
    *,
    shop: ShopRef,
    variant: catalogue.VariantRow,
    digest: str,
    now: datetime,
) -> Verdict:
    rules = rules_for(shop.config, variant)
    if before is None:
        return Verdict(stock=first_sight(one, rules=rules, now=now))
    verdict = weigh(before, one, rules=rules, now=now)
    if digest == ABSENT:
        stock = replace(verdict.stock, missing=before.missing + 1, vouched=False)
        return Verdict(stock=stock, changes=verdict.changes)
    return verdict


def problems_of(report: Report) -> Iterable[str]:
    """The row problems of a report as sentences, at most 20."""
    for problem in report.problems[:20]:
        yield f"row {problem.row}, {problem.field} {problem.value!r}: {problem.message}"

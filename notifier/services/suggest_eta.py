"""How much longer will a variant be out, going by the shop's own past, and how well did that hold?

A suggestion to the merchant, and to shoppers where the shop allows it. Nothing is stored: it is
worked out from the history of stock when somebody asks. The outages of a whole shop are kept for an
hour, since reading them takes long enough to be noticed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from notifier.domain.outages import DAY, History, PastOutage, read_history
from notifier.domain.restock_calibration import Calibration, Verdict, calibrate
from notifier.domain.restock_history import Estimate, Outage, Pool, Span, estimate, round_up
from notifier.services.announce import is_too_old
from notifier.services.env import Env, ShopRef, rules_for
from notifier.services.known_variant import known_variant
from notifier.store import catalogue, outages
from notifier.store import stock as stock_store
from notifier.store.catalogue import VariantRow
from notifier.store.session import Database, Transaction

REMEMBERED = timedelta(days=730)  # an older outage is one of another supplier, or another time
VARIANTS = 400  # of a shop
SIBLINGS = 30
KEPT_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What is usual for one variant. `known_until`: as of when its stock is known.

    `out_since` None: it is not out, or given up. `beginning_seen` False: it is out for longer.
    `estimate` None: nothing to go by. Its marks count from `out_since`; `half` and `most` from now,
    None also when that time is over already.
    """

    variant: str
    out_since: datetime | None
    beginning_seen: bool
    known_until: datetime | None
    days_out: float | None
    estimate: Estimate | None
    half: float | None
    most: float | None

    @property
    def span(self) -> Span | None:
        """Within how long most were back, rounded up as one says it."""
        return round_up(self.most) if self.most is not None else None


@dataclass(slots=True, kw_only=True)
class _Kept:
    """The outages of a shop as they were read at `at`."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    at: datetime | None = None
    outages: Sequence[PastOutage] = ()
    known: Sequence[Outage] = ()
    calibration: Calibration | None = None


_KEPT: WeakKeyDictionary[Database, dict[int, _Kept]] = WeakKeyDictionary()
_KEPT_LOCK = threading.Lock()


def suggest_eta(env: Env, shop: ShopRef, variant: str) -> Suggestion:
    """What is usual for one variant (its key, or a sku that only it has) that is out now.

    Raises errors.NotFound.
    """
    with env.db.read() as tx:
        found = known_variant(tx, shop, variant)
        return _suggest(env, tx, shop, found)


def calibration_of(env: Env, shop: ShopRef) -> Calibration:
    """How the marks held for the shop's past outages; at most an hour old."""
    kept = _kept(env, shop)
    with env.db.read() as tx, kept.lock:  # in this order everywhere, so that no one waits for ever
        return _calibration(env, tx, shop, kept)


def usually_back(env: Env, shop: ShopRef, variant: VariantRow) -> Span | None:
    """What a shopper may be told: within how long most outages like this one were over.

    None when the shop does not want it, when it stands on too few outages or has not held in the
    past, when the data are too old, and while another request reads the shop's outages.
    """
    if not shop.config.show_usual_restock:
        return None
    kept = _kept(env, shop)
    with env.db.read() as tx:
        if is_too_old(env, tx, shop, variant.id, now=env.now()):
            return None
        if not kept.lock.acquire(blocking=False):
            return None
        try:
            held = _calibration(env, tx, shop, kept).most
        finally:
            kept.lock.release()
        if held.verdict is Verdict.TOO_EARLY:
            return None
        found = _suggest(env, tx, shop, variant)
    return found.span if found.estimate is not None and found.estimate.enough else None


def _suggest(env: Env, tx: Transaction, shop: ShopRef, variant: VariantRow) -> Suggestion:
    known_until = stock_store.vouched_at(tx, shop.id, [variant.id]).get(variant.id)
    own = _histories(tx, shop, [variant], now=env.now()).get(variant.id, History())
    if own.out_since is None or known_until is None:
        return _nothing(variant, known_until)
    until = max(min(known_until, env.now()), own.out_since)
    pools = _pools(env, tx, shop, variant, own)
    found = estimate(pools, days_out=(until - own.out_since) / DAY)
    passed = (env.now() - own.out_since) / DAY
    return Suggestion(
        variant=variant.key,
        out_since=own.out_since,
        beginning_seen=own.beginning_seen,
        known_until=known_until,
        days_out=passed,
        estimate=found,
        half=_left(found.half if found else None, passed),
        most=_left(found.most if found else None, passed),
    )


def _left(mark: float | None, passed: float) -> float | None:
    """Days from now until the mark; None when there is none or it is over."""
    return mark - passed if mark is not None and mark > passed else None


def _nothing(variant: VariantRow, known_until: datetime | None) -> Suggestion:
    return Suggestion(
        variant=variant.key,
        out_since=None,
        beginning_seen=True,
        known_until=known_until,
        days_out=None,
        estimate=None,
        half=None,
        most=None,
    )


def _pools(
    env: Env, tx: Transaction, shop: ShopRef, variant: VariantRow, own: History
) -> Iterator[tuple[Pool, Sequence[Outage]]]:
    """Narrowest first; the wider ones are read only when they are asked for."""
    yield Pool.VARIANT, [one.known() for one in own.outages]
    ids = outages.siblings_of(tx, variant.product_id, limit=SIBLINGS)
    siblings = catalogue.find_variants(tx, {*ids, variant.id}).values()
    histories = _histories(tx, shop, siblings, now=env.now())
    yield Pool.PRODUCT, _known(one for each in histories.values() for one in each.outages)
    kept = _kept(env, shop)
    with kept.lock:
        _refresh(env, tx, shop, kept)
    yield Pool.SHOP, kept.known


def _known(past: Iterable[PastOutage]) -> list[Outage]:
    return [one.known() for one in past]


def _histories(
    tx: Transaction, shop: ShopRef, rows: Iterable[VariantRow], *, now: datetime
) -> dict[int, History]:
    """The past of each variant, by its id; bounded by store.outages."""
    wanted = {row.id: row for row in rows}
    seen = outages.seen_of(tx, wanted, since=now - REMEMBERED)
    known_until = stock_store.vouched_at(tx, shop.id, wanted)
    return {
        variant_id: read_history(
            lines,
            variant=variant_id,
            product=wanted[variant_id].product_id,
            rules=rules_for(shop.config, wanted[variant_id]),
            until=min(known_until.get(variant_id, now), now),
        )
        for variant_id, lines in seen.items()
    }


def _kept(env: Env, shop: ShopRef) -> _Kept:
    with _KEPT_LOCK:
        return _KEPT.setdefault(env.db, {}).setdefault(shop.id, _Kept())


def _calibration(env: Env, tx: Transaction, shop: ShopRef, kept: _Kept) -> Calibration:
    """Of what is kept, read anew when that is old. The caller holds the lock."""
    _refresh(env, tx, shop, kept)
    if kept.calibration is None:
        kept.calibration = calibrate(kept.outages, now=env.now())
    return kept.calibration


def _refresh(env: Env, tx: Transaction, shop: ShopRef, kept: _Kept) -> None:
    """Read the shop's outages if they are old. The caller holds the lock."""
    now = env.now()
    if kept.at is not None and timedelta(0) <= now - kept.at < KEPT_FOR:
        return
    ids = outages.with_outages(tx, shop.id, limit=VARIANTS)
    rows = catalogue.find_variants(tx, ids)
    histories = _histories(tx, shop, [rows[one] for one in ids if one in rows], now=now)
    kept.outages = [one for each in histories.values() for one in each.outages]
    kept.known = _known(kept.outages)
    kept.calibration = None
    kept.at = now

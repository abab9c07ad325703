"""What is known about a variant on the day on which taking its backorders is decided?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from notifier.domain.backorder import BackorderFacts, BackorderRules, Record
from notifier.domain.order_delay import Line, end_of, pack_for
from notifier.domain.order_delay.promised import promised_day
from notifier.domain.stock import Stock
from notifier.services.env import Env, ShopRef
from notifier.services.order_case import read_promise_row
from notifier.store import backorders, preorders
from notifier.store import stock as stock_store
from notifier.store.backorders import BackorderRow, PromisedLine
from notifier.store.preorders import PreorderRow
from notifier.store.session import Transaction

MAX_AGE = timedelta(hours=24)  # of what no configured source said, as for alerts
LONGEST_WAIT = timedelta(days=400)  # a promise further off than this is not followed
MOST_LINES = 5_000  # the newest are looked at


def rules_of(shop: ShopRef) -> BackorderRules:
    own = shop.config.backorder
    return BackorderRules(
        stop_when_discontinued=own.stop_when_discontinued,
        stop_when_source_stale=own.stop_when_source_stale,
        require_eta=own.require_eta,
        stop_when_eta_over=own.stop_when_eta_over,
        max_days=own.max_days,
        use_expected_quantity=own.use_expected_quantity,
        max_open_units=own.max_open_units,
        max_broken=own.max_broken,
        max_broken_share=own.max_broken_share,
    )


def gather(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    beliefs: Mapping[int, Stock],
    *,
    decided: Mapping[int, BackorderRow],
    fresh: Collection[int] = (),
) -> dict[int, BackorderFacts]:
    """The facts about these variants of one shop. `fresh`: looked at this moment."""
    now = env.now()
    zone = ZoneInfo(shop.config.time_zone)
    units = backorders.open_units(tx, list(beliefs))
    stale = _stale(tx, shop, set(beliefs) - set(fresh), now=now)
    of_variants, of_shop = _records(tx, shop, list(beliefs), now=now)
    planned = preorders.load_preorders(tx, beliefs)
    found = {}
    for id_, belief in beliefs.items():
        opens_at = _opens_at(planned.get(id_), now=now)
        found[id_] = BackorderFacts(
            today=now.astimezone(zone).date(),
            availability=belief.availability,
            eta=belief.eta if belief.eta and belief.eta.iso() else None,
            opens_on=opens_at.astimezone(zone).date() if opens_at else None,
            open_units=units.get(id_, 0),
            expected_units=expected_units(decided.get(id_)),
            of_variant=of_variants.get(id_, Record()),
            of_shop=of_shop,
            source_is_stale=id_ in stale,
        )
    return found


def expected_units(row: BackorderRow | None) -> int | None:
    """How many units the merchant said are coming; None when he did not."""
    given = row.facts.get("expected_units") if row else None
    return int(given) if given is not None else None


def _opens_at(row: PreorderRow | None, *, now: datetime) -> datetime | None:
    if row is None or row.opened_at is not None or row.released_at is not None:
        return None
    return row.opens_at if row.opens_at is not None and row.opens_at > now else None


def _stale(
    tx: Transaction, shop: ShopRef, variant_ids: Collection[int], *, now: datetime
) -> set[int]:
    """Those whose data are older than their source may be (trust RL-19)."""
    if not shop.config.backorder.stop_when_source_stale:
        return set()
    known_at = stock_store.vouched_at(tx, shop.id, variant_ids)
    sources = stock_store.sources_of(tx, variant_ids)
    found = set()
    for id_ in variant_ids:
        settings = shop.config.sources.get(sources.get(id_, ""))
        max_age = settings.max_age if settings else MAX_AGE
        if id_ not in known_at or now - known_at[id_] > max_age:
            found.add(id_)
    return found


def _records(
    tx: Transaction, shop: ShopRef, variant_ids: list[int], *, now: datetime
) -> tuple[dict[int, Record], Record]:
    """How the promises that came due lately turned out, by variant and in the whole shop."""
    own = shop.config.backorder
    since = now - own.broken_within - LONGEST_WAIT
    of_variants: dict[int, Record] = {}
    if own.max_broken:
        lines = backorders.promises(tx, since=since, variant_ids=variant_ids, limit=MOST_LINES)
        of_variants = count_promises(lines, now=now, within=own.broken_within)
    of_shop = Record()
    if own.max_broken_share:
        lines = backorders.promises(tx, since=since, shop_id=shop.id, limit=MOST_LINES)
        every = count_promises(lines, now=now, within=own.broken_within).values()
        of_shop = Record(due=sum(one.due for one in every), broken=sum(one.broken for one in every))
    return of_variants, of_shop


def count_promises(
    lines: Iterable[PromisedLine], *, now: datetime, within: timedelta
) -> dict[int, Record]:
    """Promises whose last day ended within that time, by variant. Missed: not shipped by then.

    What the customer took back before counts as neither: nothing was owed any more.
    """
    due: Counter[int] = Counter()
    broken: Counter[int] = Counter()
    for one in lines:
        ended = _end_of_promise(one)
        if not now - within <= ended <= now:
            continue
        if one.cancelled_at is not None and one.cancelled_at < ended:
            continue
        due[one.variant_id] += 1
        broken[one.variant_id] += one.shipped_at is None or one.shipped_at >= ended
    return {id_: Record(due=due[id_], broken=broken[id_]) for id_ in due}


def _end_of_promise(one: PromisedLine) -> datetime:
    line = Line(
        completed_at=one.completed_at,
        zone=one.zone,
        country=one.country,
        promise=read_promise_row(one.promise),
    )
    pack = pack_for(one.country, one.completed_at.date())
    return end_of(promised_day(line, pack)[0], one.zone)

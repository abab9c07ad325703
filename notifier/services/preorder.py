"""How does a merchant plan a pre-order: when it opens, when it is out, and what early birds get?

The release date is the variant's expected date, so whoever waits or has ordered hears of a change
as of any other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum
from typing import Any

from notifier.domain.availability import Availability
from notifier.domain.eta import Eta
from notifier.domain.order_delay.days import in_range, in_utc
from notifier.domain.stock import Level
from notifier.errors import Conflict, InvalidInput
from notifier.services.backorder import redecide
from notifier.services.env import Env, ShopRef
from notifier.services.known_variant import known_variant
from notifier.services.preorder_open import open_now
from notifier.services.set_eta import LONGEST_ACTOR, LONGEST_SOURCE, change_eta
from notifier.store import catalogue, ledger, preorders
from notifier.store import stock as stock_store
from notifier.store.catalogue import VariantRow
from notifier.store.preorders import Listed, PreorderRow
from notifier.store.session import Transaction

__all__ = ["AS_IT_WAS", "Listed", "Plan", "list_preorders", "open_due", "plan"]

CHUNK = 200


class _Unchanged(Enum):
    AS_IT_WAS = "as it was"


AS_IT_WAS = _Unchanged.AS_IT_WAS


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to hold from now on; None takes something back, AS_IT_WAS leaves it."""

    opens_at: datetime | _Unchanged | None = AS_IT_WAS  # aware; past: opens at once
    release_on: date | _Unchanged | None = AS_IT_WAS
    incentive: dict[str, str] | _Unchanged | None = AS_IT_WAS  # {code, text}

    @property
    def names_opening(self) -> bool:
        return isinstance(self.opens_at, datetime)


def plan(env: Env, shop: ShopRef, variant: str, wanted: Plan, *, source: str, actor: str) -> Listed:
    """Make or change the pre-order of one variant (its key, or a sku that only it has).

    `source`: where the release date comes from. Raises errors.NotFound, InvalidInput for a release
    date that is past or has no source, Conflict("available") for what can be bought now and
    Conflict("opened") for a new opening time when it is open already.
    """

    if isinstance(wanted.opens_at, datetime):
        wanted = replace(wanted, opens_at=in_utc(wanted.opens_at, field="opens_at"))
    if isinstance(wanted.release_on, date):
        in_range(wanted.release_on, field="release_on")

    def work(tx: Transaction) -> Listed:
        found = known_variant(tx, shop, variant)
        belief = stock_store.load_stock(tx, [found.id], for_update=True).get(found.id)
        if belief is not None and belief.level is Level.THERE:
            raise Conflict("available", "This can be bought now, so it needs no pre-order.")
        before = preorders.find_preorder(tx, found.id)
        if before is not None and before.released_at is not None:
            before = None  # it was out since: this is another pre-order
        _refuse_opening(before, wanted)
        is_out = belief is not None and belief.availability is Availability.PREORDER
        chosen = wanted
        if is_out and (before is None or before.opens_at is None) and not wanted.names_opening:
            chosen = replace(wanted, opens_at=env.now())  # its source has opened it already
        _store(env, tx, shop, found, before, chosen, source=source, actor=actor)
        try:
            _date(env, tx, shop, found, before, chosen, source=source, actor=actor)
        except InvalidInput as error:
            raise _as_asked(error) from error
        _open(env, tx, found.id)
        return preorders.list_preorders(tx, shop.id, variant=found.key, after=0, limit=1)[0]

    return env.db.retry(work)


def _as_asked(error: InvalidInput) -> InvalidInput:
    """A release date is an expected date; who plans a pre-order knows it by the other name."""
    return InvalidInput(
        *(replace(one, field="release_on") if one.field == "eta" else one for one in error.problems)
    )


def list_preorders(
    env: Env, shop: ShopRef, *, variant: str = "", after: int = 0, limit: int = 50
) -> list[Listed]:
    """The pre-orders of a shop, by our own id; those that were released too."""
    with env.db.read() as tx:
        return preorders.list_preorders(tx, shop.id, variant=variant, after=after, limit=limit)


def open_due(env: Env) -> int:
    """Open what should be open by now; how many did. In pieces of `CHUNK` by variant id."""
    opened, after = 0, 0
    while True:
        with env.db.read() as tx:
            ids = preorders.due_to_open(tx, now=env.now(), after=after, limit=CHUNK)
        if not ids:
            return opened
        for id_ in ids:
            opened += env.db.retry(lambda tx, id_=id_: _open(env, tx, id_))  # type: ignore[misc]
        after = ids[-1]


def _open(env: Env, tx: Transaction, variant_id: int) -> bool:
    """Open one variant's pre-order if its time has come and nothing speaks against it."""
    redecide(env, tx, [variant_id])
    row = preorders.find_preorder(tx, variant_id)
    now = env.now()
    if row is None or row.opens_at is None or row.opens_at > now or row.opened_at is not None:
        return False
    variant = catalogue.find_variants(tx, [variant_id]).get(variant_id)
    belief = stock_store.load_stock(tx, [variant_id]).get(variant_id)
    if variant is None or belief is None:
        return False
    if belief.level is Level.THERE:
        preorders.mark_released(tx, variant_id, at=now, although_closed=True)
        return False
    return open_now(tx, variant, belief, now=now)


def _refuse_opening(before: PreorderRow | None, wanted: Plan) -> None:
    if wanted.opens_at is AS_IT_WAS or before is None or before.opened_at is None:
        return
    if wanted.opens_at != before.opens_at:
        raise Conflict("opened", f"It has been open since {before.opened_at.isoformat()}.")


def _store(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    variant: VariantRow,
    before: PreorderRow | None,
    wanted: Plan,
    *,
    source: str,
    actor: str,
) -> None:
    given: dict[str, Any] = {
        name: value
        for name in ("opens_at", "release_on", "incentive")
        if (value := getattr(wanted, name)) is not AS_IT_WAS
    }
    fresh = {"opens_at": None, "release_on": None, "incentive": None}
    start = {**fresh, "opened_at": None, "released_at": None} if before is None else {}
    preorders.put_preorder(
        tx,
        variant.id,
        **{
            **start,
            **given,
            "source": source.strip()[:LONGEST_SOURCE],
            "actor": actor[:LONGEST_ACTOR],
            "changed_at": env.now(),
        },
    )
    told = {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in given.items()
    }
    facts = {"variant": variant.key, "by": actor[:LONGEST_ACTOR], **told}
    ledger.append(
        tx, book="audit", act="preorder.planned", at=env.now(), facts=facts, shop_id=shop.id
    )


def _date(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    variant: VariantRow,
    before: PreorderRow | None,
    wanted: Plan,
    *,
    source: str,
    actor: str,
) -> None:
    """The release date is the variant's expected date. Taken back only where it was ours."""
    if wanted.release_on is AS_IT_WAS:
        return
    opens_now = isinstance(wanted.opens_at, datetime) and wanted.opens_at <= env.now()
    day = wanted.release_on
    if isinstance(day, date):
        eta = Eta.on(day)
    elif before is not None and before.release_on is not None:
        eta = None
    else:
        return
    change_eta(
        env,
        tx,
        shop,
        variant,
        eta,
        source=source,
        actor=actor,
        only_physical=opens_now,  # the message that it can be pre-ordered names the date
    )

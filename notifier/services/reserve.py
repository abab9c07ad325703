"""Who may buy until when, what becomes of that right, and how does a checkout ask?

With `hold_for` in a shop's release rules, each who is told has the units asked for until a time
that begins when the message leaves. They count as spoken for until it ends; then they pass on to
the next in line. The link in the message is the proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from notifier.domain.message import MessageKind
from notifier.domain.shop_clock import MOST_BEHIND, at_the_latest
from notifier.domain.subscription import SubscriptionState
from notifier.domain.waves import WavePlan
from notifier.errors import Conflict, NotFound
from notifier.services.env import Env, ShopRef
from notifier.services.held_until import HELD_UNTIL
from notifier.store import catalogue, outbox, people, releases, releasing, reservations
from notifier.store.outbox import MessageRow
from notifier.store.people import InLine
from notifier.store.releases import ReleaseRow
from notifier.store.reservations import DUE, HELD, PASSED, USED, ReservationRow
from notifier.store.session import Transaction
from notifier.store.taken_back import STOCK_GONE

HOLD_FOR = "hold_for"  # in a release's strategy: seconds
_SOON, _SELDOM = timedelta(minutes=1), timedelta(minutes=5)
_SEEN_WITHIN = timedelta(hours=1)  # what was sold shows in the stock by then, or did before
BOUGHT = "subscription_told"  # or STOCK_GONE: why a message with a reservation does not leave


def holds_units(release: ReleaseRow) -> bool:
    return bool(release.strategy.get(HOLD_FOR))


def plan_reserved(
    tx: Transaction,
    release: ReleaseRow,
    *,
    units: int | None,
    seen_at: datetime | None,
    now: datetime,
) -> WavePlan:
    """As many as there are units that nobody holds; one at a time where the source does not say
    how many there are. `seen_at`: of when the units are, or earlier, never later."""
    reservations.let_go(tx, release.variant_id, now=now)
    held, first_end = reservations.held_units(tx, release.variant_id)
    there = 1 if units is None else max(units - _sold_since(tx, release, seen_at, now=now), 0)
    free = max(there - held, 0)
    # more may come in, somebody leave the line or a message come back, long before one ends;
    # of those offered now none has an end yet
    length = timedelta(seconds=release.strategy[HOLD_FOR])
    ends_in = min(first_end - now, length) if first_end else length
    again = min(max(ends_in, _SOON), _SELDOM)
    facts: dict[str, object] = {"stock": there, "held": held, "claims": held, "units": free}
    if not free:
        reason = f"{there} there, all of them reserved."
        facts["rule"] = "reserved_all"
        return WavePlan(people=0, units=0, largest=None, reason=reason, again_in=again, facts=facts)
    facts["rule"] = "reserved"
    return WavePlan(
        people=None,
        units=free,
        largest=free,
        reason=f"{there} there, {held} of them reserved: {free} offered now, each reserved.",
        again_in=again,
        facts=facts,
    )


def _sold_since(
    tx: Transaction, release: ReleaseRow, seen_at: datetime | None, *, now: datetime
) -> int:
    """Units reported sold that the stock, as it was last seen, cannot show yet."""
    length = timedelta(seconds=release.strategy[HOLD_FOR])
    since = max(seen_at or release.started_at, now - max(length, _SEEN_WITHIN))
    bought = releasing.purchases_of(tx, release.variant_id, since=since - MOST_BEHIND)
    return sum(one.units for one in bought if at_the_latest(one.at, one.heard_at) > since)


def reserve_for(
    tx: Transaction, release: ReleaseRow, chosen: Sequence[InLine], *, now: datetime
) -> None:
    """Keep for each of those told what they asked for, where the release does that."""
    if holds_units(release):
        reservations.reserve(
            tx,
            {one.id: one.quantity for one in chosen},
            shop_id=release.shop_id,
            variant_id=release.variant_id,
            release_id=release.id,
            now=now,
        )


def begin_holds(
    env: Env, tx: Transaction, leaving: Sequence[MessageRow]
) -> tuple[list[MessageRow], dict[str, list[int]]]:
    """The same messages, those with a reservation with the time until when it holds: it begins
    now, and stays as it is for a message that is tried again in time.

    And those that must not leave, by reason: it was used, or passed on to the next in line.
    """
    wanted = [
        (one.release_id, one.subscription_id)
        for one in leaving
        if one.kind == MessageKind.BACK_IN_STOCK and one.release_id and one.subscription_id
    ]
    found = reservations.of_messages(tx, wanted) if wanted else {}
    never: dict[str, list[int]] = {}
    if not found:
        return list(leaving), never
    if _begin(tx, list(found.values()), now=env.now()):
        found = reservations.of_messages(tx, wanted)  # one may have been used meanwhile
    told: list[MessageRow] = []
    for one in leaving:
        mine = found.get((one.release_id or 0, one.subscription_id or 0))
        if mine is None:
            told.append(one)
        elif mine.state == HELD and mine.until is not None:
            until = mine.until.isoformat()
            told.append(replace(one, facts={**(one.facts or {}), HELD_UNTIL: until}))
        else:
            never.setdefault(BOUGHT if mine.state == USED else STOCK_GONE, []).append(one.id)
    return told, never


def _begin(tx: Transaction, found: Sequence[ReservationRow], *, now: datetime) -> bool:
    """Let those begin that have no time yet, or none left; whether there were any."""
    begin: dict[int, list[int]] = {}
    for one in found:
        is_over = one.state == HELD and (one.until is None or one.until <= now)
        if one.state == DUE or is_over:
            begin.setdefault(one.release_id, []).append(one.id)
    lengths = _lengths(tx, set(begin))
    for release_id, ids in begin.items():
        reservations.start_holding(tx, ids, until=now + lengths[release_id])
    return bool(begin)


def _lengths(tx: Transaction, release_ids: set[int]) -> dict[int, timedelta]:
    found = {}
    for id_ in release_ids:
        release = releases.load_release(tx, id_)
        seconds = release.strategy.get(HOLD_FOR, 0) if release else 0
        found[id_] = timedelta(seconds=float(seconds))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A reservation as a checkout sees it. `state`: due, held, used, passed or released."""

    variant: str
    units: int
    state: str
    until: datetime | None
    is_valid: bool


def reservation_of(env: Env, shop: ShopRef, message_id: int) -> Reservation:
    """The reservation of the message a link stands for. Raises errors.NotFound, also for another
    shop's."""
    with env.db.read() as tx:
        _, row = _find(tx, shop, message_id)
        return _shown(env, tx, row)


def use_reservation(env: Env, shop: ShopRef, message_id: int, *, ref: str) -> Reservation:
    """It was bought in the order `ref`: the reservation is over and the purchase is counted. The
    same order again changes nothing. Raises errors.NotFound, and Conflict for one that is over."""

    def work(tx: Transaction) -> Reservation:
        now = env.now()
        message, row = _find(tx, shop, message_id, for_update=True)
        if row.state == USED and row.ref == ref[:128]:
            return _shown(env, tx, row)
        if not _is_valid(row, now=now):
            state = _state(row, now=now)
            raise Conflict(state, f"This reservation is not valid ({state}).", field="token")
        reservations.end_reservation(tx, row.id, state=USED, now=now, ref=ref)
        _has_arrived(tx, row, now=now)
        releasing.add_purchase(
            tx,
            shop_id=shop.id,
            variant_id=row.variant_id,
            ref=ref[:128],
            at=now,
            heard_at=now,
            units=row.units,
            told=True,
            release_id=row.release_id,
            message_id=message.id,
        )
        return _shown(env, tx, replace(row, state=USED, ref=ref[:128]))

    return env.db.retry(work)


def end_bought(
    tx: Transaction, *, release_id: int, subscription_id: int, ref: str, now: datetime
) -> None:
    """The shop reported that who had a reservation has bought: it is over."""
    row = reservations.find_reservation(
        tx, release_id=release_id, subscription_id=subscription_id, for_update=True
    )
    if row is not None and row.state in (DUE, HELD):
        reservations.end_reservation(tx, row.id, state=USED, now=now, ref=ref)


def _has_arrived(tx: Transaction, row: ReservationRow, *, now: datetime) -> None:
    """Who bought with what a message brought has got it, also where the server never said so."""
    people.move_subscriptions(
        tx,
        [row.subscription_id],
        from_states=[SubscriptionState.WAITING.value],
        state=SubscriptionState.TOLD.value,
        told_at=now,
        reason="told",
    )


def held_for(tx: Transaction, message: MessageRow) -> ReservationRow | None:
    """The reservation a message brought; None: it brought none."""
    if not message.release_id or not message.subscription_id:
        return None
    return reservations.find_reservation(
        tx, release_id=message.release_id, subscription_id=message.subscription_id
    )


def has_passed(row: ReservationRow | None, *, now: datetime) -> bool:
    """Whether somebody had a reservation and the time is over."""
    if row is None or row.state == USED or row.until is None:
        return False
    return not _is_valid(row, now=now)


def _find(
    tx: Transaction, shop: ShopRef, message_id: int, *, for_update: bool = False
) -> tuple[MessageRow, ReservationRow]:
    message = outbox.find_message(tx, message_id=message_id)
    row = None
    if message is not None and message.release_id and message.subscription_id:
        row = reservations.find_reservation(
            tx,
            release_id=message.release_id,
            subscription_id=message.subscription_id,
            for_update=for_update,
        )
    if message is None or row is None or row.shop_id != shop.id:
        raise NotFound("There is no such reservation in this shop.")
    return message, row


def _is_valid(row: ReservationRow, *, now: datetime) -> bool:
    return row.state == HELD and row.until is not None and now < row.until


def _state(row: ReservationRow, *, now: datetime) -> str:
    """Also before the next wave has let it go."""
    return PASSED if row.state == HELD and not _is_valid(row, now=now) else row.state


def _shown(env: Env, tx: Transaction, row: ReservationRow) -> Reservation:
    variant = catalogue.find_variants(tx, [row.variant_id]).get(row.variant_id)
    return Reservation(
        variant=variant.key if variant else "",
        units=row.units,
        state=_state(row, now=env.now()),
        until=row.until,
        is_valid=_is_valid(row, now=env.now()),
    )

"""What was held because a look was abnormal: is it right, or is it a mistake of the source?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from notifier.errors import NotFound
from notifier.services.alarm_said import read
from notifier.services.alarms import clear_alarm
from notifier.services.env import Env, ShopRef
from notifier.services.hold_alarm import TRIPPED, about_hold
from notifier.store import alarms, events, held, ledger
from notifier.store.events import HoldRow
from notifier.store.held import HeldVariant
from notifier.store.session import Transaction

SAMPLE = 8


class Decision(StrEnum):
    RELEASED = "released"  # it is right: tell the people
    DROPPED = "dropped"  # it is a mistake: nobody is told


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a person sees before he decides."""

    hold: HoldRow
    shop: ShopRef
    events: int  # still held
    people: int  # waiting for what they are about
    sample: tuple[HeldVariant, ...]


def load_hold(env: Env, hold_id: int) -> Held:
    """Raises errors.NotFound."""
    with env.db.read() as tx:
        hold = next(iter(events.find_holds(tx, hold_id=hold_id)), None)
        shop = env.shop_by_id(hold.shop_id) if hold else None
        if hold is None or shop is None:
            raise NotFound("There is no such hold any more.")
        count, people = held.count_held(tx, hold_id)
        sample = held.held_variants(tx, hold_id, limit=SAMPLE)
    return Held(hold=hold, shop=shop, events=count, people=people, sample=tuple(sample))


def why_it_is_held(env: Env, shop: ShopRef, hold: HoldRow, *, locale: str) -> str:
    """In this language."""
    about = about_hold(shop, hold.id, source=hold.source)
    with env.db.read() as tx:
        alarm = alarms.latest_alarm(tx, code=TRIPPED, about=about)
    return read(alarm.facts, locale, stored=hold.why) if alarm else hold.why


def decide_hold(env: Env, hold_id: int, decision: Decision, *, by: str) -> int | None:
    """Release or drop what is held; how many events, None when it was decided before.

    The first word counts: of two people who click, one decides. Raises errors.NotFound.
    """
    shop = load_hold(env, hold_id).shop

    def work(tx: Transaction) -> int | None:
        now = env.now()
        moved = events.decide_hold(tx, hold_id, decision=decision.value, by=by[:128], at=now)
        if moved is None:
            return None
        hold = next(iter(events.find_holds(tx, hold_id=hold_id)))
        ledger.append(
            tx,
            book="audit",
            act=f"hold_{decision.value}",
            at=now,
            facts={"hold": hold_id, "source": hold.source, "events": moved, "by": by},
            shop_id=shop.id,
        )
        about = about_hold(shop, hold_id, source=hold.source)
        clear_alarm(env, tx, code=TRIPPED, about=about)
        return moved

    return env.db.retry(work)

"""What needs a person of the shop today, and what is going on?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.services.brake import BRAKED
from notifier.services.env import Env, ShopRef
from notifier.services.hold_alarm import about_hold
from notifier.services.see_order import ShownLine, list_lines
from notifier.services.steer_release import ReleaseShown, list_releases
from notifier.store import events, switches, today
from notifier.store.alarms import AlarmRow
from notifier.store.counting import MOST
from notifier.store.events import HoldRow
from notifier.store.today import Backlog

__all__ = ["MOST", "Needs", "UnderWay", "look_today", "told_of_release"]

SOON = timedelta(hours=48)
SHOWN = 5
# what the program does by itself or what waits for the customer needs nobody here
FOR_A_PERSON = ("update_estimate", "propose_date", "reach_another_way", "send_refund", "review")


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What waits for a person. `lines` are the first few whose next step is a person's."""

    holds: Sequence[HoldRow]
    alarms: Sequence[AlarmRow]
    lines: Sequence[ShownLine]
    more_lines: bool
    refunds: int
    refund_by: datetime | None
    off: switches.Off | None  # where somebody switched sending off
    brake: switches.Off | None  # where alerts wait, since too many came back

    @property
    def is_quiet(self) -> bool:
        found = (self.holds, self.alarms, self.lines, self.refunds, self.off, self.brake)
        return not any(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """What is going on: `told` gives (written, taken by a provider) for each release."""

    running: Sequence[ReleaseShown]
    told: dict[int, tuple[int, int]]
    backlog: Backlog


def look_today(env: Env, shop: ShopRef) -> tuple[Needs, UnderWay]:
    """Both, as they are now."""
    now = env.now()
    lines = list_lines(env, shop, next_steps=FOR_A_PERSON, due_before=now + SOON, limit=SHOWN)
    running = list_releases(env, shop, states=("running", "paused"), limit=20)
    with env.db.read() as tx:
        refunds, refund_by = today.refunds_due(tx, shop.id)
        off = switches.all_off(tx, now=now)
        brake = off.get(switches.of_alerts(shop.slug))
        holds = events.find_holds(tx, shop_id=shop.id, undecided=True)
        held = {about_hold(shop, one.id, source=one.source) for one in holds}

        def is_said(alarm: AlarmRow) -> bool:
            """A notice or a hold beside it says the same, and what to do."""
            return bool(brake) if alarm.code == BRAKED else alarm.about in held

        needs = Needs(
            holds=holds,
            alarms=[one for one in today.alarms_of(tx, shop.id) if not is_said(one)],
            lines=lines.lines,
            more_lines=lines.last is not None,
            refunds=refunds,
            refund_by=refund_by,
            off=_why_off(off, shop),
            brake=brake,
        )
        under_way = UnderWay(
            running=running,
            told=today.told_of(tx, [one.release.id for one in running]),
            backlog=today.backlog(
                tx,
                shop.id,
                now=now,
                minute_ago=now - timedelta(minutes=1),
                day_ago=now - timedelta(days=1),
            ),
        )
    return needs, under_way


def told_of_release(env: Env, release_id: int) -> tuple[int, int]:
    """Messages written for a release, and of those the ones a provider took."""
    with env.db.read() as tx:
        return today.told_of(tx, [release_id]).get(release_id, (0, 0))


def _why_off(off: Mapping[str, switches.Off], shop: ShopRef) -> switches.Off | None:
    return off.get(switches.SENDING) or off.get(switches.of_shop(shop.slug))

"""Who in a line may not be texted now, and since when has a wave passed them over?

A wave that has a limit is for people who hear of it now. Whoever waits for a text that may not
leave before the morning, or not today, would only keep the others waiting: they are passed over
and keep their place, until they may be texted (docs/decisions/0048, 0058).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.domain.message import Medium
from notifier.domain.stock import EventKind
from notifier.errors import InvalidInput
from notifier.services.env import ShopRef
from notifier.services.sms_hours import ALWAYS, text_allowed_at
from notifier.services.texts_held import PAUSED, SPENT, why_held
from notifier.store import waves
from notifier.store.addressed import find_addressees
from notifier.store.people import InLine
from notifier.store.releases import ReleaseRow
from notifier.store.session import Transaction

# among a wave's facts: how many were passed over so far for each of these reasons, and when the
# first of them may be texted
ASLEEP, WAKES = "asleep", "wakes"
PASSED_FOR = (SPENT, PAUSED, ASLEEP)
ALL_PASSED = {
    SPENT: "Those who are left wait for a text, and no more may be spent on texts today.",
    PAUSED: "Those who are left wait for a text, and their channel does not send now.",
    ASLEEP: "Those who are left wait for a text, and it is no hour for one where they are.",
}
_AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asleep:
    """Subscriptions of people who may not be texted now, why, and when the first of them may."""

    ids: frozenset[int] = frozenset()
    wakes: datetime | None = None
    why: str = ASLEEP


def has_limit(release: ReleaseRow) -> bool:
    """Whether the wave under way, or the last one, is for so many of the line and no more."""
    limited = release.people_left is not None or release.units_left is not None
    return limited and release.kind == EventKind.BACK_IN_STOCK


def passes_over(tx: Transaction, shop: ShopRef, release: ReleaseRow, *, now: datetime) -> bool:
    """Whether the wave under way looks at who may be texted: it has a limit, and the shop keeps
    hours, or sends no text now."""
    if not has_limit(release) or not shop.config.sms_channel:
        return False
    return shop.config.sms_hours != ALWAYS or why_held(tx, shop, now=now) is not None


def who_is_asleep(
    tx: Transaction, shop: ShopRef, release: ReleaseRow, line: Sequence[InLine], *, now: datetime
) -> Asleep:
    """Whoever's number may never be texted is awake: nothing gets better by waiting."""
    texted = [one for one in line if one.medium == Medium.SMS]
    if not texted or not has_limit(release):
        return Asleep()
    held = why_held(tx, shop, now=now)
    if held is not None:
        ids = frozenset(one.id for one in texted)
        return Asleep(ids=ids, wakes=held.until or now + _AN_HOUR, why=held.why)
    return _by_the_hour(tx, shop, texted, now=now)


def _by_the_hour(
    tx: Transaction, shop: ShopRef, texted: Sequence[InLine], *, now: datetime
) -> Asleep:
    if not shop.config.sms_channel or shop.config.sms_hours == ALWAYS:
        return Asleep()
    contacts = find_addressees(tx, (one.contact_id for one in texted))
    ids: set[int] = set()
    mornings: list[datetime] = []
    for one in texted:
        contact = contacts[one.contact_id]
        try:
            opens = text_allowed_at(shop, contact.address, declared_zone=contact.time_zone, now=now)
        except InvalidInput:
            continue  # no number any more: the sender says so
        if opens is not None and opens > now:
            ids.add(one.id)
            mornings.append(opens)
    return Asleep(ids=frozenset(ids), wakes=min(mornings, default=None))


def note_asleep(tx: Transaction, release: ReleaseRow, asleep: Asleep, *, passed: int) -> None:
    """Keep with the wave how many it has passed over, also in its further parts."""
    if not passed or asleep.wakes is None:
        return
    facts = waves.wave_facts(tx, release.id, number=release.waves)
    first = min(asleep.wakes, _morning(facts) or asleep.wakes)
    waves.note_fact(
        tx,
        release.id,
        number=release.waves,
        **{asleep.why: facts.get(asleep.why, 0) + passed, WAKES: first.isoformat()},
    )


def first_wakes(tx: Transaction, release: ReleaseRow) -> datetime | None:
    """When the first of those may be texted whom this wave passed over; None: it passed nobody."""
    return _morning(waves.wave_facts(tx, release.id, number=release.waves))


def why_passed(tx: Transaction, release: ReleaseRow) -> str:
    """For which of PASSED_FOR this wave passed somebody over."""
    facts = waves.wave_facts(tx, release.id, number=release.waves)
    return next((one for one in PASSED_FOR if facts.get(one)), ASLEEP)


def _morning(facts: dict[str, object]) -> datetime | None:
    return datetime.fromisoformat(str(facts[WAKES])) if WAKES in facts else None

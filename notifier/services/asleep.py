"""Who in a line may not be texted at this hour, and since when has a wave passed them over?

A wave that has a limit is for people who hear of it now. Whoever waits for a text that may not
leave before the morning would only keep the others waiting: they are passed over and keep their
place, until they may be texted (docs/decisions/0048).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from notifier.domain.message import Medium
from notifier.domain.stock import EventKind
from notifier.errors import InvalidInput
from notifier.services.env import ShopRef
from notifier.services.sms_hours import ALWAYS, text_allowed_at
from notifier.store import releases
from notifier.store.addressed import find_addressees
from notifier.store.people import InLine
from notifier.store.releases import ReleaseRow
from notifier.store.session import Transaction

ASLEEP, WAKES = "asleep", "wakes"  # among a wave's facts: how many so far, and the first's morning


@dataclass(frozen=True, slots=True, kw_only=True)
class Asleep:
    """Subscriptions of people who may not be texted now, and when the first of them may be."""

    ids: frozenset[int] = frozenset()
    wakes: datetime | None = None


def passes_over(shop: ShopRef, release: ReleaseRow) -> bool:
    """Whether the wave under way looks at the hour: it has a limit, and the shop keeps hours."""
    limited = release.people_left is not None or release.units_left is not None
    return (
        limited
        and release.kind == EventKind.BACK_IN_STOCK
        and bool(shop.config.sms_channel)
        and shop.config.sms_hours != ALWAYS
    )


def who_is_asleep(
    tx: Transaction, shop: ShopRef, release: ReleaseRow, line: Sequence[InLine], *, now: datetime
) -> Asleep:
    """Whoever's number may never be texted is awake: nothing gets better by waiting."""
    texted = [one for one in line if one.medium == Medium.SMS]
    if not texted or not passes_over(shop, release):
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
    facts = releases.wave_facts(tx, release.id, number=release.waves)
    first = min(asleep.wakes, _morning(facts) or asleep.wakes)
    releases.note_fact(
        tx,
        release.id,
        number=release.waves,
        **{ASLEEP: facts.get(ASLEEP, 0) + passed, WAKES: first.isoformat()},
    )


def first_wakes(tx: Transaction, release: ReleaseRow) -> datetime | None:
    """When the first of those may be texted whom this wave passed over; None: it passed nobody."""
    return _morning(releases.wave_facts(tx, release.id, number=release.waves))


def _morning(facts: dict[str, object]) -> datetime | None:
    return datetime.fromisoformat(str(facts[WAKES])) if WAKES in facts else None

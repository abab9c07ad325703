"""How is a release taken one step down its line, and what follows when a wave or the line ends?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from notifier.domain.waves import choose_people
from notifier.domain.work import Work
from notifier.services.asleep import (
    ALL_PASSED,
    first_wakes,
    note_asleep,
    who_is_asleep,
    why_passed,
)
from notifier.services.env import Env, ShopRef
from notifier.services.hook_out import tell_release_finished
from notifier.services.line_up import next_in_line
from notifier.services.open_wave import time_between, with_look
from notifier.services.tell_each import eligible, enqueue
from notifier.services.tell_everybody import Told, tell_stretch
from notifier.store import releases, under_way, waves
from notifier.store.releases import ReleaseRow
from notifier.store.session import Transaction, soon

CHUNK = 500  # people a transaction, where each is looked at
PASSED = "passed_over"  # in a release's strategy: the wave in which somebody wanted too many
ALL_ASLEEP = timedelta(hours=1)  # at most, until it is looked again whether somebody else came


def tell_next(
    env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow, *, now: datetime
) -> None:
    """Write the messages of one more part of the wave under way."""
    told = tell_stretch(env, tx, shop, release, now=now)
    if told is not None:
        _after_stretch(env, tx, shop, release, told, now=now)
    else:
        _tell_each(env, tx, shop, release, now=now)


def _tell_each(
    env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow, *, now: datetime
) -> None:
    stretch = next_in_line(tx, release, limit=CHUNK)
    line = stretch.people
    concerned = {one.id: one for one in eligible(env, tx, shop, release, line)}
    asleep = who_is_asleep(tx, shop, release, list(concerned.values()), now=now)
    chosen = choose_people(
        [(one.id, one.quantity) for one in concerned.values() if one.id not in asleep.ids],
        people_left=release.people_left,
        units_left=release.units_left,
        largest=release.largest,
        is_first=not waves.told_in_wave(tx, release.id, number=release.waves),
    )
    enqueue(env, tx, shop, release, [concerned[id_] for id_ in chosen.told], now=now)
    moved = _counted(tx, release, people=len(chosen.told), units=chosen.units)
    ahead = _ahead_of(chosen.told[-1:], concerned) if chosen.full else list(concerned)
    note_asleep(tx, release, asleep, passed=len(asleep.ids.intersection(ahead)))
    if chosen.full:
        moved.update(wave_open=False, next_wave_at=now + time_between(tx, release))
        done = {*chosen.told, *chosen.passed, *asleep.ids}
        following = next((one.quantity for id_, one in concerned.items() if id_ not in done), 0)
        _note_left(tx, release, units=chosen.units, following=following)
    elif len(line) < CHUNK:
        passed_over = bool(chosen.passed) or _was_anybody_passed_over(tx, release)
        moved.update(_at_end(tx, release, now=now, passed_over=passed_over))
    elif stretch.cursor is not None:
        moved.update(cursor_at=stretch.cursor[0], cursor_id=stretch.cursor[1])
    _move_on(env, tx, shop, release, moved)


def _after_stretch(
    env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow, told: Told, *, now: datetime
) -> None:
    """The same for a stretch that was told with one statement."""
    stretch = told.stretch
    soon(tx, Work.DELIVER)
    moved = _counted(tx, release, people=stretch.people, units=stretch.units)
    passed = stretch.passed or release.strategy.get(PASSED) == release.waves
    if told.full:
        moved.update(wave_open=False, next_wave_at=now + time_between(tx, release))
    elif stretch.end is None:
        passed_over = passed and _waits_for_more(tx, release)
        moved.update(_at_end(tx, release, now=now, passed_over=passed_over))
    else:
        moved.update(cursor_at=stretch.end[0], cursor_id=stretch.end[1])
        if stretch.passed:
            moved.update(strategy={**release.strategy, PASSED: release.waves})
    _move_on(env, tx, shop, release, moved)


def _ahead_of(last: Sequence[int], line: Iterable[int]) -> list[int]:
    """Those in line ahead of who was told last; nobody where nobody was."""
    return list(takewhile(lambda id_: id_ not in last, line)) if last else []


def _note_left(tx: Transaction, release: ReleaseRow, *, units: int, following: int) -> None:
    """Where the next in line wants more than all that nobody was told of: how much that is."""
    left = (release.largest or 0) - units
    in_one_part = release.place is None  # of a wave in several, the units told before are not known
    if in_one_part and 0 < left < following:
        waves.note_fact(tx, release.id, number=release.waves, left=left)


def _at_end(
    tx: Transaction, release: ReleaseRow, *, now: datetime, passed_over: bool
) -> dict[str, Any]:
    """What changes in the release when a wave has come to the end of the line. `passed_over`:
    somebody wants more than there is."""
    told = waves.told_in_wave(tx, release.id, number=release.waves)
    wakes = first_wakes(tx, release)
    moved: dict[str, Any] = {"wave_open": False}
    if told and wakes is not None:
        moved["next_wave_at"] = now + time_between(tx, release)
    elif wakes is not None:
        moved["next_wave_at"] = min(wakes, now + ALL_ASLEEP)
    elif passed_over:
        moved["next_wave_at"] = now + timedelta(seconds=release.strategy["interval"])
    else:
        moved.update(state="done", reason="", finished_at=now, next_wave_at=None)
    if not told:
        moved.update(_drop_empty(tx, release, now=now, passed_over=passed_over, wakes=wakes))
    return moved


def _drop_empty(
    tx: Transaction,
    release: ReleaseRow,
    *,
    now: datetime,
    passed_over: bool,
    wakes: datetime | None,
) -> dict[str, Any]:
    """A wave in which nobody was told was none: who is left wants more than there is or may not
    be texted now, or all have left the line. Only a release that never told anybody shows that it
    tried."""
    if release.waves == 1 and not passed_over and wakes is None:
        return {}
    why = why_passed(tx, release)
    waves.drop_wave(tx, release.id, number=release.waves)
    dropped: dict[str, Any] = {"waves": release.waves - 1}
    if wakes is not None:
        facts: dict[str, Any] = {"rule": f"all_{why}"}
        reason = ALL_PASSED[why]
    elif passed_over:
        facts = {"rule": "too_few", "stock": release.largest}
        reason = f"{release.largest} there: those who are left want more."
    else:
        return dropped
    return {**dropped, "strategy": with_look(release, reason=reason, facts=facts, now=now)}


def _counted(tx: Transaction, release: ReleaseRow, *, people: int, units: int) -> dict[str, Any]:
    """What changes in the release, and does in its wave, when so many more are told."""
    waves.count_told(tx, release.id, number=release.waves, told=people)
    moved: dict[str, Any] = {
        "told": release.told + people,
        "units_told": release.units_told + units,
    }
    if release.people_left is not None:
        moved["people_left"] = release.people_left - people
    if release.units_left is not None:
        moved["units_left"] = release.units_left - units
    return moved


def _move_on(
    env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow, moved: dict[str, object]
) -> None:
    releases.update_release(tx, release.id, **moved)
    if moved.get("state") == "done":
        tell_release_finished(env, tx, shop, release.id)


def _was_anybody_passed_over(tx: Transaction, release: ReleaseRow) -> bool:
    """Also in the parts of this wave that came before."""
    return release.place is not None and _waits_for_more(tx, release)


def _waits_for_more(tx: Transaction, release: ReleaseRow) -> bool:
    """Whether somebody who was not told wants more units than there are."""
    return release.largest is not None and under_way.waits_for_more(
        tx,
        event_id=release.event_id,
        product_id=release.product_id,
        variant_id=release.variant_id,
        than=release.largest,
    )

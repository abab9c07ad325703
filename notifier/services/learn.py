"""What does a release teach for the next ones?

Each release of a restock leaves a lesson: a row of numbers about those who had a day to look,
rewritten until it is a week old. services/shop_history.py reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from notifier.domain.adaptive_state import AdaptiveState, Lesson, lesson_of
from notifier.log import log
from notifier.services.env import Env, ShopRef
from notifier.services.release_seen import release_seen
from notifier.store import lessons, releases
from notifier.store.releases import CONTINUES, SOLD_OUT, ReleaseRow
from notifier.store.session import Transaction

AGAIN, JUST_NOW = timedelta(hours=6), timedelta(minutes=10)
TIME_TO_LOOK = timedelta(days=1)
SETTLED = timedelta(days=7)
AT_ONCE = 50


def learn_all(env: Env) -> int:
    """Read releases that were not read for some hours; how many."""
    return _learn(env, read_before=env.now() - AGAIN, limit=AT_ONCE)


def learn_of_shop(env: Env, shop: ShopRef) -> None:
    """Before a release starts: what its shop's others have shown by now."""
    _learn(env, read_before=env.now() - JUST_NOW, shop_id=shop.id, limit=5)


def _learn(env: Env, *, read_before: datetime, shop_id: int | None = None, limit: int) -> int:
    ripe_since = env.now() - TIME_TO_LOOK
    with env.db.read() as tx:
        wanted = lessons.to_learn_from(
            tx, read_before=read_before, started_before=ripe_since, shop_id=shop_id, limit=limit
        )
    for release_id in wanted:
        with env.db.read() as tx:  # a long look back: nobody who writes waits for it
            found = _read(env, tx, release_id)
        if found is not None:
            env.db.retry(partial(_keep, env, found))
    return len(wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    release: ReleaseRow
    lesson: Lesson
    is_final: bool


def _read(env: Env, tx: Transaction, release_id: int) -> _Found | None:
    """None where nobody had the time to look yet."""
    release = releases.load_release(tx, release_id)
    shop = env.shop_by_id(release.shop_id) if release else None
    if release is None or shop is None:
        return None
    now = env.now()
    # those it continues leave lessons of their own
    own = {name: value for name, value in release.strategy.items() if name != CONTINUES}
    state = release_seen(env, tx, shop, replace(release, strategy=own), units=None, line=False)
    last = max((one.at for one in state.told), default=release.started_at)
    ripe = tuple(one for one in state.told if now - one.at >= TIME_TO_LOOK)
    if not ripe:
        return None
    lesson = _lesson(replace(state, told=ripe), release)
    return _Found(release=release, lesson=lesson, is_final=now - last > SETTLED)


def _keep(env: Env, found: _Found, tx: Transaction) -> None:
    release = found.release
    if releases.load_release(tx, release.id) is None:
        return  # it was tidied away meanwhile
    lessons.save_lesson(
        tx,
        release.id,
        found.lesson,
        shop_id=release.shop_id,
        variant_id=release.variant_id,
        at=env.now(),
        final=found.is_final,
    )
    log.info("learned from a release", release=release.id, people=found.lesson.people)


def _lesson(state: AdaptiveState, release: ReleaseRow) -> Lesson:
    """Where nobody counts what is sold, it is reckoned from who looked while it was there."""
    lesson = lesson_of(state)
    if lesson.units or not lesson.looked:
        return lesson
    share = state.history.bought / (state.history.bought + state.history.only_looked)
    sold = (lesson.looked - lesson.late) * share
    if release.reason != SOLD_OUT:
        return lesson  # it lasted: nothing says how much more there was
    asked = sum(one.units for one in state.told) / lesson.people
    return replace(lesson, sold=sold, units=max(round(sold * asked), 1))

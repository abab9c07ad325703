"""What does a release teach for the next ones?

Each release of a restock leaves a lesson: a row of numbers about those who had a day to look,
rewritten until it is a week old. services/shop_history.py reads them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from notifier.domain.adaptive_state import AdaptiveState, Lesson, lesson_of
from notifier.log import log
from notifier.services.env import Env, ShopRef
from notifier.services.release_seen import release_seen
from notifier.store import lessons, releases
from notifier.store.releases import CONTINUES, SOLD_OUT, ReleaseRow
from notifier.store.session import Transaction

AGAIN = timedelta(hours=6)
TIME_TO_LOOK = timedelta(days=1)
SETTLED = timedelta(days=7)
AT_ONCE = 50


def learn_all(env: Env) -> int:
    """Read releases that were not read for some hours; how many."""
    before = env.now() - AGAIN
    with env.db.read() as tx:
        wanted = lessons.to_learn_from(tx, read_before=before, limit=AT_ONCE)
    for release_id in wanted:
        env.db.retry(partial(_learn_from, env, release_id=release_id))
    return len(wanted)


def learn_of_shop(env: Env, tx: Transaction, shop: ShopRef) -> None:
    """Before a release starts: what its shop's others have shown by now."""
    before = env.now() - timedelta(minutes=10)
    for release_id in lessons.to_learn_from(tx, read_before=before, shop_id=shop.id, limit=5):
        _learn_from(env, tx, release_id=release_id)


def _learn_from(env: Env, tx: Transaction, *, release_id: int) -> None:
    release = releases.load_release(tx, release_id)
    shop = env.shop_by_id(release.shop_id) if release else None
    if release is None or shop is None:
        return
    now = env.now()
    # those it continues leave lessons of their own
    own = {name: value for name, value in release.strategy.items() if name != CONTINUES}
    state = release_seen(env, tx, shop, replace(release, strategy=own), units=None, line=False)
    last = max((one.at for one in state.told), default=release.started_at)
    ripe = tuple(one for one in state.told if now - one.at >= TIME_TO_LOOK)
    if not ripe:
        return
    state = replace(state, told=ripe)
    lessons.save_lesson(
        tx,
        release.id,
        _lesson(state, release),
        shop_id=release.shop_id,
        variant_id=release.variant_id,
        at=now,
        final=now - last > SETTLED,
    )
    log.info("learned from a release", release=release.id, people=len(state.told))


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

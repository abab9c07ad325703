"""How does a person or a program of the shop see, pause, resume and stop a release?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from notifier.domain.stock import EventKind
from notifier.errors import Conflict, NotFound
from notifier.log import log
from notifier.services.env import Env, ShopRef
from notifier.services.hook_out import tell_release_finished
from notifier.store import catalogue, ledger, releases, steer, waves
from notifier.store.catalogue import VariantRow
from notifier.store.releases import LAST_LOOK, ReleaseRow
from notifier.store.session import Transaction
from notifier.store.steer import PERSON
from notifier.store.waves import WaveRow

__all__ = [
    "ReleaseShown",
    "WaveRow",
    "list_releases",
    "pause_release",
    "release_now",
    "resume_release",
    "settle_half_done",
    "settle_messages",
    "show_release",
    "stop_release",
]

PAUSED = "release_paused"
STOPPED = "release_stopped"
_SAME = (
    *("id", "kind", "state", "reason", "started_at", "next_wave_at", "finished_at"),
    *("waves", "told", "units_told"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseShown:
    """A release, what it is about, and its waves with the reason for the size of each."""

    release: ReleaseRow
    variant: VariantRow | None
    waves: tuple[WaveRow, ...] = ()

    @property
    def rules(self) -> dict[str, Any]:
        """By which it goes."""
        return {n: value for n, value in self.release.strategy.items() if n != LAST_LOOK}

    def as_dict(self) -> dict[str, Any]:
        """By the names of the API, without the waves."""
        return {
            **{name: getattr(self.release, name) for name in _SAME},
            "strategy": self.rules,
            "product": self.variant.product_key if self.variant else "",
            "variant": self.variant.key if self.variant else "",
        }


def list_releases(
    env: Env,
    shop: ShopRef,
    *,
    before: int | None = None,
    states: Sequence[str] = (),
    limit: int = 50,
) -> list[ReleaseShown]:
    """Newest first, without waves; only those in `states`, if any are named."""
    with env.db.read() as tx:
        rows = releases.list_releases(
            tx, shop_id=shop.id, before=before, states=states, limit=limit
        )
        found = catalogue.find_variants(tx, [row.variant_id for row in rows])
    return [ReleaseShown(release=row, variant=found.get(row.variant_id)) for row in rows]


def show_release(env: Env, shop: ShopRef, release_id: int) -> ReleaseShown:
    """Raises errors.NotFound, also for another shop's."""
    with env.db.read() as tx:
        return _show(tx, _of_shop(tx, shop, release_id))


def pause_release(env: Env, shop: ShopRef, release_id: int, *, by: str) -> ReleaseShown:
    """Send nothing more of it until it is resumed. Raises Conflict when it does not run."""

    def work(tx: Transaction) -> ReleaseShown:
        row = _locked(tx, shop, release_id)
        if row.state != "paused":
            _need(row, {"running"}, "paused")
            releases.update_release(tx, row.id, state="paused", reason=PERSON)
            _settle_part(env, row.id, tx)
            _note(env, tx, row, "release.paused", by=by)
        return _show(tx, _of_shop(tx, shop, release_id))

    return _steered(env, release_id, work)


def resume_release(env: Env, shop: ShopRef, release_id: int, *, by: str) -> ReleaseShown:
    """Go on where it was paused or stopped by a person, in the same order. Raises Conflict."""

    def work(tx: Transaction) -> ReleaseShown:
        row = _locked(tx, shop, release_id)
        if row.state != "running":
            stopped_by_person = row.state == "stopped" and row.reason == PERSON
            _need(row, {"paused", "stopped" if stopped_by_person else "paused"}, "resumed")
            _need_no_newer(tx, row)
            now = env.now()
            again = {"cursor_at": None, "cursor_id": None, "wave_open": False}
            releases.update_release(
                tx,
                row.id,
                state="running",
                reason="",
                next_wave_at=now,
                finished_at=None,
                **(again if stopped_by_person else {}),
            )
            _settle_part(env, row.id, tx)
            _note(env, tx, row, "release.resumed", by=by)
        return _show(tx, _of_shop(tx, shop, release_id))

    return _steered(env, release_id, work)


def stop_release(env: Env, shop: ShopRef, release_id: int, *, by: str) -> ReleaseShown:
    """Tell nobody else. Who was not told keeps waiting for the next restock. Raises Conflict."""

    def work(tx: Transaction) -> ReleaseShown:
        row = _locked(tx, shop, release_id)
        if not (row.state == "stopped" and row.reason == PERSON):
            _need(row, {"running", "paused", "stopped"}, "stopped")
            now = env.now()
            releases.update_release(
                tx,
                row.id,
                state="stopped",
                reason=PERSON,
                finished_at=row.finished_at or now,
                next_wave_at=None,
                wave_open=False,
            )
            _settle_part(env, row.id, tx)
            _note(env, tx, row, "release.stopped", by=by)
            tell_release_finished(env, tx, shop, row.id)
        return _show(tx, _of_shop(tx, shop, release_id))

    return _steered(env, release_id, work)


def release_now(env: Env, shop: ShopRef, release_id: int, *, by: str) -> ReleaseShown:
    """Do not wait for the next wave's time. How many it tells is decided as ever. Raises Conflict
    when it does not run."""

    def work(tx: Transaction) -> ReleaseShown:
        row = _locked(tx, shop, release_id)
        _need(row, {"running"}, "hurried")
        releases.update_release(tx, row.id, next_wave_at=env.now())
        _note(env, tx, row, "release.hurried", by=by)
        return _show(tx, _of_shop(tx, shop, release_id))

    return env.db.retry(work)


def settle_messages(env: Env, release_id: int) -> int:
    """Hold or free the messages of a release, as it stands; how many."""
    settled = 0
    while part := env.db.retry(partial(_settle_part, env, release_id)):
        settled += part
    return settled


def settle_half_done(env: Env) -> int:
    """The same for every release where that ended in the middle; how many."""
    with env.db.read() as tx:
        found = steer.half_done(tx, reasons=(PAUSED, STOPPED), now=env.now())
    return sum(settle_messages(env, release_id) for release_id in found)


def _steered(
    env: Env, release_id: int, work: Callable[[Transaction], ReleaseShown]
) -> ReleaseShown:
    """What `work` does holds from its commit on; many messages follow part by part."""
    shown = env.db.retry(work)
    settle_messages(env, release_id)
    return shown


def _settle_part(env: Env, release_id: int, tx: Transaction) -> int:
    row = releases.load_release(tx, release_id, for_update=True, skip_locked=False)
    if row is None:
        return 0
    now = env.now()
    if row.state == "paused":
        return steer.hold_messages(tx, row.id, reason=PAUSED, now=now)
    if row.state == "stopped" and row.reason == PERSON:
        return steer.hold_messages(tx, row.id, reason=STOPPED, now=now)
    if row.state in ("running", "done"):
        fresh_until = now + env.config.delivery.alert_ttl
        return steer.free_messages(
            tx, row.id, reasons=(PAUSED, STOPPED), now=now, expires_at=fresh_until
        )
    return 0


def _note(env: Env, tx: Transaction, row: ReleaseRow, act: str, *, by: str) -> None:
    """Who did it, where it can be proved."""
    ledger.append(
        tx,
        book="audit",
        act=act,
        at=env.now(),
        facts={"release": row.id, "by": by},
        shop_id=row.shop_id,
    )
    log.info(act, release=row.id, by=by)


def _of_shop(tx: Transaction, shop: ShopRef, release_id: int) -> ReleaseRow:
    row = releases.load_release(tx, release_id)
    if row is None or row.shop_id != shop.id:
        raise NotFound("There is no such release in this shop.")
    return row


def _locked(tx: Transaction, shop: ShopRef, release_id: int) -> ReleaseRow:
    """The release, so that no wave is planned meanwhile."""
    _of_shop(tx, shop, release_id)
    row = releases.load_release(tx, release_id, for_update=True, skip_locked=False)
    if row is None:
        raise NotFound("There is no such release in this shop.")
    return row


def _need(row: ReleaseRow, states: set[str], what: str) -> None:
    if row.state not in states:
        why = {"": "", PERSON: " by a person"}.get(row.reason, f" ({row.reason})")
        said = f"Release {row.id} is {row.state}{why}, so it cannot be {what}."
        raise Conflict("wrong_state", said)


def _need_no_newer(tx: Transaction, row: ReleaseRow) -> None:
    """Two releases of the same variant would each reckon with all of its stock."""
    last = releases.latest_release(tx, row.variant_id, kind=row.kind)
    if row.kind == EventKind.BACK_IN_STOCK and last is not None and last.id != row.id:
        raise Conflict(
            "newer_release",
            f"Release {row.id} cannot be resumed: it came back once more since, and release "
            f"{last.id} tells those who were not told.",
            newer=last.id,
        )


def _show(tx: Transaction, row: ReleaseRow) -> ReleaseShown:
    return ReleaseShown(
        release=row,
        variant=catalogue.find_variants(tx, [row.variant_id]).get(row.variant_id),
        waves=tuple(waves.waves_of(tx, row.id)),
    )

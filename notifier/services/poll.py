"""Which sources are due, and what happens when one is looked at?

One process at a time looks at a source (a lease). A look that fails changes no belief: the last
state is kept, the failure is counted, and a person hears of it.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from notifier import plugins
from notifier.config import SourceSection
from notifier.connectors.base import Look, Recall, SourceConnector
from notifier.domain.polling import Demand, Pace, is_open, near_days, next_look_at
from notifier.errors import ConfigError, LookFailed
from notifier.log import log
from notifier.metrics import LOOKS
from notifier.services.alarm_said import say
from notifier.services.alarms import clear_alarm, raise_alarm
from notifier.services.env import Env, ShopRef
from notifier.services.last_rows import WORD, LastRows, without_word, word_of
from notifier.services.observe import Report, apply_look, repeat_absence
from notifier.services.watched import Watched
from notifier.services.weigh_again import weigh_again
from notifier.store import source_demand, sources
from notifier.store.session import Transaction
from notifier.store.sources import SourceRow

GROUP = "notifier.connectors"
LEASE = timedelta(minutes=10)
ALARM_AFTER = 3  # failures in a row of the way there; a bad answer is told at once
_PASSING = ("http_5", "http_429", "http_408", "timeout", "connect", "dns", "tls", "unreachable")
PUSHED = "push"


def make_source(
    env: Env, shop: ShopRef, name: str, section: SourceSection, *, recall: Recall | None = None
) -> SourceConnector:
    """The connector for one configured source. Raises errors.ConfigError.

    `recall`: what its last look left behind, for a look that need not read all.
    """
    module = plugins.load(GROUP, section.kind)
    written = dict(section.settings)
    known = {field.name for field in fields(module.Settings)}
    for shared in ("missing_means", "missing_after", "min_share"):
        if shared in known:
            written[shared] = getattr(section, shared)
    if "default_currency" in known and "default_currency" not in written:
        written["default_currency"] = shop.config.currency
    settings = plugins.read_settings(module, written, where=f"shops.{shop.slug}.sources.{name}")
    offered: dict[str, Any] = {
        "clock": env.clock,
        "allow_private": env.config.service.allow_private_addresses,
        "allow_http": env.config.service.allow_http,
        "recall": recall,
    }
    taken = inspect.signature(module.Source).parameters
    made: SourceConnector = module.Source(
        settings, **{key: value for key, value in offered.items() if key in taken}
    )
    return made


def poll_due(env: Env, *, owner: str) -> int:
    """Look at every source that is due; how many were looked at."""
    now = env.now()
    with env.db.read() as tx:
        known = {(row.shop_id, row.name): row for row in sources.list_sources(tx)}
    looked = 0
    for shop in env.shops.values():
        for name, section in shop.config.sources.items():
            if section.kind != PUSHED and _is_due(known.get((shop.id, name)), now=now):
                looked += poll(env, shop, name, owner=owner) is not None
    return looked


def _is_due(row: SourceRow | None, *, now: datetime) -> bool:
    if row is None or row.next_look_at is None:
        return True
    is_being_looked_at = row.lease_until is not None and row.lease_until > now
    return row.next_look_at <= now and not is_being_looked_at


def poll(
    env: Env,
    shop: ShopRef,
    name: str,
    *,
    owner: str,
    only: Sequence[str] = (),
    accept_smaller: bool = False,
) -> Report | None:
    """Look at one source now; None when another process is looking or the look failed.

    `accept_smaller`: a person says that a shrunken source is right, for the next good look.
    """
    section = shop.config.sources[name]
    now = env.now()
    row = env.db.retry(
        lambda tx: sources.ensure_source(tx, shop_id=shop.id, name=name, kind=section.kind, now=now)
    )
    if not env.db.retry(
        lambda tx: sources.lease_source(tx, row.id, owner=owner, now=now, lease=LEASE)
    ):
        return None
    if accept_smaller:
        env.db.retry(lambda tx: sources.update_source(tx, row.id, accept_smaller=0))
    try:
        last = LastRows(env=env, shop=shop, row=row)
        connector = make_source(env, shop, name, section, recall=last.recall)
        look = connector.look(row.cursor, only=Watched(env, shop, only))
        report = _believe(env, shop, row, section, look, last)
    except (LookFailed, ConfigError) as error:
        _failed(env, shop, row, section, error)
        return None
    except Exception as error:  # noqa: BLE001  a connector's bug must not stop the others
        log.exception("source failed unexpectedly", shop=shop.slug, source=name)
        _failed(env, shop, row, section, LookFailed("bug", f"{type(error).__name__}: {error}"))
        return None
    return report


def _believe(
    env: Env, shop: ShopRef, row: SourceRow, section: SourceSection, look: Look, last: LastRows
) -> Report:
    report = Report()
    if look.not_modified:
        repeat_absence(env, shop, source=row.name, settings=section)
        report.announced = weigh_again(env, shop, unmodified=row.name)
    else:
        report = apply_look(env, shop, look, source=row.name, settings=section, last=last)
    word = last.keep(look.traces) if look.traces is not None else None
    now = env.now()
    LOOKS.labels(source=f"{shop.slug}/{row.name}", result="ok").inc()
    values: dict[str, Any] = {
        "state": "ok",
        "looked_at": now,
        "failures": 0,
        "trouble_code": "",
        "trouble": "",
        "trouble_since": None,
        "lease_until": None,
        "lease_owner": None,
        "next_look_at": _next(env, shop, section, failures=0),
    }
    if look.full or look.not_modified or section.kind == "feed":
        # the whole source vouches for all it names; a page only for its own variant
        values["vouched_at"] = now if look.not_modified else min(look.data_at or now, now)
    if look.full and not look.not_modified:
        values["rows"] = report.rows
        values["accept_smaller"] = None

    def work(tx: Transaction) -> None:
        true = word or word_of(tx, row)
        cursor = {**look.cursor, WORD: true} if true else without_word(look.cursor)
        sources.update_source(tx, row.id, **values, cursor=cursor)
        clear_alarm(env, tx, code="source.trouble", about=f"{shop.slug}/{row.name}")

    env.db.retry(work)
    log.info(
        "source looked at",
        shop=shop.slug,
        source=row.name,
        rows=report.rows,
        unread=look.same,
        changed=report.changed,
        announced=report.announced,
        held=report.held,
        problems=len(report.problems),
        not_modified=look.not_modified,
    )
    return report


def _failed(
    env: Env,
    shop: ShopRef,
    row: SourceRow,
    section: SourceSection,
    error: LookFailed | ConfigError,
) -> None:
    code = error.code if isinstance(error, LookFailed) else "config"
    retry_after = error.retry_after if isinstance(error, LookFailed) else None
    failures = row.failures + 1
    LOOKS.labels(source=f"{shop.slug}/{row.name}", result=code).inc()
    log.warning(
        "source could not be believed",
        shop=shop.slug,
        source=row.name,
        code=code,
        why=str(error),
        failures=failures,
    )
    now = env.now()

    def work(tx: Transaction) -> None:
        sources.update_source(
            tx,
            row.id,
            state="open" if is_open(failures) else "failing",
            failures=failures,
            trouble_code=code,
            trouble=str(error)[:1000],
            trouble_since=row.trouble_since or now,
            lease_until=None,
            lease_owner=None,
            next_look_at=_next(env, shop, section, failures=failures, retry_after=retry_after),
        )
        if failures >= ALARM_AFTER or not code.startswith(_PASSING):
            raise_alarm(
                env,
                tx,
                code="source.trouble",
                about=f"{shop.slug}/{row.name}",
                message=say("source_trouble", source=row.name, error=str(error)),
                shop=shop,
                facts={"source": row.name, "code": code},
            )

    env.db.retry(work)


def _next(
    env: Env,
    shop: ShopRef,
    section: SourceSection,
    *,
    failures: int,
    retry_after: timedelta | None = None,
) -> datetime:
    return next_look_at(
        env.now(),
        pace=Pace(
            every=section.every,
            at_most_every=min(section.at_most_every, section.every),
            at_least_every=max(section.at_least_every, section.every),
        ),
        demand=_demand(env, shop),
        failures=failures,
        retry_after=retry_after,
        jitter=random.random(),
    )


def _demand(env: Env, shop: ShopRef) -> Demand:
    begins_by, ends_from = near_days(env.now())
    with env.db.read() as tx:
        waiting = source_demand.is_waited_for(tx, shop.id)
        near = waiting and source_demand.is_eta_waited_for(
            tx, shop.id, begins_by=begins_by, ends_from=ends_from
        )
    return Demand(waiting=waiting, eta_is_near=near)


def alarm_stale(env: Env) -> int:
    """Raise an alarm for each source whose data is older than its limit; how many are."""
    now = env.now()
    stale = 0
    with env.db.read() as tx:
        rows = sources.list_sources(tx)
    for row in rows:
        shop = env.shop_by_id(row.shop_id)
        section = shop.config.sources.get(row.name) if shop else None
        if shop is None or section is None or section.kind == PUSHED:
            continue
        known_at = row.vouched_at or row.looked_at
        about = f"{shop.slug}/{row.name}"
        if known_at is not None and now - known_at <= section.max_age:
            env.db.retry(
                lambda tx, about=about: clear_alarm(  # type: ignore[misc]
                    env, tx, code="source.stale", about=about
                )
            )
            continue
        if known_at is None and row.failures == 0:
            continue  # never looked at yet
        stale += 1
        limit = section.max_age
        message = say("source_missing", source=row.name, limit=limit)
        if known_at:
            age = now - known_at
            message = say("source_stale", source=row.name, age=age, limit=limit)
        env.db.retry(
            lambda tx, about=about, message=message, shop=shop, row=row: raise_alarm(  # type: ignore[misc]
                env,
                tx,
                code="source.stale",
                about=about,
                message=message,
                shop=shop,
                facts={"source": row.name},
            )
        )
    return stale

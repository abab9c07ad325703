"""What would a look at this source read at this moment? Nothing is believed or announced."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from notifier.config import SourceSection
from notifier.connectors.base import RowProblem, WatchedVariant
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.errors import ConfigError, LookFailed, NotFound
from notifier.log import log
from notifier.services.env import Env, ShopRef
from notifier.services.poll import make_source
from notifier.services.setting_kinds import CONNECTORS, PUSH, setting_fields
from notifier.store import sources

SHOWN = 20  # rows shown of those read
PATIENCE = 20.0  # seconds for all of it: somebody waits in front of the page
WATCHED = 3  # pages that are asked for because somebody waits


@dataclass(slots=True, kw_only=True)
class Trial:
    """What was read. `whole`: to the end; else only as much as there was patience for.
    `trouble`: why nothing of it could be believed."""

    rows: list[Observation] = field(default_factory=list)
    count: int = 0
    available: int = 0
    whole: bool = False
    full: bool = False
    problems: list[RowProblem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    trouble: str = ""


def try_source(env: Env, shop: ShopRef, name: str) -> Trial:
    """Look at one source as it is set up now. Raises errors.NotFound."""
    section = shop.config.sources.get(name)
    if section is None or section.kind == PUSH:
        raise NotFound(f"There is no source {name!r} that can be looked at.")
    done = Trial()
    try:
        _read(env, shop, name, section, done)
    except (ConfigError, LookFailed) as error:
        done.trouble = str(error)
    except Exception as error:  # noqa: BLE001  a connector's bug is shown, and logged
        log.exception("source failed unexpectedly", shop=shop.slug, source=name)
        done.trouble = f"{type(error).__name__}: {error}"
    return done


def _read(env: Env, shop: ShopRef, name: str, section: SourceSection, done: Trial) -> None:
    until = time.monotonic() + PATIENCE
    connector = make_source(env, shop, name, _hurried(section))
    with env.db.read() as tx:
        wanted = sources.watched_variants(tx, shop.id, limit=WATCHED)
    look = connector.look(
        {}, only=[WatchedVariant(key=one.key, sku=one.sku, url=one.url) for one in wanted]
    )
    for seen in look.observations:
        done.count += 1
        done.available += seen.availability is Availability.IN_STOCK
        if len(done.rows) < SHOWN:
            done.rows.append(seen)
        if time.monotonic() > until:
            break
    else:
        done.whole = True
    done.full = look.full
    done.problems = look.problems[:SHOWN]
    done.warnings = look.warnings[:SHOWN]


def _hurried(section: SourceSection) -> SourceSection:
    """The same with less patience, where the kind has such settings."""
    known = setting_fields(CONNECTORS, section.kind)
    written: dict[str, Any] = section.model_dump(exclude_unset=True)
    for name, most in (("timeout", 15), ("max_pages", 3)):
        if name in known:
            written[name] = min(section.settings.get(name, most), most)
    return SourceSection.model_validate(written)

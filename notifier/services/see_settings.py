"""What was changed in the admin, when and by whom; and how do the shop's sources fare?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from notifier.config_settings import Path
from notifier.services.describe_settings import is_share
from notifier.services.env import Env, ShopRef
from notifier.services.setting_text import Shape, text_of
from notifier.store import settings as store
from notifier.store import sources
from notifier.store.sources import SourceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`was` and `now` are empty for what is as in the file. A secret has neither. `is_number`: both
    are written with a point."""

    id: int
    path: str
    was: str
    now: str
    is_number: bool
    secret: str
    by: str
    at: datetime


def newest_change(env: Env, paths: Sequence[Path]) -> int:
    """The number of the latest change at or under these paths; hand it to save_settings."""
    with env.db.read() as tx:
        return store.newest_change(tx, under=["/".join(path) for path in paths])


def list_changes(
    env: Env, *, under: Sequence[str] = (), before: int | None, limit: int
) -> list[Change]:
    """The newest first; `under`: only at or under these paths."""
    with env.db.read() as tx:
        rows = store.latest_changes(tx, under=under, before=before, limit=limit)
    return [
        Change(
            id=row.id,
            path=row.path,
            was=_shown(row.was, row.path),
            now=_shown(row.now, row.path),
            is_number=isinstance(row.now if row.was is None else row.was, float),
            secret=row.secret,
            by=row.by,
            at=row.at,
        )
        for row in rows
    ]


def _shown(value: object, path: str) -> str:
    """As its form shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) and is_share(tuple(path.split("/"))):
        return f"{text_of(value, Shape.SHARE)}\N{NO-BREAK SPACE}%"
    return text_of(value)


def source_rows(env: Env, shop: ShopRef) -> dict[str, SourceRow]:
    """How each source of the shop is doing; those never looked at are not there."""
    with env.db.read() as tx:
        return {row.name: row for row in sources.list_sources(tx, shop.id)}


def shops_with_channel(env: Env, channel: str) -> list[str]:
    """The names of the shops that send by this channel."""
    return [
        one.config.name
        for one in env.shops.values()
        if channel in (one.config.mail_channel, one.config.sms_channel)
    ]

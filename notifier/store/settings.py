"""Which settings were made in the admin, and by whom?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select

from notifier.store.rows import columns_of
from notifier.store.tables.settings import setting_changes, settings
from notifier.store.upsert import insert_or


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One value. `path` is like shops/kettle/name; a secret has only `sealed`."""

    path: str
    value: Any
    sealed: str
    change_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    id: int
    path: str
    was: Any
    now: Any
    secret: str
    by: str
    at: datetime


def hold(tx: Connection) -> None:
    """Nobody else saves before the commit: what is read now is what is written over."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("LOCK TABLE setting_changes IN SHARE ROW EXCLUSIVE MODE")


def all_settings(tx: Connection) -> list[SettingRow]:
    columns = columns_of(settings, SettingRow)
    return [SettingRow(**row._mapping) for row in tx.execute(select(*columns))]


def newest_change(tx: Connection, *, under: Sequence[str] = ()) -> int:
    """The number of the latest change, of all or of what lies under these paths; 0: none yet."""
    query = select(func.coalesce(func.max(setting_changes.c.id), 0))
    if under:
        query = query.where(or_(*(_is_under(path) for path in under)))
    return int(tx.execute(query).scalar_one())


def latest_changes(
    tx: Connection, *, under: Sequence[str] = (), before: int | None = None, limit: int
) -> list[ChangeRow]:
    """The newest first."""
    query = select(*columns_of(setting_changes, ChangeRow))
    if under:
        query = query.where(or_(*(_is_under(path) for path in under)))
    if before is not None:
        query = query.where(setting_changes.c.id < before)
    rows = tx.execute(query.order_by(setting_changes.c.id.desc()).limit(limit))
    return [ChangeRow(**row._mapping) for row in rows]


def put(
    tx: Connection,
    path: str,
    value: Any,
    *,
    sealed: str = "",
    was: Any = None,
    by: str,
    at: datetime,
) -> None:
    """Set one value, and write the change down."""
    change_id = _note(
        tx,
        path=path,
        was=None if sealed else was,
        now=None if sealed else value,
        secret="set" if sealed else "",
        by=by,
        at=at,
    )
    values = {"value": "" if sealed else value, "sealed": sealed, "change_id": change_id}
    statement = insert_or(tx, settings).values(path=path, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["path"], set_=values))


def remove(
    tx: Connection, path: str, *, was: Any = None, secret: bool = False, by: str, at: datetime
) -> int:
    """Back to the file for this value and all that lies under it; how many values that was."""
    done = tx.execute(
        delete(settings).where(
            or_(settings.c.path == path, settings.c.path.startswith(f"{path}/", autoescape=True))
        )
    )
    if done.rowcount:
        _note(tx, path=path, was=was, now=None, secret="removed" if secret else "", by=by, at=at)
    return int(done.rowcount)


def _note(tx: Connection, **values: Any) -> int:
    made = tx.execute(insert(setting_changes).values(**values).returning(setting_changes.c.id))
    return int(made.scalar_one())


def _is_under(path: str) -> Any:
    return or_(
        setting_changes.c.path == path,
        setting_changes.c.path.startswith(f"{path}/", autoescape=True),
    )

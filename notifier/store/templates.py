"""Which message templates have people changed, and which version of each is published?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from notifier.store.tables.operation import templates


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRow:
    id: int
    shop: str
    locale: str
    kind: str
    part: str
    version: int
    state: str
    source: str
    copied_from: str
    saved_by: str
    saved_at: datetime


_COLUMNS = [templates.c[name] for name in TemplateRow.__slots__]


def published(tx: Connection) -> list[TemplateRow]:
    """Every published part."""
    rows = tx.execute(select(*_COLUMNS).where(templates.c.state == "published"))
    return [TemplateRow(**row._mapping) for row in rows]


def versions_of(
    tx: Connection, *, shop: str, locale: str, kind: str, part: str | None = None
) -> list[TemplateRow]:
    """All versions, newest first."""
    query = select(*_COLUMNS).where(
        templates.c.shop == shop, templates.c.locale == locale, templates.c.kind == kind
    )
    if part is not None:
        query = query.where(templates.c.part == part)
    rows = tx.execute(query.order_by(templates.c.version.desc(), templates.c.part))
    return [TemplateRow(**row._mapping) for row in rows]


def newest_version(tx: Connection, *, shop: str, locale: str, kind: str) -> int:
    found = tx.execute(
        select(func.max(templates.c.version)).where(
            templates.c.shop == shop, templates.c.locale == locale, templates.c.kind == kind
        )
    ).scalar_one_or_none()
    return int(found or 0)


def save_version(
    tx: Connection,
    *,
    shop: str,
    locale: str,
    kind: str,
    version: int,
    parts: Mapping[str, str],
    state: str,
    copied_from: str,
    by: str,
    at: datetime,
) -> None:
    for part, source in parts.items():
        tx.execute(
            insert(templates).values(
                shop=shop,
                locale=locale,
                kind=kind,
                part=part,
                version=version,
                state=state,
                source=source,
                copied_from=copied_from,
                saved_by=by,
                saved_at=at,
            )
        )


def publish_version(tx: Connection, *, shop: str, locale: str, kind: str, version: int) -> int:
    """Make one version the published one; how many parts it has."""
    same = (templates.c.shop == shop) & (templates.c.locale == locale) & (templates.c.kind == kind)
    tx.execute(update(templates).where(same, templates.c.state == "published").values(state="old"))
    done = tx.execute(
        update(templates).where(same, templates.c.version == version).values(state="published")
    )
    return int(done.rowcount)


def unpublish(tx: Connection, *, shop: str, locale: str, kind: str) -> int:
    """Back to what came with the program."""
    done = tx.execute(
        update(templates)
        .where(
            templates.c.shop == shop,
            templates.c.locale == locale,
            templates.c.kind == kind,
            templates.c.state == "published",
        )
        .values(state="old")
    )
    return int(done.rowcount)


def fingerprint(tx: Connection) -> tuple[int, int]:
    """Changes whenever what is published may have changed."""
    row = tx.execute(
        select(
            func.coalesce(func.max(templates.c.id), 0),
            func.coalesce(func.sum(templates.c.id).filter(templates.c.state == "published"), 0),
        )
    ).one()
    return int(row[0]), int(row[1])

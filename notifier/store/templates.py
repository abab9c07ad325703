"""Which message templates have people changed, and which version of each is published?

A version is the parts that differ from the default, one row each, and one row more whose part is
HEAD: it is there even when nothing differs, and it makes two people who save at the same instant
meet in the unique key. Blocks around every mail are kept in the same way, under kinds of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from notifier.store.rows import columns_of
from notifier.store.tables.operation import templates

HEAD = "version"
DRAFT, PUBLISHED, OLD, DISCARDED = "draft", "published", "old", "discarded"


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
    copied_text: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One saved version: `parts` differ from the default; `copied` is the default of each of them
    when it was copied, '' where that was not kept."""

    id: int
    shop: str
    locale: str
    kind: str
    number: int
    state: str
    parts: Mapping[str, str]
    copied: Mapping[str, str]
    saved_by: str
    saved_at: datetime
    problem: str = ""


Work = Callable[[Connection], int]


class SavedMeanwhile(Exception):
    """Somebody else has just saved a version of that number."""


_COLUMNS = columns_of(templates, TemplateRow)


def published(tx: Connection) -> list[TemplateRow]:
    """Every published part."""
    rows = tx.execute(select(*_COLUMNS).where(templates.c.state == PUBLISHED))
    return [TemplateRow(**row._mapping) for row in rows]


def versions_of(
    tx: Connection, *, shop: str, locale: str, kind: str, part: str | None = None
) -> list[TemplateRow]:
    """All rows of all versions, newest first."""
    query = _of(select(*_COLUMNS), shop=shop, locale=locale, kind=kind)
    if part is not None:
        query = query.where(templates.c.part == part)
    rows = tx.execute(query.order_by(templates.c.version.desc(), templates.c.part))
    return [TemplateRow(**row._mapping) for row in rows]


def history(
    tx: Connection, *, shop: str, locale: str, kind: str, limit: int = 100
) -> list[Version]:
    """The newest versions, newest first."""
    numbers = _of(
        select(templates.c.version).distinct(), shop=shop, locale=locale, kind=kind
    ).order_by(templates.c.version.desc())
    wanted = list(tx.execute(numbers.limit(limit)).scalars())
    if not wanted:
        return []
    query = _of(select(*_COLUMNS), shop=shop, locale=locale, kind=kind)
    query = query.where(templates.c.version >= wanted[-1])
    return _versions([TemplateRow(**row._mapping) for row in tx.execute(query)])


def current_of_shop(tx: Connection, shop: str) -> list[Version]:
    """Of every template of a shop: what is published, and a draft that is newer than that."""
    newest = (
        select(
            templates.c.locale,
            templates.c.kind,
            func.max(templates.c.version).label("version"),
        )
        .where(templates.c.shop == shop, templates.c.state != DISCARDED)
        .group_by(templates.c.locale, templates.c.kind)
        .subquery()
    )
    is_newest = (
        (templates.c.locale == newest.c.locale)
        & (templates.c.kind == newest.c.kind)
        & (templates.c.version == newest.c.version)
    )
    query = (
        select(*_COLUMNS)
        .outerjoin(newest, is_newest)
        .where(
            templates.c.shop == shop,
            (templates.c.state == PUBLISHED)
            | ((templates.c.state == DRAFT) & newest.c.version.is_not(None)),
        )
    )
    return _versions([TemplateRow(**row._mapping) for row in tx.execute(query)])


def _versions(rows: Sequence[TemplateRow]) -> list[Version]:
    grouped: dict[tuple[str, str, int], list[TemplateRow]] = {}
    for row in rows:
        grouped.setdefault((row.kind, row.locale, row.version), []).append(row)
    made = [_version(of_one) for of_one in grouped.values()]
    return sorted(made, key=lambda one: (one.kind, one.locale, -one.number))


def _version(rows: Sequence[TemplateRow]) -> Version:
    head = next((row for row in rows if row.part == HEAD), rows[0])
    parts = [row for row in rows if row.part != HEAD]
    return Version(
        id=max(row.id for row in rows),
        shop=head.shop,
        locale=head.locale,
        kind=head.kind,
        number=head.version,
        state=head.state,
        parts={row.part: row.source for row in parts},
        copied={row.part: row.copied_text for row in parts},
        saved_by=head.saved_by,
        saved_at=head.saved_at,
        problem=head.problem,
    )


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
    copied: Mapping[str, str] | None = None,
    problem: str = "",
) -> None:
    """Insert one version. `copied`: the default each part was copied from.

    Raises SavedMeanwhile when there is one of that number: the transaction is lost then.
    """
    common = {
        "shop": shop,
        "locale": locale,
        "kind": kind,
        "version": version,
        "state": state,
        "copied_from": copied_from,
        "saved_by": by,
        "saved_at": at,
    }
    rows = [{**common, "part": HEAD, "source": "", "copied_text": "", "problem": problem}]
    rows += [
        {
            **common,
            "part": part,
            "source": source,
            "copied_text": (copied or {}).get(part, ""),
            "problem": "",
        }
        for part, source in parts.items()
    ]
    try:
        tx.execute(insert(templates), rows)
    except IntegrityError as error:
        raise SavedMeanwhile(f"version {version} of {locale}/{kind} is there") from error


def publish_version(tx: Connection, *, shop: str, locale: str, kind: str, version: int) -> int:
    """Make one version the published one; how many rows it has."""
    same = (templates.c.shop == shop) & (templates.c.locale == locale) & (templates.c.kind == kind)
    # two at once would each leave what the other one publishes
    tx.execute(select(templates.c.id).where(same).order_by(templates.c.id).with_for_update())
    tx.execute(update(templates).where(same, templates.c.state == PUBLISHED).values(state=OLD))
    done = tx.execute(
        update(templates)
        .where(same, templates.c.version == version)
        .values(state=PUBLISHED, problem="")
    )
    return int(done.rowcount)


def discard_drafts(tx: Connection, *, shop: str, locale: str, kind: str) -> int:
    """Set aside every version that was saved and never published; how many rows that were."""
    done = tx.execute(
        update(templates)
        .where(
            templates.c.shop == shop,
            templates.c.locale == locale,
            templates.c.kind == kind,
            templates.c.state == DRAFT,
        )
        .values(state=DISCARDED)
    )
    return int(done.rowcount)


def fingerprint(tx: Connection) -> tuple[int, int]:
    """Changes whenever what is published may have changed."""
    row = tx.execute(
        select(
            func.coalesce(func.max(templates.c.id), 0),
            func.coalesce(func.sum(templates.c.id).filter(templates.c.state == PUBLISHED), 0),
        )
    ).one()
    return int(row[0]), int(row[1])


def _of(query: Select[Any], *, shop: str, locale: str, kind: str) -> Select[Any]:
    return query.where(
        templates.c.shop == shop, templates.c.locale == locale, templates.c.kind == kind
    )

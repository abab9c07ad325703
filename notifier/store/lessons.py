"""What have a shop's earlier releases taught?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, or_, select

from notifier.domain.adaptive_state import Lesson
from notifier.domain.stock import EventKind
from notifier.store.tables.releasing import lessons
from notifier.store.tables.telling import releases
from notifier.store.upsert import insert_or


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonRow:
    release_id: int
    variant_id: int
    lesson: Lesson


_NUMBERS = ("people", "looked", "late", "sold", "units", "looks_seen", "delays")


def lessons_of(
    tx: Connection, shop_id: int, *, besides: int, variant_id: int | None = None, limit: int
) -> list[LessonRow]:
    """The latest of a shop or of one variant, oldest first, without the release `besides`."""
    query = (
        select(lessons)
        .where(lessons.c.shop_id == shop_id, lessons.c.release_id != besides)
        .order_by(lessons.c.release_id.desc())
        .limit(limit)
    )
    if variant_id is not None:
        query = query.where(lessons.c.variant_id == variant_id)
    return [
        LessonRow(
            release_id=row.release_id,
            variant_id=row.variant_id,
            lesson=Lesson(
                **{name: getattr(row, name) for name in _NUMBERS[:-1]}, delays=tuple(row.delays)
            ),
        )
        for row in reversed(tx.execute(query).all())
    ]


def save_lesson(
    tx: Connection,
    release_id: int,
    lesson: Lesson,
    *,
    shop_id: int,
    variant_id: int,
    at: datetime,
    final: bool,
) -> None:
    """Over what was learned of the same release before."""
    values = {
        **asdict(lesson),
        "delays": list(lesson.delays),
        "shop_id": shop_id,
        "variant_id": variant_id,
        "at": at,
        "final": final,
    }
    statement = insert_or(tx, lessons).values(release_id=release_id, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["release_id"], set_=values))


def to_learn_from(
    tx: Connection,
    *,
    read_before: datetime,
    started_before: datetime,
    shop_id: int | None = None,
    limit: int,
) -> list[int]:
    """Releases of a restock that told somebody, of which not all was learned, last read before
    then or never."""
    known = lessons.c.release_id == releases.c.id
    fresh = or_(lessons.c.final, lessons.c.at >= read_before)
    query = (
        select(releases.c.id)
        .where(
            releases.c.kind == EventKind.BACK_IN_STOCK.value,
            releases.c.told > 0,
            releases.c.started_at <= started_before,
            ~exists(select(lessons.c.release_id).where(known, fresh)),
        )
        .order_by(releases.c.id.desc())
        .limit(limit)
    )
    if shop_id is not None:
        query = query.where(releases.c.shop_id == shop_id)
    return list(tx.execute(query).scalars())

"""Which messages are due next, and who has taken them?

Most urgent first: the law, confirmations, alerts. Among equals every release gets its share, so a
million people told of one product do not keep another product's few waiting (trust RL-10, RL-27).
Claimed by a conditional UPDATE under a lease; every result must carry the attempt number it was
claimed with, so a worker that was thought dead cannot overwrite what happened since (trust RL-3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, literal_column, select, text, update

from notifier.domain.message import MessageState
from notifier.store.among import among, listed
from notifier.store.outbox import COLUMNS, MessageRow, as_message
from notifier.store.prepared import Prepared
from notifier.store.tables.telling import SENDING, WANTED, messages

GROUPS = 32  # releases that share one batch; the others are next
NO_RELEASE = 0

_WANTED = text(WANTED)  # spelled out: with a parameter in it SQLite does not use the index
_CHANNEL = messages.c.channel == bindparam("in_channel")
_PRIORITY = messages.c.priority == bindparam("in_priority")
_RELEASE = messages.c.release_id == bindparam("in_release")
_DUE = messages.c.due_at <= bindparam("by")

# Each of these is answered by one step into ix_messages_due.
_NEXT_CHANNEL = Prepared(
    select(func.min(messages.c.channel)).where(_WANTED, messages.c.channel > bindparam("after"))
)
_NEXT_PRIORITY = Prepared(
    select(func.min(messages.c.priority)).where(
        _WANTED, _CHANNEL, messages.c.priority > bindparam("after")
    )
)
_ANY_WITHOUT_RELEASE = Prepared(
    select(exists().where(_WANTED, _CHANNEL, _PRIORITY, messages.c.release_id.is_(None), _DUE))
)


def _due_releases() -> Any:
    """The releases behind one that have something due, in their order. All steps in one query:
    letters of a thousand releases may wait for the morning."""
    of_release = select(func.min(messages.c.release_id).label("release")).where(
        _WANTED, _CHANNEL, _PRIORITY
    )
    first = of_release.where(messages.c.release_id > bindparam("after"))
    steps = first.cte("steps", recursive=True)
    further = of_release.where(messages.c.release_id > steps.c.release).correlate(steps)
    steps = steps.union_all(
        select(further.scalar_subquery()).where(steps.c.release.is_not(None)).select_from(steps)
    )
    due = (
        select(literal_column("1"))
        .where(_WANTED, _CHANNEL, _PRIORITY, messages.c.release_id == steps.c.release, _DUE)
        .limit(1)
        .correlate(steps)
        .scalar_subquery()  # and no EXISTS: that may become a join with all messages
    )
    return (
        select(steps.c.release)
        .where(steps.c.release.is_not(None), due.is_not(None))
        .limit(bindparam("most"))
    )


_DUE_RELEASES = Prepared(_due_releases())
_IN_GROUP = {
    False: (_WANTED, _CHANNEL, _PRIORITY, messages.c.release_id.is_(None), _DUE),
    True: (_WANTED, _CHANNEL, _PRIORITY, _RELEASE, _DUE),
}
_FIRST = {
    kind: Prepared(
        select(*COLUMNS)
        .where(*where)
        .order_by(messages.c.release_id, messages.c.due_at, messages.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )
    for kind, where in _IN_GROUP.items()
}


def _claim(dialect: str) -> Any:
    return (
        update(messages)
        .where(among(messages.c.id, "ids", dialect=dialect))
        .values(
            state=MessageState.SENDING.value,
            lease_owner=bindparam("owner"),
            lease_until=bindparam("until"),
            attempt_no=messages.c.attempt_no + 1,
            first_tried_at=func.coalesce(
                messages.c.first_tried_at, bindparam("now", type_=messages.c.first_tried_at.type)
            ),
        )
    )


_CLAIM = Prepared(_claim, by_dialect=True)


def due_channels(tx: Connection, *, now: datetime) -> list[str]:
    """The channels for which something is due."""
    return [name for name in _steps(tx, _NEXT_CHANNEL, "", {}) if _has_due(tx, name, now=now)]


def _has_due(tx: Connection, channel: str, *, now: datetime) -> bool:
    return any(
        _due_groups(tx, channel, priority, now=now, after=0, most=1)
        for priority in _steps(tx, _NEXT_PRIORITY, -1, {"in_channel": channel})
    )


def select_due(
    tx: Connection, *, channel: str, now: datetime, limit: int, after_release: int = 0
) -> list[MessageRow]:
    """The next messages of a channel, most urgent first, locked against other workers.

    `after_release`: among equally urgent ones, the releases behind this one come first.
    """
    found: list[MessageRow] = []
    for priority in _steps(tx, _NEXT_PRIORITY, -1, {"in_channel": channel}):
        found += _of_priority(
            tx, channel, priority, now=now, limit=limit - len(found), after=after_release
        )
        if len(found) >= limit:
            break
    return found


def _of_priority(
    tx: Connection, channel: str, priority: int, *, now: datetime, limit: int, after: int
) -> list[MessageRow]:
    """So many messages, the same number of each release as far as there are."""
    left = _due_groups(tx, channel, priority, now=now, after=after, most=GROUPS)
    groups: dict[int, list[MessageRow]] = {}
    while left and limit:
        share = max(limit // len(left), 1)
        again = []
        for release in left[:limit]:
            have = groups.setdefault(release, [])
            # whoever did not fill its share has no more; the others read theirs anew, longer
            values = _group(channel, priority, release) | {"by": now, "most": len(have) + share}
            more = _FIRST[bool(release)].made(tx, values, as_message)[len(have) :]
            have += more
            limit -= len(more)
            if len(more) == share:
                again.append(release)
        left = again
    return _interleaved(list(groups.values()))


def _interleaved(groups: list[list[MessageRow]]) -> list[MessageRow]:
    """One of each in turn, so that a batch that takes long starts with all of them."""
    if len(groups) == 1:
        return groups[0]
    longest = max((len(one) for one in groups), default=0)
    return [one[n] for n in range(longest) for one in groups if n < len(one)]


def _due_groups(
    tx: Connection, channel: str, priority: int, *, now: datetime, after: int, most: int
) -> list[int]:
    """Those that have something due: what belongs to no release, and so many releases, beginning
    behind one."""
    values = {"in_channel": channel, "in_priority": priority, "by": now}
    found = [NO_RELEASE] if _ANY_WITHOUT_RELEASE.scalar(tx, values) else []
    if found and most == 1:
        return found
    behind = _DUE_RELEASES.rows(tx, values | {"after": after, "most": most})
    found += [row.release for row in behind]
    if after and len(behind) < most:
        before = _DUE_RELEASES.rows(tx, values | {"after": 0, "most": most - len(behind)})
        found += [row.release for row in before if row.release <= after]
    return found


def _steps(tx: Connection, query: Prepared, after: Any, values: dict[str, Any]) -> Iterator[Any]:
    """The different values of a column of the index, without looking at all its rows."""
    while (after := query.scalar(tx, values | {"after": after})) is not None:
        yield after


def _group(channel: str, priority: int, release: int) -> dict[str, Any]:
    values = {"in_channel": channel, "in_priority": priority}
    return values | {"in_release": release} if release else values


def claim(
    tx: Connection, ids: Sequence[int], *, owner: str, now: datetime, lease: timedelta
) -> None:
    """Lease messages that `select_due` gave in this transaction: a new try begins.

    Its row in `attempts` is written when it is over (store/booking.py).
    """
    if ids:
        _CLAIM.run(
            tx,
            {
                "ids": listed(ids, dialect=tx.dialect.name),
                "owner": owner,
                "until": now + lease,
                "now": now,
            },
        )


def extend_lease(tx: Connection, *, owner: str, now: datetime, lease: timedelta) -> None:
    """Everything this sender has taken is its own for so long again."""
    tx.execute(
        update(messages)
        .where(messages.c.lease_owner == owner, text(SENDING))
        .values(lease_until=now + lease)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    message_id: int
    attempt_no: int
    owner: str
    lease_until: datetime


def leased(tx: Connection, *, owner: str = "") -> list[Leased]:
    """Messages being sent; with `owner`, those of one sender."""
    query = select(
        messages.c.id.label("message_id"),
        messages.c.attempt_no,
        messages.c.lease_owner.label("owner"),
        messages.c.lease_until,
    ).where(text(SENDING))
    if owner:
        query = query.where(messages.c.lease_owner == owner)
    # one order: no deadlocks; not that of the table, along which SQLite would walk
    rows = tx.execute(query.order_by(messages.c.id + 0).limit(10_000))
    return [Leased(**row._mapping) for row in rows]

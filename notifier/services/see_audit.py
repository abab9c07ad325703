"""Who did what, when and from where, and does the book still hold together?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from notifier.domain.person import Person
from notifier.services.audit import note_change
from notifier.services.consent import Circumstances
from notifier.services.env import Env
from notifier.services.people import names_of
from notifier.store import audit, ledger
from notifier.store.audit import AuditRow
from notifier.store.ledger import Verification

__all__ = ["Noted", "Verification", "list_noted", "verify_audit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One entry for people to read. `by_name` is empty where nobody of that number is left."""

    id: int
    at: datetime
    act: str
    by: str
    by_name: str
    shop: str
    ip: str
    facts: dict[str, str]
    sealed: bool


def list_noted(
    env: Env, *, before: int | None, act: str = "", by: str = "", limit: int
) -> list[Noted]:
    """Newest first. `act`: how the act begins, e.g. `person.`; `by`: e.g. `person:3`."""
    with env.db.read() as tx:
        rows = audit.list_audit(tx, before=before, act=act, by=by, limit=limit)
    names = names_of(env)
    return [_noted(env, row, names) for row in rows]


def verify_audit(env: Env, *, by: Person, where: Circumstances) -> Verification:
    """Walk the chain of this book from its start. That it was walked is noted, too."""
    with env.db.read() as tx:
        found = ledger.verify(tx, book="audit")
    whole = not found.broken
    env.db.retry(lambda tx: note_change(tx, env, "audit.verified", by=by, ip=where.ip, whole=whole))
    return found


def _noted(env: Env, row: AuditRow, names: dict[int, str]) -> Noted:
    facts = dict(row.facts)
    by = str(facts.pop("by", "system"))
    number = by.removeprefix("person:")
    shop = env.shop_by_id(row.shop_id) if row.shop_id else None
    if facts.get("person") in names:
        facts["person"] = names[facts["person"]]
    return Noted(
        id=row.id,
        at=row.at,
        act=row.act,
        by=by,
        by_name=names.get(int(number), "") if number.isdecimal() else "",
        shop=shop.config.name if shop else "",
        ip=str((row.personal or {}).get("ip", "")),
        facts={str(name): _plain(value) for name, value in facts.items()},
        sealed=row.sequence is not None,
    )


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)

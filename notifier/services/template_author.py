"""Who changes a template, how is that shown later, and what does the ledger keep of it?"""

from __future__ import annotations

from dataclasses import dataclass

from notifier.domain.person import Person
from notifier.services.audit import note_change
from notifier.services.env import Env
from notifier.services.template_place import Place, Standing
from notifier.store.session import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """`name` is shown to colleagues; None as `person`: the program itself, or the command line."""

    name: str
    person: Person | None = None
    ip: str = ""


def author_of(person: Person, *, ip: str = "") -> Author:
    """Somebody who is signed in."""
    return Author(name=(person.name or person.email)[:128], person=person, ip=ip)


def named(by: Author | str) -> Author:
    """Somebody of whom only the name is known."""
    return Author(name=by[:128]) if isinstance(by, str) else by


def note(
    tx: Transaction,
    env: Env,
    act: str,
    place: Place,
    before: Standing,
    *,
    version: int,
    by: Author,
) -> None:
    """Write down who did what to which version (trust WS-40)."""
    note_change(
        tx,
        env,
        f"template.{act}",
        by=by.person,
        shop=env.shops.get(place.shop),
        ip=by.ip,
        kind=place.kind,
        locale=place.locale,
        version=version,
        before=before.published.number if before.published else 0,
    )

"""Who works here, and who says so? Inviting people, changing what they may do, shutting them out.

The last owner stays: without one nobody could let anybody in any more. A change of rights ends all
sessions of the person it is about.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from notifier.domain.mail_address import normalise_email
from notifier.domain.person import Person
from notifier.domain.rights import Role
from notifier.errors import Conflict, InvalidInput, NotFound
from notifier.i18n import available_locales
from notifier.services.audit import note_change
from notifier.services.entry_link import UNSET, EntryLink, Purpose, make_link
from notifier.services.env import Env
from notifier.services.second_factor import forget_totp
from notifier.services.session_of import person_of
from notifier.store import accounts, entry_links, passkeys, sessions
from notifier.store.accounts import AccountRow
from notifier.store.session import Transaction

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """A person as the list of people shows one. `invited_until`: a link waits to be opened."""

    person: Person
    has_password: bool
    has_codes: bool
    passkeys: int
    signed_in_at: datetime | None
    disabled_at: datetime | None
    invited_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person may do, as somebody wrote it down. `shops` empty: all of them."""

    role: str
    shops: Sequence[str] = ()


def list_people(env: Env) -> list[Colleague]:
    """Everybody, by name."""
    with env.db.read() as tx:
        rows = accounts.list_accounts(tx)
        keys = passkeys.count_passkeys(tx)
        links = entry_links.open_invitations(tx, now=env.now())
    return [_colleague(row, keys.get(row.id, 0), links.get(row.id)) for row in rows]


def find_colleague(env: Env, person_id: int) -> Colleague:
    """One of them. Raises errors.NotFound."""
    with env.db.read() as tx:
        row = _row(tx, person_id)
        keys = len(passkeys.list_passkeys(tx, person_id))
        links = entry_links.open_invitations(tx, now=env.now())
    return _colleague(row, keys, links.get(row.id))


def names_of(env: Env) -> dict[int, str]:
    """The names of all people by number, to show who did what."""
    with env.db.read() as tx:
        return {row.id: row.name for row in accounts.list_accounts(tx)}


def invite(
    env: Env, *, email: str, name: str, wanted: Wanted, by: Person | None, locale: str = ""
) -> tuple[Person, EntryLink]:
    """Make an account and the link into it. `by` None: the command line.

    Raises errors.InvalidInput for each field, errors.Conflict("known", field="email").
    """
    address = UNSET if email == UNSET else normalise_email(email).address
    called = read_name(name or address.partition("@")[0])
    role, shops = _read(env, wanted)
    spoken = locale if locale in available_locales() else by.locale if by else "en"

    def work(tx: Transaction) -> tuple[Person, EntryLink]:
        made = accounts.add_account(
            tx,
            email=address,
            name=called,
            role=role.value,
            shops=shops,
            locale=spoken,
            user_handle=secrets.token_urlsafe(32),
            now=env.now(),
        )
        if made is None:
            raise Conflict(
                "known", "Somebody with this address is on the list already.", field="email"
            )
        note_change(tx, env, "person.invited", by=by, person=made, role=role.value, shops=shops)
        link = make_link(env, tx, made, purpose=Purpose.INVITE, made_by=by.id if by else None)
        return person_of(_row(tx, made)), link

    return env.db.retry(work)


def give_link(
    env: Env, person_id: int, *, by: Person | None, without_second_factor: bool = False
) -> tuple[Person, EntryLink]:
    """A new one-time link for somebody; `without_second_factor`: whose phone is lost.

    Raises errors.NotFound, and Conflict("disabled") for who is shut out.
    """

    def work(tx: Transaction) -> tuple[Person, EntryLink]:
        row = _row(tx, person_id)
        if row.disabled_at is not None:
            raise Conflict("disabled", "This person is shut out. Let them in again first.")
        if without_second_factor:
            forget_totp(env, tx, row.id)
            passkeys.drop_passkeys(tx, row.id)
            sessions.end_sessions(tx, row.id)
            note_change(tx, env, "person.factors_dropped", by=by, person=row.id)
        purpose = Purpose.RESET if row.password_hash else Purpose.INVITE
        note_change(tx, env, "person.link_made", by=by, person=row.id, purpose=purpose.value)
        made_by = by.id if by else None
        return person_of(row), make_link(env, tx, row.id, purpose=purpose, made_by=made_by)

    return env.db.retry(work)


def change_rights(env: Env, person_id: int, *, wanted: Wanted, by: Person) -> bool:
    """What somebody may do from now on; they sign in anew. False when it is as before.

    Raises errors.InvalidInput, NotFound, Conflict("last_owner").
    """
    with env.db.read() as tx:
        known = _row(tx, person_id).shops
    role, shops = _read(env, wanted, known=known)

    def work(tx: Transaction) -> bool:
        owners = accounts.lock_owners(tx)
        row = _row(tx, person_id)
        before = {"role": row.role, "shops": list(row.shops)}
        after = {"role": role.value, "shops": shops}
        if before == after:
            return False
        if role is not Role.OWNER:
            _keep_an_owner(owners, person_id)
        accounts.change_account(tx, person_id, **after)
        sessions.end_sessions(tx, person_id)
        note_change(
            tx, env, "person.rights_changed", by=by, person=person_id, before=before, after=after
        )
        return True

    return env.db.retry(work)


def shut_out(env: Env, person_id: int, *, by: Person) -> None:
    """Let somebody in no more, from this moment; the account stays.

    Raises errors.NotFound, Conflict("yourself"), Conflict("last_owner").
    """

    def work(tx: Transaction) -> None:
        owners = accounts.lock_owners(tx)
        row = _row(tx, person_id)
        _not_yourself(person_id, by)
        _keep_an_owner(owners, person_id)
        if row.disabled_at is not None:
            return
        accounts.change_account(tx, person_id, disabled_at=env.now())
        sessions.end_sessions(tx, person_id)
        entry_links.drop_links(tx, person_id)
        note_change(tx, env, "person.shut_out", by=by, person=person_id)

    env.db.retry(work)


def let_in_again(env: Env, person_id: int, *, by: Person) -> None:
    """Undo `shut_out`; with the password there was. Raises errors.NotFound."""

    def work(tx: Transaction) -> None:
        if _row(tx, person_id).disabled_at is not None:
            accounts.change_account(tx, person_id, disabled_at=None)
            note_change(tx, env, "person.let_in", by=by, person=person_id)

    env.db.retry(work)


def remove(env: Env, person_id: int, *, by: Person) -> None:
    """Delete an account; what it did stays in the audit log, by its number.

    Raises errors.NotFound, Conflict("last_owner"), Conflict("yourself").
    """

    def work(tx: Transaction) -> None:
        owners = accounts.lock_owners(tx)
        row = _row(tx, person_id)
        _keep_an_owner(owners, person_id)
        _not_yourself(person_id, by)
        accounts.drop_account(tx, person_id)
        note_change(tx, env, "person.removed", by=by, person=person_id, role=row.role)

    env.db.retry(work)


def find_by_email(env: Env, email: str) -> Person:
    """Raises errors.NotFound."""
    address = UNSET if email == UNSET else normalise_email(email).address
    with env.db.read() as tx:
        row = accounts.find_by_email(tx, address)
    if row is None:
        raise NotFound(f"Nobody with the address {address} may sign in. `notifier admin add` does.")
    return person_of(row)


def read_name(name: str) -> str:
    """A name without odd blanks. Raises errors.InvalidInput `required`, `too_long`."""
    tidy = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not tidy:
        raise InvalidInput.of("name", "required", "Please give a name.")
    if len(tidy) > LONGEST_NAME:
        raise InvalidInput.of(
            "name", "too_long", f"At most {LONGEST_NAME} characters, please.", most=LONGEST_NAME
        )
    return tidy


def _read(env: Env, wanted: Wanted, *, known: Sequence[str] = ()) -> tuple[Role, list[str]]:
    """`known`: shops the person may enter already, also those not configured any more: without the
    last of them they would enter all."""
    if wanted.role not in {role.value for role in Role}:
        known = ", ".join(role.value for role in Role)
        raise InvalidInput.of("role", "unknown", f"There is no such role; there are {known}.")
    role = Role(wanted.role)
    unknown = [slug for slug in wanted.shops if slug not in env.shops and slug not in known]
    if unknown:
        raise InvalidInput.of("shops", "unknown", "One of these shops is not configured.")
    if role is Role.OWNER and wanted.shops:
        raise InvalidInput.of(
            "shops", "owner", "An owner lets people in, so an owner enters every shop."
        )
    return role, sorted(set(wanted.shops))


def _keep_an_owner(owners: list[int], person_id: int) -> None:
    if owners == [person_id]:
        raise Conflict("last_owner", "This is the last owner. Make somebody else an owner first.")


def _not_yourself(person_id: int, by: Person) -> None:
    if person_id == by.id:
        raise Conflict("yourself", "You cannot shut yourself out. Another owner can.")


def _row(tx: Transaction, person_id: int) -> AccountRow:
    row = accounts.find_account(tx, person_id)
    if row is None:
        raise NotFound("There is no such person.")
    return row


def _colleague(row: AccountRow, keys: int, invited_until: datetime | None) -> Colleague:
    return Colleague(
        person=person_of(row),
        has_password=bool(row.password_hash),
        has_codes=row.has_totp,
        passkeys=keys,
        signed_in_at=row.signed_in_at,
        disabled_at=row.disabled_at,
        invited_until=invited_until,
    )

"""How does somebody come in who has no password yet, or forgot it?

By a link that works once: an invitation for three days, a forgotten password for an hour. Only its
hash is stored; the one that is used ends all others. Whoever opens it sets a password; a code is
asked for afterwards all the same, where codes are on.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from notifier.domain.mail_address import normalise_email
from notifier.domain.password import read_password
from notifier.errors import BadToken, Conflict
from notifier.services.audit import note_change
from notifier.services.consent import Circumstances
from notifier.services.env import Env
from notifier.services.password_hash import hash_password
from notifier.services.session_of import Method, hash_token, person_of
from notifier.services.sign_in import Entered, enter_or_ask
from notifier.store import accounts, entry_links, sessions
from notifier.store.accounts import AccountRow
from notifier.store.entry_links import LinkRow
from notifier.store.session import Transaction


class Purpose(StrEnum):
    INVITE = "invite"
    RESET = "reset"


LASTS = {Purpose.INVITE: timedelta(days=3), Purpose.RESET: timedelta(hours=1)}
UNSET = "first@unset.invalid"  # of the first owner, made before anybody said an address
_LONGEST_TOKEN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLink:
    """A link to hand on; it cannot be shown again."""

    url: str
    purpose: Purpose
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Whose link it is, for the page that asks for a password, and perhaps for the address."""

    email: str
    name: str
    locale: str
    purpose: Purpose

    @property
    def asks_address(self) -> bool:
        return self.email == UNSET


def make_link(
    env: Env,
    tx: Transaction,
    account_id: int,
    *,
    purpose: Purpose,
    made_by: int | None = None,
    replaces: bool = True,
) -> EntryLink:
    """A new link. `replaces`: those before lead nowhere any more; not so where anybody may ask
    for one, or a stranger could end an invitation."""
    now = env.now()
    if replaces:
        entry_links.drop_links(tx, account_id)
    token = secrets.token_urlsafe(32)
    expires_at = now + LASTS[purpose]
    entry_links.add_link(
        tx,
        account_id=account_id,
        purpose=purpose.value,
        token_hash=hash_token(token),
        made_by=made_by,
        now=now,
        expires_at=expires_at,
    )
    url = env.link(f"/admin/-/enter/{token}")
    return EntryLink(url=url, purpose=purpose, expires_at=expires_at)


def open_link(env: Env, token: str) -> Opened:
    """Look at a link without using it. Raises errors.BadToken: one error for every reason."""
    with env.db.read() as tx:
        link, account = _find(env, tx, token)
    return Opened(
        email=account.email,
        name=account.name,
        locale=account.locale,
        purpose=Purpose(link.purpose),
    )


def enter_by_link(
    env: Env, token: str, *, password: str, where: Circumstances, email: str = ""
) -> Entered:
    """Set the password and come in. Every session there was ends.

    `email` counts only for the first owner, who has none yet. Raises errors.BadToken, and for a
    bad password or address errors.InvalidInput or Conflict, which use up nothing.
    """
    with env.db.read() as tx:
        _, account = _find(env, tx, token)
    named = _named(account, email)
    good = read_password(password, names=[*names_around(env, account), *named.values()])
    hashed = hash_password(good)

    def work(tx: Transaction) -> Entered:
        link, account = _find(env, tx, token)
        now = env.now()
        if named and accounts.find_by_email(tx, named["email"]) is not None:
            raise Conflict("known", "Somebody has this address already.", field="email")
        if not entry_links.use_link(tx, link.id, now=now):
            raise BadToken("This link is not valid any more.")
        entry_links.drop_links(tx, account.id)
        accounts.change_account(tx, account.id, password_hash=hashed, password_at=now, **named)
        sessions.end_sessions(tx, account.id)
        who = person_of(account)
        note_change(tx, env, "person.password_set", by=who, ip=where.ip, link=link.purpose)
        return enter_or_ask(env, tx, account, method=Method.LINK, where=where)

    return env.db.retry(work)


def _named(account: AccountRow, email: str) -> dict[str, str]:
    """Address and name of the first owner, who is asked for them; nothing for anybody else."""
    if account.email != UNSET:
        return {}
    address = normalise_email(email).address
    return {"email": address, "name": address.partition("@")[0]}


def names_around(env: Env, account: AccountRow) -> list[str]:
    """The names a guesser would try with this account."""
    shops = [name for shop in env.shops.values() for name in (shop.slug, shop.config.name)]
    local, _, domain = account.email.partition("@")
    return [account.name, local, domain.rpartition(".")[0], *shops]


def _find(env: Env, tx: Transaction, token: str) -> tuple[LinkRow, AccountRow]:
    link = None
    if token.isascii() and len(token) <= _LONGEST_TOKEN:
        link = entry_links.find_link(tx, hash_token(token), now=env.now())
    account = accounts.find_account(tx, link.account_id) if link else None
    if link is None or account is None or account.disabled_at is not None:
        raise BadToken("This link is not valid any more.")
    return link, account

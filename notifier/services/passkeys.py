"""How does somebody sign in with a passkey, and how does one get there?

WebAuthn level 2, by py_webauthn; the device must check who holds it (finger, face or PIN), so that
one act is both factors. A challenge is signed by us, good for five minutes and used up by the
first answer to it (trust WS-31). No attestation is asked for: any maker's key is welcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from notifier.domain.person import Person
from notifier.errors import Conflict, InvalidInput, NotFound
from notifier.services.audit import note_change
from notifier.services.consent import Circumstances
from notifier.services.env import Env
from notifier.services.passkey_challenge import (
    ANSWER_WITHIN,
    make_challenge,
    not_known,
    read_challenge,
    use_challenge,
)
from notifier.services.session_of import Method, Signed, renew_session
from notifier.services.sign_in import confirm_session, enter
from notifier.services.sign_in_wait import count_try, forgive
from notifier.store import accounts, passkeys, sessions
from notifier.store.accounts import AccountRow
from notifier.store.passkeys import PasskeyRow
from notifier.store.session import Transaction

MOST = 20  # of one person
LONGEST_NAME = 100
RP_NAME = "notifier"
_ENTER = "enter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a passkey is bound to. `host` is no IP address: no browser makes one for that."""

    host: str
    origin: str


def site_of(env: Env, *, asked_host: str = "") -> Site | None:
    """Our name for passkeys; None where browsers allow none: an IP address, or http elsewhere.

    `asked_host` (host:port of the request) counts for localhost only, where one tries things out.
    """
    if asked_host.partition(":")[0] == "localhost":
        return Site(host="localhost", origin=f"http://{asked_host}")
    parts = urlsplit(env.config.service.public_url)
    host = parts.hostname or ""
    is_number = ":" in host or host.replace(".", "").isdigit()
    if not host or is_number or (parts.scheme != "https" and host != "localhost"):
        return None
    return Site(host=host, origin=f"{parts.scheme}://{parts.netloc}")


def ask_to_enter(env: Env, site: Site) -> str:
    """The options for `navigator.credentials.get`, as JSON; whoever asks."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=site.host,
        challenge=make_challenge(env, _ENTER),
        timeout=int(ANSWER_WITHIN.total_seconds() * 1000),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def enter_with_passkey(env: Env, site: Site, answer: object, *, where: Circumstances) -> str:
    """Sign in with what the browser answered; the new session's token.

    Raises errors.InvalidInput `wrong` for every reason, and TooMany.
    """
    tried = count_try(env, what="passkey", whom="", ip=where.ip)
    given = _mapping(answer)
    account, row, sign_count = _verify(env, site, given)

    def work(tx: Transaction) -> str:
        fresh = accounts.find_account(tx, account.id)
        if fresh is None or fresh.disabled_at or not _use(env, tx, row, given, sign_count):
            raise not_known()
        forgive(tx, tried)
        return enter(env, tx, fresh, method=Method.PASSKEY, where=where)

    return env.db.retry(work)


def confirm_with_passkey(
    env: Env, site: Site, signed: Signed, answer: object, *, where: Circumstances
) -> str:
    """Show once more that it is you; the session's new token. Raises errors.InvalidInput."""
    given = _mapping(answer)
    account, row, sign_count = _verify(env, site, given)
    if account.id != signed.person.id:
        raise not_known()

    def work(tx: Transaction) -> str:
        if not _use(env, tx, row, given, sign_count):
            raise not_known()
        return confirm_session(env, tx, account, session_id=signed.session_id, where=where)

    return env.db.retry(work)


def ask_to_add(env: Env, site: Site, signed: Signed) -> str:
    """The options for `navigator.credentials.create`, as JSON."""
    from webauthn import (
        base64url_to_bytes,
        generate_registration_options,
        options_to_json,
    )
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    with env.db.read() as tx:
        account = accounts.find_account(tx, signed.person.id)
        known = passkeys.list_passkeys(tx, signed.person.id)
    if account is None:
        raise NotFound("There is no such account any more.")
    if len(known) >= MOST:
        raise Conflict(
            "too_many", f"There are {MOST} passkeys already. Remove one first.", most=MOST
        )
    options = generate_registration_options(
        rp_id=site.host,
        rp_name=RP_NAME,
        user_name=account.email,
        user_display_name=account.name,
        user_id=account.user_handle.encode(),
        challenge=make_challenge(env, f"add:{signed.session_id}"),
        timeout=int(ANSWER_WITHIN.total_seconds() * 1000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential_id)) for one in known
        ],
    )
    return options_to_json(options)


def add_passkey(
    env: Env, site: Site, signed: Signed, answer: object, *, name: str, where: Circumstances
) -> str:
    """Keep a new passkey; other sessions end, this one goes on under the token given back.

    Raises errors.InvalidInput `wrong`, errors.Conflict("known").
    """
    from webauthn import verify_registration_response
    from webauthn.helpers import bytes_to_base64url
    from webauthn.helpers.exceptions import WebAuthnException

    given = _mapping(answer)
    purpose = f"add:{signed.session_id}"
    challenge = read_challenge(env, given, purpose)
    try:
        made = verify_registration_response(
            credential=dict(given),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise not_known() from error
    label = _name(name)

    def work(tx: Transaction) -> str:
        if not use_challenge(env, tx, challenge):
            raise not_known()
        added = passkeys.add_passkey(
            tx,
            account_id=signed.person.id,
            credential_id=bytes_to_base64url(made.credential_id),
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=label,
            transports=_transports(given),
            backed_up=made.credential_backed_up,
            created_at=env.now(),
        )
        if added is None:
            raise Conflict("known", "This passkey is known already.")
        sessions.end_sessions(tx, signed.person.id, but=signed.session_id)
        note_change(tx, env, "person.passkey_added", by=signed.person, ip=where.ip, passkey=added)
        return renew_session(env, tx, signed.session_id)

    return env.db.retry(work)


def rename_passkey(
    env: Env, person: Person, passkey_id: int, *, name: str, where: Circumstances
) -> None:
    """Raises errors.NotFound for one that is not this person's, InvalidInput for no name."""
    label = _name(name)

    def work(tx: Transaction) -> None:
        if not passkeys.rename_passkey(tx, passkey_id, account_id=person.id, name=label):
            raise NotFound("There is no such passkey.")
        note_change(tx, env, "person.passkey_renamed", by=person, ip=where.ip, passkey=passkey_id)

    env.db.retry(work)


def remove_passkey(env: Env, signed: Signed, passkey_id: int, *, where: Circumstances) -> str:
    """Forget one; other sessions end. This one's new token. Raises errors.NotFound."""
    who = signed.person

    def work(tx: Transaction) -> str:
        if not passkeys.drop_passkey(tx, passkey_id, account_id=who.id):
            raise NotFound("There is no such passkey.")
        sessions.end_sessions(tx, who.id, but=signed.session_id)
        note_change(tx, env, "person.passkey_removed", by=who, ip=where.ip, passkey=passkey_id)
        return renew_session(env, tx, signed.session_id)

    return env.db.retry(work)


def _verify(env: Env, site: Site, given: Mapping[str, Any]) -> tuple[AccountRow, PasskeyRow, int]:
    """Whose passkey signed this, and its new count; nothing is used up yet."""
    from webauthn import base64url_to_bytes, verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    challenge = read_challenge(env, given, _ENTER)
    with env.db.read() as tx:
        row = passkeys.find_passkey(tx, str(given.get("id", ""))[:1400])
        account = accounts.find_account(tx, row.account_id) if row else None
    if row is None or account is None or account.disabled_at is not None:
        raise not_known()
    try:
        done = verify_authentication_response(
            credential=dict(given),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
        handle = given["response"].get("userHandle")
        if handle and base64url_to_bytes(handle) != account.user_handle.encode():
            raise not_known()
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise not_known() from error
    return account, row, done.new_sign_count


def _use(
    env: Env, tx: Transaction, row: PasskeyRow, given: Mapping[str, Any], sign_count: int
) -> bool:
    """Use up the challenge and count the use; False when it was used before."""
    spent = use_challenge(env, tx, read_challenge(env, given, _ENTER))
    return spent and passkeys.note_used(tx, row, sign_count=sign_count, at=env.now())


def _mapping(answer: object) -> Mapping[str, Any]:
    if not isinstance(answer, dict) or not isinstance(answer.get("response"), dict):
        raise not_known()
    return answer


def _transports(given: Mapping[str, Any]) -> list[str]:
    named = given["response"].get("transports")
    return [str(one)[:20] for one in named[:8]] if isinstance(named, list) else []


def _name(name: str) -> str:
    tidy = " ".join(name.split())
    if not tidy:
        raise InvalidInput.of("name", "required", "Please give the passkey a name.")
    if len(tidy) > LONGEST_NAME:
        raise InvalidInput.of(
            "name", "too_long", f"At most {LONGEST_NAME} characters, please.", most=LONGEST_NAME
        )
    return tidy

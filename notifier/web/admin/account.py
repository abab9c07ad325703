"""One's own account: password, codes, passkeys, recovery codes, sessions, language and colours."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, jsonify, redirect, request, url_for

from notifier.domain.browser_name import name_browser
from notifier.domain.rights import Right
from notifier.errors import BadToken, Conflict, InvalidInput, TooMany
from notifier.i18n import available_locales, section
from notifier.services import own_account, second_factor
from notifier.services.own_account import OwnAccount, see_account
from notifier.services.passkeys import add_passkey, ask_to_add, remove_passkey, rename_passkey
from notifier.services.reset_password import change_password
from notifier.services.session_of import Signed, find_session
from notifier.web.admin import door
from notifier.web.admin.door import needs, person
from notifier.web.admin.entering import (
    own_site,
    own_site_or_none,
    passkey_answer,
    status_of,
)
from notifier.web.admin.page import locale, note, show, words_of
from notifier.web.admin.qr_code import qr_code
from notifier.web.admin.said import said_of
from notifier.web.here import circumstances, env

blueprint = Blueprint("account", __name__, url_prefix="/-/account")


@blueprint.get("")
@needs(Right.SEE)
def index() -> Any:
    """All of it on one page."""
    return _page()


@blueprint.post("/taste")
@needs(Right.SEE)
def taste() -> Any:
    form = request.form
    try:
        own_account.set_taste(
            env(),
            person(),
            name=form.get("name", ""),
            locale=form.get("locale", ""),
            theme=form.get("theme", ""),
            where=circumstances(),
        )
    except InvalidInput as error:
        return _page(error, part="taste")
    return _back("saved")


@blueprint.post("/password")
@needs(Right.SEE)
def password() -> Any:
    form = request.form
    try:
        if form.get("new", "") != form.get("again", ""):
            raise InvalidInput.of("again", "differs", "The two passwords differ.")
        token = change_password(
            env(),
            _signed(),
            old=form.get("old", ""),
            new=form.get("new", ""),
            where=circumstances(),
        )
    except (InvalidInput, TooMany) as error:
        return _page(error, part="password")
    return _with(token, _back("password_saved"))


@blueprint.get("/codes")
@needs(Right.SEE, fresh=True)
def codes() -> Any:
    """The picture for the phone, and the field for its first code."""
    seed = second_factor.pending_seed(env(), person())
    if seed is None:
        return redirect(url_for("account.index"), code=303)
    return _codes_page(seed)


@blueprint.post("/codes")
@needs(Right.SEE, fresh=True)
def codes_begin() -> Any:
    second_factor.begin_totp(env(), person())
    return redirect(url_for("account.codes"), code=303)


@blueprint.post("/codes/prove")
@needs(Right.SEE, fresh=True)
def codes_prove() -> Any:
    try:
        done = second_factor.prove_totp(
            env(), _signed(), code=request.form.get("code", ""), where=circumstances()
        )
    except (InvalidInput, TooMany) as error:
        seed = second_factor.pending_seed(env(), person())
        return _codes_page(seed, error) if seed else _page(error, part="codes")
    g.signed = find_session(env(), done.token)  # the page's forms carry the new session's token
    return _with(done.token, show("recovery_codes", codes=done.codes, turned_on=True))


@blueprint.post("/codes/off")
@needs(Right.SEE, fresh=True)
def codes_off() -> Any:
    return _with(
        second_factor.turn_off_totp(env(), _signed(), where=circumstances()), _back("codes_gone")
    )


@blueprint.post("/recovery-codes")
@needs(Right.SEE, fresh=True)
def recovery_codes() -> Any:
    made = second_factor.renew_recovery_codes(env(), person(), where=circumstances())
    return show("recovery_codes", codes=made, turned_on=False)


@blueprint.post("/passkeys/ask")
@needs(Right.SEE, fresh=True)
def passkey_ask() -> Any:
    """What the authenticator is to sign; where it may not, the reason for the script to show."""
    try:
        return Response(ask_to_add(env(), own_site(), _signed()), mimetype="application/json")
    except Conflict as error:
        answer = jsonify({"message": said_of(error)})
        answer.status_code = status_of(error)
        return answer


@blueprint.post("/passkeys")
@needs(Right.SEE, fresh=True)
def passkey_add() -> Any:
    try:
        token = add_passkey(
            env(),
            own_site(),
            _signed(),
            passkey_answer(),
            name=request.form.get("name", ""),
            where=circumstances(),
        )
    except (InvalidInput, Conflict) as error:
        return _page(error, part="passkeys")
    return _with(token, _back("passkey_added"))


@blueprint.post("/passkeys/<int:passkey_id>/name")
@needs(Right.SEE)
def passkey_name(passkey_id: int) -> Any:
    try:
        rename_passkey(
            env(),
            person(),
            passkey_id,
            name=request.form.get("name", ""),
            where=circumstances(),
        )
    except InvalidInput as error:
        return _page(error, part="passkeys")
    return _back("saved")


@blueprint.post("/passkeys/<int:passkey_id>/remove")
@needs(Right.SEE, fresh=True)
def passkey_remove(passkey_id: int) -> Any:
    token = remove_passkey(env(), _signed(), passkey_id, where=circumstances())
    return _with(token, _back("passkey_removed"))


@blueprint.post("/sessions/<int:session_id>/end")
@needs(Right.SEE)
def session_end(session_id: int) -> Any:
    own_account.end_session(env(), _signed(), session_id, where=circumstances())
    if session_id == _signed().session_id:
        return redirect(url_for("sign_in.sign_in"), code=303)
    return _back("session_ended")


@blueprint.post("/sessions/end")
@needs(Right.SEE)
def sessions_end() -> Any:
    own_account.end_other_sessions(env(), _signed(), where=circumstances())
    return _back("sessions_ended")


def _page(error: Exception | None = None, *, part: str = "") -> Response:
    seen: OwnAccount = see_account(env(), person())
    return show(
        "account",
        status=status_of(error) if error else 200,
        me=person(),
        seen=seen,
        here=_signed().session_id,
        browsers={one.id: name_browser(one.agent) for one in seen.sessions},
        trouble=said_of(error) if error else "",
        part=part,
        typed=request.form,
        can_passkeys=own_site_or_none() is not None,
        languages={name: section(name, "words")["language"] for name in available_locales()},
    )


def _codes_page(seed: second_factor.Seed, error: Exception | None = None) -> Response:
    spaced = " ".join(seed.secret[at : at + 4] for at in range(0, len(seed.secret), 4))
    return show(
        "codes",
        status=status_of(error) if error else 200,
        picture=qr_code(seed.uri),
        secret=spaced,
        trouble=said_of(error) if error else "",
    )


def _back(said: str) -> Any:
    note(words_of("account", locale())[said])
    return redirect(url_for("account.index"), code=303)


def _with(token: str, answer: Any) -> Any:
    door.set_cookie(answer, token)
    return answer


def _signed() -> Signed:
    found = door.signed()
    if found is None:
        raise BadToken("You are not signed in.")
    return found

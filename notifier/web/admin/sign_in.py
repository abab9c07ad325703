"""How does somebody come in and go out: password, code, passkey, a link, and the password again?"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, redirect, request, url_for

from notifier.domain.rights import Right
from notifier.errors import BadToken, Conflict, InvalidInput, TooMany
from notifier.services.entry_link import enter_by_link, open_link
from notifier.services.passkeys import (
    ask_to_enter,
    confirm_with_passkey,
    enter_with_passkey,
)
from notifier.services.reset_password import ask_for_reset
from notifier.services.second_factor import enter_code
from notifier.services.session_of import Signed, Stage, find_session
from notifier.services.sign_in import Entered, confirm_password
from notifier.services.sign_in import sign_in as sign_in_with
from notifier.services.sign_in import sign_out as end_own_session
from notifier.web.admin import door
from notifier.web.admin.door import half_signed, needs, open_to_all
from notifier.web.admin.entering import asked_next, own_site, own_site_or_none, passkey_answer
from notifier.web.admin.failures import failure
from notifier.web.admin.kept import keep_typed, read_kept
from notifier.web.admin.page import locale, note, show, words_of
from notifier.web.admin.sign_in_forms import (
    confirm_form,
    link_gone,
    password_form,
    refused,
    show_kept,
    sign_in_form,
)
from notifier.web.here import circumstances, env

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/-/sign-in")
@open_to_all
def sign_in() -> Any:
    """The form; who is signed in already goes on."""
    if door.signed() is not None:
        return _on()
    return sign_in_form()


@blueprint.post("/-/sign-in")
@open_to_all
def sign_in_now() -> Any:
    email = request.form.get("email", "")
    try:
        entered = sign_in_with(
            env(), email=email, password=request.form.get("password", ""), where=circumstances()
        )
    except (InvalidInput, TooMany) as error:
        return sign_in_form(error, email=email[:320])
    return _entered(entered)


@blueprint.post("/-/sign-in/passkey/ask")
@open_to_all
def passkey_ask() -> Any:
    """What the browser gives the passkey to sign; for signing in and for confirming."""
    return Response(ask_to_enter(env(), own_site()), mimetype="application/json")


@blueprint.post("/-/sign-in/passkey")
@open_to_all
def passkey_now() -> Any:
    try:
        token = enter_with_passkey(env(), own_site(), passkey_answer(), where=circumstances())
    except (InvalidInput, TooMany) as error:
        return sign_in_form(error)
    return _go_on(token)


@blueprint.get("/-/sign-in/code")
@open_to_all
def code() -> Any:
    """The second factor."""
    half = half_signed()
    if half is None or half.stage is Stage.FULL:
        return _on() if half else _to_sign_in()
    return show("code", next=asked_next(), trouble="", kept=None)


@blueprint.post("/-/sign-in/code")
@open_to_all
def code_now() -> Any:
    half = half_signed()
    if half is None or half.stage is Stage.FULL:
        return _on() if half else _to_sign_in()
    try:
        token = enter_code(env(), half, code=request.form.get("code", ""), where=circumstances())
    except (InvalidInput, TooMany) as error:
        return refused("code", error)
    except Conflict as error:
        answer = sign_in_form(error)
        door.take_cookie(answer)
        return answer
    return _go_on(token)


@blueprint.post("/-/sign-out")
@open_to_all
def sign_out() -> Any:
    here = half_signed()
    if here is not None:
        end_own_session(
            env(), session_id=here.session_id, person_id=here.person.id, where=circumstances()
        )
        note(words_of("sign_in", locale())["signed_out"])
    answer = redirect(url_for("sign_in.sign_in"), code=303)
    door.take_cookie(answer)  # type: ignore[arg-type]
    return answer


@blueprint.get("/-/confirm")
@needs(Right.SEE)
def confirm() -> Any:
    """Before what is dangerous: is it still you?"""
    return confirm_form()


@blueprint.post("/-/confirm")
@needs(Right.SEE)
def confirm_now() -> Any:
    here = _signed()
    try:
        token = confirm_password(
            env(),
            session_id=here.session_id,
            person_id=here.person.id,
            password=request.form.get("password", ""),
            where=circumstances(),
        )
    except (InvalidInput, TooMany) as error:
        return refused("confirm", error, passkeys=own_site_or_none() is not None)
    return _go_on(token, at_once=True)


@blueprint.post("/-/confirm/passkey")
@needs(Right.SEE)
def confirm_passkey() -> Any:
    try:
        token = confirm_with_passkey(
            env(), own_site(), _signed(), passkey_answer(), where=circumstances()
        )
    except (InvalidInput, TooMany) as error:
        return refused("confirm", error, passkeys=True)
    return _go_on(token, at_once=True)


@blueprint.get("/-/forgot")
@open_to_all
def forgot() -> Any:
    return show("forgot", asked=False, trouble="", email="")


@blueprint.post("/-/forgot")
@open_to_all
def forgot_now() -> Any:
    """Always the same answer, whoever has an account."""
    email = request.form.get("email", "")
    try:
        ask_for_reset(env(), email=email, where=circumstances())
    except (InvalidInput, TooMany) as error:
        return refused("forgot", error, asked=False, email=email[:320])
    return show("forgot", asked=True, trouble="", email="")


@blueprint.get("/-/enter/<token>")
@open_to_all
def enter(token: str) -> Any:
    """The page of an invitation or a reset. Looking uses nothing up."""
    try:
        opened = open_link(env(), token)
    except BadToken:
        return link_gone()
    return password_form(opened)


@blueprint.post("/-/enter/<token>")
@open_to_all
def enter_now(token: str) -> Any:
    try:
        opened = open_link(env(), token)
        if request.form.get("password", "") != request.form.get("again", ""):
            raise InvalidInput.of("again", "differs", "The two passwords differ.")
        entered = enter_by_link(
            env(),
            token,
            password=request.form.get("password", ""),
            email=request.form.get("email", ""),
            where=circumstances(),
        )
    except BadToken:
        return link_gone()
    except (InvalidInput, TooMany, Conflict) as error:
        return password_form(opened, error)
    return _entered(entered)


@blueprint.app_errorhandler(door.Interrupted)
def interrupted(stop: door.Interrupted) -> Any:
    """A form came that has to wait. What was typed is kept, where it can be."""
    kept = keep_typed()
    if stop.first == "sign_in.kept":
        if kept is None:
            return failure(403, kind="old")
        return show_kept(kept, back=stop.back, status=403)
    if kept is None:
        return redirect(url_for(stop.first, next=stop.back), code=303)
    if stop.first == "sign_in.confirm":
        return confirm_form(kept, back=stop.back)
    return sign_in_form(kept=kept, back=stop.back)


def _entered(entered: Entered) -> Any:
    if entered.stage is not Stage.SECOND_FACTOR:
        return _go_on(entered.token)
    if kept := read_kept(request.form):
        g.signed = find_session(env(), entered.token)
        form = show("code", next=asked_next(), trouble="", kept=kept)
        return _with(entered.token, form)
    where = url_for("sign_in.code", next=asked_next())
    return _with(entered.token, redirect(where, code=303))


def _go_on(token: str, *, at_once: bool = False) -> Any:
    """To where somebody wanted to go, or to what they had typed when they were stopped."""
    kept = read_kept(request.form)
    if kept is None:
        return _with(token, _on())
    g.signed = find_session(env(), token)  # its token belongs into the form
    return _with(token, show_kept(kept, back=asked_next(), at_once=at_once))


def _with(token: str, answer: Any) -> Any:
    door.set_cookie(answer, token)
    return answer


def _on() -> Any:
    return redirect(asked_next(), code=303)


def _to_sign_in() -> Any:
    note(words_of("sign_in", locale())["too_long"], kind="wrong")
    if kept := read_kept(request.form):
        return sign_in_form(kept=kept)
    return redirect(url_for("sign_in.sign_in", next=asked_next()), code=303)


def _signed() -> Signed:
    found = door.signed()
    if found is None:
        raise Conflict("signed_out", "You are not signed in.")
    return found

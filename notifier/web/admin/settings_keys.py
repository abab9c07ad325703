"""Which keys do the shop's own servers have? Adding one, showing it once, revoking it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, request, url_for

from notifier.domain.rights import Right
from notifier.domain.scope import EVERYTHING, Scope
from notifier.errors import InvalidInput
from notifier.services.make_secrets import (
    forget_old_push_secrets,
    new_key,
    new_push_secret,
    revoke_key,
)
from notifier.web.admin.door import needs, person, shop
from notifier.web.admin.page import note
from notifier.web.admin.said import by_field
from notifier.web.admin.settings_form import said, shown, up_to_date
from notifier.web.here import env

blueprint = Blueprint("settings_keys", __name__)

HERE = "/<shop>/settings/keys"
SCOPES = (*(scope.value for scope in Scope), EVERYTHING)


@blueprint.get(HERE)
@needs(Right.OWN)
def index() -> Any:
    """Every key by its name and what it may do."""
    up_to_date()
    return _page({})


@blueprint.post(HERE)
@needs(Right.OWN, fresh=True)
def add() -> Any:
    """A new key; it is shown now and never again."""
    up_to_date()
    name, scopes = request.form.get("name", "").strip(), request.form.getlist("scopes")
    try:
        made = new_key(env(), shop(), name, scopes=scopes, by=person(), ip=_ip())
    except InvalidInput as error:
        return _page(
            {field.rpartition("/")[2]: said for field, said in by_field(error).items()}, status=422
        )
    return shown("settings_secret", secret=made, called=name, what="key", back=_here())


@blueprint.post(f"{HERE}/revoke")
@needs(Right.OWN, fresh=True)
def revoke() -> Any:
    """The key opens nothing from now on."""
    up_to_date()
    revoke_key(env(), shop(), request.form.get("name", ""), by=person(), ip=_ip())
    note(said("revoked"))
    return redirect(_here(), code=303)


@blueprint.post(f"{HERE}/push")
@needs(Right.OWN, fresh=True)
def push() -> Any:
    """A new secret for what is pushed to /hooks/stock."""
    up_to_date()
    made = new_push_secret(env(), shop(), by=person(), ip=_ip())
    return shown("settings_secret", secret=made, called="", what="push", back=_here())


@blueprint.post(f"{HERE}/push/forget")
@needs(Right.OWN, fresh=True)
def forget_push() -> Any:
    """Only the newest push secret counts from now on."""
    up_to_date()
    forget_old_push_secrets(env(), shop(), by=person(), ip=_ip())
    note(said("removed"))
    return redirect(_here(), code=303)


def _ip() -> str:
    return request.remote_addr or ""


def _here() -> str:
    return url_for("settings_keys.index")


def _page(problems: Mapping[str, str], *, status: int = 200) -> Any:
    own = shop().config
    return shown(
        "settings_keys",
        status=status,
        keys=own.keys,
        push_secrets=len(own.push_secrets),
        push_url=env().link(f"/hooks/stock/{shop().slug}"),
        scopes=SCOPES,
        problems=problems,
        entered=request.form,
        ticked=request.form.getlist("scopes"),
    )

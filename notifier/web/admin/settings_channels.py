"""How does the service reach people? Channels: setting them up, checking them, sending a test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, current_app, redirect, request, url_for

from notifier.domain.mail_address import normalise_email
from notifier.domain.phone import normalise_phone
from notifier.domain.rights import Right
from notifier.errors import ConfigError, Conflict, InvalidInput, NotFound
from notifier.services.check import try_channel
from notifier.services.describe_settings import Describer
from notifier.services.make_secrets import refuse_name
from notifier.services.see_settings import shops_with_channel
from notifier.services.send_test import carries_sms, send_test
from notifier.services.setting_kinds import CHANNELS, offered_kinds
from notifier.services.settings import AS_IN_FILE, save_settings
from notifier.web.admin.door import needs, person, shop
from notifier.web.admin.page import WRONG, note
from notifier.web.admin.paging import asked_choice
from notifier.web.admin.settings_form import (
    Form,
    open_form,
    said,
    save,
    shown,
    up_to_date,
    whole_service,
    wrong,
)
from notifier.web.here import env
from notifier.web.public import RENDERER

blueprint = Blueprint("settings_channels", __name__)

HERE = "/<shop>/settings/channels"


@blueprint.get(HERE)
@needs(Right.OWN)
def index() -> Any:
    """Every channel and the shops that use it."""
    up_to_date()
    whole_service()
    every = env().config.channels
    return shown(
        "settings_channels",
        channels=every,
        used={name: shops_with_channel(env(), name) for name in every},
        kinds=offered_kinds(CHANNELS),
    )


@blueprint.get(f"{HERE}/new")
@needs(Right.OWN, fresh=True)
def new() -> Any:
    """A channel of the kind `?kind=`."""
    whole_service()
    kind = _new_kind()
    return _page("", kind, open_form(lambda one: one.channel(kind, ("channels", "-"))))


@blueprint.post(f"{HERE}/new")
@needs(Right.OWN, fresh=True)
def add() -> Any:
    up_to_date()
    whole_service()
    kind, name = _new_kind(), request.form.get("name", "").strip()
    try:
        refuse_name(name, taken=env().config.channels, what="channel")
    except InvalidInput as error:
        form = open_form(lambda one: one.channel(kind, ("channels", "-")))
        return _page("", kind, wrong(form, error))
    base = ("channels", name)
    failed = save(lambda one: one.channel(kind, base), more={(*base, "kind"): kind})
    if failed is not None:
        return _page("", kind, failed)
    return redirect(url_for("settings_channels.one", name=name), code=303)


@blueprint.get(f"{HERE}/of/<name>")
@needs(Right.OWN, fresh=True)
def one(name: str) -> Any:
    up_to_date()
    return _page(name, _kind_of(name), _form(name))


@blueprint.post(f"{HERE}/of/<name>")
@needs(Right.OWN, fresh=True)
def change(name: str) -> Any:
    up_to_date()
    kind = _kind_of(name)
    failed = save(lambda one: one.channel(kind, ("channels", name)))
    if failed is not None:
        return _page(name, kind, failed)
    return redirect(url_for("settings_channels.one", name=name), code=303)


@blueprint.post(f"{HERE}/of/<name>/check")
@needs(Right.OWN, fresh=True)
def check(name: str) -> Any:
    """Try it as a letter would, without sending one."""
    up_to_date()
    kind = _kind_of(name)
    return _page(name, kind, _form(name), found=try_channel(env(), name))


@blueprint.post(f"{HERE}/of/<name>/test")
@needs(Right.OWN, fresh=True)
def test(name: str) -> Any:
    """Send one message with made-up goods: by mail to oneself, by SMS to a number one gives."""
    up_to_date()
    kind = _kind_of(name)
    try:
        if carries_sms(env(), name):
            number = request.form.get("to", "")
            to = normalise_phone(number, default_region=shop().config.country).e164
        else:
            to = normalise_email(person().email).address
        result = send_test(
            env(), current_app.extensions[RENDERER], channel=name, address=to, shop=shop().slug
        )
    except InvalidInput as error:
        return _page(name, kind, wrong(_form(name), error))
    except ConfigError as error:
        note(str(error), kind=WRONG)
        return _page(name, kind, _form(name))
    return _page(name, kind, _form(name), result=result)


@blueprint.post(f"{HERE}/of/<name>/remove")
@needs(Right.OWN, fresh=True)
def remove(name: str) -> Any:
    """Send by it no more. Raises errors.Conflict while a shop does."""
    _kind_of(name)
    used = shops_with_channel(env(), name)
    if used and name not in env().file_config.channels:
        raise Conflict("used", f"{', '.join(used)}: this channel is still used there.")
    save_settings(
        env(), {("channels", name): AS_IN_FILE}, by=person(), ip=request.remote_addr or ""
    )
    note(said("removed"))
    return redirect(url_for("settings_channels.index"), code=303)


def _new_kind() -> str:
    kinds = offered_kinds(CHANNELS)
    return asked_choice("kind", kinds, default=kinds[0])


def _kind_of(name: str) -> str:
    whole_service()
    section = env().config.channels.get(name)
    if section is None:
        raise NotFound(f"There is no channel {name!r}.")
    return section.kind


def _form(name: str) -> Form:
    kind = _kind_of(name)
    return open_form(lambda one: one.channel(kind, ("channels", name)))


def _page(
    name: str,
    kind: str,
    form: Form,
    *,
    found: Sequence[Any] = (),
    result: Any = None,
) -> Any:
    describer = Describer(env())
    return shown(
        "settings_channel",
        status=form.status,
        called=name,
        kind=kind,
        form=form,
        found=found,
        result=result,
        entered_name=request.form.get("name", ""),
        entered_to=request.form.get("to", ""),
        my_address=person().email,
        sms=bool(name) and carries_sms(env(), name),
        is_here=bool(name) and describer.is_here(("channels", name)),
        is_touched=bool(name) and describer.is_touched(("channels", name)),
    )

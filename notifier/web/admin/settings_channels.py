"""How does the service reach people? Channels: setting them up, checking them, sending a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, current_app, request

from notifier.domain.mail_address import normalise_email
from notifier.domain.phone import normalise_phone
from notifier.domain.rights import Right
from notifier.errors import ConfigError, Conflict, InvalidInput
from notifier.services.check import try_channel
from notifier.services.see_settings import shops_with_channel
from notifier.services.send_test import carries_sms, send_test
from notifier.services.setting_kinds import CHANNELS, offered_kinds
from notifier.web.admin.door import needs, person, shop
from notifier.web.admin.page import WRONG, note
from notifier.web.admin.said import said_of
from notifier.web.admin.settings_form import shown, up_to_date, whole_service, wrong
from notifier.web.admin.settings_room import Room
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


@blueprint.post(f"{HERE}/of/<name>/check")
@needs(Right.OWN, fresh=True)
def check(name: str) -> Any:
    """Try it as a letter would, without sending one."""
    up_to_date()
    form = ROOM.form(name)
    return ROOM.page(name, form, found=try_channel(env(), name))


@blueprint.post(f"{HERE}/of/<name>/test")
@needs(Right.OWN, fresh=True)
def test(name: str) -> Any:
    """Send one message with made-up goods: by mail to oneself, by SMS to a number one gives."""
    up_to_date()
    form = ROOM.form(name)
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
        return ROOM.page(name, wrong(form, error))
    except ConfigError as error:
        note(said_of(error), kind=WRONG)
        return ROOM.page(name, form)
    return ROOM.page(name, form, result=result)


def _every() -> Mapping[str, Any]:
    return env().config.channels


def _extra(name: str) -> dict[str, Any]:
    return {
        "found": (),
        "result": None,
        "entered_to": request.form.get("to", ""),
        "my_address": person().email,
        "sms": bool(name) and carries_sms(env(), name),
    }


def _refuse_removal(name: str) -> None:
    """While a shop sends by it."""
    used = shops_with_channel(env(), name)
    if used and name not in env().file_config.channels:
        shops = ", ".join(used)
        raise Conflict("used", f"{shops}: this channel is still used there.", shops=shops)


ROOM = Room(
    what="channel",
    blueprint=blueprint,
    here=HERE,
    every=_every,
    base=lambda name: ("channels", name),
    describe=lambda one, kind, base: one.channel(kind, base),
    kinds=lambda: offered_kinds(CHANNELS),
    extra=_extra,
    allow=whole_service,
    refuse_removal=_refuse_removal,
)
ROOM.open()

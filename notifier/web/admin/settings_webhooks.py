"""Who hears of what happens here? Webhooks: setting them up, trying them, what each got lately."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for

from notifier.domain.rights import Right
from notifier.errors import InvalidInput, NotFound
from notifier.services.describe_settings import Describer
from notifier.services.hook_log import list_deliveries, send_again, send_ping
from notifier.services.hook_out import HOOK_EVENTS
from notifier.services.make_secrets import new_webhook_secret, refuse_name, rotate_webhook
from notifier.services.settings import AS_IN_FILE, save_settings
from notifier.web.admin.door import needs, person, shop
from notifier.web.admin.page import note
from notifier.web.admin.paging import asked_cursor, asked_limit, page_of
from notifier.web.admin.settings_form import Form, open_form, said, save, shown, up_to_date, wrong
from notifier.web.here import env

blueprint = Blueprint("settings_webhooks", __name__)

HERE = "/<shop>/settings/webhooks"
BIGGEST = 2**63 - 1
LOG = 20  # deliveries shown at a time


@blueprint.get(HERE)
@needs(Right.OWN)
def index() -> Any:
    """Every webhook and how its latest delivery went."""
    up_to_date()
    hooks = shop().config.webhooks
    latest = {name: list_deliveries(env(), shop(), name, limit=1) for name in hooks}
    return shown("settings_webhooks", hooks=hooks, latest=latest)


@blueprint.get(f"{HERE}/new")
@needs(Right.OWN, fresh=True)
def new() -> Any:
    return _page("", open_form(lambda one: one.webhook(_base("-"))))


@blueprint.post(f"{HERE}/new")
@needs(Right.OWN, fresh=True)
def add() -> Any:
    """A new webhook. Its secret is made here and shown once."""
    up_to_date()
    name, made = request.form.get("name", "").strip(), new_webhook_secret()
    try:
        refuse_name(name, taken=shop().config.webhooks, what="webhook")
    except InvalidInput as error:
        return _page("", wrong(open_form(lambda one: one.webhook(_base("-"))), error))
    failed = save(lambda one: one.webhook(_base(name)), more={(*_base(name), "secret"): made})
    if failed is not None:
        return _page("", failed)
    return _secret(made, name)


@blueprint.get(f"{HERE}/of/<name>")
@needs(Right.OWN, fresh=True)
def one(name: str) -> Any:
    """One webhook and its log; `?part=log` is the log alone, which renews itself."""
    up_to_date()
    _known(name)
    if request.args.get("part") == "log":
        return shown("settings_log", called=name, page=_log(name))
    return _page(name, open_form(lambda one: one.webhook(_base(name))))


@blueprint.post(f"{HERE}/of/<name>")
@needs(Right.OWN, fresh=True)
def change(name: str) -> Any:
    up_to_date()
    _known(name)
    failed = save(lambda one: one.webhook(_base(name)))
    if failed is not None:
        return _page(name, failed)
    return redirect(_of(name), code=303)


@blueprint.post(f"{HERE}/of/<name>/ping")
@needs(Right.OWN, fresh=True)
def ping(name: str) -> Any:
    """Send a test event, as every event is sent; the log tells how it went."""
    up_to_date()
    send_ping(env(), shop(), name, by=person())
    note(said("ping_sent"))
    return redirect(_of(name) + "#log", code=303)


@blueprint.post(f"{HERE}/of/<name>/again")
@needs(Right.OWN, fresh=True)
def again(name: str) -> Any:
    """Send one delivery once more."""
    _known(name)
    text = request.form.get("delivery", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidInput.of("delivery", "number", "must be the number of a delivery")
    send_again(env(), shop(), name, int(text), by=person())
    note(said("sent_again"))
    return redirect(_of(name) + "#log", code=303)


@blueprint.post(f"{HERE}/of/<name>/secret")
@needs(Right.OWN, fresh=True)
def rotate(name: str) -> Any:
    """A new secret; the old one signs beside it for now."""
    up_to_date()
    made = rotate_webhook(env(), shop(), name, by=person(), ip=request.remote_addr or "")
    return _secret(made, name)


@blueprint.post(f"{HERE}/of/<name>/remove")
@needs(Right.OWN, fresh=True)
def remove(name: str) -> Any:
    """Tell it nothing more. One of the file goes back to what the file says."""
    _known(name)
    save_settings(env(), {_base(name): AS_IN_FILE}, by=person(), ip=request.remote_addr or "")
    note(said("removed"))
    return redirect(url_for("settings_webhooks.index"), code=303)


def _known(name: str) -> None:
    if name not in shop().config.webhooks:
        raise NotFound(f"There is no webhook {name!r}.")


def _base(name: str) -> tuple[str, ...]:
    return ("shops", shop().slug, "webhooks", name)


def _of(name: str) -> str:
    return url_for("settings_webhooks.one", name=name)


def _secret(made: str, name: str) -> Any:
    return shown("settings_secret", secret=made, called=name, what="webhook", back=_of(name))


def _log(name: str) -> Any:
    after, limit = asked_cursor(int), asked_limit(LOG)
    before = after[0] if after else None
    found = list_deliveries(env(), shop(), name, before=before, limit=limit + 1)
    return page_of(found, limit=limit, last=lambda one: (one.id,))


def _page(name: str, form: Form) -> Any:
    describer = Describer(env())
    return shown(
        "settings_webhook",
        status=form.status,
        called=name,
        form=form,
        entered_name=request.form.get("name", ""),
        events=HOOK_EVENTS,
        page=_log(name) if name else None,
        is_here=bool(name) and describer.is_here(_base(name)),
        is_touched=bool(name) and describer.is_touched(_base(name)),
    )

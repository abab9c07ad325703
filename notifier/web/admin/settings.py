"""What is set for this shop and for the whole service, and who changed it? For owners.

Each form is made from the descriptions of the configuration (services/describe_settings.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, request, url_for
from pydantic import BaseModel

from notifier import config
from notifier.config_alerts import AlertRules
from notifier.config_brake import BrakeRules
from notifier.config_settings import Path
from notifier.domain.rights import Right
from notifier.errors import InvalidInput, NotFound
from notifier.services.check_shop import check_shop
from notifier.services.describe_settings import Describer, SettingField
from notifier.services.find_silent import SYSTEMS, last_heard
from notifier.services.make_secrets import new_public_key, refuse_name
from notifier.services.see_settings import list_changes
from notifier.services.settings import AS_IN_FILE, save_settings
from notifier.web.admin.door import confirm_first, needs, person, shop
from notifier.web.admin.page import note
from notifier.web.admin.paging import asked_cursor, asked_limit, page_of
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

blueprint = Blueprint("settings", __name__)

# What of a shop stands on which page. What is on none of them is on the first.
SHOP_PAGES = {
    "look": (
        "sender",
        "reply_to",
        "support_email",
        "postal_address",
        "privacy_url",
        "logo_url",
        "accent",
        "discreet",
    ),
    "consent": (
        "double_opt_in",
        "waiting_mail",
        "offers_marketing",
        "subscription_lifetime",
        "proof_of_work",
    ),
    "reach": (
        "mail_channel",
        "sms_channel",
        "sms_countries",
        "sms_hours",
        "sms_a_day",
        "sms_segment_price",
    ),
    "dates": ("eta_notice_days", "eta_notice_every", "show_usual_restock"),
    "system": (
        "shopify_domain",
        "shopify_secrets",
        "shopify_silence",
        "woocommerce_secrets",
        "woocommerce_silence",
    ),
}
ELSEWHERE = {"push_secrets"}
PARTS: dict[str, type[BaseModel]] = {
    "release": config.ReleaseRules,
    "stock": config.StockRules,
    "backorder": config.BackorderSettings,
    "alerts": AlertRules,
    "brake": BrakeRules,
}
SERVICE: dict[str, tuple[type[BaseModel], tuple[str, ...]]] = {
    "limits": (config.LimitRules, ()),
    "retention": (config.Retention, ()),
    "delivery": (config.Delivery, ()),
    "service": (config.Service, ("operator_email",)),
}
PAGES = ("shop", *SHOP_PAGES, *PARTS)


@blueprint.get("/<shop>/settings")
@needs(Right.OWN)
def index() -> Any:
    """Everything there is to set, and what is wrong or missing with this shop."""
    up_to_date()
    found = [one for one in check_shop(env(), shop()) if one.level != "ok"]
    return shown(
        "settings",
        ref=shop(),
        found=found,
        pages=PAGES,
        service_pages=tuple(SERVICE) if not person().shops else (),
        snippet=f'<script src="{env().link("/widget.js")}" defer></script>',
    )


@blueprint.get("/<shop>/settings/<part>")
@needs(Right.OWN)
def form(part: str) -> Any:
    """One page of settings."""
    up_to_date()
    return _form_page(part, open_form(lambda describer: _fields(describer, part)))


@blueprint.post("/<shop>/settings/<part>")
@needs(Right.OWN)
def change(part: str) -> Any:
    """Save what was changed on one page, or take one field back to the file."""
    up_to_date()
    before = open_form(lambda describer: _fields(describer, part))
    if any(one.secret for one in before.fields) and (way := confirm_first()):
        return way
    failed = save(lambda describer: _fields(describer, part))
    if failed is not None:
        return _form_page(part, failed)
    return redirect(url_for("settings.form", part=part), code=303)


@blueprint.get("/<shop>/settings/history")
@needs(Right.OWN)
def history() -> Any:
    """Who changed what, when; what it was and is. Secrets are in neither."""
    after, limit = asked_cursor(int), asked_limit()
    under = [f"shops/{slug}" for slug in person().shops]
    found = list_changes(env(), under=under, before=after[0] if after else None, limit=limit + 1)
    return shown("settings_history", page=page_of(found, limit=limit, last=lambda one: (one.id,)))


@blueprint.get("/<shop>/settings/shops")
@needs(Right.OWN)
def shops() -> Any:
    """The shops there are, and a new one."""
    up_to_date()
    whole_service()
    return _shops_page(open_form(_of_new_shop))


@blueprint.post("/<shop>/settings/shops")
@needs(Right.OWN, fresh=True)
def add_shop() -> Any:
    """Add a shop. The widget and the API know it at once."""
    up_to_date()
    whole_service()
    slug = request.form.get("slug", "").strip()
    try:
        refuse_name(slug, taken=env().config.shops, what="shop")
    except InvalidInput as error:
        return _shops_page(wrong(open_form(_of_new_shop), error.about("slug")))
    key = ("shops", slug, "public_key")
    failed = save(lambda describer: _of_new_shop(describer, slug), more={key: new_public_key()})
    if failed is not None:
        return _shops_page(failed)
    return redirect(url_for("settings.index", shop=slug), code=303)


@blueprint.post("/<shop>/settings/shops/remove")
@needs(Right.OWN, fresh=True)
def remove_shop() -> Any:
    """Forget a shop that was made here. What is stored about it stays."""
    whole_service()
    slug = request.form.get("slug", "")
    if slug not in env().config.shops or slug in env().file_config.shops:
        raise NotFound(f"There is no shop {slug!r} that was made here.")
    ip = request.remote_addr or ""
    save_settings(env(), {("shops", slug): AS_IN_FILE}, by=person(), ip=ip)
    note(said("removed"))
    return redirect(url_for("front.index"), code=303)


def _fields(describer: Describer, part: str) -> Sequence[SettingField]:
    base: Path = ("shops", shop().slug)
    if part == "shop":
        placed = {*ELSEWHERE, *(name for names in SHOP_PAGES.values() for name in names)}
        fields = describer.section(config.Shop, base, group="shop")
        return [one for one in fields if one.name not in placed]
    if part in SHOP_PAGES:
        return describer.section(config.Shop, base, group="shop", names=SHOP_PAGES[part])
    if part in PARTS:
        return describer.section(PARTS[part], (*base, part), group=part)
    if part in SERVICE:
        whole_service()
        model, names = SERVICE[part]
        return describer.section(model, (part,), group=part, names=names)
    raise NotFound(f"There is no page {part!r} of settings.")


def _of_new_shop(describer: Describer, slug: str = "-") -> Sequence[SettingField]:
    names = ("name", "url", "origins", "locale", "time_zone", "country", "sender", "mail_channel")
    return describer.section(config.Shop, ("shops", slug), group="shop", names=names)


def _form_page(part: str, form: Form) -> Any:
    return shown(
        "settings_form",
        status=form.status,
        part=part,
        form=form,
        service=part in SERVICE,
        hooks=_hooks() if part == "system" else (),
    )


def _hooks() -> list[tuple[str, str, bool, datetime | None]]:
    """Of each shop system: its name, where its webhooks go, whether it is watched, last heard."""
    heard = last_heard(env(), shop())
    return [
        (name, env().link(f"/hooks/{system}/{shop().slug}"), system in heard, heard.get(system))
        for system, name in SYSTEMS.items()
    ]


def _shops_page(form: Form) -> Any:
    return shown(
        "settings_shops",
        status=form.status,
        form=form,
        slug=request.form.get("slug", ""),
        every=env().shops.values(),
        at_file=env().file_config.shops,
        channels=list(env().config.channels),
    )

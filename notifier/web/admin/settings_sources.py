"""Where does the shop's stock come from? Sources: how each fares, setting them up, trying them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for

from notifier.domain.rights import Right
from notifier.errors import InvalidInput, NotFound
from notifier.services.describe_settings import Describer
from notifier.services.make_secrets import refuse_name
from notifier.services.see_settings import source_rows
from notifier.services.setting_kinds import CONNECTORS, PUSH, offered_kinds
from notifier.services.settings import AS_IN_FILE, save_settings
from notifier.services.try_source import Trial, try_source
from notifier.web.admin.door import needs, person, shop
from notifier.web.admin.page import note
from notifier.web.admin.paging import asked_choice
from notifier.web.admin.settings_form import Form, open_form, said, save, shown, up_to_date, wrong
from notifier.web.here import env

blueprint = Blueprint("settings_sources", __name__)

HERE = "/<shop>/settings/sources"


@blueprint.get(HERE)
@needs(Right.OWN)
def index() -> Any:
    """Every source with its last look."""
    up_to_date()
    return shown(
        "settings_sources",
        sources=shop().config.sources,
        rows=source_rows(env(), shop()),
        kinds=_kinds(),
    )


@blueprint.get(f"{HERE}/new")
@needs(Right.OWN, fresh=True)
def new() -> Any:
    """A source of the kind `?kind=`."""
    kind = asked_choice("kind", _kinds(), default=_kinds()[0])
    return _page("", kind, open_form(lambda one: one.source(kind, _base("-"))))


@blueprint.post(f"{HERE}/new")
@needs(Right.OWN, fresh=True)
def add() -> Any:
    up_to_date()
    name = request.form.get("name", "").strip()
    kind = asked_choice("kind", _kinds(), default=_kinds()[0])
    try:
        refuse_name(name, taken=shop().config.sources, what="source")
    except InvalidInput as error:
        form = open_form(lambda one: one.source(kind, _base("-")))
        return _page("", kind, wrong(form, error))
    more = {(*_base(name), "kind"): kind}
    failed = save(lambda one: one.source(kind, _base(name)), more=more)
    if failed is not None:
        return _page("", kind, failed)
    return redirect(url_for("settings_sources.one", name=name), code=303)


@blueprint.get(f"{HERE}/of/<name>")
@needs(Right.OWN, fresh=True)
def one(name: str) -> Any:
    up_to_date()
    kind = _kind_of(name)
    return _page(name, kind, open_form(lambda one: one.source(kind, _base(name))))


@blueprint.post(f"{HERE}/of/<name>")
@needs(Right.OWN, fresh=True)
def change(name: str) -> Any:
    up_to_date()
    kind = _kind_of(name)
    failed = save(lambda one: one.source(kind, _base(name)))
    if failed is not None:
        return _page(name, kind, failed)
    return redirect(url_for("settings_sources.one", name=name), code=303)


@blueprint.post(f"{HERE}/of/<name>/look")
@needs(Right.OWN, fresh=True)
def look(name: str) -> Any:
    """Look now, and show what would be read. Nothing is announced."""
    up_to_date()
    kind = _kind_of(name)
    trial = try_source(env(), shop(), name)
    return _page(name, kind, open_form(lambda one: one.source(kind, _base(name))), trial=trial)


@blueprint.post(f"{HERE}/of/<name>/remove")
@needs(Right.OWN, fresh=True)
def remove(name: str) -> Any:
    """Look there no more. One of the file goes back to what the file says."""
    _kind_of(name)
    save_settings(env(), {_base(name): AS_IN_FILE}, by=person(), ip=request.remote_addr or "")
    note(said("removed"))
    return redirect(url_for("settings_sources.index"), code=303)


def _kinds() -> tuple[str, ...]:
    return (*offered_kinds(CONNECTORS), PUSH)


def _kind_of(name: str) -> str:
    section = shop().config.sources.get(name)
    if section is None:
        raise NotFound(f"There is no source {name!r}.")
    return section.kind


def _base(name: str) -> tuple[str, ...]:
    return ("shops", shop().slug, "sources", name)


def _page(name: str, kind: str, form: Form, *, trial: Trial | None = None) -> Any:
    describer = Describer(env())
    return shown(
        "settings_source",
        status=form.status,
        called=name,
        kind=kind,
        form=form,
        trial=trial,
        entered_name=request.form.get("name", ""),
        row=source_rows(env(), shop()).get(name) if name else None,
        is_here=bool(name) and describer.is_here(_base(name)),
        is_touched=bool(name) and describer.is_touched(_base(name)),
        push=PUSH,
    )

"""Where does the shop's stock come from? Sources: how each fares, setting them up, trying them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint

from notifier.domain.rights import Right
from notifier.services.see_settings import source_rows
from notifier.services.setting_kinds import CONNECTORS, PUSH, offered_kinds
from notifier.services.try_source import try_source
from notifier.web.admin.door import needs, shop
from notifier.web.admin.settings_form import shown, up_to_date
from notifier.web.admin.settings_room import Room
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


@blueprint.post(f"{HERE}/of/<name>/look")
@needs(Right.OWN, fresh=True)
def look(name: str) -> Any:
    """Look now, and show what would be read. Nothing is announced."""
    up_to_date()
    form = ROOM.form(name)
    return ROOM.page(name, form, trial=try_source(env(), shop(), name))


def _every() -> Mapping[str, Any]:
    return shop().config.sources


def _base(name: str) -> tuple[str, ...]:
    return ("shops", shop().slug, "sources", name)


def _kinds() -> tuple[str, ...]:
    return (*offered_kinds(CONNECTORS), PUSH)


def _extra(name: str) -> dict[str, Any]:
    row = source_rows(env(), shop()).get(name) if name else None
    return {"row": row, "push": PUSH, "trial": None}


ROOM = Room(
    what="source",
    blueprint=blueprint,
    here=HERE,
    every=_every,
    base=_base,
    describe=lambda one, kind, base: one.source(kind, base),
    kinds=_kinds,
    extra=_extra,
)
ROOM.open()

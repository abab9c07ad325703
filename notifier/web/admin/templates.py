"""Which messages does the shop send in which languages, and which of them are its own words?"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for

from notifier.domain.message import MessageKind
from notifier.domain.rights import Right
from notifier.errors import InvalidInput
from notifier.i18n import locale_chain
from notifier.services.publish_templates import publish_all
from notifier.services.template_faults import CannotPublish
from notifier.services.template_grid import GridRow, load_grid
from notifier.web.admin.door import needs, shop
from notifier.web.admin.page import counted, locale, note, show, words_of
from notifier.web.admin.paging import asked_choice
from notifier.web.admin.template_languages import language_names
from notifier.web.admin.template_room import author, known_locale, room, warm_room
from notifier.web.here import env

blueprint = Blueprint("templates", __name__)

MARKS = ("", "changed", "draft", "broken", "outdated", "missing", "default")


@blueprint.get("/<shop>/templates/")
@needs(Right.SEE)
def index() -> Any:
    """Every message by channel and language. `?only=` shows those with one mark."""
    return _grid()


@blueprint.post("/<shop>/templates/publish")
@needs(Right.EDIT)
def publish_drafts() -> Any:
    """Publish every draft, or none."""
    try:
        count = publish_all(env(), room(), shop=shop().slug, by=author())
    except CannotPublish as error:
        return _grid(troubles=error.troubles, status=409)
    words = words_of("templates", locale())
    note(counted(words, "published_all", count))
    return redirect(url_for("templates.index"), code=303)


@blueprint.get("/<shop>/templates/language")
@needs(Right.EDIT)
def new_language() -> Any:
    """To the first message of a language that has none yet."""
    wanted = locale_chain(request.args.get("locale", "").strip() or "?")[0]
    if not wanted or wanted == "?":
        raise InvalidInput.of("locale", "missing", "say which language, such as fr or pt-BR")
    known = known_locale(wanted)
    return redirect(
        url_for("templates_edit.edit", kind=MessageKind.BACK_IN_STOCK.value, locale=known), code=303
    )


def _grid(*, troubles: Any = (), status: int = 200) -> Any:
    only = asked_choice("only", MARKS, default="")
    wanted = request.args.get("q", "").strip().casefold()[:60]
    grid = load_grid(env(), room(), shop())
    words = words_of("templates", locale())
    rows = [row for row in grid.rows if _is_wanted(row, only, wanted, words)]
    warm_room()
    return show(
        "templates",
        status=status,
        grid=grid,
        rows=rows,
        only=only,
        wanted=wanted,
        marks=MARKS[1:],
        groups=("waiting", "bought", "merchant"),
        troubles=troubles,
        names=language_names(grid.locales, locale()),
    )


def _is_wanted(row: GridRow, only: str, wanted: str, words: Any) -> bool:
    if wanted and wanted not in f"{words.get('kind_' + row.kind, '')} {row.kind}".casefold():
        return False
    return not only or any(only in cell.marks for cell in row.cells)

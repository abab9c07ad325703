"""What does the shop have, what is out, and when does it come?"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from flask import Blueprint, redirect, request, url_for

from notifier.domain.rights import Right
from notifier.i18n import eta_words
from notifier.services.browse_products import (
    MOST,
    ProductShown,
    Row,
    VariantShown,
    list_products,
    set_alerts,
    show_product,
)
from notifier.services.set_eta import today_in
from notifier.web.admin.chart import Series, lines
from notifier.web.admin.door import needs, person, shop
from notifier.web.admin.new_date import answer_date
from notifier.web.admin.page import locale, note, short_day, show, words_of
from notifier.web.admin.paging import asked_choice, asked_cursor, asked_limit, page_of, read_moment
from notifier.web.here import env

blueprint = Blueprint("products", __name__)


@blueprint.get("/<shop>/products")
@needs(Right.SEE)
def index() -> Any:
    """All variants, or those that are out, the longest first."""
    view = asked_choice("view", ("all", "out"), default="all")
    search, limit = request.args.get("q", ""), asked_limit()
    out = view == "out"
    found = list_products(
        env(), shop(), search=search, out=out, after=_after(out=out), limit=limit + 1
    )
    page = page_of(found, limit=limit, last=lambda row: _place(row, out=out))
    return show("products", page=page, view=view, q=search, most=MOST, expected=_expected)


@blueprint.get("/<shop>/products/<path:key>")
@needs(Right.SEE)
def one(key: str) -> Any:
    """One product: its variants, their stock over time, and every date that was promised."""
    return _show(show_product(env(), shop(), key))


@blueprint.post("/<shop>/products/<path:key>")
@needs(Right.EDIT)
def change(key: str) -> Any:
    """Stop or start notifying, or look at a new date and save it."""
    wish = request.form.get("wish", "")
    if wish in ("alerts_on", "alerts_off"):
        set_alerts(env(), shop(), key, on=wish == "alerts_on", by=person())
        note(words_of("products", locale())[f"did_{wish}"])
        return redirect(url_for("products.one", key=key), code=303)
    product = show_product(env(), shop(), key)
    return answer_date(
        {one.row.variant.key for one in product.variants},
        unlisted="is not a variant of this product",
        show_page=partial(_show, product),
        back=url_for("products.one", key=key),
    )


def _show(product: ProductShown, *, status: int = 200, **values: Any) -> Any:
    return show(
        "product",
        status=status,
        product=product,
        most=MOST,
        expected=_expected,
        draw=_draw,
        eta_said=words_of("orders", locale()),
        **{"asked": {}, "foreseen": None, **values},
    )


def _expected(eta: Any) -> str:
    """`around 3 December`, or a dash."""
    return eta_words(eta, locale(), today_in(env(), shop())) if eta else "–"


def _draw(one: VariantShown) -> Any:
    """Stock over the last days; nothing where nothing was ever seen."""
    if all(value is None for _, value in one.days):
        return ""
    words = words_of("products", locale())
    return lines(
        [short_day(day) for day, _ in one.days],
        Series(name=words["quantity"], values=[value for _, value in one.days]),
        title=words["drawing"].replace("{variant}", one.row.variant.title or one.row.variant.key),
        table=words_of("frame", locale())["table"],
        stepped=True,
        height=140,
    )


def _after(*, out: bool) -> tuple[datetime, int] | int | None:
    if not out:
        cursor = asked_cursor(int)
        return int(cursor[0]) if cursor else None
    cursor = asked_cursor(str, int)
    if cursor is None:
        return None
    return read_moment(cursor[0]), int(cursor[1])


def _place(row: Row, *, out: bool) -> tuple[Any, ...]:
    since = row.variant.since
    return (since.isoformat() if since else "", row.variant.id) if out else (row.variant.id,)

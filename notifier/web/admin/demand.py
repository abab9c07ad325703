"""What is wanted, what came of telling people, and what should be ordered?"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, jsonify, request, url_for

from notifier.domain.rights import Right
from notifier.errors import InvalidInput
from notifier.i18n import duration_words, format_money
from notifier.services.browse_products import sold_out_products
from notifier.services.read_demand import (
    SORTS,
    Wanted,
    WantedPage,
    read_outcomes,
    read_wanted,
    sign_ups_by_day,
)
from notifier.web.admin.chart import Series, bars
from notifier.web.admin.csv_file import csv_answer
from notifier.web.admin.door import needs, shop
from notifier.web.admin.page import locale, short_day, show, words_of
from notifier.web.admin.paging import (
    Page,
    asked_choice,
    asked_cursor,
    asked_limit,
    make_cursor,
    read_moment,
)
from notifier.web.here import env

blueprint = Blueprint("demand", __name__)

DAYS = ("30", "90", "365")
WHOLE = 10_000  # rows in a file
MOST_MONEY = 10**14
COLUMNS = (
    "product", "variant", "sku", "title", "variant_title", "availability", "people", "units",
    "unconfirmed", "new_7_days", "new_30_days", "new_90_days", "waiting_since", "money",
    "currency", "suggested_units",
)  # fmt: skip


@blueprint.get("/<shop>/demand")
@needs(Right.SEE)
def index() -> Any:
    """What is waited for most, and how sign-ups went."""
    sort = asked_choice("sort", SORTS, default="people")
    days = int(asked_choice("days", DAYS, default="30"))
    found = read_wanted(env(), shop(), sort=sort, after=_after(sort), limit=asked_limit())
    return show(
        "demand",
        found=found,
        page=_page(found),
        sort=sort,
        sorts=SORTS,
        days=days,
        all_days=DAYS,
        drawing=_drawing(days),
        money=_money,
    )


@blueprint.get("/<shop>/demand/releases")
@needs(Right.SEE)
def outcomes() -> Any:
    """What came of telling people: who looked, who bought, how quickly they heard."""
    days = int(asked_choice("days", DAYS, default="90"))
    found = read_outcomes(env(), shop(), days=days)
    return show("demand_releases", found=found, days=days, all_days=DAYS, money=_money, span=_span)


@blueprint.get("/<shop>/demand.csv")
@needs(Right.SEE)
def as_csv() -> Any:
    """The list as a file."""
    return csv_answer(f"demand-{shop().slug}", COLUMNS, [_cells(one) for one in _whole()])


@blueprint.get("/<shop>/demand.json")
@needs(Right.SEE)
def as_json() -> Any:
    """The same for programs."""
    rows = [dict(zip(COLUMNS, _cells(one), strict=True)) for one in _whole()]
    return jsonify({"wanted": rows})


@blueprint.get("/<shop>/sold-out.json")
@needs(Right.SEE)
def sold_out() -> Any:
    """Products that cannot be bought, for shops that want to list them last."""
    return jsonify({"products": sold_out_products(env(), shop())})


def _whole() -> list[Wanted]:
    sort = asked_choice("sort", SORTS, default="people")
    return list(read_wanted(env(), shop(), sort=sort, limit=WHOLE).rows)


def _cells(one: Wanted) -> list[Any]:
    values = {name: getattr(one.named, name) for name in one.named.__slots__}
    values |= {name: getattr(one.tally, name) for name in one.tally.__slots__}
    values["suggested_units"] = one.suggested.units
    return [_plain(values[name]) for name in COLUMNS]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return str(value) if isinstance(value, (Decimal, date)) else value


def _drawing(days: int) -> Any:
    words = words_of("demand", locale())
    series = sign_ups_by_day(env(), shop(), days=days)
    return bars(
        [short_day(day) for day, _ in series],
        Series(name=words["sign_ups"], values=[count for _, count in series]),
        title=words["drawing"].replace("{days}", str(days)),
        table=words_of("frame", locale())["table"],
        height=150,
    )


def _page(found: WantedPage) -> Page[Wanted]:
    here: dict[str, Any] = request.args.to_dict()
    first = url_for("demand.index", **{**here, "after": None}) if here.get("after") else ""
    if found.last is None:
        return Page(rows=found.rows, first_url=first)
    value, place = found.last
    # to the microsecond: of a second in which many signed up, a page holds only some
    text = value.isoformat() if isinstance(value, datetime) else str(_plain(value))
    cursor = make_cursor(text, place)
    following = url_for("demand.index", **{**here, "after": cursor})
    return Page(rows=found.rows, first_url=first, next_url=following)


def _after(sort: str) -> tuple[Any, int] | None:
    cursor = asked_cursor(str, int)
    if cursor is None:
        return None
    if sort == "waiting_since":
        return read_moment(cursor[0]), int(cursor[1])
    try:
        value = Decimal(cursor[0])
    except InvalidOperation as error:
        raise InvalidInput.of("after", "cursor", "is not a place in this list") from error
    if not value.is_finite() or abs(value) >= MOST_MONEY:
        raise InvalidInput.of("after", "cursor", "is not a place in this list")
    return (value if sort == "money" else int(value)), int(cursor[1])


def _money(amount: Decimal | None, currency: str) -> str:
    if amount is None:
        return "–"
    return format_money(amount.quantize(Decimal("0.01")), currency, locale())


def _span(length: Any) -> str:
    if length is None:
        return "–"
    seconds = length.total_seconds()
    return f"{seconds:.0f} s" if seconds < 90 else duration_words(length, locale())

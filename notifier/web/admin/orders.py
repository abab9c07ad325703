"""Which order lines wait, what is due for each, and what would a new date mean?"""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from notifier.domain.order_delay import NextStep
from notifier.domain.rights import Right
from notifier.errors import ConfigError, InvalidInput
from notifier.rendering.evidence_pdf import evidence_pdf
from notifier.services.audit import note_act
from notifier.services.evidence import gather_evidence
from notifier.services.see_order import LinePage, list_lines, show_order
from notifier.web.admin.door import needs, person, shop
from notifier.web.admin.new_date import answer_date
from notifier.web.admin.page import show
from notifier.web.admin.paging import (
    Page,
    asked_choice,
    asked_cursor,
    asked_limit,
    make_cursor,
    read_moment,
)
from notifier.web.here import env

blueprint = Blueprint("orders", __name__)

STEPS = tuple(step.value for step in NextStep)
# what the tabs offer: a step of a person, of the customer, of nobody
TABS = ("update_estimate", "send_refund", "review", "reach_another_way", "await_answer", "ship")


@blueprint.get("/<shop>/orders")
@needs(Right.SEE)
def index() -> Any:
    """Lines of all orders by their next deadline."""
    if request.args.get("ref"):
        return redirect(url_for("orders.one", ref=request.args["ref"].strip()), code=303)
    step = asked_choice("step", ("", *STEPS), default="")
    found = list_lines(
        env(), shop(), next_steps=(step,) if step else (), after=_after(), limit=asked_limit()
    )
    return show("orders", page=_page(found), step=step, tabs=TABS)


@blueprint.get("/<shop>/orders/<path:ref>")
@needs(Right.SEE)
def one(ref: str) -> Any:
    """One order with all its lines, what happened to each and what was told."""
    return show("order", order=show_order(env(), shop(), ref), foreseen=None, asked={})


@blueprint.post("/<shop>/orders/<path:ref>")
@needs(Right.EDIT)
def expect(ref: str) -> Any:
    """A new date for one variant: first what it would mean, then, by another button, for good."""
    order = show_order(env(), shop(), ref)
    return answer_date(
        {line.variant for line in order.lines},
        unlisted="is not among the lines of this order",
        show_page=partial(show, "order", order=order),
        back=url_for("orders.one", ref=ref),
    )


@blueprint.get("/<shop>/evidence.<form>")
@needs(Right.SEE_ADDRESSES, fresh=True)
def evidence(form: str) -> Any:
    """All that proves what was told about one order, to keep or to hand over."""
    ref = request.args.get("ref", "")
    document = gather_evidence(env(), shop(), ref)
    note_act(env(), "evidence.exported", by=person(), shop=shop(), ip=_ip(), order=ref)
    if form == "pdf":
        try:
            body, kind = evidence_pdf(document), "application/pdf"
        except ImportError as error:
            raise ConfigError("The PDF needs the extra `evidence`: install it.") from error
    elif form == "json":
        body, kind = json.dumps(document, ensure_ascii=False, indent=2).encode(), "application/json"
    else:
        raise InvalidInput.of("form", "choice", "must be json or pdf")
    answer = Response(body, mimetype=kind)
    name = "".join(sign if sign.isalnum() else "-" for sign in ref)[:60].strip("-")
    answer.headers["Content-Disposition"] = f'attachment; filename="evidence-{name}.{form}"'
    return answer


def _ip() -> str:
    return request.remote_addr or ""


def _after() -> tuple[datetime | None, int] | None:
    cursor = asked_cursor(str, int)
    if cursor is None:
        return None
    return (read_moment(cursor[0]) if cursor[0] else None), int(cursor[1])


def _page(found: LinePage) -> Page[Any]:
    here: dict[str, Any] = request.args.to_dict()
    first = url_for("orders.index", **{**here, "after": None}) if here.get("after") else ""
    if found.last is None:
        return Page(rows=found.lines, first_url=first)
    at, id_ = found.last
    cursor = make_cursor(at.isoformat() if at else "", id_)
    return Page(
        rows=found.lines,
        first_url=first,
        next_url=url_for("orders.index", **{**here, "after": cursor}),
    )

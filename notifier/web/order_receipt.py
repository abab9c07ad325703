"""What is said after the customer of an order line has answered, to be read, printed and kept?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Response

from notifier.domain.order_delay import Why
from notifier.domain.order_history import Happened
from notifier.i18n import format_moment
from notifier.services.decide_order import Decided
from notifier.services.order_answer import CHANGES_IT, ENDS_IT, AnswerKind
from notifier.services.product_words import money
from notifier.web.order_view import OrderView
from notifier.web.pages import fill, page


def receipt(view: OrderView, done: Decided) -> Response:
    """What was received and when, and what follows. `view`: how things stand after it."""
    kind, words = done.answer.kind, view.words
    at = format_moment(done.at, view.shown.case.order.zone, view.locale)
    again = "end" if kind in ENDS_IT else "change" if kind in CHANGES_IT else "wait"
    return page(
        "order_done",
        locale=view.locale,
        shop=view.shown.shop,
        view=view,
        say=words,
        title=words[f"done_{kind.value}_title"],
        lead=_lead(view, done, at=at),
        again=fill(words[f"again_{again}"], moment=at) if done.is_repeat else "",
        rows=[
            (words["order"], view.shown.case.order.ref),
            (words["answered"], _answered(view, done)),
            (words["received"], at),
            *view.about_money,
            (words["confirmation"], _confirmation(view, kind)),
        ],
    )


def _answered(view: OrderView, done: Decided) -> str:
    answer, key = done.answer, f"answered_{done.answer.kind.value}"
    if answer.kind is AnswerKind.WAIT and answer.until is None:
        key += "_open"
    was = _last_change(view).get("was", "")
    return view.say(key, day=answer.until, count=answer.quantity, was=was)


def _lead(view: OrderView, done: Decided, *, at: str) -> str:
    answer, key = done.answer, f"done_{done.answer.kind.value}_lead"
    if answer.kind in ENDS_IT:
        refund = view.shown.standing.refund
        was_sent = refund is not None and refund.ground is Why.WITHDRAWN_AFTER_SHIPMENT
        return view.say("done_end_sent_lead" if was_sent else "done_end_lead", moment=at)
    if answer.kind is AnswerKind.QUANTITY:
        back = _last_change(view).get("refund", {})
        amount = _amount(view, done, back)
        key += "" if amount else "_no_price"
        by = date.fromisoformat(back["refund_by"])
        return view.say(key, day=by, count=answer.quantity, amount=amount)
    if answer.kind is AnswerKind.SWAP:
        estimate = view.shown.case.latest(Happened.ESTIMATE)
        ship_by = (estimate.facts if estimate else {}).get("ship_by")
        return view.say(key, day=date.fromisoformat(ship_by) if ship_by else None)
    if answer.kind is AnswerKind.WAIT and answer.until is None:
        key = "done_wait_open_lead"
    return view.say(key, day=answer.until)


def _amount(view: OrderView, done: Decided, back: Mapping[str, Any]) -> str:
    price, line = view.shown.case.line.price, view.shown.case.line
    count = int(_last_change(view).get("was", 0)) - done.answer.quantity
    return money(price * count, line.currency, view.locale) if price and back else ""


def _last_change(view: OrderView) -> Mapping[str, Any]:
    event = view.shown.case.latest(Happened.CHANGED)
    return event.facts if event else {}


def _confirmation(view: OrderView, kind: AnswerKind) -> str:
    """What ends the order is confirmed by mail as well, where there is an address."""
    if kind in ENDS_IT and view.address:
        return fill(view.words["confirmation_to"], address=view.address)
    return view.words["confirmation_here"]

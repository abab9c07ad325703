"""What can be done at the order desk? Give dates, ship, decline, refund, and turn the clock.

Everything is done by the notifier's API over HTTP, as a shop's own software would do it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from flask import (
    Blueprint,
    Response,
    abort,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from notifier.demo import desk_view, travel
from notifier.demo.desk_words import MESSAGES, STATES, deadline_words, short_day
from notifier.demo.push import ApiAnswer, call_api
from notifier.demo.settings import SHOP
from notifier.demo.shop import Act
from notifier.demo.stage import Stage
from notifier.demo.storefront import stage
from notifier.domain.order_delay import State
from notifier.errors import ConfigError, InvalidInput
from notifier.services.evidence import gather_evidence

__all__ = ["blueprint"]

SUPPLIER = "supplier"
LATER = (10, 45)  # days: within the 30 that silence can agree to in the USA, and beyond them
A_MINUTE = timedelta(minutes=1)
STEPS = {"day": timedelta(days=1), "week": timedelta(days=7)}
SAID = {
    "date": "The new date is saved. Whoever must hear of it gets a mail.",
    "ship": "Shipped, and the notifier knows it.",
    "deliver": "It arrived, and the notifier knows it.",
    "decline": "The line was declined. The customer is told, and a refund is owed.",
    "refund": "The refund was sent, and the record is complete.",
    "arrive": "Five arrived. Whoever has ordered hears of it first.",
    "clock": "The clock was turned. What came due meanwhile was done.",
}

blueprint = Blueprint("desk", __name__)


@blueprint.get("/desk")
def desk_page() -> str:
    return _page()


@blueprint.post("/desk/clock")
def turn_clock() -> AnyResponse:
    """Turn the clock: `to` is day, week or deadline (of the chosen line, else of all)."""
    on_stage = stage()
    to = request.form.get("to", "")
    if to in STEPS:
        travel.go_to(on_stage, on_stage.clock() + STEPS[to])
    elif to == "deadline":
        travel.settle(on_stage)  # what is on its way may move it
        found = desk_view.next_deadline(on_stage)
        if found is None:
            raise InvalidInput.of("to", "none", "No deadline runs. Order something first.")
        travel.go_to(on_stage, found[0] + A_MINUTE)
    else:
        raise InvalidInput.of("to", "unknown", "Turn the clock by a day, a week or to a deadline.")
    return _back("clock")


@blueprint.post("/desk/date")
def give_date() -> Any:
    """A new date for what was ordered: first what it would mean, then, with `sure`, saved."""
    form, on_stage = request.form, stage()
    line = _line()
    eta = _wanted_date(line["variant"])
    source = form.get("source", "").strip()
    asked = {"variant": line["variant"], "eta": eta, "source": source, "actor": "Olga"}
    if form.get("sure") != "yes":
        answer = _call("eta", {**asked, "preview": True})
        foreseen = _foreseen(answer, eta=eta, source=source) if answer.ok else None
        return _page(problem=answer.problem, foreseen=foreseen), _status(answer)
    answer = _call("eta", asked)
    if not answer.ok:
        return _page(problem=answer.problem), _status(answer)
    on_stage.note(
        "date", f"Olga says: {eta or 'nobody knows'} ({source}).", variant=line["variant"]
    )
    on_stage.shop.set_eta(line["variant"], eta or "")
    return _back("date")


@blueprint.post("/desk/goods")
def tell_of_goods() -> Any:
    """What became of a line: ship, deliver, decline, refund; or arrive: goods for it came in."""
    on_stage, act = stage(), request.form.get("act", "")
    line = _line()
    if act == "arrive":
        on_stage.shop.act(line["variant"], Act.RESTOCK)
        return _back(act)
    now = on_stage.clock().isoformat()
    ref = line["ref"]
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "ship": ("shipments", {"lines": [{"ref": ref, "shipped_at": now, "carrier": "Post"}]}),
        "deliver": ("deliveries", {"lines": [{"ref": ref, "delivered_at": now}]}),
        "decline": ("decline", {"line": ref, "decided_at": now, "why": "Olga said so."}),
        "refund": ("refunds", {"line": ref, "sent_at": now, "reference": f"RF-{line['order']}"}),
    }
    if act not in calls:
        raise InvalidInput.of("act", "unknown", f"{act[:40]!r} cannot be done at this desk.")
    path, payload = calls[act]
    answer = _call(f"orders/{quote(line['order'])}/{path}", payload)
    if not answer.ok:
        return _page(problem=answer.problem), _status(answer)
    return _back(act)


@blueprint.get("/desk/evidence.json")
def evidence_json() -> Response:
    """The whole record of one order."""
    return jsonify(_evidence())


@blueprint.get("/desk/evidence.pdf")
def evidence_pdf() -> Response:
    """The same, printed, with the JSON inside."""
    from notifier.rendering.evidence_pdf import evidence_pdf as print_evidence

    try:
        printed = print_evidence(_evidence())
    except ConfigError as error:
        abort(501, str(error))
    return Response(printed, mimetype="application/pdf")


def _evidence() -> dict[str, Any]:
    env = stage().env
    return gather_evidence(env, env.shop(SHOP), request.args.get("order", ""))


def _page(*, problem: str = "", foreseen: dict[str, Any] | None = None) -> str:
    on_stage: Stage = stage()
    order, line = request.values.get("order", ""), request.values.get("line", "1")
    chosen = desk_view.line_view(on_stage, order, line) if order else None
    today = on_stage.clock().date()
    return render_template(
        "demo/desk.html",
        rows=desk_view.list_view(on_stage),
        line=chosen,
        chain=desk_view.verified(on_stage),
        dial=desk_view.clock_state(on_stage),
        said=SAID.get(request.args.get("said", ""), ""),
        problem=problem,
        foreseen=foreseen,
        later=LATER,
        supplier=request.form.get("source", SUPPLIER),
        tomorrow=(today + timedelta(days=1)).isoformat(),
    )


def _line() -> dict[str, Any]:
    """The line that the form is about. Raises errors.NotFound."""
    form = request.form
    return desk_view.line_view(stage(), form.get("order", ""), form.get("line", ""))


def _wanted_date(variant: str | None) -> str | None:
    """`later` days after the date of now, a date of its own, or None: nobody knows."""
    form = request.form
    if form.get("when") == "unknown":
        return None
    later = form.get("later", type=int)
    if later is None:
        return form.get("eta", "").strip()
    shown = stage().shop.shelf(variant or "").eta.rpartition("/")[2]
    known = date.fromisoformat(shown if len(shown) > 7 else f"{shown}-28") if shown else None
    return desk_view.in_days(stage().clock(), later, after=known).isoformat()


def _foreseen(answer: ApiAnswer, *, eta: str | None, source: str) -> dict[str, Any]:
    """The preview in words: who would be told what, by when, and what silence would mean."""
    said = answer.body["foreseen"]
    zones = {row["order"]: row["zone"] for row in desk_view.list_view(stage())}
    return {
        "eta": eta or "",
        "source": source,
        "when": _eta_words(eta),
        "subscribers": said["subscribers"],
        "lines": [
            _foreseen_line(one, zone=zones.get(one["order"], "UTC")) for one in said["lines"]
        ],
    }


def _foreseen_line(one: dict[str, Any], *, zone: str) -> dict[str, str]:
    silence = {
        "consents": "Silence means yes.",
        "cancels": "Silence ends the order.",
        "nothing": "Silence changes nothing.",
    }
    until = one["answer_by"]
    answer = f" An answer counts until {short_day(date.fromisoformat(until))}." if until else ""
    by = one["notice_by"]
    return {
        "order": one["order"],
        "told": MESSAGES.get(one["message"], "") if one["message"] else "",
        "by": deadline_words(datetime.fromisoformat(by), zone) if by else "",
        "then": STATES[State(one["after"])],
        "effect": f"{silence.get(one['silence'], '')}{answer}" if one["message"] else "",
    }


def _eta_words(eta: str | None) -> str:
    if not eta:
        return "Nobody knows"
    try:
        return short_day(date.fromisoformat(eta))
    except ValueError:
        return eta


def _call(path: str, payload: dict[str, Any]) -> ApiAnswer:
    on_stage = stage()
    return call_api(f"{on_stage.places.notifier}/api/v1/{path}", payload, key=on_stage.keys.api)


def _status(answer: ApiAnswer) -> int:
    return 200 if answer.ok else answer.status or 502


def _back(said: str) -> AnyResponse:
    form = request.form
    about = {"order": form.get("order"), "line": form.get("line")}
    named = {name: value for name, value in about.items() if value}
    return redirect(f"{url_for('desk.desk_page')}?{urlencode({**named, 'said': said})}", code=303)

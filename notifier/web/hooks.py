"""Who calls us back: Twilio with receipts and texts, shops with stock?

Nothing is believed before its signature, over the raw body or the whole form, was checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from xml.sax.saxutils import escape

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import Forbidden, Unauthorized, UnsupportedMediaType

from notifier.errors import InvalidInput, NotFound
from notifier.metrics import HOOKS_REFUSED
from notifier.services import hear_shop, hear_twilio
from notifier.services.act_once import Acted
from notifier.services.env import ShopRef
from notifier.services.hear_text import hear_text
from notifier.services.receive import receive
from notifier.web.answers import error_answer
from notifier.web.api.stock import StockPush, take_rows
from notifier.web.guards import Guard, guarded
from notifier.web.here import env
from notifier.web.read_json import HOOK_LIMIT, as_model, parse_json, raw_body

blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")

FORM = "application/x-www-form-urlencoded"
TRY_AGAIN = timedelta(seconds=5)


@blueprint.post("/twilio/status")
@blueprint.post("/twilio/status/<uid>")
@guarded(Guard.SIGNATURE)
def twilio_status(uid: str = "") -> Response:
    """How a text message fared. The answer is 200 also for what is known or not ours."""
    params = _signed_form("twilio_status")
    try:
        receipt = hear_twilio.read_status(env(), params, uid=uid)
    except InvalidInput as error:
        return _bad_request(error)
    return jsonify({"news": receive(env(), receipt)})


@blueprint.post("/twilio/inbound")
@guarded(Guard.SIGNATURE)
def twilio_inbound() -> Response:
    """A text message somebody sent: answered with TwiML, at most once."""
    params = _signed_form("twilio_inbound")
    try:
        text = hear_twilio.read_text(params)
    except InvalidInput as error:
        return _bad_request(error)
    answer = hear_text(env(), text)
    said = f"<Message>{escape(answer)}</Message>" if answer else ""
    xml = f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>'
    return Response(xml, mimetype="text/xml")


def _signed_form(hook: str) -> Mapping[str, str]:
    """The form that Twilio signed. Raises 415, 403 and 400."""
    if request.mimetype != FORM:
        raise UnsupportedMediaType(f"Send the form as Twilio does, with Content-Type: {FORM}.")
    raw_body(limit=HOOK_LIMIT)
    query = request.query_string.decode("ascii", "replace")
    signed = hear_twilio.is_signed(
        env(),
        request.path + (f"?{query}" if query else ""),
        request.form,
        header=request.headers.get("X-Twilio-Signature"),
        settings_header=request.headers.get("X-Twilio-Webhooks-Signature-Settings"),
    )
    if not signed:
        HOOKS_REFUSED.labels(hook=hook).inc()
        raise Forbidden("This is not signed by one of our Twilio accounts.")
    # names and values are joined without marks between them, so a name must not come twice
    return {name: values[0] for name, values in request.form.lists() if len(values) == 1}


def _bad_request(error: InvalidInput) -> Response:
    first = error.problems[0]
    return error_answer(400, first.code, first.message, field=first.field)


@blueprint.post("/stock/<slug>")
@guarded(Guard.SIGNATURE)
def stock(slug: str) -> Response:
    """Stock by Standard Webhooks: the same body as POST /api/v1/stock."""
    body = raw_body(limit=HOOK_LIMIT)
    id_ = request.headers.get("webhook-id", "")
    shop = configured_shop(slug)
    if shop is None or not hear_shop.is_signed(
        env(),
        shop,
        body,
        id_=id_,
        timestamp=request.headers.get("webhook-timestamp", ""),
        signature=request.headers.get("webhook-signature", ""),
    ):
        HOOKS_REFUSED.labels(hook="stock").inc()
        raise Unauthorized("The signature is missing, too old, or not made with a known secret.")
    report: dict[str, Any] = {}

    def act() -> None:
        given = as_model(StockPush, parse_json(body))
        report.update(take_rows(env(), shop, given).model_dump(mode="json"))

    acted = hear_shop.hear_once(env(), shop, id_, body=body, act=act)
    return acted_answer(acted, report)


def acted_answer(acted: Acted, report: Mapping[str, Any]) -> Response:
    """What becomes of a delivery that is acted on once: done now, done before, or under way."""
    if acted is Acted.BUSY:
        return busy_answer()
    return jsonify({"status": acted.value, **report})


def busy_answer() -> Response:
    """To a delivery that came while the same one is being worked on."""
    words = "This delivery is being worked on. Send it again later."
    return error_answer(409, "in_progress", words, retry_after=TRY_AGAIN)


def configured_shop(slug: str) -> ShopRef | None:
    """The shop of this name; None where there is none."""
    try:
        return env().shop(slug)
    except NotFound:
        return None

"""What does Twilio tell us: how a text message fared, and what somebody wrote back?

Nothing is believed before its signature, over the whole form, was checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import Forbidden, UnsupportedMediaType

from notifier.errors import InvalidInput
from notifier.metrics import HOOKS_REFUSED
from notifier.services import hear_twilio
from notifier.services.hear_text import hear_text
from notifier.services.receive import receive
from notifier.web.guards import Guard, guarded
from notifier.web.here import env
from notifier.web.hook_answers import unreadable_answer
from notifier.web.read_json import HOOK_LIMIT, raw_body

blueprint = Blueprint("twilio_hooks", __name__, url_prefix="/hooks/twilio")

FORM = "application/x-www-form-urlencoded"


@blueprint.post("/status")
@blueprint.post("/status/<uid>")
@guarded(Guard.SIGNATURE)
def status(uid: str = "") -> Response:
    """How a text message fared. The answer is 200 also for what is known or not ours."""
    params = _signed_form("twilio_status")
    try:
        receipt = hear_twilio.read_status(env(), params, uid=uid)
    except InvalidInput as error:
        return unreadable_answer(error)
    return jsonify({"news": receive(env(), receipt)})


@blueprint.post("/inbound")
@guarded(Guard.SIGNATURE)
def inbound() -> Response:
    """A text message somebody sent: answered with TwiML, at most once."""
    params = _signed_form("twilio_inbound")
    try:
        text = hear_twilio.read_text(params)
    except InvalidInput as error:
        return unreadable_answer(error)
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

"""What does the shop's own software hear from the notifier? Signed webhooks, checked and noted.

A real shop would send the refund now. This one writes it down for the timeline.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime

from flask import Blueprint, Response, abort, request
from standardwebhooks import Webhook

from notifier.demo.storefront import stage

__all__ = ["blueprint"]

blueprint = Blueprint("ears", __name__)


@blueprint.post("/hooks/orders")
def hear() -> Response:
    """204 for what the notifier signed, 401 for anything else."""
    said = request.headers
    body = request.get_data(as_text=True)
    id_, at = said.get("webhook-id", ""), said.get("webhook-timestamp", "")
    if not (id_ and at.isascii() and at.isdigit() and len(at) < 12):
        abort(401, "This is not signed.")
    # the library's own check wants its time to be the machine's, and here the clock can be turned
    signer = Webhook(stage().keys.hook)
    right = signer.sign(id_, datetime.fromtimestamp(int(at), UTC), body)
    given = said.get("webhook-signature", "").split()
    if not any(hmac.compare_digest(right, one) for one in given):
        abort(401, "The signature does not fit.")
    event = request.get_json(silent=True) or {}
    about = event.get("data") or {}
    order = f" for {about['order']}" if about.get("order") else ""
    stage().note("hook", f"The shop's software heard: {event.get('type', 'something')}{order}.")
    return Response(status=204)

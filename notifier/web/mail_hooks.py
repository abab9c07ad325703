"""Which relays call us back about our mail: Amazon SES, SendGrid, Postmark, Mailgun?

Nothing is read, and nothing explained, before it is known whose word it is.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import Forbidden, Unauthorized

from notifier.errors import InvalidInput, LookFailed
from notifier.log import log
from notifier.metrics import HOOKS_REFUSED
from notifier.services import hear_mail_events
from notifier.web.answers import error_answer
from notifier.web.guards import Guard, guarded
from notifier.web.here import env
from notifier.web.hook_answers import busy_answer, unreadable_answer
from notifier.web.read_json import HOOK_LIMIT, parse_json, raw_body

blueprint = Blueprint("mail_hooks", __name__, url_prefix="/hooks")

TRY_AGAIN = timedelta(seconds=30)


@blueprint.post("/ses", defaults={"provider": "ses"})
@blueprint.post("/sendgrid", defaults={"provider": "sendgrid"})
@blueprint.post("/postmark", defaults={"provider": "postmark"})
@blueprint.post("/mailgun", defaults={"provider": "mailgun"})
@guarded(Guard.SIGNATURE)
def mail_events(provider: str) -> Response:
    """What became of mails. The answer is 200 also for what is known, not ours or of no matter."""
    body = raw_body(limit=HOOK_LIMIT)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        genuine = hear_mail_events.is_genuine(
            env(), provider, body=body, headers=headers, ip=request.remote_addr or ""
        )
        if not genuine:
            HOOKS_REFUSED.labels(hook=provider).inc()
            refusal = Forbidden if provider == "ses" else Unauthorized
            raise refusal("This is not known to come from a provider of ours.")
        heard = hear_mail_events.take(env(), provider, parse_json(body))
    except InvalidInput as error:
        return unreadable_answer(error)
    except LookFailed as trouble:
        log.warning("callback cannot be checked now", provider=provider, why=str(trouble))
        words = "This cannot be checked now. Send it again later."
        return error_answer(503, "unavailable", words, retry_after=TRY_AGAIN)
    if heard.busy:
        return busy_answer()
    return jsonify(heard.counts())

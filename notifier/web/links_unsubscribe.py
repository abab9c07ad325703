"""How does a notice stop: by the mail program's own button, or by a person on our page?

RFC 8058: the POST of a mail program carries nothing but List-Unsubscribe=One-Click, and gets a
plain 200, never a redirect. The address decides which notice stops, the body never does (trust
EM-2 to EM-5).
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from notifier.domain.subscription import SubscriptionState
from notifier.errors import NotFound
from notifier.services.end_waiting import end
from notifier.signing import Purpose
from notifier.web.guards import Guard, guarded
from notifier.web.here import circumstances, env
from notifier.web.link_forms import has_nonce, posted, read_link
from notifier.web.opened_link import (
    Button,
    Opened,
    ask,
    ask_again,
    open_subscription,
    see_all,
    tell,
)
from notifier.web.pages import link_headers

blueprint = Blueprint("unsubscribe", __name__)

PAGE = "u"


@blueprint.route("/u/<token>", methods=["GET", "POST"])
@guarded(Guard.LINK)
def unsubscribe(token: str) -> Response:
    """GET asks, POST stops: at once for a mail program, with our form's value for a person."""
    subscription_id = read_link(token, Purpose.UNSUBSCRIBE)
    if request.method != "POST":
        return _show(open_subscription(subscription_id, campaign="unsubscribe"))
    form = posted()
    if form.get("List-Unsubscribe") == "One-Click":
        return _one_click(subscription_id)
    opened = open_subscription(subscription_id, campaign="unsubscribe")
    if not has_nonce(form, PAGE, subscription_id):
        return _show(opened, stale=True)
    end(env(), subscription_id, circumstances=circumstances(), method="page")
    return tell(opened, "stopped", ways=(ask_again(opened), see_all(opened)))


def _one_click(subscription_id: int) -> Response:
    """Stop it. What is deleted already is stopped too, so it gets the same answer."""
    try:
        end(env(), subscription_id, circumstances=circumstances(), method="one_click")
    except NotFound:
        pass_on = "This notice was deleted before. Nothing more will be sent about it.\n"
    else:
        pass_on = "This notice is stopped. Nothing more will be sent about it.\n"
    answer = Response(pass_on, mimetype="text/plain")
    answer.headers.update(link_headers())
    return answer


def _show(opened: Opened, *, stale: bool = False) -> Response:
    row = opened.item.subscription
    if row.state == SubscriptionState.ENDED:
        return tell(
            opened,
            "stopped_already",
            mood="calm",
            on=opened.day(row.ended_at),
            ways=(ask_again(opened), see_all(opened)),
        )
    stop = Button(act="stop", label=opened.words["stop_yes"])
    return ask(opened, PAGE, "stop", [stop], stale=stale)

"""Is somebody still waiting? The answer to the question at the end of a subscription's time."""

from __future__ import annotations

from flask import Blueprint, Response, request

from notifier.domain.subscription import SubscriptionState
from notifier.services.done import Done
from notifier.services.end_waiting import end
from notifier.services.end_waiting import keep as keep_waiting
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
    to_product,
)

blueprint = Blueprint("keep", __name__)

PAGE = "k"
_WAITS = (SubscriptionState.WAITING, SubscriptionState.PAUSED)


@blueprint.route("/k/<token>", methods=["GET", "POST"])
@guarded(Guard.LINK)
def keep(token: str) -> Response:
    """GET asks, POST keeps the place in line or gives it up."""
    opened = open_subscription(read_link(token, Purpose.KEEP), campaign="still_waiting")
    if request.method != "POST":
        return _show(opened)
    form = posted()
    act = form.get("act", "")
    if not has_nonce(form, PAGE, opened.id) or act not in ("keep", "stop"):
        return _show(opened, stale=True)
    if act == "stop":
        end(env(), opened.id, circumstances=circumstances(), method="keep_page")
        return tell(opened, "stopped", ways=(ask_again(opened),))
    if keep_waiting(env(), opened.id) is Done.TOO_LATE:
        return _tell_state(open_subscription(opened.id, campaign="still_waiting"))
    return tell(opened, "kept", ways=(see_all(opened),))


def _show(opened: Opened, *, stale: bool = False) -> Response:
    if opened.item.subscription.state not in _WAITS:
        return _tell_state(opened)
    return ask(
        opened,
        PAGE,
        "keep",
        [
            Button(act="keep", label=opened.words["keep_yes"]),
            Button(act="stop", label=opened.words["keep_no"], look="quiet"),
        ],
        stale=stale,
    )


def _tell_state(opened: Opened) -> Response:
    row = opened.item.subscription
    if row.state == SubscriptionState.TOLD:
        ways = (to_product(opened), ask_again(opened))
        return tell(opened, "told", mood="calm", on=opened.day(row.told_at), ways=ways)
    return tell(opened, "too_late", mood="calm", ways=(ask_again(opened),))

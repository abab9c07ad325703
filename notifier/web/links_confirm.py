"""What happens when somebody opens the link that confirms a sign-up?"""

from __future__ import annotations

from flask import Blueprint, Response, request

from notifier.domain.subscription import SubscriptionState
from notifier.services.confirm import confirm as confirm_one
from notifier.services.done import Done
from notifier.services.end_waiting import end
from notifier.services.own_items import Item, load_items
from notifier.services.product_words import product_title
from notifier.services.tell_gone import offered_instead
from notifier.signing import Purpose
from notifier.web.guards import Guard, guarded
from notifier.web.here import circumstances, env
from notifier.web.link_forms import has_nonce, posted, read_link
from notifier.web.opened_link import (
    Button,
    Opened,
    Way,
    ask,
    ask_again,
    open_subscription,
    see_all,
    tell,
    to_product,
)
from notifier.web.pages import web_url
from notifier.web.product_card import card_of

blueprint = Blueprint("confirm", __name__)

PAGE = "c"
_UNCONFIRMED = [SubscriptionState.UNCONFIRMED.value]


@blueprint.route("/c/<token>", methods=["GET", "POST"])
@guarded(Guard.LINK)
def confirm(token: str) -> Response:
    """GET shows what would be confirmed, POST confirms or deletes it and what is ticked."""
    opened = open_subscription(read_link(token, Purpose.CONFIRM), campaign="confirm")
    if request.method != "POST":
        return _show(opened)
    form = posted()
    act = form.get("act", "")
    if not has_nonce(form, PAGE, opened.id) or act not in ("confirm", "delete"):
        return _show(opened, stale=True)
    ticked = [item for item in _others(opened) if str(item.subscription.id) in form.getlist("also")]
    return _confirm(opened, ticked) if act == "confirm" else _delete(opened, ticked)


def _show(opened: Opened, *, stale: bool = False) -> Response:
    row = opened.item.subscription
    if row.state != SubscriptionState.UNCONFIRMED or row.expires_at <= env().now():
        return _tell_state(opened)
    return ask(
        opened,
        PAGE,
        "confirm",
        [
            Button(act="confirm", label=opened.words["confirm_yes"]),
            Button(act="delete", label=opened.words["confirm_no"], look="quiet"),
        ],
        on=opened.day(row.asked_at),
        stale=stale,
        points=[opened.words[f"confirm_point_{name}"] for name in ("once", "date", "stop")],
        others=[_card(opened, item) for item in _others(opened)],
    )


def _others(opened: Opened) -> list[Item]:
    """What the same address has not confirmed either, and still can."""
    _, items = load_items(env(), opened.contact_id, states=_UNCONFIRMED)
    now = env().now()
    return [
        item
        for item in items
        if item.subscription.id != opened.id and item.subscription.expires_at > now
    ]


def _card(opened: Opened, item: Item) -> object:
    return card_of(item, locale=opened.locale, campaign="confirm")


def _confirm(opened: Opened, ticked: list[Item]) -> Response:
    who = circumstances()
    done = confirm_one(env(), opened.id, circumstances=who)
    for item in ticked:
        confirm_one(env(), item.subscription.id, circumstances=who)
    again = open_subscription(opened.id, campaign="confirm")
    also = [
        card_of(
            open_subscription(item.subscription.id, campaign="confirm").item,
            locale=opened.locale,
            campaign="confirm",
        )
        for item in ticked
    ]
    if done is Done.CONFIRMED:
        return tell(again, "confirmed", also=also, ways=(see_all(again),))
    if done is Done.AVAILABLE:
        return tell(again, "available", also=also, ways=(to_product(again),))
    if done is Done.GONE:
        return _tell_gone(again)
    return _tell_state(again)


def _tell_gone(opened: Opened) -> Response:
    """It will never come back: what the message says, too."""
    item = opened.item
    instead = [
        Way(url=web_url(one.page_url), label=product_title(one, opened.locale))
        for one in offered_instead(env(), item.shop, item.variant)
    ]
    return tell(opened, "never", mood="calm", ways=tuple(instead))


def _delete(opened: Opened, ticked: list[Item]) -> Response:
    for id_ in (opened.id, *(item.subscription.id for item in ticked)):
        end(env(), id_, circumstances=circumstances(), method="not_me")
    return tell(open_subscription(opened.id, campaign="confirm"), "deleted", mood="calm")


def _tell_state(opened: Opened) -> Response:
    """There is nothing to confirm any more: say how things stand."""
    row = opened.item.subscription
    if row.state in (SubscriptionState.WAITING, SubscriptionState.PAUSED):
        if opened.item.is_gone:
            return _tell_gone(opened)
        return tell(opened, "already", ways=(see_all(opened),))
    if row.state == SubscriptionState.TOLD:
        ways = (to_product(opened), ask_again(opened))
        return tell(opened, "told", mood="calm", on=opened.day(row.told_at), ways=ways)
    return tell(opened, "too_late", mood="calm", ways=(ask_again(opened), see_all(opened)))

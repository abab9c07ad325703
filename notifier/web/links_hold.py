"""The operator's one click: is a look that was held right, or a mistake of the source?"""

from __future__ import annotations

from flask import Blueprint, Response, request

from notifier.i18n import section
from notifier.services.decide_hold import Decision, Held, decide_hold, load_hold
from notifier.signing import Purpose
from notifier.web.guards import Guard, guarded
from notifier.web.here import env
from notifier.web.link_forms import has_nonce, make_nonce, posted, read_link
from notifier.web.pages import fill, page, visitor_locale
from notifier.web.product_card import day

blueprint = Blueprint("hold", __name__)

PAGE = "h"
_ACTS = {"release": Decision.RELEASED, "drop": Decision.DROPPED}


@blueprint.route("/h/<token>", methods=["GET", "POST"])
@guarded(Guard.LINK)
def hold(token: str) -> Response:
    """GET shows what is held, POST decides. The first decision counts."""
    hold_id = read_link(token, Purpose.HOLD)
    held = load_hold(env(), hold_id)
    if request.method != "POST":
        return _show(held)
    form = posted()
    decision = _ACTS.get(form.get("act", ""))
    if decision is None or not has_nonce(form, PAGE, hold_id):
        return _show(held, stale=True)
    moved = decide_hold(env(), hold_id, decision, by="link")
    if moved is None:
        return _show(load_hold(env(), hold_id))
    return _tell(held, f"hold_{decision.value}", events=moved)


def _show(held: Held, *, stale: bool = False) -> Response:
    if held.hold.decision is not None:
        return _tell(held, f"hold_was_{held.hold.decision}", events=held.hold.events)
    locale = visitor_locale()
    words = section(locale, "page")
    return page(
        "hold",
        locale=locale,
        shop=held.shop,
        status=400 if stale else 200,
        notice=words["stale"] if stale else "",
        held=held,
        since=day(held.hold.at, held.shop, locale=locale),
        nonce=make_nonce(PAGE, held.hold.id),
    )


def _tell(held: Held, key: str, *, events: int) -> Response:
    locale = visitor_locale()
    words = section(locale, "page")
    on = day(held.hold.decided_at or env().now(), held.shop, locale=locale)
    return page(
        "result",
        locale=locale,
        shop=held.shop,
        mood="good" if key == "hold_released" else "calm",
        title=words[f"{key}_title"],
        text=fill(words[f"{key}_text"], count=events, source=held.hold.source, day=on),
        card=None,
        also=[],
        ways=[],
    )

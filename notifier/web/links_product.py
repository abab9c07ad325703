"""Where does the tracked link in a message lead?"""

from __future__ import annotations

from flask import Blueprint, Response, request

from notifier.i18n import format_moment, section
from notifier.services.follow_link import Target, find_target, with_hold
from notifier.services.reserve import has_passed
from notifier.signing import Purpose
from notifier.web.guards import Guard, guarded
from notifier.web.here import env
from notifier.web.link_forms import is_prefetch, read_link
from notifier.web.opened_link import Way
from notifier.web.pages import fill, look_of, page, redirect_to

blueprint = Blueprint("product", __name__)


@blueprint.get("/r/<token>")
@guarded(Guard.LINK)
def product(token: str) -> Response:
    """To the product's page as our catalogue has it; whatever the query says is not looked at."""
    counted = request.method == "GET" and not is_prefetch()
    target = find_target(env(), read_link(token, Purpose.PRODUCT), counted=counted)
    if target.url and has_passed(target.held, now=env().now()):
        return _passed(target)
    if target.url:
        url = with_hold(target.url, token) if target.held else target.url
        return redirect_to(url, status=302)
    words = section(target.locale, "page")
    shop = look_of(target.shop)
    return page(
        "result",
        locale=target.locale,
        shop=target.shop,
        status=410,
        mood="calm",
        title=words["gone_title"],
        text=fill(words["gone_text"], product=target.title, shop=shop.name),
        card=None,
        also=[],
        ways=[Way(url=shop.url, label=fill(words["to_shop"], shop=shop.name))] if shop.url else [],
    )


def _passed(target: Target) -> Response:
    """What was kept for the reader is not any more; it may be there all the same."""
    words = section(target.locale, "page")
    until = target.held.until if target.held else None
    zone = target.shop.config.time_zone
    when = format_moment(until, zone, target.locale) if until else ""
    return page(
        "result",
        locale=target.locale,
        shop=target.shop,
        mood="calm",
        title=words["hold_over_title"],
        text=fill(words["hold_over_text"], product=target.title, time=when),
        card=None,
        also=[],
        ways=[Way(url=target.url, label=words["to_product"])],
    )

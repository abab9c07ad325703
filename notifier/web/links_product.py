"""Where does the tracked link in a message lead?"""

from __future__ import annotations

from flask import Blueprint, Response, request

from notifier.i18n import section
from notifier.services.follow_link import find_target
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
    if target.url:
        return redirect_to(target.url, status=302)
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

"""How does somebody get a new link to everything an address waits for?

Always the same answer, so that nobody learns from it which addresses are known (trust WS-6).
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from notifier.errors import InvalidInput, TooMany
from notifier.i18n import accepted_locales, available_locales, choose_locale, section
from notifier.services.env import ShopRef
from notifier.services.mail_link import mail_manage_link
from notifier.web.guards import Guard, guarded
from notifier.web.here import env
from notifier.web.link_forms import posted
from notifier.web.pages import page
from notifier.web.read_json import single
from notifier.web.shopper_words import problem_words, wait_words

blueprint = Blueprint("new_link", __name__)


@blueprint.route("/f/link", methods=["GET", "POST"])
@guarded(Guard.ANYBODY)
def any_shop() -> Response:
    """From a link that does not work any more, which says nothing about its shop."""
    return _answer(None)


@blueprint.route("/f/<public_key>/link", methods=["GET", "POST"])
@guarded(Guard.PUBLIC_KEY)
def of_shop(public_key: str) -> Response:
    return _answer(env().shop_by_key(public_key))


def _answer(shop: ShopRef | None) -> Response:
    """GET shows the form, POST mails the link if the address is known."""
    asked = single(request.args, allowed={"lang"})
    wanted = (asked.get("lang", ""), *accepted_locales(request.headers.get("Accept-Language", "")))
    locale = choose_locale(wanted, available_locales())
    if request.method != "POST":
        return _show(shop, locale=locale)
    form = posted()
    typed = form.get("address", "")[:2000]
    try:
        if not form.get("website"):
            mail_manage_link(env(), typed, shop=shop, ip=request.remote_addr or "")
    except InvalidInput as error:
        trouble = problem_words(error.problems[0], locale=locale)
        return _show(shop, locale=locale, typed=typed, trouble=trouble, status=422)
    except TooMany as error:
        trouble = wait_words(error, locale=locale)
        answer = _show(shop, locale=locale, typed=typed, trouble=trouble, status=429)
        answer.headers["Retry-After"] = str(max(1, round(error.retry_after.total_seconds())))
        return answer
    words = section(locale, "page")
    return page(
        "result",
        locale=locale,
        shop=shop,
        status=202,
        mood="mail",
        title=words["link_done_title"],
        text=words["link_done_text"],
        card=None,
        also=[],
        ways=[],
    )


def _show(
    shop: ShopRef | None, *, locale: str, typed: str = "", trouble: str = "", status: int = 200
) -> Response:
    return page("link", locale=locale, shop=shop, status=status, typed=typed, trouble=trouble)

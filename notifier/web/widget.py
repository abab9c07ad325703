"""What does the widget need: its own file, availability, and a place to sign up?"""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import NoReturn

from flask import Blueprint, Response, jsonify, request

from notifier.errors import Conflict, InvalidInput, NotFound, TooMany
from notifier.i18n import choose_locale, phrases
from notifier.metrics import SIGN_UPS
from notifier.services.availability import describe
from notifier.services.proof_of_work import has_worked, make_challenge
from notifier.services.subscribe import subscribe
from notifier.web.api.subscriptions import create_by_key
from notifier.web.at_once import REFUSED
from notifier.web.browser_sign_up import locale_of, read_sign_up, sign_up_of
from notifier.web.cors import allow, check_origin, preflight
from notifier.web.fast_door import Keeping, may_be_kept
from notifier.web.guards import Guard, guarded
from notifier.web.here import circumstances, env
from notifier.web.read_json import json_bytes, single
from notifier.web.shopper_words import said_locale, to_shopper

blueprint = Blueprint("widget", __name__)

KEPT_FOR = timedelta(seconds=2)  # what another process stored is shown after this
WIDGET = Path(__file__).parent / "static" / "widget.js"


@cache
def _widget_file() -> tuple[bytes, bytes, str]:
    raw = WIDGET.read_bytes()
    return raw, gzip.compress(raw, 9, mtime=0), hashlib.sha256(raw).hexdigest()[:16]


@blueprint.get("/widget.js")
@guarded(Guard.ANYBODY)
def widget_js() -> Response:
    """The one file a shop includes. With ?v=<digest> it never changes; without, for an hour."""
    raw, packed, digest = _widget_file()
    if request.if_none_match.contains(digest):
        answer = Response(status=304)
    else:
        zipped = "gzip" in request.headers.get("Accept-Encoding", "")
        answer = Response(packed if zipped else raw, mimetype="text/javascript")
        if zipped:
            answer.headers["Content-Encoding"] = "gzip"
    answer.set_etag(digest)
    answer.vary.add("Accept-Encoding")
    fixed = request.args.get("v") == digest
    answer.headers["Cache-Control"] = (
        "public, max-age=31536000, immutable" if fixed else "public, max-age=3600"
    )
    may_be_kept(Keeping(life=timedelta(hours=1)))
    answer.headers["Access-Control-Allow-Origin"] = "*"  # so that integrity= can be checked
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


@blueprint.route("/api/v1/availability", methods=["OPTIONS"])
@blueprint.route("/api/v1/subscriptions", methods=["OPTIONS"])
@guarded(Guard.PUBLIC_KEY)
def options() -> Response:
    return preflight()


@blueprint.get("/api/v1/availability")
@guarded(Guard.PUBLIC_KEY)
def availability() -> Response:
    """Everything the widget needs to draw itself, in the page's language."""
    asked = single(request.args, allowed={"key", "variant", "product", "lang"})
    if "key" not in asked:
        raise InvalidInput.of("key", "missing", "Give the shop's public key.")
    shop = env().shop_by_key(asked["key"])
    origin = check_origin(shop)
    if not (asked.get("variant") or asked.get("product")):
        raise InvalidInput.of("variant", "missing", "Name the variant, or the product.")
    locale = choose_locale(asked.get("lang") or shop.config.locale, shop.config.locales)
    said = describe(
        env(),
        shop,
        variant=asked.get("variant", "")[:255],
        product=asked.get("product", "")[:255],
        locale=locale,
    )
    here = env()
    about = said["variant"] or said["product"]

    def challenge() -> bytes | None:
        return make_challenge(here, shop, about=about) if said["can_subscribe"] else None

    once = challenge()
    said["pow"] = json.loads(once) if once else None
    answer = jsonify(said)
    # a challenge is good for one visitor
    again = (lambda: challenge() or b"null") if once else None
    may_be_kept(Keeping(life=KEPT_FOR, until_change=True, once=once or b"", again=again))
    answer.headers["Cache-Control"] = "no-store"
    return allow(answer, origin)


@blueprint.post("/api/v1/subscriptions")
@guarded(Guard.PUBLIC_KEY)
def subscribe_route() -> Response:
    """A sign-up from a browser; with a bearer key, from the shop's own server."""
    if "Authorization" in request.headers:
        return create_by_key()
    if (refused := request.environ.get(REFUSED)) is not None:  # found out before Flask was asked
        _refuse(refused)
    try:
        body = read_sign_up(json_bytes())
    except InvalidInput as error:
        raise to_shopper(error, locale=said_locale()) from error
    shop = env().shop_by_key(body.key)
    origin = check_origin(shop)
    locale = locale_of(shop, body)
    if body.website:
        SIGN_UPS.labels(answer="honeypot").inc()
        return allow(_answer(locale, sms=body.phone is not None), origin)
    about = {one for one in (body.variant, body.product) if one}
    ask = sign_up_of(
        shop,
        body,
        circumstances=circumstances(page_url=body.page_url),
        has_worked=has_worked(env(), shop, body.pow, about=about),
    )
    try:
        subscribe(env(), shop, ask)
    except (InvalidInput, Conflict, NotFound, TooMany) as error:
        _refuse(to_shopper(error, locale=locale, shop=shop.config.name))
    SIGN_UPS.labels(answer="accepted").inc()
    return allow(_answer(locale, sms=body.phone is not None), origin)


def _refuse(error: Exception) -> NoReturn:
    if isinstance(error, (InvalidInput, Conflict, NotFound)):
        SIGN_UPS.labels(answer=type(error).__name__).inc()
    raise error


@cache
def _done(locale: str, *, sms: bool) -> bytes:
    words = phrases(locale)
    text = words["widget.done_text_sms"] if sms else words["widget.done_text"]
    said: bytes = jsonify({"status": "check_your_inbox", "message": text}).get_data()
    return said


def _answer(locale: str, *, sms: bool) -> Response:
    """The one answer, whoever asked for whatever address (acceptance A15)."""
    answer = Response(_done(locale, sms=sms), status=202, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer

"""What do Shopify and WooCommerce send us, and how are they answered?

Nothing is read before the signature over the raw body was checked. Whoever is not believed hears no
more than that (trust WS-W1, WS-W2, WS-W4).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import Unauthorized

from notifier.errors import InvalidInput
from notifier.metrics import HOOKS_IGNORED, HOOKS_REFUSED
from notifier.services import hear_shop, hear_system
from notifier.services.act_once import Acted
from notifier.services.env import ShopRef
from notifier.services.find_silent import note_delivery
from notifier.services.take_news import take_news
from notifier.web.guards import Guard, guarded
from notifier.web.here import env
from notifier.web.hook_answers import acted_answer
from notifier.web.read_json import HOOK_LIMIT, parse_json, raw_body

blueprint = Blueprint("shop_hooks", __name__, url_prefix="/hooks")

SHOPIFY, WOOCOMMERCE = "shopify", "woocommerce"
_PING = re.compile(rb"webhook_id=\d{1,20}")


@blueprint.post("/shopify/<slug>")
@guarded(Guard.SIGNATURE)
def shopify(slug: str) -> Response:
    """A delivery of Shopify, for the one domain that is configured."""
    body = raw_body(limit=HOOK_LIMIT)
    shop = env().shops.get(slug)
    if (
        shop is None
        or not _is_domain_of(shop)
        or not _is_signed(shop.config.shopify_secrets, body, header="X-Shopify-Hmac-Sha256")
    ):
        raise _refused(SHOPIFY)
    return _take(
        shop,
        SHOPIFY,
        body,
        id_=request.headers.get("X-Shopify-Webhook-Id", ""),
        topic=request.headers.get("X-Shopify-Topic", ""),
        sent_at=request.headers.get("X-Shopify-Triggered-At", ""),
    )


@blueprint.post("/woocommerce/<slug>")
@guarded(Guard.SIGNATURE)
def woocommerce(slug: str) -> Response:
    """A delivery of WooCommerce, or its question, unsigned, whether somebody is here."""
    body = raw_body(limit=HOOK_LIMIT)
    topic = request.headers.get("X-WC-Webhook-Topic", "")
    if not topic and _PING.fullmatch(body):
        return jsonify({"status": "ping"})
    shop = env().shops.get(slug)
    if shop is None or not _is_signed(
        shop.config.woocommerce_secrets, body, header="X-WC-Webhook-Signature"
    ):
        raise _refused(WOOCOMMERCE)
    # A webhook gives one id to all it sends within a second (WC_Webhook, get_new_delivery_id).
    id_ = request.headers.get("X-WC-Webhook-Delivery-ID", "") + "\n" + _said(topic, body)
    return _take(shop, WOOCOMMERCE, body, id_=id_, topic=topic)


def _is_domain_of(shop: ShopRef) -> bool:
    """Shopify signs with the secret of the app, which several shops may have installed."""
    given = request.headers.get("X-Shopify-Shop-Domain", "").strip().lower()
    return bool(given) and given == shop.config.shopify_domain


def _is_signed(secrets: Sequence[str], body: bytes, *, header: str) -> bool:
    return hear_system.is_signed(secrets, body, signature=request.headers.get(header, ""))


def _refused(hook: str) -> Unauthorized:
    HOOKS_REFUSED.labels(hook=hook).inc()
    return Unauthorized("This is not signed with a secret of the shop.")


def _said(topic: str, body: bytes) -> str:
    return hashlib.sha256(topic.encode() + b"\n" + body).hexdigest()


def _take(
    shop: ShopRef, system: str, body: bytes, *, id_: str, topic: str, sent_at: str = ""
) -> Response:
    """Do what it says, once for each delivery. One without an id is known by what it says."""
    report: dict[str, Any] = {}

    def act() -> None:
        value = parse_json(body)
        if not isinstance(value, dict):
            raise InvalidInput.of("body", "not_an_object", "Send a JSON object.")
        news = hear_system.read_news(env(), shop, system, value, topic=topic, sent_at=sent_at)
        if news.known:
            report.update(asdict(take_news(env(), shop, news, system=system)))
        else:
            HOOKS_IGNORED.labels(hook=system).inc()

    known_by = id_ or _said(topic, body)
    acted = hear_shop.hear_once(env(), shop, known_by, body=body, act=act, hook=system)
    if acted is Acted.DONE:  # the same once more does not say that others come
        note_delivery(env(), shop, system)
    return acted_answer(acted, report)

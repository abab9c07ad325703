"""Did the shop really send this, and was it here before? (Standard Webhooks, L14)

https://www.standardwebhooks.com/ — `webhook-id`, `webhook-timestamp` within five minutes,
`webhook-signature` over both and the raw body. Several secrets count while one is changed.
"""

from __future__ import annotations

import binascii
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from notifier.log import log
from notifier.services.act_once import Acted, act_once
from notifier.services.env import Env, ShopRef

TOLERANCE = timedelta(minutes=5)
STOCK = "stock"
LONGEST_ID = 256
MOST_SIGNATURES = 16


def is_signed(
    env: Env, shop: ShopRef, body: bytes, *, id_: str, timestamp: str, signature: str
) -> bool:
    """Whether one of the shop's secrets signed this body, now. Never raises."""
    try:
        at = datetime.fromtimestamp(int(timestamp), UTC)
        text = body.decode("utf-8")
    except (ValueError, OverflowError, OSError):
        return False
    if not 0 < len(id_) <= LONGEST_ID or not id_.isprintable():
        return False
    if abs(env.now() - at) > TOLERANCE:
        return False
    given = [one.encode("utf-8", "replace") for one in signature.split(" ")[:MOST_SIGNATURES]]
    found = False
    for secret in shop.config.push_secrets:
        try:
            expected = Webhook(secret).sign(id_, at, text).encode()
        except (binascii.Error, ValueError, EmptyWebhookSecretError):
            log.error("a push secret is not one: write whsec_ and base64", shop=shop.slug)
            continue
        for one in given:
            found |= hmac.compare_digest(one, expected)
    return found


def hear_once(
    env: Env,
    shop: ShopRef,
    id_: str,
    *,
    body: bytes,
    act: Callable[[], object],
    hook: str = STOCK,
) -> Acted:
    """Do `act` unless this delivery had its effect before; a failed one may come again.

    `hook`: whose ids these are. Those of two hooks have nothing to do with each other.
    """
    of_hook = "" if hook == STOCK else f"\n{hook}"
    name = f"{shop.slug}\n{id_}{of_hook}"
    return act_once(env, name, scope=f"hook:{hook}:{shop.slug}", act=act, body=body)

"""Did the shop's system really send this, and what does it say?

Shopify and WooCommerce sign alike: base64 of the HMAC-SHA256 over the raw body.
What a delivery means is read by the system's file in connectors/shop_hooks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from notifier import plugins
from notifier.domain.dates import read_instant
from notifier.domain.shop_news import ShopNews
from notifier.errors import InvalidInput
from notifier.services.env import Env, ShopRef

GROUP = "notifier.connectors.shop_hooks"
LONGEST_TOPIC = 64
LONGEST_TIME = 64


def is_signed(secrets: Sequence[str], body: bytes, *, signature: str) -> bool:
    """Whether one of the secrets signed this body. Never raises."""
    given = signature.strip().encode("utf-8", "replace")
    found = False
    for secret in secrets:
        made = hmac.digest(secret.encode(), body, hashlib.sha256)
        found |= hmac.compare_digest(base64.b64encode(made), given)
    return found


def read_news(
    env: Env, shop: ShopRef, system: str, value: Any, *, topic: str, sent_at: str = ""
) -> ShopNews:
    """What the parsed body of a delivery says whose signature was checked."""
    news: ShopNews = plugins.load(GROUP, system).read_hook(
        topic[:LONGEST_TOPIC],
        value,
        at=_instant(sent_at),
        site=shop.config.url.rstrip("/"),
        currency=shop.config.currency,
        now=env.now(),
    )
    return news


def _instant(text: str) -> datetime | None:
    try:
        return read_instant(text[:LONGEST_TIME])
    except InvalidInput:
        return None

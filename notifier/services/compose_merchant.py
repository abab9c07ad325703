"""What do messages to who looks after the shop say?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from notifier.domain.message import MessageKind
from notifier.i18n import format_date
from notifier.services.alarm_said import read
from notifier.services.env import Env, ShopRef
from notifier.signing import Purpose
from notifier.store.outbox import MessageRow

HOLD_FOR = timedelta(days=7)


def merchant_values(env: Env, shop: ShopRef, message: MessageRow) -> dict[str, Any]:
    """The values of its kind: trouble, or what was reckoned when it was written."""
    kind = MessageKind(message.kind)
    if kind is MessageKind.SOURCE_TROUBLE:
        return _trouble(env, message)
    return {**(message.facts or {}), "links": {"admin": _admin_link(env, shop, kind)}}


def _admin_link(env: Env, shop: ShopRef, kind: MessageKind) -> str:
    """The page about it; empty where the admin is at an address that we do not know."""
    if env.config.service.admin_listen:
        return ""
    page = "products" if kind is MessageKind.LOW_STOCK else "demand"
    return f"{env.config.service.public_url}/admin/{shop.slug}/{page}"


_SORTS = {"source": "source", "breaker": "source", "order": "order", "alerts": "alerts"}


def _trouble(env: Env, message: MessageRow) -> dict[str, Any]:
    facts = message.facts or {}
    links = {"release": "", "drop": ""}
    if "hold_id" in facts:
        link = env.token_link(
            "h", Purpose.HOLD, int(facts["hold_id"]), expires_at=message.created_at + HOLD_FOR
        )
        links = {"release": link, "drop": link}
    return {
        "source": {
            "sort": _SORTS.get(str(facts.get("code", "source")).partition(".")[0], "other"),
            "name": str(facts.get("source") or facts.get("order") or facts.get("about") or ""),
            "problem": read(facts, message.locale, stored=str(facts.get("message", ""))),
            "since": format_date(message.created_at.date(), message.locale),
            "advice": str(facts.get("advice", "")),
            "held": int(facts.get("events", 0)),
        },
        "links": links,
    }

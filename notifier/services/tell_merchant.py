"""How does the merchant hear of something that is no trouble: by mail, and by Apprise?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from notifier.domain.message import Medium, MessageKind, priority_of
from notifier.domain.work import Work
from notifier.log import log
from notifier.services.env import Env, ShopRef
from notifier.store import outbox
from notifier.store.session import Transaction, soon

WORTH_TELLING = timedelta(days=2)
APPRISE = "apprise"


def apprise_channel(shop: ShopRef, url: str) -> str:
    """The outbox's name for one address of Apprise; the address itself is a secret."""
    return f"{APPRISE}:{shop.slug}:{hashlib.sha256(url.encode()).hexdigest()[:8]}"


def mail_to(env: Env, shop: ShopRef) -> Sequence[str]:
    """Who gets the shop's alerts and its report."""
    if shop.config.mail_channel not in env.config.channels:
        return ()
    operator = env.config.service.operator_email
    return shop.config.alerts.mail_to or ((operator,) if operator else ())


def can_tell(env: Env, shop: ShopRef) -> bool:
    return bool(mail_to(env, shop) or shop.config.alerts.apprise)


def tell_merchant(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    kind: MessageKind,
    facts: dict[str, Any],
    *,
    only_by_mail: bool = False,
    besides: str = "",
) -> int:
    """Enqueue it for everybody who is to hear of it; how many messages. `besides`: an address
    that hears of it in another way."""
    to = [one for one in mail_to(env, shop) if one != besides]
    ways = [(shop.config.mail_channel, address) for address in to]
    if not only_by_mail:
        ways += [(apprise_channel(shop, url), "") for url in shop.config.alerts.apprise]
    now = env.now()
    for channel, address in ways:
        outbox.add_message(
            tx,
            outbox.NewMessage(
                shop_id=shop.id,
                kind=kind.value,
                medium=Medium.EMAIL.value,
                channel=channel,
                locale=shop.config.locale,
                priority=priority_of(kind),
                due_at=now,
                address=address,
                facts=facts,
                expires_at=now + WORTH_TELLING,
            ),
            now=now,
        )
    if ways:
        soon(tx, Work.DELIVER)
    log.info("merchant told", shop=shop.slug, kind=kind.value, messages=len(ways))
    return len(ways)

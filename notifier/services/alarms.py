"""Who hears of trouble, and how often?

An alarm is a row while it lasts: told once by mail to the operator and by webhook to the shop,
counted up while it goes on, cleared when it is over. When a thousand things go wrong at once, the
first of the hour are mailed, and the last of these says that there are more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from notifier.domain.message import Medium, MessageKind, priority_of
from notifier.domain.work import Work
from notifier.log import log
from notifier.services.alarm_said import Said
from notifier.services.env import Env, ShopRef
from notifier.services.hold_alarm import TRIPPED
from notifier.services.hook_out import tell_webhooks
from notifier.store import alarms, outbox
from notifier.store.session import Transaction, soon

HOUR = timedelta(hours=1)
AN_HOUR = 20  # alarms mailed for one shop
MORE = "More alarms of this hour are not mailed; `notifier check` lists what is open."
HOOKS = frozenset({"source.stale", TRIPPED, "alerts.braked"})


def raise_alarm(
    env: Env,
    tx: Transaction,
    *,
    code: str,
    about: str,
    message: Said | str,
    shop: ShopRef | None = None,
    facts: dict[str, Any] | None = None,
) -> bool:
    """Record an alarm; tell people if it is new. True when it was."""
    now = env.now()
    facts = facts or {}
    words = message.facts if isinstance(message, Said) else {}
    message = str(message)
    shop_id = shop.id if shop else None
    kept = {**facts, **words}
    news = alarms.record_alarm(
        tx, code=code, about=about, message=message, shop_id=shop_id, facts=kept, now=now
    )
    if not news:
        return False
    log.warning("alarm raised", code=code, about=about, message=message)
    if shop is None:
        return True
    if code in HOOKS:
        tell_webhooks(env, tx, shop, code, {"about": about, "message": message, **facts})
    operator = env.config.service.operator_email
    this_hour = alarms.raised_since(tx, shop_id=shop.id, since=now - HOUR, limit=AN_HOUR + 1)
    if this_hour > AN_HOUR:
        return True
    if this_hour == AN_HOUR:
        message, words = f"{message} {MORE}", {}
    if operator and shop.config.mail_channel in env.config.channels:
        soon(tx, Work.DELIVER)
        outbox.add_message(
            tx,
            outbox.NewMessage(
                shop_id=shop.id,
                kind=MessageKind.SOURCE_TROUBLE.value,
                medium=Medium.EMAIL.value,
                channel=shop.config.mail_channel,
                locale=shop.config.locale,
                priority=priority_of(MessageKind.SOURCE_TROUBLE),
                due_at=now,
                address=operator,
                facts={"code": code, "about": about, "message": message, **facts, **words},
            ),
            now=now,
        )
    return True


def clear_alarm(env: Env, tx: Transaction, *, code: str, about: str) -> None:
    if alarms.clear_alarm(tx, code=code, about=about, now=env.now()):
        log.info("alarm cleared", code=code, about=about)

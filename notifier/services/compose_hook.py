"""What does the shop's own software receive for one event? A Standard Webhooks body."""

from __future__ import annotations

import json

from notifier.channels.base import Letter
from notifier.services.env import Env
from notifier.signing import Purpose
from notifier.store.outbox import MessageRow


def compose_hook(env: Env, message: MessageRow, *, attempt_no: int) -> Letter:
    """The letter for a webhook; its body is the same on every try."""
    shop = env.shop_by_id(message.shop_id)
    return Letter(
        message_id=message.id,
        uid=env.signer.make(Purpose.MESSAGE, message.id),
        attempt_no=attempt_no,
        kind=message.kind,
        address="",
        shop=shop.slug if shop else "",
        body=json.dumps(message.facts or {}, separators=(",", ":"), ensure_ascii=False),
        not_after=message.expires_at,
        first_tried_at=message.first_tried_at,
        is_retry_of_unknown=message.unknowns > 0,
    )

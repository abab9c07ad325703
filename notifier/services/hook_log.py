"""How do a webhook's deliveries fare? Listing them, sending one again, and sending a test."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from notifier.domain.message import OPEN_STATES, MessageState
from notifier.domain.person import Person
from notifier.domain.work import Work
from notifier.errors import Conflict, NotFound
from notifier.services.audit import note_change
from notifier.services.env import Env, ShopRef
from notifier.services.hook_out import KEEP_TRYING, PING, tell_webhook, webhook_channel
from notifier.store import hook_log
from notifier.store.outbox import MessageRecord
from notifier.store.session import Transaction, soon


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one webhook. `state` is the outbox's word; `next_at`: when it is tried again;
    `code`, `detail`: what came back last."""

    id: int
    event: str
    state: str
    reason: str
    tries: int
    created_at: datetime
    next_at: datetime | None
    finished_at: datetime | None
    code: str
    detail: str
    body: str

    @property
    def is_over(self) -> bool:
        return self.state not in {one.value for one in OPEN_STATES}

    @property
    def is_on_its_way(self) -> bool:
        """Its first answer is still awaited: whoever looks need not wait long."""
        return self.state == MessageState.SENDING or (not self.is_over and not self.tries)

    @property
    def can_go_again(self) -> bool:
        """It is over, or it waits for its next try."""
        return self.is_over or (self.state == MessageState.DUE and self.tries > 0)


def list_deliveries(
    env: Env, shop: ShopRef, name: str, *, before: int | None = None, limit: int
) -> list[Delivery]:
    """The newest first."""
    channel = webhook_channel(shop.slug, name)
    with env.db.read() as tx:
        rows = hook_log.latest(tx, channel=channel, before=before, limit=limit)
    return [_delivery(row) for row in rows]


def send_ping(env: Env, shop: ShopRef, name: str, *, by: Person) -> int:
    """Send a test event the way every event is sent; its id. Raises errors.NotFound."""
    if name not in shop.config.webhooks:
        raise NotFound(f"There is no webhook {name!r}.")

    def work(tx: Transaction) -> int:
        note_change(tx, env, "webhook.tried", by=by, shop=shop, webhook=name)
        return tell_webhook(env, tx, shop, name, event=PING, data={"webhook": name})

    return env.db.retry(work)


def send_again(env: Env, shop: ShopRef, name: str, message_id: int, *, by: Person) -> None:
    """Send one now, also one that is over, with the same webhook-id. Raises errors.Conflict."""
    channel, now = webhook_channel(shop.slug, name), env.now()

    def work(tx: Transaction) -> None:
        until = now + KEEP_TRYING
        if not hook_log.send_again(tx, message_id, channel=channel, expires_at=until, now=now):
            raise Conflict("not_over", "This delivery is still under way, or is gone.")
        soon(tx, Work.DELIVER)
        note_change(tx, env, "webhook.resent", by=by, shop=shop, webhook=name, message=message_id)

    env.db.retry(work)


def _delivery(row: MessageRecord) -> Delivery:
    is_open = row.state in {one.value for one in OPEN_STATES}
    return Delivery(
        id=row.id,
        event=row.kind.removeprefix("hook:"),
        state=row.state,
        reason=row.reason,
        tries=row.attempt_no,
        created_at=row.created_at,
        next_at=row.due_at if is_open else None,
        finished_at=row.finished_at,
        code=row.last_code,
        detail=row.last_detail[:500],
        body=json.dumps(row.facts or {}, indent=2, ensure_ascii=False)[:4000],
    )

"""What becomes of somebody whose text may have meant stop, once a person has read it?

Until then all that the number waits for is paused (services/hear_text.py).
"""

from __future__ import annotations

from notifier.domain.person import Person
from notifier.domain.subscription import SubscriptionState
from notifier.errors import Conflict, NotFound
from notifier.services.alarms import clear_alarm
from notifier.services.audit import note_change
from notifier.services.env import Env, ShopRef
from notifier.store import alarms, people
from notifier.store.session import Transaction

TO_BE_READ = "sms_to_be_read"  # why it is paused
ALARM = "sms.review"


def let_go_on(env: Env, shop: ShopRef, subscription_id: int, *, by: Person) -> None:
    """It was no stop: wait again, in the old place in line.

    Raises errors.NotFound, and Conflict for what is not paused for this reason.
    """

    def work(tx: Transaction) -> None:
        row = people.find_subscription(tx, subscription_id, for_update=True)
        if row is None or row.shop_id != shop.id:
            raise NotFound("There is no such subscription in this shop.")
        if row.state != SubscriptionState.PAUSED or row.reason != TO_BE_READ:
            raise Conflict("not_paused", "No text of this person waits to be read.")
        people.move_subscriptions(
            tx, [row.id], state=SubscriptionState.WAITING.value, paused_until=None, reason=""
        )
        note_change(tx, env, "subscription.resumed", by=by, shop=shop, subscription=row.id)
        _note_read(env, tx, row.contact_id)

    env.db.retry(work)


def note_ended(env: Env, subscription_id: int) -> None:
    """It was a stop, or is over for another reason: its alarm may be as well."""

    def work(tx: Transaction) -> None:
        row = people.find_subscription(tx, subscription_id)
        if row is not None:
            _note_read(env, tx, row.contact_id)

    env.db.retry(work)


def _note_read(env: Env, tx: Transaction, contact_id: int) -> None:
    """Where nothing of this person is paused for it any more, the alarms about it are over."""
    mine = people.subscriptions_of(tx, contact_id)
    paused = [row for row in mine if row.state == SubscriptionState.PAUSED]
    if any(row.reason == TO_BE_READ for row in paused):
        return
    for alarm in alarms.open_alarms(tx):
        if alarm.code == ALARM and alarm.facts.get("contact") == contact_id:
            clear_alarm(env, tx, code=ALARM, about=alarm.about)

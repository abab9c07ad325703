"""What can a customer change by link: pause, resume, how many, which dates, which language?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from notifier.domain.subscription import ACTIVE, EtaNews, SubscriptionState
from notifier.errors import InvalidInput
from notifier.services.env import Env
from notifier.services.own_items import own, shop_of
from notifier.services.subscribe import MAX_QUANTITY
from notifier.store import people
from notifier.store.session import Transaction

PAUSES = {"30": timedelta(days=30), "90": timedelta(days=90), "": None}
MAX_PAUSE = timedelta(days=365)


def pause(env: Env, contact_id: int, subscription_id: int, *, until: datetime | None) -> None:
    """Send nothing until then (None: until resumed); the place in line is kept."""
    if until is not None and not env.now() < until <= env.now() + MAX_PAUSE:
        raise InvalidInput.of("until", "out_of_range", f"{until:%Y-%m-%d} is not in the next year.")
    _move_own(
        env,
        contact_id,
        subscription_id,
        from_states=[SubscriptionState.WAITING],
        state=SubscriptionState.PAUSED.value,
        paused_until=until,
    )


def resume(env: Env, contact_id: int, subscription_id: int) -> None:
    """Wait again, in the old place in line."""
    _move_own(
        env,
        contact_id,
        subscription_id,
        from_states=[SubscriptionState.PAUSED],
        state=SubscriptionState.WAITING.value,
        paused_until=None,
    )


def change_quantity(env: Env, contact_id: int, subscription_id: int, *, quantity: int) -> None:
    if not 1 <= quantity <= MAX_QUANTITY:
        raise InvalidInput.of(
            "quantity",
            "out_of_range",
            f"{quantity} is not between 1 and {MAX_QUANTITY}.",
            first=1,
            last=MAX_QUANTITY,
        )
    _move_own(env, contact_id, subscription_id, from_states=ACTIVE, quantity=quantity)


def change_eta_news(
    env: Env, contact_id: int, subscription_id: int, *, news: EtaNews | None
) -> None:
    """How far a date must move to be told; None: as the shop thinks right."""
    _move_own(
        env,
        contact_id,
        subscription_id,
        from_states=ACTIVE,
        eta_days=None if news is None else news.value,
    )


def change_locale(env: Env, contact_id: int, subscription_id: int, *, locale: str) -> None:
    with env.db.read() as tx:
        row = own(tx, contact_id, subscription_id)
    if locale not in shop_of(env, row).config.locales:
        raise InvalidInput.of("locale", "not_offered", f"{locale!r} is not offered here.")
    _move_own(env, contact_id, subscription_id, from_states=ACTIVE, locale=locale)


def _move_own(
    env: Env,
    contact_id: int,
    subscription_id: int,
    *,
    from_states: Sequence[SubscriptionState] | None = None,
    **values: Any,
) -> None:
    def work(tx: Transaction) -> None:
        row = own(tx, contact_id, subscription_id)
        people.move_subscriptions(
            tx,
            [row.id],
            from_states=[s.value for s in from_states] if from_states else None,
            **values,
        )

    env.db.retry(work)

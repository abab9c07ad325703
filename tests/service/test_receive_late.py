"""What does a receipt change of a message that stands otherwise by now? (trust SM-3, EM-23)"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from notifier.channels.base import Blame, ReceiptKind
from notifier.services.env import Env, open_env
from notifier.store.session import Database
from tests.timing import SettableClock
from tests.told_kettle import say, tell_of_kettle
from tests.web.storefront import Storefront, config
from tests.web.stories import Stories

STORIES = Stories()


@pytest.fixture
def env(database: Database, clock: SettableClock, tmp_path: Path) -> Env:
    return open_env(config(tmp_path), clock=clock, db=database)


@pytest.fixture
def store(env: Env, tmp_path: Path) -> Storefront:
    return Storefront(env=env, folder=tmp_path)


@pytest.fixture
def told(store: Storefront, clock: SettableClock) -> int:
    """Ann was told that the kettle is back and waits for a shirt; the message's id."""
    return STORIES.tell(tell_of_kettle, store=store, clock=clock)


def meanwhile(env: Env, message: int, state: str, *, tries: int = 1) -> None:
    """The message stands so, and Ann waits for the kettle still."""
    with env.db.write() as tx:
        tx.exec_driver_sql(
            f"UPDATE messages SET state = '{state}', attempt_no = {tries} WHERE id = {message}"
        )
        tx.exec_driver_sql(
            "UPDATE subscriptions SET state = 'waiting', told_at = NULL WHERE id = 1"
        )


def message_of(store: Storefront, message: int) -> dict[str, Any]:
    return store.rows("SELECT * FROM messages WHERE id = :id", id=message)[0]


def test_what_was_called_off_and_arrived_all_the_same_is_booked_as_arrived(
    env: Env, store: Storefront, told: int
) -> None:
    """A sender that died had handed it over."""
    meanwhile(env, told, "skipped")
    say(env, told, ReceiptKind.DELIVERED)
    assert message_of(store, told)["state"] == "delivered"
    assert store.state(1) == "told"


@pytest.mark.parametrize(("state", "tries"), [("skipped", 1), ("due", 0), ("refused", 1)])
def test_that_somebody_took_it_is_no_news_where_the_sender_knows_better(
    env: Env, store: Storefront, told: int, state: str, tries: int
) -> None:
    meanwhile(env, told, state, tries=tries)
    say(env, told, ReceiptKind.ACCEPTED)
    assert message_of(store, told)["state"] == state
    assert store.state(1) == "waiting"


def test_what_was_refused_and_came_back_besides_is_booked_as_come_back(
    env: Env, store: Storefront, told: int
) -> None:
    meanwhile(env, told, "refused")
    say(env, told, ReceiptKind.BOUNCED, blame=Blame.ADDRESS, code="5.1.1")
    assert message_of(store, told)["state"] == "bounced"
    assert store.state(1) == "ended"


@pytest.mark.parametrize("blame", [Blame.CONTENT, Blame.MAILBOX, Blame.NOBODY])
def test_a_mail_that_came_back_for_another_reason_shuts_no_address(
    env: Env, store: Storefront, told: int, blame: Blame
) -> None:
    say(env, told, ReceiptKind.BOUNCED, blame=blame, code="5.7.1")
    assert message_of(store, told)["state"] == "bounced"
    assert store.rows("SELECT * FROM suppressions") == []
    assert store.state(2) == "waiting"


def test_the_first_name_a_provider_gave_a_message_stays(
    env: Env, store: Storefront, told: int
) -> None:
    first = message_of(store, told)["provider_id"]
    assert first
    say(env, told, ReceiptKind.DELIVERED, provider_id="another")
    assert message_of(store, told)["provider_id"] == first


def test_a_stop_about_what_was_told_ends_it(env: Env, store: Storefront, told: int) -> None:
    say(env, told, ReceiptKind.STOPPED, blame=Blame.OPTED_OUT)
    assert store.state(1) == "ended"
    assert store.state(2) == "waiting"


def test_a_stop_to_a_letter_about_all_ends_all(env: Env, store: Storefront, told: int) -> None:
    with env.db.write() as tx:
        tx.exec_driver_sql(f"UPDATE messages SET subscription_id = NULL WHERE id = {told}")
    say(env, told, ReceiptKind.STOPPED, blame=Blame.OPTED_OUT)
    assert store.state(2) == "ended"
    assert store.one("SELECT reason FROM suppressions") == "unsubscribed"

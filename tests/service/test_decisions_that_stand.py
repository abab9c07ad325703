"""Does what a customer decides stand, and is nobody asked or reminded twice, when another looks at
the same moment?

On PostgreSQL; on SQLite one writes at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifier.errors import NotFound, TooMany
from notifier.services.change_address import MOVES_A_DAY, change_address
from notifier.services.confirm import confirm, resend_confirmation
from notifier.services.consent import Circumstances
from notifier.services.done import Done
from notifier.services.end_waiting import end, keep
from notifier.services.manage import pause, resume
from notifier.services.privacy import erase_address
from notifier.services.sweep import sweep
from notifier.services.tidy import tidy
from notifier.store import limits, people, purge, waiting
from notifier.store.people import find_contact
from tests.meanwhile import Meanwhile
from tests.world import ANN, BEN, EVE, World

pytestmark = pytest.mark.parametrize("engine_name", ["postgres"], indirect=True)
DAY = timedelta(days=1)
HERE = Circumstances()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    world = make_world(release={"strategy": "all", "reminder_after": DAY})
    world.see("SHIRT-S", 0)
    return world


def forget_soon(world: World, one: int, *, asked: bool = False) -> None:
    """The time of what somebody waits for is over."""
    over = {"expires_at": world.clock(), "renewal_asked_at": world.clock() if asked else None}
    with world.db.write() as tx:
        people.move_subscriptions(tx, [one], **over)


def test_who_says_that_they_still_wait_goes_on_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = world.waits(ANN)
    forget_soon(world, ann, asked=True)
    with Meanwhile(world, monkeypatch) as she:
        she.acts_after(waiting, "expired", lambda: keep(world.env, ann))
        sweep(world.env)
    now = world.subscription(ann).state
    assert (she.answer(), now) in [(Done.CONFIRMED, "waiting"), (Done.TOO_LATE, "ended")]


def test_two_who_look_at_once_ask_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_soon(world, world.waits(ANN))
    with Meanwhile(world, monkeypatch) as other:
        other.acts_after(waiting, "expired", lambda: sweep(world.env))
        sweep(world.env)
    world.run()
    assert len(world.mails(ANN, "still_waiting")) == 1


def test_two_who_look_at_once_remind_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.waits(ANN)
    world.see("SHIRT-S", 5)
    world.run()
    world.see("SHIRT-S", 5, step=1.5 * DAY)
    with Meanwhile(world, monkeypatch) as other:
        other.acts_after(waiting, "told_and_not_seen", lambda: sweep(world.env))
        sweep(world.env)
    world.run()
    assert len(world.mails(ANN, "reminder")) == 1


def test_who_pauses_anew_is_not_woken_by_the_pause_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = world.waits(ANN)
    contact = world.subscription(ann).contact_id
    pause(world.env, contact, ann, until=world.clock() + DAY)
    world.clock.advance(DAY)
    later = world.clock() + 30 * DAY

    def pause_anew() -> None:
        resume(world.env, contact, ann)
        pause(world.env, contact, ann, until=later)

    with Meanwhile(world, monkeypatch) as she:
        she.acts_before(people, "move_subscriptions", pause_anew)
        sweep(world.env)
    assert world.subscription(ann).paused_until == later


def test_who_confirms_at_the_last_moment_is_not_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = world.asks(ANN)
    assert ann is not None
    world.clock.advance(60 * DAY)
    with Meanwhile(world, monkeypatch) as she:
        she.acts_after(purge, "purge_ids", lambda: _or_gone(world, ann))
        tidy(world.env)
    assert (she.answer() is Done.CONFIRMED) is bool(world.count("subscriptions"))


def _or_gone(world: World, one: int) -> Done | None:
    try:
        return confirm(world.env, one, circumstances=HERE)
    except NotFound:
        return None


def test_what_is_ended_is_not_brought_back_by_asking_again(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shop's server says that she agreed, and at that moment she ends it by the link."""
    world = make_world()
    world.see("SHIRT-S", 0)
    ann = world.asks(ANN)
    assert ann is not None
    with Meanwhile(world, monkeypatch) as she:
        she.acts_after(people, "find_active", lambda: end(world.env, ann, circumstances=HERE))
        world.asks(ANN, confirmed=True)
    assert she.answer() is Done.ENDED
    row = world.subscription(ann)
    assert (row.state, row.ended_reason) == ("ended", "customer")


def test_who_confirms_while_an_address_moves_there_is_told_at_one_address(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = world.waits(ANN)
    ben = world.asks(BEN)
    assert ben is not None
    contact = world.subscription(ann).contact_id
    with Meanwhile(world, monkeypatch) as he:
        he.acts_after(people, "find_active", lambda: confirm(world.env, ben, circumstances=HERE))
        change_address(world.env, contact, ann, email=BEN, circumstances=HERE)
    he.answer()
    row = world.subscription(ben)
    assert (row.state, row.replaces_id) == ("waiting", ann)
    assert row.expires_at - world.clock() > 100 * DAY
    assert world.subscription(ann).state == "ended"


def test_who_asks_while_the_address_is_erased_waits_or_was_erased_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.see("SHIRT-M", 0)
    ann = world.waits(ANN)
    contact = world.subscription(ann).contact_id
    with world.db.read() as tx:
        found = find_contact(tx, contact_id=contact)
    assert found is not None
    with Meanwhile(world, monkeypatch) as she:
        she.acts_before(purge, "erase_contact", lambda: world.asks(ANN, "SHIRT-M"))
        erase_address(world.env, found.address_hash, by="owner")
    anew = she.answer()
    row = world.subscription(anew)
    assert (row.contact_id != contact) or row.state == "ended"


def test_moving_to_many_addresses_at_once_stays_within_the_limit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = world.waits(ANN)
    contact = world.subscription(ann).contact_id

    def move(to: str) -> bool:
        world.clock.advance(timedelta(seconds=1))
        try:
            change_address(world.env, contact, ann, email=to, circumstances=HERE)
        except TooMany:
            return False
        return True

    moved = [move(f"a{n}@waits.example") for n in range(MOVES_A_DAY - 1)]
    with Meanwhile(world, monkeypatch) as she:
        she.acts_after(limits, "room_at", lambda: move(EVE))
        moved.append(move(BEN))
    assert sum([*moved, she.answer()]) == MOVES_A_DAY


def test_confirmations_asked_for_at_once_stay_within_the_limit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By two who read her mail, of two notices."""
    world.see("SHIRT-M", 0)
    one, two = (world.asks(ANN, key) or 0 for key in ("SHIRT-S", "SHIRT-M"))
    contact = world.subscription(one).contact_id

    def ask(subscription: int) -> None:
        world.clock.advance(timedelta(minutes=1))
        resend_confirmation(world.env, contact, subscription)

    allowed = world.config.limits.confirmations_per_address
    for n in range(allowed - 2):
        ask((one, two)[n % 2])
    assert world.count("messages", "kind = 'confirm'") == allowed - 1
    with Meanwhile(world, monkeypatch) as other:
        other.acts_after(limits, "have_room", lambda: ask(two))
        ask(one)
    other.answer()
    assert world.count("messages", "kind = 'confirm'") == allowed

"""What does confirming change, and when is the link sent anew? (acceptance A3, E6)"""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifier.domain.availability import Availability
from notifier.errors import TooMany
from notifier.services.confirm import confirm, resend_confirmation
from notifier.services.consent import Circumstances
from notifier.services.done import Done
from tests.world import ANN, World

HERE = Circumstances()
DAY = timedelta(days=1)


@pytest.fixture
def asked(world: World) -> int:
    """Ann asked for the shirt in S; M is sold out, too."""
    for key in ("SHIRT-S", "SHIRT-M"):
        world.see(key, 0)
    id_ = world.asks(ANN)
    assert id_ is not None
    return id_


def test_who_confirms_waits_from_now_on_for_as_long_as_the_shop_keeps_wishes(
    world: World, asked: int
) -> None:
    world.clock.advance(DAY)
    assert confirm(world.env, asked, circumstances=HERE) is Done.CONFIRMED
    row = world.subscription(asked)
    assert (row.state, row.told_at, row.reason) == ("waiting", None, "")
    assert row.confirmed_at == world.clock.now
    assert row.expires_at == world.clock.now + world.shop.config.subscription_lifetime


def test_whom_the_page_tells_is_told_then_and_why_is_written_down(world: World, asked: int) -> None:
    world.see("SHIRT-S", 3)
    assert confirm(world.env, asked, circumstances=HERE) is Done.AVAILABLE
    row = world.subscription(asked)
    assert (row.state, row.reason) == ("told", "told_on_confirmation")
    assert row.told_at == world.clock.now
    world.run()
    assert world.mails(ANN) == []


@pytest.mark.parametrize(
    ("physical_only", "done"), [(False, Done.AVAILABLE), (True, Done.CONFIRMED)]
)
def test_who_wants_it_from_the_shelf_waits_while_it_can_only_be_ordered(
    world: World, physical_only: bool, done: Done
) -> None:
    world.reconfigure(stock={"backorder_counts": True})
    world.see("SHIRT-S", 0)
    asked = world.asks(ANN, physical_only=physical_only)
    assert asked is not None
    world.see("SHIRT-S", availability=Availability.BACKORDER)
    assert confirm(world.env, asked, circumstances=HERE) is done


def test_who_will_take_any_is_told_when_one_of_them_is_there(world: World, asked: int) -> None:
    any_of = world.asks("any@waits.example", any_variant=True)
    assert any_of is not None
    world.see("SHIRT-M", 3)
    assert confirm(world.env, any_of, circumstances=HERE) is Done.AVAILABLE
    assert confirm(world.env, asked, circumstances=HERE) is Done.CONFIRMED


@pytest.mark.parametrize("waiting_mail", [True, False])
def test_a_mail_that_one_waits_now_goes_where_the_shop_wants_it(
    world: World, asked: int, waiting_mail: bool
) -> None:
    world.reconfigure(waiting_mail=waiting_mail)
    assert confirm(world.env, asked, circumstances=HERE) is Done.CONFIRMED
    world.run()
    assert len(world.mails(ANN, "waiting")) == waiting_mail


def test_a_link_sent_anew_has_its_whole_time(world: World, asked: int) -> None:
    world.clock.advance(DAY)
    resend_confirmation(world.env, world.subscription(asked).contact_id, asked)
    row = world.subscription(asked)
    assert row.asked_at == world.clock.now
    assert row.expires_at == world.clock.now + world.config.retention.unconfirmed


def test_who_asks_anew_too_soon_is_told_when_to_come_back(world: World, asked: int) -> None:
    world.clock.advance(timedelta(seconds=20))
    contact = world.subscription(asked).contact_id
    with pytest.raises(TooMany) as refused:
        resend_confirmation(world.env, contact, asked)
    assert refused.value.retry_after == timedelta(seconds=40)
    world.clock.advance(timedelta(seconds=40))
    resend_confirmation(world.env, contact, asked)
    assert world.count("messages", "kind = 'confirm'") == 2


def test_an_unanswered_link_for_one_wish_does_not_keep_back_that_of_another(
    world: World, asked: int
) -> None:
    other = world.asks(ANN, "SHIRT-M")
    assert other is not None
    assert world.count("messages", "kind = 'confirm'") == 1
    world.clock.advance(timedelta(minutes=1))
    resend_confirmation(world.env, world.subscription(other).contact_id, other)
    assert world.count("messages", "kind = 'confirm'") == 2

"""Is a new date that came too soon after the last notice told later, once, if it matters?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from notifier.domain.eta import Eta
from notifier.services import announce, tell_next
from notifier.services.manage import pause, resume
from notifier.services.pace import Pace
from notifier.services.steer_release import stop_release
from notifier.services.sweep import sweep
from tests.fakes.smtp_server import Fault, StoredMessage
from tests.fakes.twilio import FakeTwilio
from tests.world import ANN, BEN, World

WEEK, DAY, HOUR = timedelta(days=7), timedelta(days=1), timedelta(hours=1)
TEN, TWENTY, MARCH = Eta.on(date(2027, 1, 10)), Eta.on(date(2027, 1, 20)), Eta.on(date(2027, 3, 1))


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world(
        release={"strategy": "all"},
        eta_notice_days=3,
        eta_notice_every=WEEK,
        webhooks={"shop": {"url": "http://127.0.0.1:9/", "events": ["stock.eta_revised"]}},
    )


def text_of(mail: StoredMessage) -> str:
    return str(mail.parsed.get_body(("plain",)).get_content())


def pass_time(world: World, length: timedelta, *, step: timedelta = DAY) -> None:
    """The sweep runs again and again meanwhile."""
    until = world.clock() + length
    while world.clock() < until:
        world.clock.advance(min(step, until - world.clock()))
        sweep(world.env)
        world.run()


def dates(world: World, to: str) -> list[StoredMessage]:
    return world.mails(to, "eta_revised")


def told_twenty(world: World, *people: str, variant: str = "SHIRT-S") -> list[int]:
    """They were told a moment ago that it is expected on 20 January, which was the 10th."""
    world.see(variant, 0, eta=TEN)
    ids = [world.waits(one, variant) for one in people]
    world.run()
    world.see(variant, 0, eta=TWENTY)
    world.run()
    assert all(len(dates(world, one)) == 1 for one in people)
    return ids


def test_a_date_that_came_too_soon_is_told_when_the_interval_is_over(world: World) -> None:
    told_twenty(world, ANN, BEN)
    world.see("SHIRT-S", 0, eta=MARCH)
    world.run()
    pass_time(world, WEEK - HOUR)
    assert len(dates(world, ANN)) == 1
    pass_time(world, 2 * HOUR, step=timedelta(minutes=20))
    for one in (ANN, BEN):
        _, second = dates(world, one)
        assert "1 March 2027" in text_of(second)
        assert "20 January 2027" in text_of(second)  # which it was said to be
    pass_time(world, 3 * WEEK)
    assert len(dates(world, ANN)) == len(dates(world, BEN)) == 2
    assert world.count("events", "kind = 'eta_revised'") == 3
    assert world.count("messages", "kind = 'hook:stock.eta_revised'") == 2  # two dates


def test_noise_and_dates_that_are_over_are_never_told(world: World) -> None:
    told_twenty(world, ANN)
    world.see("SHIRT-S", 0, eta=Eta.on(date(2027, 1, 22)))
    world.run()
    pass_time(world, 2 * WEEK)
    world.see("SHIRT-M", 0, eta=TEN, product="MUG")
    world.waits(BEN, "SHIRT-M")
    world.run()
    world.see("SHIRT-M", 0, product="MUG", eta=Eta.on(date(2027, 1, 15)))
    world.run()
    assert len(dates(world, BEN)) == 1
    world.see("SHIRT-M", 0, product="MUG", eta=Eta.on(world.clock().date() + 2 * DAY))
    world.run()
    pass_time(world, 5 * WEEK)
    assert len(dates(world, ANN)) == len(dates(world, BEN)) == 1
    assert world.count("events", "kind = 'eta_revised' AND sequence LIKE 'again%'") == 0


def test_a_date_that_changed_back_meanwhile_is_no_news(world: World) -> None:
    told_twenty(world, ANN)
    world.see("SHIRT-S", 0, eta=MARCH)
    world.see("SHIRT-S", 0, eta=TWENTY)
    world.run()
    pass_time(world, 2 * WEEK)
    assert len(dates(world, ANN)) == 1


def test_who_paused_while_the_date_moved_hears_of_it_after_resuming(world: World) -> None:
    world.see("SHIRT-S", 0, eta=TEN)
    ann = world.waits(ANN)
    contact = world.subscription(ann).contact_id
    pause(world.env, contact, ann, until=None)
    world.see("SHIRT-S", 0, eta=MARCH)
    world.run()
    pass_time(world, DAY)
    assert dates(world, ANN) == []
    resume(world.env, contact, ann)
    pass_time(world, 2 * DAY)
    assert len(dates(world, ANN)) == 1


def test_two_variants_with_two_dates_are_not_told_in_turn(world: World) -> None:
    world.see("SHIRT-S", 0, eta=TEN)
    world.see("SHIRT-M", 0, eta=MARCH)
    world.waits(ANN, any_variant=True)
    told_twenty(world, BEN)
    assert len(dates(world, ANN)) == 1
    pass_time(world, 4 * WEEK)
    assert len(dates(world, ANN)) == 1
    world.see("SHIRT-S", 0, eta=Eta.on(date(2027, 2, 10)))  # now the 20th is true of none
    world.see("SHIRT-S", 0, eta=Eta.on(date(2027, 2, 20)))
    world.run()
    assert len(dates(world, ANN)) == len(dates(world, BEN)) == 2
    pass_time(world, 4 * WEEK)
    assert len(dates(world, ANN)) == len(dates(world, BEN)) == 2


def test_an_address_that_cannot_be_reached_makes_no_endless_events(world: World) -> None:
    told_twenty(world, ANN)
    world.see("SHIRT-S", 0, eta=MARCH)
    world.run()
    world.smtp.misbehave(Fault(at="dot", reply="550 5.7.1 Not this text", times=1000))
    pass_time(world, 2 * WEEK, step=timedelta(hours=4))
    assert world.count("events", "kind = 'eta_revised' AND sequence LIKE 'again%'") <= 2


def test_what_a_person_stopped_stays_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told_twenty(world, ANN)
    world.see("SHIRT-S", 0, eta=MARCH)
    monkeypatch.setattr(tell_next, "CHUNK", 1)
    world.env.pace = Pace(turn=0)
    announce.announce(world.env)  # one step
    [last] = world.rows("SELECT max(id) AS id FROM releases")
    stop_release(world.env, world.shop, last["id"], by="Olga")
    pass_time(world, 2 * WEEK)
    assert len(dates(world, ANN)) == 1


def test_a_date_that_passes_while_its_message_waits_is_not_told(
    make_world: Callable[..., World],
) -> None:
    with FakeTwilio() as twilio:
        world = make_world(twilio=twilio, release={"strategy": "all"})
        world.see("SHIRT-S", 0, eta=TEN)
        world.waits("+12125550123")
        world.run()
        world.clock.advance(timedelta(hours=13, minutes=30))  # evening in New York
        world.see("SHIRT-S", 0, eta=Eta.on(world.clock().date()))
        world.run()
        world.clock.advance(timedelta(hours=16, minutes=30))
        world.run()
        rows = world.rows("SELECT state, reason FROM messages WHERE kind = 'eta_revised'")
    assert rows == [{"state": "skipped", "reason": "date_over"}]

"""Does a release count what is spoken for, whatever happens between its waves?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from notifier.errors import Conflict
from notifier.services import open_wave
from notifier.services.consent import Circumstances
from notifier.services.end_waiting import end
from notifier.services.report_purchase import GivenPurchase, report_purchases
from notifier.services.reserve import reservation_of, use_reservation
from notifier.services.steer_release import pause_release, resume_release, show_release
from notifier.services.sweep import sweep
from notifier.services.wave_words import why_nobody, why_wave
from tests.fakes.smtp_server import Fault
from tests.world import ANN, BEN, EVE, World

ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])  # no SQL of its own
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def message_to(world: World, address: str) -> int:
    rows = world.rows(
        "SELECT m.id FROM messages m JOIN contacts c ON c.id = m.contact_id"
        " WHERE c.address = :address AND m.kind = 'back_in_stock' ORDER BY m.id",
        address=address,
    )
    return int(rows[-1]["id"])


def told(world: World) -> list[int]:
    return [len(world.mails(one, "back_in_stock")) for one in (ANN, BEN, EVE)]


def a_line(make_world: Callable[..., World], **release: Any) -> World:
    world = make_world(double_opt_in=False, release=release, stock={"cool_down": timedelta(0)})
    world.see("SHIRT-S", 0)
    for address in (ANN, BEN, EVE):
        world.asks(address)
    return world


def test_who_bought_before_the_server_answered_gets_no_second_promise(
    make_world: Callable[..., World],
) -> None:
    world = a_line(make_world, hold_for=2 * HOUR)
    world.smtp.misbehave(Fault(at="dot", drop=True, stores=True))
    world.see("SHIRT-S", 1)
    world.run()
    anns = message_to(world, ANN)
    assert use_reservation(world.env, world.shop, anns, ref="1001").state == "used"
    for _ in range(4):
        world.see("SHIRT-S", 0, step=10 * MINUTE)
        world.run()
    assert told(world) == [1, 0, 0]
    assert reservation_of(world.env, world.shop, anns).state == "used"


@ON_SQLITE
def test_a_unit_that_has_passed_on_is_not_promised_by_a_message_that_comes_late(
    make_world: Callable[..., World],
) -> None:
    world = a_line(make_world, hold_for=30 * MINUTE)
    world.smtp.misbehave(Fault(at="rcpt", rcpt=ANN, reply="451 4.3.0 Not now", times=6))
    world.see("SHIRT-S", 1)
    for _ in range(40):
        sweep(world.env)
        world.run()
        held = world.rows("SELECT units FROM reservations WHERE state IN ('due', 'held')")
        assert sum(row["units"] for row in held) <= 1
        world.see("SHIRT-S", 1, step=10 * MINUTE)
    order = [mail.rcpt_to[0] for mail in world.mails(kind="back_in_stock")]
    assert order == [BEN, EVE, ANN], "as soon as she can be reached it is her turn again"


@ON_SQLITE
def test_what_was_bought_is_offered_to_nobody_before_the_stock_shows_it(
    make_world: Callable[..., World],
) -> None:
    world = a_line(make_world, hold_for=2 * HOUR)
    world.see("SHIRT-S", 1)
    world.run()
    world.clock.advance(110 * MINUTE)
    use_reservation(world.env, world.shop, message_to(world, ANN), ref="1001")
    for _ in range(4):
        world.clock.advance(10 * MINUTE)
        world.run()
    assert told(world) == [1, 0, 0]
    world.see("SHIRT-S", 1)  # another one came in since
    world.clock.advance(10 * MINUTE)
    world.run()
    assert told(world) == [1, 1, 0]


@pytest.mark.parametrize("engine_name", ["postgres"], indirect=True)
def test_what_is_bought_and_seen_while_a_wave_is_planned_is_offered_to_nobody(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite plans in one snapshot."""
    world = a_line(make_world, hold_for=24 * HOUR)
    world.see("SHIRT-S", 2)
    world.run()
    assert told(world) == [1, 1, 0]
    world.clock.advance(10 * MINUTE)
    anns, read = message_to(world, ANN), open_wave.units_for
    meanwhile = iter([True])

    def units_for(*about: Any) -> int | None:
        units = read(*about)
        if next(meanwhile, False):
            use_reservation(world.env, world.shop, anns, ref="1001")
            world.see("SHIRT-S", 1)
        return units

    monkeypatch.setattr(open_wave, "units_for", units_for)
    world.run()
    assert next(meanwhile, None) is None, "a wave was planned"
    assert told(world) == [1, 1, 0], "Ben has the last one"


@ON_SQLITE
def test_a_purchase_that_is_reported_ends_the_buyers_reservation(
    make_world: Callable[..., World],
) -> None:
    world = a_line(make_world, hold_for=24 * HOUR)
    world.see("SHIRT-S", 2)
    world.run()
    assert told(world) == [1, 1, 0]
    bought = GivenPurchase(ref="1001", variant="SHIRT-S", at=world.clock(), email=ANN)
    report_purchases(world.env, world.shop, [bought])
    assert reservation_of(world.env, world.shop, message_to(world, ANN)).state == "used"
    world.see("SHIRT-S", 1, step=10 * MINUTE)
    world.run()
    assert told(world) == [1, 1, 0], "what is left is Ben's"
    world.see("SHIRT-S", 2, step=10 * MINUTE)
    world.run()
    assert told(world) == [1, 1, 1]


@ON_SQLITE
def test_more_units_are_offered_although_nobodys_time_is_over(
    make_world: Callable[..., World],
) -> None:
    world = a_line(make_world, hold_for=24 * HOUR)
    world.see("SHIRT-S", 1)
    world.run()
    world.see("SHIRT-S", 2, step=10 * MINUTE)
    world.run()
    assert told(world) == [1, 1, 0]


def two_restocks(make_world: Callable[..., World]) -> tuple[World, int]:
    """Ten came in; while a part of the line knows, they seem to go and come once more."""
    world = make_world(double_opt_in=False, stock={"cool_down": HOUR})
    world.see("SHIRT-S", 0)
    for number in range(60):
        world.asks(f"p{number}@waits.example")
    world.see("SHIRT-S", 10)
    world.run()
    first = world.count("subscriptions", "state = 'told'")
    world.see("SHIRT-S", 0)
    world.see("SHIRT-S", 10)
    world.run()
    return world, first


def after_the_cool_down(world: World) -> None:
    world.see("SHIRT-S", 10, step=HOUR - MINUTE)
    sweep(world.env)
    world.run()


def test_a_second_restock_reckons_with_those_whom_the_first_one_told(
    make_world: Callable[..., World],
) -> None:
    world, first = two_restocks(make_world)
    after_the_cool_down(world)
    told_then, told_now = world.rows("SELECT id, told, state, reason FROM releases ORDER BY id")
    assert (told_then["state"], told_then["reason"], told_then["told"]) == ("done", "newer", first)
    assert told_now["state"] == "running"
    facts = show_release(world.env, world.shop, told_now["id"]).waves[0].facts
    assert facts["told_before"] == first
    assert world.count("messages", "kind = 'back_in_stock'") == first + told_now["told"]


@ON_SQLITE
def test_what_a_person_has_paused_does_not_go_on_beside_a_newer_release(
    make_world: Callable[..., World],
) -> None:
    world, _ = two_restocks(make_world)
    [first] = world.rows("SELECT id FROM releases")
    pause_release(world.env, world.shop, first["id"], by="Olga")
    after_the_cool_down(world)
    with pytest.raises(Conflict, match="came back once more"):
        resume_release(world.env, world.shop, first["id"], by="Olga")
    [paused, _] = world.rows("SELECT state FROM releases ORDER BY id")
    assert paused["state"] == "paused"


@ON_SQLITE
@pytest.mark.parametrize("strategy", ["adaptive", "per_unit", "fixed"])
def test_who_wants_more_than_there_is_makes_no_waves(
    make_world: Callable[..., World], strategy: str
) -> None:
    world = make_world(double_opt_in=False, release={"strategy": strategy})
    world.see("SHIRT-S", 0)
    world.asks(ANN, quantity=5)
    world.asks(BEN)
    world.see("SHIRT-S", 3)
    for _ in range(20):
        world.run()
        world.see("SHIRT-S", 3, step=30 * MINUTE)
    [release] = world.rows("SELECT id FROM releases")
    shown = show_release(world.env, world.shop, release["id"])
    if strategy == "fixed":  # counts people, and tells whoever is next
        assert (told(world), shown.release.state) == ([1, 1, 0], "done")
        return
    assert (told(world), shown.release.state) == ([0, 1, 0], "running")
    assert [wave.told for wave in shown.waves] == [1]
    too_few = "3 there: those who are left want more each."
    said = why_nobody(shown.release, "en")
    assert said == too_few or (strategy == "adaptive" and said.startswith("3 there. "))
    for _ in range(4):
        world.see("SHIRT-S", 6, step=HOUR)
        world.run()
    assert told(world) == [1, 1, 0]
    shown = show_release(world.env, world.shop, release["id"])
    assert [wave.number for wave in shown.waves] == [1, 2]
    assert why_nobody(shown.release, "en") == ""


@ON_SQLITE
@pytest.mark.parametrize("release", [{"hold_for": HOUR}, {"strategy": "per_unit", "rate": 1}])
def test_a_unit_that_is_left_over_is_said(
    make_world: Callable[..., World], release: dict[str, Any]
) -> None:
    world = make_world(double_opt_in=False, release=release)
    world.see("SHIRT-S", 0)
    for address in (ANN, BEN, EVE):
        world.asks(address, quantity=2)
    world.see("SHIRT-S", 3)
    world.run()
    assert told(world) == [1, 0, 0]
    [row] = world.rows("SELECT id FROM releases")
    [wave] = show_release(world.env, world.shop, row["id"]).waves
    left = "1 left over: the next in line wants more than that."
    assert why_wave(wave, "en").endswith(left)


@ON_SQLITE
def test_what_a_wave_keeps_for_later_is_not_said_to_be_left_over(
    make_world: Callable[..., World],
) -> None:
    world = make_world(double_opt_in=False)
    world.see("SHIRT-S", 0)
    for number in range(40):
        world.asks(f"p{number}@waits.example", quantity=3 if number == 7 else 1)
    world.see("SHIRT-S", 4)
    world.run()
    world.see("SHIRT-S", 4, step=20 * HOUR)
    world.run()
    [row] = world.rows("SELECT id FROM releases")
    waves = show_release(world.env, world.shop, row["id"]).waves
    assert len(waves) > 1
    for wave in waves:
        words = why_wave(wave, "en")
        assert f"{wave.told} told now" in words or "One is told" in words
        assert "left over" not in words


@ON_SQLITE
def test_why_nobody_is_told_is_said_between_waves(make_world: Callable[..., World]) -> None:
    world = a_line(make_world)
    for number in range(20):
        world.clock.advance(MINUTE)
        world.asks(f"p{number}@waits.example")
    world.see("SHIRT-S", 1)
    world.run()
    world.see("SHIRT-S", 1, step=10 * MINUTE)
    world.run()
    [row] = world.rows("SELECT id FROM releases")
    shown = show_release(world.env, world.shop, row["id"])
    assert "Nobody is told now" in why_nobody(shown.release, "en")
    assert "last_look" not in shown.rules


@ON_SQLITE
@pytest.mark.parametrize("strategy", ["adaptive", "per_unit", "fixed"])
def test_a_release_ends_when_all_have_left_the_line(
    make_world: Callable[..., World], strategy: str
) -> None:
    world = make_world(double_opt_in=False, release={"strategy": strategy, "rate": 1, "size": 1})
    world.see("SHIRT-S", 0)
    asked = [world.asks(one) for one in (ANN, BEN, EVE)]
    world.see("SHIRT-S", 1)
    world.run()
    assert told(world) == [1, 0, 0]
    for one in asked[1:]:
        end(world.env, one or 0, circumstances=Circumstances())
    for _ in range(30):
        world.see("SHIRT-S", 1, step=HOUR)
        world.run()
    [release] = world.rows("SELECT id, state FROM releases")
    waves = show_release(world.env, world.shop, release["id"]).waves
    assert (release["state"], [wave.told for wave in waves]) == ("done", [1])

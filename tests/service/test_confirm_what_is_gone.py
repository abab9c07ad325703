"""What do people hear who confirm when the thing will never come back?"""

from __future__ import annotations

import pytest

from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.services.confirm import confirm
from notifier.services.consent import Circumstances
from notifier.services.decide_hold import Decision, decide_hold
from notifier.services.done import Done
from notifier.services.observe import observe
from notifier.services.tell_gone import offered_instead
from notifier.store import catalogue
from tests.world import ANN, BEN, World

HERE = Circumstances()
GONE = Availability.DISCONTINUED


def confirms(world: World, asked: int | None) -> Done:
    assert asked is not None
    done = confirm(world.env, asked, circumstances=HERE)
    world.run()
    return done


@pytest.mark.parametrize("announced", [True, False])
def test_who_confirms_too_late_is_told_with_alternatives_and_waits_no_longer(
    world: World, announced: bool
) -> None:
    world.see("TEAPOT", 3, product="TEAPOT", title="Clay teapot")
    world.see("SHIRT-S", 0)
    waits, asked = world.waits(BEN), world.asks(ANN)
    world.see("SHIRT-S", availability=GONE, alternatives=("TEAPOT",))
    if announced:
        world.run()

    assert confirms(world, asked) is Done.GONE

    [mail] = world.mails(ANN, "discontinued")
    assert "Clay teapot" in mail.parsed.get_body(("plain",)).get_content()
    assert len(world.mails(BEN, "discontinued")) == 1
    for one in (asked, waits):
        assert world.subscription(one).ended_reason == "discontinued"
    assert [row["act"] for row in world.rows("SELECT act FROM ledger ORDER BY id")][-1] != "asked"


def test_confirming_again_brings_no_second_message(world: World) -> None:
    world.see("SHIRT-S", 0)
    asked = world.asks(ANN)
    world.see("SHIRT-S", availability=GONE)
    world.announce()  # to nobody
    assert asked is not None
    assert confirm(world.env, asked, circumstances=HERE) is Done.GONE
    assert confirm(world.env, asked, circumstances=HERE) is Done.ALREADY
    world.run()
    assert confirm(world.env, asked, circumstances=HERE) is Done.TOO_LATE
    world.run()
    assert len(world.mails(ANN, "discontinued")) == 1


def test_who_will_take_any_variant_waits_on_while_one_may_come_back(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    first = world.asks(ANN, "SHIRT-S", any_variant=True)
    world.see("SHIRT-S", availability=GONE)
    world.run()
    assert confirms(world, first) is Done.CONFIRMED
    assert world.subscription(first).state == "waiting"


def test_who_will_take_any_variant_is_told_when_none_will_come_back(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    asked = world.asks(ANN, "SHIRT-S", any_variant=True)
    world.see("SHIRT-S", availability=GONE)
    world.see("SHIRT-M", availability=GONE)
    world.run()
    assert confirms(world, asked) is Done.GONE
    assert len(world.mails(ANN, "discontinued")) == 1
    assert world.subscription(asked).state == "ended"


def test_who_asked_for_it_in_two_ways_hears_it_once_and_waits_for_nothing(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    asked = [world.asks(ANN, "SHIRT-M"), world.asks(ANN, any_variant=True)]
    world.see("SHIRT-S", availability=GONE)
    world.see("SHIRT-M", availability=GONE)
    world.announce()
    for one in asked:
        assert one is not None
        assert confirm(world.env, one, circumstances=HERE) is Done.GONE
    world.run()
    assert len(world.mails(ANN, "discontinued")) == 1
    assert [world.subscription(one or 0).state for one in asked] == ["ended", "ended"]


def test_who_confirms_when_its_news_was_tidied_away_is_told_all_the_same(world: World) -> None:
    world.see("SHIRT-S", 0)
    asked = world.asks(ANN)
    world.see("SHIRT-S", availability=GONE)
    world.run()
    with world.db.write() as tx:
        for table in ("waves", "releases", "events"):
            tx.exec_driver_sql(f"DELETE FROM {table}")
    assert confirms(world, asked) is Done.GONE
    assert len(world.mails(ANN, "discontinued")) == 1


def test_offered_instead_is_what_is_shown_in_the_shop_and_has_a_page(world: World) -> None:
    more = {"availability": Availability.IN_STOCK}
    for key, url in (("A", "https://k.example/a"), ("B", ""), ("C", "https://k.example/c")):
        world.see(key, product=key, url=url, **more)
    for number in range(5):
        world.see(f"M{number}", product=f"M{number}", url="https://k.example/m", **more)
    with world.db.write() as tx:
        tx.exec_driver_sql("UPDATE products SET published = FALSE WHERE key = 'C'")
    keys = ("NEVER-SEEN", "C", "B", "A", *(f"M{number}" for number in range(5)))
    world.see("SHIRT-S", availability=GONE, alternatives=keys)
    with world.db.read() as tx:
        [variant] = catalogue.find_variants_by_key(tx, world.shop.id, ["SHIRT-S"]).values()
    found = offered_instead(world.env, world.shop, variant)
    assert [one.key for one in found] == ["A", "M0", "M1", "M2"]


def test_while_the_news_is_held_who_confirms_hears_it_when_it_is_released(world: World) -> None:
    for n in range(60):
        world.see(f"MUG-{n}", 0, product=f"MUG-{n}")
    asked = world.asks(ANN, "MUG-0")
    hold_id = all_gone(world, [f"MUG-{n}" for n in range(60)])
    assert confirms(world, asked) is Done.GONE
    assert world.mails(ANN, "discontinued") == []
    decide_hold(world.env, hold_id, Decision.RELEASED, by="Olga")
    world.run()
    assert len(world.mails(ANN, "discontinued")) == 1
    assert world.subscription(asked).state == "ended"


def all_gone(world: World, keys: list[str]) -> int:
    """One push says of all of them that they will never come back; it is held."""
    seen = [Observation(key=key, product_key=key, availability=GONE) for key in keys]
    report = observe(world.env, world.shop, seen)
    assert report.hold_id is not None
    return report.hold_id

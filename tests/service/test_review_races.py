"""Is everybody who asks while the goods come told now or later, whoever is quicker?

Real threads on both databases (trust RL-21, RL-22, FI-30).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.errors import Conflict
from notifier.services.confirm import confirm
from notifier.services.consent import Circumstances
from notifier.services.done import Done
from notifier.services.end_waiting import end
from notifier.services.observe import observe
from tests.world import ANN, World

ROUNDS = 12
HERE = Circumstances()


def at_once(*works: Callable[[], object]) -> list[object]:
    """Start all works at the same moment; their results, or the Conflict that one raised."""
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        gate.wait(30)
        try:
            return work()
        except Conflict as error:
            return error.code

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def see(world: World, keys: Sequence[str], units: int) -> None:
    word = Availability.IN_STOCK if units else Availability.OUT_OF_STOCK
    observe(
        world.env,
        world.shop,
        [Observation(key=key, availability=word, quantity=units) for key in keys],
    )


def mugs(world: World) -> list[str]:
    keys = [f"MUG-{n}" for n in range(ROUNDS)]
    see(world, keys, 0)
    return keys


@pytest.mark.fault("FI-30")
def test_confirming_while_the_goods_come_is_told_on_the_page_or_by_mail(world: World) -> None:
    keys = mugs(world)
    for n, key in enumerate(keys):
        address = f"p{n}@waits.example"
        asked = world.asks(address, key)
        assert asked is not None
        done, *_ = at_once(
            lambda asked=asked: confirm(world.env, asked, circumstances=HERE),
            lambda key=key: see(world, [key], 5),
            world.announce,
        )
        world.run()
        mails = len(world.mails(address, "back_in_stock"))
        assert (done, mails) in [(Done.AVAILABLE, 0), (Done.CONFIRMED, 1)]
        assert world.subscription(asked).state == "told"


@pytest.mark.fault("FI-30")
def test_signing_up_while_the_goods_come_is_refused_or_told_by_mail(world: World) -> None:
    """Ann has confirmed before, so she waits from the moment she asks."""
    keys = mugs(world)
    world.waits(ANN, keys[0])
    for key in keys[1:]:
        world.run()
        before = len(world.mails(ANN, "back_in_stock"))
        made, *_ = at_once(
            lambda key=key: world.asks(ANN, key),
            lambda key=key: see(world, [key], 5),
            world.announce,
        )
        world.run()
        mails = len(world.mails(ANN, "back_in_stock")) - before
        assert mails == (0 if made == "available" else 1)


def test_the_same_sign_up_many_times_at_once_is_one(world: World) -> None:
    for key in mugs(world)[:4]:
        made = at_once(*[lambda key=key: world.asks(ANN, key)] * 4)
        assert len([one for one in made if one is not None]) == 1
    assert world.count("subscriptions") == 4


@pytest.mark.fault("FI-30")
def test_stopping_while_a_message_leaves_sends_it_or_not_but_never_twice(world: World) -> None:
    keys = mugs(world)
    wishes = {key: world.waits(f"p{n}@waits.example", key) for n, key in enumerate(keys)}
    world.run()
    see(world, keys, 5)
    world.announce()
    at_once(
        *[
            lambda one=one: end(world.env, one, circumstances=HERE)
            for one in list(wishes.values())[:6]
        ],
        world.deliver,
    )
    world.run()
    for n, one in enumerate(wishes.values()):
        mails = len(world.mails(f"p{n}@waits.example", "back_in_stock"))
        assert mails <= 1
        assert world.subscription(one).state == ("ended" if n < 6 else "told")


def test_two_looks_at_the_same_variants_in_another_order_announce_once(world: World) -> None:
    keys = mugs(world)
    for n, key in enumerate(keys):
        world.waits(f"p{n}@waits.example", key)
    world.run()
    at_once(lambda: see(world, keys, 5), lambda: see(world, keys[::-1], 5))
    world.run()
    assert world.count("events", "kind = 'back_in_stock'") == len(keys)
    for n in range(len(keys)):
        assert len(world.mails(f"p{n}@waits.example", "back_in_stock")) == 1

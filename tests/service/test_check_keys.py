"""Does `notifier check` notice that an old secret key is missing?"""

from __future__ import annotations

from notifier.connectors.base import Finding
from notifier.services.check import check_all
from notifier.services.consent import Circumstances
from notifier.services.end_waiting import end
from notifier.services.env import Env, open_env
from notifier.services.privacy import erase_address
from notifier.store import shut_addresses
from tests.world import ANN, BEN, EVE, World

OLD = "a key that only tests would ever use"
NEW = "another key that only tests would use"


def with_keys(world: World, *keys: str) -> Env:
    """Olga restarts with these keys."""
    service = world.config.service.model_copy(update={"secret_keys": keys})
    config = world.config.model_copy(update={"service": service})
    return open_env(config, clock=world.clock, db=world.db)


def found(env: Env) -> Finding:
    [one] = [one for one in check_all(env) if one.about == "service.secret_keys"]
    return one


def live_a_while(world: World) -> None:
    """Ann and Ben sign up; Ben bounces; Eve comes, is shut out and erased."""
    world.see("SHIRT-S", 0)
    for address in (ANN, BEN, EVE):
        world.asks(address)
    with world.db.write() as tx:
        for address in (BEN, EVE):
            shut = world.env.signer.hash_address("email", address)
            shut_addresses.suppress(
                tx, address_hash=shut, reason="bounced", source="", at=world.clock()
            )
    erase_address(world.env, world.env.signer.hash_address("email", EVE), by="owner")


def test_keys_that_find_every_address_are_fine(world: World) -> None:
    live_a_while(world)
    for keys in ((OLD,), (NEW, OLD)):
        assert found(with_keys(world, *keys)).level == "ok"


def test_without_the_oldest_key_it_says_what_is_not_found_any_more_and_how_to_keep_it(
    world: World,
) -> None:
    live_a_while(world)
    one = found(with_keys(world, NEW))
    assert one.level == "warn"
    assert "2 of 2 addresses, and up to 2 that must not be written to" in one.message
    assert "back, at the end of the list" in one.advice


def test_keys_in_the_wrong_order_are_told_apart_from_a_missing_one(world: World) -> None:
    live_a_while(world)
    one = found(with_keys(world, OLD, NEW))
    assert one.level == "warn"
    assert "move it to the end" in one.advice


def test_what_came_after_the_key_was_dropped_is_not_counted(world: World) -> None:
    live_a_while(world)
    world.env = with_keys(world, NEW)
    new = world.asks("cem@waits.example")
    assert new is not None
    end(world.env, new, circumstances=Circumstances())
    assert "2 of 3 addresses" in found(world.env).message


def test_an_empty_service_has_nothing_to_lose(world: World) -> None:
    assert found(with_keys(world, NEW)).level == "ok"

"""Is who comes back after an erasure somebody new?"""

from __future__ import annotations

from notifier.services.own_items import load_items
from notifier.services.privacy import erase_address, export_address
from tests.world import ANN, World


def test_nothing_from_before_an_erasure_is_found_again_after_a_new_sign_up(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    world.waits(ANN)
    address_hash = world.env.signer.hash_address("email", ANN)
    erase_address(world.env, address_hash, by="owner")
    assert world.count("contacts", "address_hash = :it", it=address_hash) == 0
    again = world.asks(ANN, "SHIRT-M")
    assert again is not None
    assert world.subscription(again).state == "unconfirmed"
    _, items = load_items(world.env, world.subscription(again).contact_id)
    assert [item.subscription.id for item in items] == [again]
    exported = export_address(world.env, address_hash, by="owner")
    assert [row["id"] for row in exported["subscriptions"]] == [again]
    assert erase_address(world.env, address_hash, by="owner").subscriptions == 1

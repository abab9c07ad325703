"""Is who comes back after an erasure somebody new, and is nothing said of them afterwards?"""

from __future__ import annotations

import pytest

from notifier.services.book_batch import BatchBook
from notifier.services.own_items import load_items
from notifier.services.privacy import erase_address, export_address
from notifier.services.tidy import tidy
from tests.fakes.smtp_server import Fault
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


def test_what_the_server_answers_after_an_erasure_is_not_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The letter is on its way at that moment, and the answer names the address."""
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.run()
    world.see("SHIRT-S", 5)
    world.announce()
    world.smtp.misbehave(Fault(at="rcpt", rcpt=ANN, reply=f"550 5.1.1 <{ANN}>: unknown user"))
    address_hash = world.env.signer.hash_address("email", ANN)
    book, once = BatchBook._book, iter([True])

    def erase_first(mine: BatchBook, *, tries: int) -> None:
        if mine._unbooked and next(once, False):
            erase_address(world.env, address_hash, by="owner")
        book(mine, tries=tries)

    monkeypatch.setattr(BatchBook, "_book", erase_first)
    world.deliver()
    assert next(once, None) is None, "a letter was on its way"
    assert tidy(world.env)["erased"] == 1
    said = "last_detail <> '' OR provider_id <> '' OR facts IS NOT NULL"
    assert world.count("messages", said) == 0
    assert world.count("attempts", "detail <> ''") == world.count("receipts", "detail <> ''") == 0
    assert tidy(world.env)["erased"] == 0

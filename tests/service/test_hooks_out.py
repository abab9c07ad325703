"""Does the shop's own software hear who waits for what, in ids that it knows?"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from notifier.channels.base import Blame, Receipt, ReceiptKind
from notifier.domain.subscription import EndedReason
from notifier.services.consent import Circumstances
from notifier.services.end_waiting import end
from notifier.services.receive import receive
from notifier.services.steer_release import stop_release
from notifier.signing import Purpose
from tests.world import ANN, BEN, World

HOOK = {"erp": {"url": "http://127.0.0.1:9/hooks", "events": ["*"]}}
MakeWorld = Callable[..., World]


def told(world: World, event: str) -> list[dict[str, Any]]:
    found = world.rows("SELECT facts FROM messages WHERE medium = 'webhook' ORDER BY id")
    plain = [one["facts"] for one in found]
    all_told = [json.loads(one) if isinstance(one, str) else one for one in plain]
    return [one["data"] for one in all_told if one["type"] == event]


def test_hooks_name_product_and_variant(make_world: MakeWorld) -> None:
    world = make_world(release={"strategy": "all"}, webhooks=HOOK)
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    ann = world.waits(ANN, "SHIRT-S")
    ben = world.waits(BEN, "SHIRT-S", any_variant=True)

    one = {"subscription": ann, "medium": "email", "product": "SHIRT", "variant": "SHIRT-S"}
    either = {"subscription": ben, "medium": "email", "product": "SHIRT", "variant": None}
    assert told(world, "subscription.confirmed") == [one, either]

    end(
        world.env,
        ben,
        circumstances=Circumstances(origin="test"),
        reason=EndedReason.CUSTOMER,
        method="link",
    )
    ended = {"subscription": ben, "reason": "customer", "product": "SHIRT", "variant": None}
    assert told(world, "subscription.ended") == [ended]

    world.see("SHIRT-S", 5)
    world.announce()
    [finished] = told(world, "release.finished")
    assert (finished["product"], finished["variant"]) == ("SHIRT", "SHIRT-S")
    assert (finished["kind"], finished["told"]) == ("back_in_stock", 1)
    assert (finished["state"], finished["reason"]) == ("done", "")


def ends(world: World) -> list[tuple[str, str, int]]:
    return [(one["state"], one["reason"], one["told"]) for one in told(world, "release.finished")]


def test_a_release_that_stops_is_told_with_the_reason(make_world: MakeWorld) -> None:
    world = make_world(release={"strategy": "fixed", "size": 1}, webhooks=HOOK)
    world.see("SHIRT-S", 0)
    for who in (ANN, BEN, "cleo@waits.example"):
        world.waits(who)
    world.see("SHIRT-S", 5)
    world.announce()
    world.see("SHIRT-S", 0)
    world.deliver()  # the sender sees that it is gone
    world.deliver()
    assert ends(world) == [("stopped", "sold_out", 1)]

    world.see("SHIRT-S", 5)
    world.run()
    world.see("SHIRT-S", 0, step=timedelta(hours=1))
    world.announce()  # there is another wave to come, and the job for waves sees it
    world.announce()
    assert ends(world)[1:] == [("stopped", "sold_out", 2)]

    [release] = world.rows("SELECT id FROM releases")
    for _ in range(2):
        stop_release(world.env, world.shop, release["id"], by="olga")
    assert ends(world)[2:] == [("stopped", "person", 2)]


def test_a_release_of_what_is_taken_from_sale_is_told_with_the_reason(
    make_world: MakeWorld,
) -> None:
    world = make_world(release={"strategy": "fixed", "size": 1}, webhooks=HOOK)
    world.see("SHIRT-S", 0)
    for who in (ANN, BEN):
        world.waits(who)
    world.see("SHIRT-S", 5)
    world.run()
    world.see("SHIRT-S", 5, step=timedelta(hours=1))
    world.db.retry(lambda tx: tx.execute(text("UPDATE products SET published = false")))
    world.announce()
    assert ends(world) == [("stopped", "unpublished", 1)]


def test_who_need_not_confirm_is_told_of_as_well(make_world: MakeWorld) -> None:
    world = make_world(double_opt_in=False, webhooks=HOOK)
    world.see("SHIRT-S", 0)
    ann = world.asks(ANN, "SHIRT-S")
    world.asks(ANN, "SHIRT-S")
    [confirmed] = told(world, "subscription.confirmed")
    assert (confirmed["subscription"], confirmed["variant"]) == (ann, "SHIRT-S")


def says(world: World, message: int, kind: ReceiptKind, **said: Any) -> None:
    uid = world.env.signer.make(Purpose.MESSAGE, message)
    event = f"{kind.value} {message}"
    receive(world.env, Receipt(provider="test", event_id=event, kind=kind, uid=uid, **said))


def alerts(world: World) -> list[int]:
    found = world.rows("SELECT id FROM messages WHERE kind = 'back_in_stock' ORDER BY id")
    return [one["id"] for one in found]


def test_an_address_that_is_not_written_to_again_is_told_with_the_reason(
    make_world: MakeWorld,
) -> None:
    world = make_world(release={"strategy": "all"}, webhooks=HOOK)
    world.see("SHIRT-S", 0)
    for who in (ANN, BEN, "cleo@waits.example"):
        world.waits(who)
    world.see("SHIRT-S", 5)
    world.run()
    returned, complained, full = alerts(world)

    says(world, returned, ReceiptKind.BOUNCED, blame=Blame.ADDRESS, code="5.1.1")
    says(world, complained, ReceiptKind.COMPLAINED, code="abuse")
    says(world, full, ReceiptKind.SOFT_BOUNCED, blame=Blame.MAILBOX, code="5.2.2")

    kind = "back_in_stock"
    assert told(world, "message.bounced") == [
        {"message": returned, "kind": kind, "reason": "bounced", "code": "5.1.1"},
        {"message": complained, "kind": kind, "reason": "complained", "code": "abuse"},
    ]

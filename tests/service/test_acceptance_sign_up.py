"""Acceptance rows A: signing up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifier.domain.availability import Availability
from notifier.errors import BadToken, Conflict, InvalidInput, NotFound, TooMany
from notifier.services.confirm import confirm
from notifier.services.consent import Circumstances
from notifier.services.done import Done
from notifier.services.end_waiting import end
from notifier.services.put_products import WrittenProduct, put_products, written
from notifier.services.tidy import tidy
from notifier.signing import Purpose
from tests.world import ANN, BEN, World

HERE = Circumstances(ip="203.0.113.7")


def test_A1_a_guest_can_ask_for_a_sold_out_variant_and_is_unconfirmed(world: World) -> None:
    world.see("SHIRT-S", 0)
    asked = world.asks(ANN)
    world.deliver()
    assert world.subscription(asked).state == "unconfirmed"
    [mail] = world.mails(ANN, "confirm")
    assert "c" in world.links(mail)


def test_A2_asking_twice_makes_no_second_row_and_no_second_mail(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.asks(ANN)
    assert world.asks(ANN) is None
    world.deliver()
    assert world.count("subscriptions") == 1
    assert len(world.mails(ANN)) == 1


def test_A3_case_and_outer_blanks_do_not_make_another_person(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.asks(ANN)
    assert world.asks(f"  {ANN.upper()} ") is None
    assert world.count("contacts") == 1


@pytest.mark.parametrize("address", ["", "ann", "ann@", "a b@c.example", "ann@waits"])
def test_A4_an_invalid_address_is_a_field_error_and_stores_nothing(
    world: World, address: str
) -> None:
    world.see("SHIRT-S", 0)
    with pytest.raises(InvalidInput) as refused:
        world.asks(address)
    assert refused.value.problems[0].field == "email"
    assert world.count("contacts") == 0
    assert world.count("messages") == 0


def test_A5_what_can_be_bought_now_is_refused_as_available(world: World) -> None:
    world.see("SHIRT-S", 4)
    with pytest.raises(Conflict) as refused:
        world.asks(ANN)
    assert refused.value.code == "available"
    assert world.count("subscriptions") == 0


def test_A6_unknown_unpublished_and_opted_out_products_are_refused_alike(world: World) -> None:
    world.see("SHIRT-S", 0)
    with pytest.raises(NotFound) as unknown:
        world.asks(ANN, "NOPE")
    _put(world, published=False)
    with pytest.raises(NotFound) as unpublished:
        world.asks(ANN)
    _put(world, published=True, alerts=False)
    with pytest.raises(NotFound) as opted_out:  # the parent's opt-out covers its variants
        world.asks(ANN)
    assert str(unknown.value) == str(unpublished.value) == str(opted_out.value)


def test_A7_another_variant_does_not_satisfy_but_any_variant_does(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    wants_s = world.waits(ANN, "SHIRT-S")
    wants_any = world.waits(BEN, "SHIRT-S", any_variant=True)
    world.see("SHIRT-M", 5)
    world.run()
    assert world.mails(ANN, "back_in_stock") == []
    assert len(world.mails(BEN, "back_in_stock")) == 1
    assert world.subscription(wants_s).state == "waiting"
    assert world.subscription(wants_any).state == "told"


def test_A8_an_unconfirmed_person_is_never_told(world: World) -> None:
    world.see("SHIRT-S", 0)
    asked = world.asks(ANN)
    world.see("SHIRT-S", 5)
    world.run()
    assert world.mails(ANN, "back_in_stock") == []
    assert world.subscription(asked).state == "unconfirmed"


def test_A8_confirming_when_it_is_there_already_says_so_on_the_page(world: World) -> None:
    """The written rule: the page is the telling; no message follows."""
    world.see("SHIRT-S", 0)
    asked = world.asks(ANN)
    world.see("SHIRT-S", 5)
    world.run()
    assert confirm(world.env, asked, circumstances=HERE) is Done.AVAILABLE
    world.run()
    assert world.mails(ANN, "back_in_stock") == []
    assert world.subscription(asked).state == "told"
    assert world.subscription(asked).reason == "told_on_confirmation"


def test_A9_an_old_link_does_not_confirm_and_a_new_request_has_a_new_one(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.asks(ANN)
    world.deliver()
    old = world.links(world.mails(ANN, "confirm")[0])["c"]
    world.clock.advance(timedelta(days=2, seconds=1))
    with pytest.raises(BadToken):
        world.env.signer.read(old, purpose=Purpose.CONFIRM, now=world.clock())
    world.asks(ANN)
    world.deliver()
    new = world.links(world.mails(ANN, "confirm")[1])["c"]
    assert new != old
    claim = world.env.signer.read(new, purpose=Purpose.CONFIRM, now=world.clock())
    assert confirm(world.env, claim.subject, circumstances=HERE) is Done.CONFIRMED


def test_A10_one_unconfirmed_request_per_address_gets_a_mail(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    world.asks(ANN, "SHIRT-S")
    world.asks(ANN, "SHIRT-M")
    world.deliver()
    assert len(world.mails(ANN, "confirm")) == 1
    assert world.count("subscriptions", "state = 'unconfirmed'") == 2


def test_A11_an_unconfirmed_request_can_be_cancelled_from_its_mail(world: World) -> None:
    world.see("SHIRT-S", 0)
    asked = world.asks(ANN)
    world.deliver()
    token = world.links(world.mails(ANN, "confirm")[0])["u"]
    claim = world.env.signer.read(token, purpose=Purpose.UNSUBSCRIBE, now=world.clock())
    assert end(world.env, claim.subject, circumstances=HERE) is Done.ENDED
    assert world.subscription(asked).state == "ended"
    assert confirm(world.env, asked, circumstances=HERE) is Done.TOO_LATE


def test_A12_limits_by_network_and_by_address_are_independent(world: World) -> None:
    variants = [f"MUG-{n}" for n in range(25)]
    for variant in variants:
        world.see(variant, 0, product=variant)
    crowd = Circumstances(ip="203.0.113.7")
    for n in range(20):
        world.asks(f"p{n}@waits.example", variants[0], circumstances=crowd)
    with pytest.raises(TooMany) as refused:
        world.asks("p21@waits.example", variants[0], circumstances=crowd)
    assert refused.value.retry_after > timedelta(0)
    # nothing half-applied remains of the refused one
    assert world.count("contacts", "address = 'p21@waits.example'") == 0
    # another network still may; the same /24 may not
    with pytest.raises(TooMany):
        world.asks("p22@w.example", variants[0], circumstances=Circumstances(ip="203.0.113.99"))
    assert world.asks("p23@w.example", variants[0], circumstances=Circumstances(ip="198.51.100.1"))


def test_A12_an_address_gets_three_confirmation_mails_a_day_and_no_more(world: World) -> None:
    for n in range(6):
        world.see(f"MUG-{n}", 0, product=f"MUG-{n}")
    for n in range(6):
        asked = world.asks(ANN, f"MUG-{n}", circumstances=Circumstances(ip=f"198.51.{n}.1"))
        end(world.env, asked, circumstances=HERE)
    world.deliver()
    assert world.count("messages", "kind = 'confirm'") == 3


def test_A12_switching_a_limit_off_writes_nothing(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.env.config = world.config.model_copy(
        update={
            "limits": world.config.limits.model_copy(
                update={
                    "signups_per_network": 0,
                    "signups_per_product": 0,
                    "confirmations_per_address": 0,
                    "confirmations_per_shop": 0,
                }
            )
        }
    )
    world.see("SHIRT-S", 0)
    world.asks(ANN, circumstances=HERE)
    assert world.count("limits") == 0


def test_A19_stale_requests_are_purged_and_zero_keeps_them(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.asks(ANN)
    world.waits(BEN)
    world.deliver()
    keep = world.config.retention
    world.clock.advance(timedelta(days=31))
    world.env.config = world.config.model_copy(
        update={"retention": keep.model_copy(update={"purge_unconfirmed": timedelta(0)})}
    )
    tidy(world.env)
    assert world.count("subscriptions", "state = 'unconfirmed'") == 1
    world.env.config = world.config
    tidy(world.env)
    assert world.count("subscriptions", "state = 'unconfirmed'") == 0
    assert world.count("subscriptions", "state = 'waiting'") == 1
    assert world.count("contacts") == 1


def test_A20_an_address_of_254_characters_is_stored_whole(world: World) -> None:
    domain = ".".join(["x" * 60] * 3 + ["y" * 2]) + ".example"
    address = "a" * (254 - len(domain) - 1) + "@" + domain
    assert len(address) == 254
    world.see("SHIRT-S", 0)
    world.asks(address)
    assert world.rows("SELECT address FROM contacts")[0]["address"] == address


def test_discontinued_products_are_refused_with_their_own_code(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-S", availability=Availability.DISCONTINUED)
    with pytest.raises(Conflict) as refused:
        world.asks(ANN)
    assert refused.value.code == "discontinued"


def _put(world: World, **values: bool) -> None:
    """Olga changes the product."""
    change = WrittenProduct(product=written("SHIRT", **values), variants=())
    put_products(world.env, world.shop, [change])

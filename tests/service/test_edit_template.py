"""Do edited texts, and what is around every mail, reach real mailboxes; and is no save lost?"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from notifier.app import make_renderer
from notifier.domain.message import MessageKind
from notifier.domain.order_delay import Promise
from notifier.errors import Conflict
from notifier.rendering.blocks import Look
from notifier.rendering.draft import Draft
from notifier.rendering.draft_room import DraftRoom
from notifier.services import published_templates
from notifier.services.deliver import Sender
from notifier.services.edit_blocks import save_blocks, save_look
from notifier.services.edit_template import save_draft
from notifier.services.preview_template import show_draft
from notifier.services.template_cases import case_context, latest_cases
from notifier.services.template_place import Place
from tests.order_world import OrderWorld
from tests.world import ANN, BEN, World


@pytest.fixture(scope="module")
def room() -> Iterator[DraftRoom]:
    opened = DraftRoom()
    yield opened
    opened.close()


@pytest.fixture
def orders(world: World) -> OrderWorld:
    bought = OrderWorld(world.env, world.clock)
    bought.at("2026-03-02T09:00")
    bought.stock("KETTLE", 0)
    return bought


def subject(text: str, locale: str = "en") -> Draft:
    kind = MessageKind.BACK_IN_STOCK
    return Draft(kind=kind, locale=locale, parts={"subject.txt": text})


def test_a_published_text_and_what_is_around_it_reach_every_mailbox_in_its_language(
    world: World, room: DraftRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published_templates, "FRESH_FOR", 0.0)
    env = world.env
    world.see("SHIRT-S", 0)
    for number in range(3):
        world.waits(f"ann{number}@waits.example")
    world.waits(BEN, locale="de")
    save_draft(
        env,
        room,
        subject("Hurrah, {{ product.title }}"),
        shop="kettle",
        by="Olga",
        expected_version=0,
        publish=True,
    )
    save_look(
        env,
        room,
        Look(accent="#aa0055", postal_address="2 New Road, Leith"),
        shop="kettle",
        by="Olga",
        expected_version=0,
        publish=True,
        locales=["en"],
    )
    save_blocks(
        env,
        room,
        {
            "footer.html": "<p>Open <b>daily</b>, says {{ shop.name }}</p>",
            "footer.txt": "Open daily",
        },
        shop="kettle",
        locale="en",
        by="Olga",
        expected_version=0,
        publish=True,
    )
    world.sender.close()
    world.sender = Sender(env, make_renderer(env))
    world.see("SHIRT-S", 9)

    world.run()

    for number in range(3):
        [mail] = world.mails(f"ann{number}@waits.example", "back_in_stock")
        html = mail.parsed.get_body(("html",)).get_content()
        text = mail.parsed.get_body(("plain",)).get_content()
        assert mail.parsed["Subject"] == "Hurrah, Linen shirt"
        assert "Open <b>daily</b>, says Kettle &amp; Co" in html
        assert "#aa0055" in html
        assert "Open daily" in text
        assert "2 New Road, Leith" in text
        assert "/u/" in html  # how to end it is there, whatever a footer says
        assert "You asked us on" in text
    [german] = world.mails(BEN, "back_in_stock")
    assert "Open daily" not in german.parsed.get_body(("plain",)).get_content()
    assert "2 New Road, Leith" in german.parsed.get_body(("plain",)).get_content()


def test_of_two_who_save_in_the_same_instant_one_hears_of_it(world: World, room: DraftRoom) -> None:
    began = threading.Barrier(2)
    saved: list[int] = []
    refused: list[str] = []

    def save(name: str) -> None:
        began.wait()
        try:
            draft = subject(f"{name} {{{{ product.name }}}}")
            saved.append(
                save_draft(world.env, room, draft, shop="kettle", by=name, expected_version=0)
            )
        except Conflict as error:
            refused.append(str(error))

    threads = [threading.Thread(target=save, args=(name,)) for name in ("Ann", "Ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert saved == [1]
    [said] = refused
    assert "saved version 1 meanwhile" in said
    assert world.count("templates", "part = 'subject.txt'") == 1


def test_a_message_about_an_order_is_previewed_as_it_was_when_it_was_sent(
    world: World, orders: OrderWorld, room: DraftRoom
) -> None:
    promise = Promise(text="by 1 April", by=date(2026, 4, 1))
    orders.order(email=ANN, lines=[{"variant": "KETTLE", "promise": promise}])
    world.deliver()
    world.clock.advance(timedelta(days=1))
    kind = MessageKind.ORDER_BACKORDERED

    [case] = latest_cases(world.env, world.shop, kind)
    context = case_context(world.env, world.shop, kind, case.key, locale="en")
    place = Place(shop="kettle", kind=kind.value, locale="en")
    shown = show_draft(world.env, room, world.shop, place, {}, case=case.key)

    assert case.address == ANN
    assert "1 April 2026" in str(context)
    assert (
        "https://notify.kettle.example/o/AYrR0mWq2H6tKcZ8vQe5Lx1bNs7pJd4GfUo" in shown.message.text
    )
    assert shown.findings == ()

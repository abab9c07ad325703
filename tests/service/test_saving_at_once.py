"""Do two people who save, publish or send at the same moment hear of each other, and do two senders
keep to one limit?

On PostgreSQL; on SQLite one writes at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from notifier.domain.broadcast import Wording
from notifier.domain.message import MessageKind
from notifier.domain.person import Person
from notifier.domain.rights import Role
from notifier.errors import Conflict
from notifier.rendering.draft import Draft
from notifier.rendering.draft_room import DraftRoom
from notifier.services import send_broadcast as broadcasting
from notifier.services.broadcast import find_target
from notifier.services.deliver import Sender
from notifier.services.edit_template import publish_version, save_draft
from notifier.services.send_broadcast import send_broadcast
from notifier.services.settings import save_settings
from notifier.services.template_place import Place
from notifier.store import outbox, settings, templates
from tests.fakes.twilio import FakeTwilio
from tests.meanwhile import Meanwhile
from tests.world import ANN, RENDERER, World

pytestmark = pytest.mark.parametrize("engine_name", ["postgres"], indirect=True)
OLGA = Person(id=1, email="olga@kettle.example", name="Olga", role=Role.OWNER)
OTTO = Person(id=2, email="otto@kettle.example", name="Otto", role=Role.OWNER)
NAME = ("shops", "kettle", "name")
PHONE = "+12125551234"  # New York


@pytest.fixture(scope="module")
def room() -> Iterator[DraftRoom]:
    opened = DraftRoom()
    yield opened
    opened.close()


def test_of_two_who_save_the_same_page_at_once_one_hears_of_the_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Meanwhile(world, monkeypatch) as otto:
        otto.acts_after(
            settings,
            "newest_change",
            lambda: save_settings(world.env, {NAME: "Pots"}, by=OTTO, seen_change=0),
        )
        save_settings(world.env, {NAME: "Kettles"}, by=OLGA, seen_change=0)
    with pytest.raises(Conflict, match="Olga saved meanwhile"):
        otto.answer()
    assert world.count("setting_changes") == 1


@pytest.mark.parametrize("published_before", [True, False])
def test_of_two_versions_published_at_once_one_is_sent(
    world: World, room: DraftRoom, monkeypatch: pytest.MonkeyPatch, published_before: bool
) -> None:
    kind = MessageKind.BACK_IN_STOCK
    place = Place(shop="kettle", kind=kind.value, locale="en")
    for number in range(3):
        draft = Draft(kind=kind, locale="en", parts={"subject.txt": f"Version {number + 1}"})
        save_draft(
            world.env,
            room,
            draft,
            shop="kettle",
            by="Olga",
            expected_version=number,
            publish=published_before and not number,
        )
    with Meanwhile(world, monkeypatch) as otto:
        publish = templates.publish_version

        def slow(*about: object, **more: object) -> int:
            done = publish(*about, **more)  # type: ignore[arg-type]
            otto.acts(lambda: publish_version(world.env, room, place, version=3, by="Otto"))
            return done

        monkeypatch.setattr(templates, "publish_version", slow)
        publish_version(world.env, room, place, version=2, by="Olga")
    otto.answer()
    rows = world.rows("SELECT DISTINCT version FROM templates WHERE state = 'published'")
    assert rows == [{"version": 3}]


def test_two_senders_keep_to_the_texts_a_number_gets_a_day(
    make_world: Callable[..., World], twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(twilio=twilio, release={"strategy": "all"}, sms_a_day=1)
    world.clock.set(datetime(2026, 12, 1, 17, 0, tzinfo=UTC))
    keys = ("SHIRT-S", "MUG")
    for key in keys:
        world.see(key, 0, product=key)
    for key in keys:
        world.waits(PHONE, key)
    world.run()
    before = len(twilio.messages)
    other = Sender(world.env, RENDERER)

    def send_another() -> None:
        world.see("MUG", 5, product="MUG")
        world.announce()
        while other.send_due():
            continue

    world.see("SHIRT-S", 5)
    world.announce()
    with Meanwhile(world, monkeypatch) as second:
        second.acts_after(outbox, "count_recent", send_another)
        world.deliver()
    second.answer()
    other.close()
    assert len(twilio.messages) - before == 1
    assert world.count("messages", "reason = 'daily_sms_cap'") == 1


def test_of_two_who_write_to_all_who_wait_at_once_one_is_asked_whether_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    target = find_target(world.env, world.shop, product="SHIRT")
    texts = {"en": Wording(subject="About it", text="It takes longer.")}

    def send(by: Person) -> int:
        token = f"a-token-of-{by.name:->16}"
        return send_broadcast(
            world.env, RENDERER, world.shop, target, texts, token=token, again=False, by=by
        )

    with Meanwhile(world, monkeypatch) as otto:
        otto.acts_before(broadcasting, "look", lambda: send(OTTO))
        with pytest.raises(Conflict, match="less than an hour old"):
            send(OLGA)
    assert send(OTTO) == otto.answer(), "the same one again is no other"
    world.run()
    assert len(world.mails(ANN, "broadcast")) == 1

"""Acceptance rows D: what a message says, in which language, and what a broken template does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from notifier.app import make_renderer
from notifier.domain.availability import Availability
from notifier.domain.eta import Eta
from notifier.domain.message import Medium, MessageKind
from notifier.domain.message_samples import sample_context
from notifier.errors import Conflict, TemplateProblem
from notifier.rendering import GivenParts, Renderer
from notifier.rendering.draft import Draft
from notifier.rendering.draft_room import DraftRoom
from notifier.services import published_templates
from notifier.services.deliver import Sender
from notifier.services.edit_template import (
    back_to_default,
    preview,
    publish_version,
    save_draft,
)
from notifier.services.put_products import WrittenProduct, put_products, written
from notifier.services.template_place import Place
from tests.fakes.smtp_server import StoredMessage
from tests.world import ANN, BEN, World


@pytest.fixture
def room() -> Iterator[DraftRoom]:
    room = DraftRoom()
    yield room
    room.close()


def text_of(mail: StoredMessage) -> str:
    return str(mail.parsed.get_body(("plain",)).get_content())


def html_of(mail: StoredMessage) -> str:
    return str(mail.parsed.get_body(("html",)).get_content())


def test_D1_two_people_of_one_run_read_their_own_language(world: World) -> None:
    world.see("SHIRT-S", 0)
    titles = {"de": "Leinenhemd", "es": "Camisa de lino"}
    put_products(
        world.env,
        world.shop,
        [WrittenProduct(product=written("SHIRT", titles=titles), variants=())],
    )
    world.waits(ANN, locale="de-AT")
    world.waits(BEN, locale="es")
    world.waits("cleo@waits.example", locale="fr")
    world.see("SHIRT-S", 9)
    world.run()
    [german] = world.mails(ANN, "back_in_stock")
    [spanish] = world.mails(BEN, "back_in_stock")
    [other] = world.mails("cleo@waits.example", "back_in_stock")
    assert "Leinenhemd" in german.parsed["Subject"]
    assert "wieder" in german.parsed["Subject"]
    assert "49,00" in text_of(german)
    assert "Camisa de lino" in spanish.parsed["Subject"]
    assert "Linen shirt" in other.parsed["Subject"]  # the fallback, in the shop's language
    assert "Leinenhemd" not in text_of(spanish) + text_of(other)


def test_D2_sender_and_links_are_the_shops(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.see("SHIRT-S", 9)
    world.run()
    [mail] = world.mails(ANN, "back_in_stock")
    assert mail.parsed["From"] == "Kettle & Co <hello@kettle.example>"
    assert "Kettle & Co" in text_of(mail)
    hosts = {part.partition("/")[0] for part in text_of(mail).split("https://")[1:]}
    assert hosts == {"notify.kettle.example"}
    header = mail.parsed["List-Unsubscribe"]
    assert header.startswith("<https://notify.kettle.example/u/")
    assert mail.parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.parsed["List-ID"] == "<stock-alerts.kettle.notify.kettle.example>"
    assert mail.parsed["Feedback-ID"] == "back_in_stock:kettle:alert:notifier"


@pytest.mark.fault("FI-37")
def test_D3_templates_fall_back_and_a_missing_one_consumes_nothing(world: World) -> None:
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    world.run()
    world.sender.close()
    world.sender = Sender(world.env, Renderer(GivenParts(MessageKind.CONFIRM, {})))
    world.see("SHIRT-S", 9)
    world.run()
    assert world.mails(ANN, "back_in_stock") == []
    assert world.subscription(ann).state == "waiting"
    [row] = world.rows("SELECT state, last_detail FROM messages WHERE kind = 'back_in_stock'")
    assert row["state"] == "due"
    assert "back_in_stock" in row["last_detail"]
    broken = "code = 'template.broken' AND about LIKE 'back_in_stock%'"
    assert world.count("alarms", broken) == 1


def test_D5_values_are_escaped_in_html_and_not_in_text(world: World) -> None:
    world.see("SHIRT-S", 0, title='Salt & "Pepper" <mill>')
    world.waits(ANN)
    world.see("SHIRT-S", 9, title='Salt & "Pepper" <mill>')
    world.run()
    [mail] = world.mails(ANN, "back_in_stock")
    assert 'Salt & "Pepper" <mill>' in text_of(mail)
    assert "Salt &amp; " in html_of(mail)
    assert "<mill>" not in html_of(mail)


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("{{ product.title", "end of print statement"),
        ("{{ product.titel }} {{ shop.name }}", "titel"),
        ("{% for x in alternatives %}", "endfor"),
        ("{{ product.title|shout }}", "shout"),
    ],
)
def test_D6_a_broken_draft_is_refused_with_line_and_name(
    world: World, room: DraftRoom, source: str, named: str
) -> None:
    draft = Draft(kind=MessageKind.BACK_IN_STOCK, locale="en", parts={"subject.txt": f"\n{source}"})
    with pytest.raises(TemplateProblem) as refused:
        save_draft(world.env, room, draft, shop="", by="Olga", expected_version=0)
    assert named in str(refused.value)
    assert refused.value.line in (1, 2)
    assert world.count("templates") == 0


def test_D7_a_preview_sends_and_stores_nothing(world: World, room: DraftRoom) -> None:
    draft = Draft(
        kind=MessageKind.BACK_IN_STOCK,
        locale="en",
        parts={"subject.txt": "Hurrah: {{ product.title }} at {{ shop.name }}"},
    )
    samples = preview(room, draft)
    assert all(one.subject.startswith("Hurrah: ") for one in samples)
    assert world.count("templates") == 0
    assert world.count("messages") == 0


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ ''|attr('__class__') }}",
        "{{ '{0.__class__}'.format(shop) }}",
        "{{ self }}",
        "{{ config }}",
        "{% import 'os' as o %}",
    ],
)
def test_D8_a_template_cannot_reach_python(world: World, room: DraftRoom, source: str) -> None:
    draft = Draft(
        kind=MessageKind.BACK_IN_STOCK, locale="en", parts={"subject.txt": "Hello " + source}
    )
    with pytest.raises(TemplateProblem):
        preview(room, draft)


def test_an_edited_template_is_used_once_published_and_can_be_rolled_back(
    world: World, room: DraftRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published_templates, "FRESH_FOR", 0.0)
    renderer = make_renderer(world.env)
    kind = MessageKind.BACK_IN_STOCK
    place = Place(shop="kettle", kind=kind.value, locale="en")

    def subject() -> str:
        context = sample_context(kind, "en")
        return renderer.render(
            kind, medium=Medium.EMAIL, shop="kettle", locale="en", context=context
        ).subject

    default = subject()
    parts = {"subject.txt": "Hurrah: {{ product.title }} at {{ shop.name }}"}
    first = Draft(kind=kind, locale="en", parts=parts)
    one = save_draft(world.env, room, first, shop="kettle", by="Olga", expected_version=0)
    assert subject() == default
    publish_version(world.env, room, place, version=one, by="Olga")
    assert subject().startswith("Hurrah: ")
    with pytest.raises(Conflict) as stale:  # somebody else began before Olga saved
        save_draft(world.env, room, first, shop="kettle", by="Eve", expected_version=0)
    assert "Olga" in str(stale.value)
    back_to_default(world.env, place, by="Olga")
    assert subject() == default
    assert world.count("ledger", "book = 'audit'") == 3


def test_a_revised_date_is_told_when_it_moved_enough_and_not_too_often(
    make_world: Callable[..., World],
) -> None:
    world = make_world(eta_notice_days=3, eta_notice_every=timedelta(days=7))
    world.see("SHIRT-S", 0, eta=Eta.on(date(2027, 1, 10)))
    ann = world.waits(ANN)
    world.run()
    world.see("SHIRT-S", 0, eta=Eta.on(date(2027, 1, 12)))  # noise
    world.run()
    assert world.mails(ANN, "eta_revised") == []
    world.see("SHIRT-S", 0, eta=Eta.on(date(2027, 1, 20)))
    world.run()
    [mail] = world.mails(ANN, "eta_revised")
    assert "20 January 2027" in text_of(mail)
    assert world.subscription(ann).state == "waiting"
    world.see("SHIRT-S", 0, eta=Eta.on(date(2027, 2, 20)))  # too soon after the last
    world.run()
    assert len(world.mails(ANN, "eta_revised")) == 1
    world.see("SHIRT-S", 0, eta=Eta.in_month(2027, 3), step=timedelta(days=8))
    world.run()
    assert "March 2027" in text_of(world.mails(ANN, "eta_revised")[1])


def test_a_past_date_is_never_told(world: World) -> None:
    world.see("SHIRT-S", 0, eta=Eta.on(date(2027, 1, 10)))
    world.waits(ANN)
    world.run()
    world.see("SHIRT-S", 0, eta=Eta.on(date(2026, 1, 1)))
    world.run()
    assert world.mails(ANN, "eta_revised") == []


def test_discontinued_ends_the_wait_and_names_alternatives(world: World) -> None:
    world.see("MUG", 5, product="MUG", title="Blue mug")
    world.see("SHIRT-S", 0, alternatives=("MUG",))
    ann = world.waits(ANN)
    world.run()
    world.see("SHIRT-S", availability=Availability.DISCONTINUED, alternatives=("MUG",))
    world.run()
    [mail] = world.mails(ANN, "discontinued")
    assert "Blue mug" in text_of(mail)
    assert world.subscription(ann).ended_reason == "discontinued"


def test_a_price_is_shown_as_the_language_writes_it(world: World) -> None:
    world.see("SHIRT-S", 0, price=Decimal("1234.50"))
    world.waits(ANN, locale="de")
    world.see("SHIRT-S", 2, price=Decimal("1234.50"))
    world.run()
    assert "1.234,50" in text_of(world.mails(ANN, "back_in_stock")[0])


def test_an_expiring_wish_is_asked_about_once_and_then_ends(world: World) -> None:
    from notifier.services.sweep import sweep

    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    world.run()
    world.clock.advance(timedelta(days=366))
    sweep(world.env)
    world.run()
    [mail] = world.mails(ANN, "still_waiting")
    assert "k" in world.links(mail)
    assert world.subscription(ann).state == "waiting"
    world.clock.advance(timedelta(days=15))
    sweep(world.env)
    assert world.subscription(ann).ended_reason == "expired"


def test_who_was_told_and_did_not_come_is_reminded_once(
    make_world: Callable[..., World],
) -> None:
    from notifier.services.sweep import sweep

    world = make_world(release={"strategy": "all", "reminder_after": timedelta(hours=24)})
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.see("SHIRT-S", 5)
    world.run()
    for _ in range(3):
        world.see("SHIRT-S", 5, step=timedelta(hours=25))
        sweep(world.env)
        world.run()
    assert len(world.mails(ANN, "reminder")) == 1

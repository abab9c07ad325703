"""What do people who have bought something really get, from history to mail server? (issue 3)"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from email.message import EmailMessage
from typing import Any

import pytest

from notifier.app import make_renderer
from notifier.domain.eta import Eta
from notifier.domain.message import MessageKind
from notifier.domain.order_delay import Promise
from notifier.domain.order_history import Happened
from notifier.errors import TemplateProblem
from notifier.rendering.clauses import ClauseValues, clause_sentences
from notifier.rendering.draft import Draft
from notifier.rendering.draft_room import DraftRoom
from notifier.rendering.finished import read_visible
from notifier.services.deliver import Sender
from notifier.services.edit_template import publish_version, save_draft
from notifier.services.order_wanted import what_to_tell
from notifier.services.set_eta import set_eta
from notifier.services.template_place import Place
from notifier.store import templates
from notifier.store.session import Transaction
from tests.fakes.twilio import FakeTwilio
from tests.order_world import ANN, OrderWorld
from tests.timing import SettableClock
from tests.world import SID, TOKEN, World

PHONE = "+12125551234"
BY_APRIL = Promise(text="ships by 1 April", by=date(2026, 4, 1))


@pytest.fixture
def engine_name() -> str:
    """What differs between the databases is tested with the stores and services."""
    return "sqlite"


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world(support_email="help@kettle.example")


@pytest.fixture
def orders(world: World) -> OrderWorld:
    bought = OrderWorld(world.env, world.clock)
    bought.at("2026-03-02T09:00")
    bought.stock("KETTLE", 0, variant_title="Blue", alternatives=("DUSK", "NOON"))
    bought.stock("DUSK", 4, title="Whistling kettle “Dusk”", product_key="p2")
    bought.stock("NOON", 0, title="Copper kettle “Noon”", product_key="p3")
    bought.at("2026-03-02")
    return bought


class Mail:
    """The last mail somebody got, as a mail program shows it."""

    def __init__(self, parsed: EmailMessage) -> None:
        text, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
        assert text is not None
        assert html is not None
        self.headers = {name.lower(): str(value) for name, value in parsed.items()}
        self.subject = str(parsed["Subject"])
        self.text = str(text.get_content()).replace("\r\n", "\n")
        self.html = str(html.get_content())
        self.seen = read_visible(self.html)

    def says(self, words: str) -> bool:
        """In both parts, or in neither: else the two differ."""
        squeezed = " ".join(self.seen.text.split())
        in_text, in_html = words in self.text, words in squeezed
        assert in_text == in_html, f"only one part says {words!r}"
        return in_text


def last_mail(world: World, kind: str = "") -> Mail:
    world.deliver()
    mails = world.mails(ANN, kind)
    assert mails, f"no {kind} mail"
    return Mail(mails[-1].parsed)


def expect(orders: OrderWorld, line: int, ship_by: str | None, **more: Any) -> None:
    facts = {"scope": "line", "ship_by": ship_by, "eta": ship_by, "source": "supplier"}
    orders.happens(line, Happened.ESTIMATE, **{**facts, "has_basis": bool(ship_by), **more})


def sentences(orders: OrderWorld, line: int, locale: str, **values: str) -> list[str]:
    """The locked sentences of what is wanted now."""
    wanted = what_to_tell(orders.case(line), now=orders.env.now())
    assert wanted is not None
    given = ClauseValues(**values)
    found = clause_sentences(wanted.plan, pack=wanted.standing.pack, locale=locale, values=given)
    return [sentence for _, sentence in found]


def test_od4_a_first_notice_says_all_and_offers_both_choices(
    world: World, orders: OrderWorld
) -> None:
    bought = orders.order(lines=[{"variant": "KETTLE", "quantity": 2, "promise": BY_APRIL}])
    world.deliver()
    orders.at("2026-03-20")
    expect(orders, bought.line, "2026-04-10", reason="The glaze had flaws.")
    wanted = sentences(
        orders, bought.line, "en", date="10 April 2026", answer_by="10 April 2026", reason="x"
    )

    mail = last_mail(world, "delay_notice")

    assert mail.subject == "Your order is delayed: Copper kettle (Blue)"
    assert all(mail.says(sentence) for sentence in wanted)
    assert mail.says("will not ship by 1 April 2026, as we had said")
    assert mail.says("The glaze had flaws.")
    link = f"https://notify.kettle.example{orders.path(bought.line)}"
    assert {link, f"{link}?choose=wait", f"{link}?choose=cancel"} <= mail.seen.links
    assert f"\n{link}?choose=wait\n" in mail.text
    assert f"\n{link}?choose=cancel\n" in mail.text
    assert not mail.says("withdraw")


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("fr-CA", "The revised shipping date for this item is 10 April 2026."),
        ("en-US", "The revised shipping date for this item is April 10, 2026."),
        ("es-MX", "La nueva fecha de envío de este artículo es el 10 de abril de 2026."),
    ],
)
def test_a_locked_sentence_and_its_date_are_in_one_language(
    world: World, orders: OrderWorld, locale: str, said: str
) -> None:
    bought = orders.order(locale=locale, lines=[{"promise": BY_APRIL}])
    world.deliver()
    orders.at("2026-03-20")
    expect(orders, bought.line, "2026-04-10")

    assert last_mail(world, "delay_notice").says(said)


def test_od15_it_has_no_unsubscribe_and_offers_alternatives_only_as_a_choice(
    world: World, orders: OrderWorld
) -> None:
    bought = orders.order(lines=[{"variant": "KETTLE", "promise": BY_APRIL}])
    world.deliver()
    orders.at("2026-03-20")
    expect(orders, bought.line, "2026-04-10")

    mail = last_mail(world, "delay_notice")

    assert not [name for name in mail.headers if name.startswith("list-")]
    assert mail.headers["auto-submitted"] == "auto-generated"
    assert "unsubscribe" not in (mail.text + mail.html).lower()
    assert mail.says("You get this mail because you ordered Copper kettle (Blue) from Kettle & Co")
    assert mail.says("Dusk")
    assert not mail.says("Noon")  # sold out: no choice
    assert "https://kettle.example/dusk" not in mail.seen.links


def test_od13_what_was_sent_is_kept_to_the_letter_with_the_version_of_its_template(
    world: World, orders: OrderWorld
) -> None:
    bought = orders.order(lines=[{"promise": BY_APRIL}])
    world.deliver()
    orders.at("2026-03-20")
    expect(orders, bought.line, "2026-04-10")

    mail = last_mail(world, "delay_notice")

    [kept] = world.rows("SELECT * FROM notices WHERE kind = 'delay_notice'")
    assert kept["subject"] == mail.subject
    assert kept["text"].strip() == mail.text.strip()
    assert " ".join(kept["html"].split()) == " ".join(mail.html.split())
    assert len(kept["template_version"]) >= 8


def test_a_second_delay_needs_an_answer_and_says_what_silence_does(
    world: World, orders: OrderWorld
) -> None:
    bought = orders.order(locale="de", lines=[{"promise": BY_APRIL}])
    orders.at("2026-03-20")
    expect(orders, bought.line, "2026-04-10")
    world.deliver()
    orders.at("2026-04-01")
    expect(orders, bought.line, None)
    wanted = sentences(orders, bought.line, "de", answer_by="10. April 2026")

    mail = last_mail(world, "delay_renewed")

    assert mail.subject.startswith("Bitte entscheiden Sie bis zum 10. April 2026: Copper kettle")
    assert len(wanted) == 6
    assert all(mail.says(sentence) for sentence in wanted)
    assert mail.says("können wir auch nicht bis zum 10. April 2026 versenden")


@pytest.mark.parametrize(
    ("locale", "label"),
    [("de", "Vertrag widerrufen"), ("en", "withdraw from contract here")],
)
def test_e7_an_eu_notice_links_the_withdrawal_function(
    world: World, orders: OrderWorld, locale: str, label: str
) -> None:
    orders.at("2026-07-01", zone="Europe/Berlin")
    bought = orders.order(country="DE", locale=locale)
    first = last_mail(world, "order_backordered")
    orders.at("2026-07-10", zone="Europe/Berlin")
    expect(orders, bought.line, "2026-08-20")

    notice = last_mail(world, "delay_notice")

    withdraw = f"https://notify.kettle.example{orders.path(bought.line)}?choose=withdraw"
    for mail in (first, notice):
        assert withdraw in mail.seen.links
        assert mail.says(label)


def test_the_first_message_names_the_promised_date_or_that_there_is_none(
    world: World, orders: OrderWorld
) -> None:
    orders.order(lines=[{"promise": BY_APRIL}])
    assert last_mail(world).says("We expect to ship it by 1 April 2026")

    orders.order()
    assert last_mail(world).says("We cannot name a date yet.")


def test_news_is_not_sharper_than_its_source(world: World, orders: OrderWorld) -> None:
    release = Promise(text="May", by=date(2026, 5, 31))
    line = {"sold_as": "preorder", "promise": release, "incentive": {"code": "EARLY", "text": ""}}
    bought = orders.order(lines=[line])
    world.deliver()
    orders.at("2026-03-20")
    expect(orders, bought.line, "2026-05-31", eta="2026-05")

    mail = last_mail(world)

    assert mail.subject == "Your pre-order of Copper kettle: expected in May 2026"
    assert mail.says("EARLY")


def test_good_news_is_told_as_such(world: World, orders: OrderWorld) -> None:
    bought = orders.order(lines=[{"promise": BY_APRIL}])
    orders.at("2026-03-20")
    expect(orders, bought.line, "2026-04-10")
    world.deliver()
    orders.at("2026-03-25")
    expect(orders, bought.line, "2026-04-03")

    mail = last_mail(world, "order_eta_better")

    assert mail.says("now expects to ship your order by 3 April 2026")
    assert mail.says("Before, we had said by 10 April 2026.")


def test_goods_that_came_in_are_told_without_an_alert(world: World, orders: OrderWorld) -> None:
    bought = orders.order(lines=[{"variant": "KETTLE", "promise": BY_APRIL}])
    world.deliver()
    orders.at("2026-03-20")
    orders.stock("KETTLE", 5, variant_title="Blue", alternatives=())
    orders.look()

    mail = last_mail(world, "order_ready")

    assert mail.says("We will ship it to you soon")
    assert f"https://notify.kettle.example{orders.path(bought.line)}" in mail.seen.links


@pytest.mark.parametrize(
    ("country", "happened", "at", "ground"),
    [
        ("US", Happened.CANCELLED, "23:30 (Eastern Daylight Time)", "You cancelled it."),
        (
            "DE",
            Happened.WITHDRAWN,
            "05:30 (Central European Summer Time)",
            "You withdrew from the contract for this item.",
        ),
        ("US", Happened.NO_SHIP, "23:30 (Eastern Daylight Time)", "We cannot supply this item"),
    ],
)
def test_e6_the_receipt_has_time_ground_and_day_of_the_refund(
    world: World, orders: OrderWorld, country: str, happened: Happened, at: str, ground: str
) -> None:
    bought = orders.order(country=country, lines=[{"promise": BY_APRIL}, {"title": "Tea towel"}])
    world.deliver()
    orders.at("2026-03-29T23:30")
    orders.happens(bought.line, happened)

    mail = last_mail(world, "order_cancelled")

    day = "29 March 2026" if country == "US" else "30 March 2026"
    assert mail.says(f"{day}, {at}")
    assert mail.says(ground)
    refund = {"US": "7 April 2026", "DE": "13 April 2026"}[country]
    assert f"refund by {refund}" in mail.subject
    assert mail.says(refund)
    assert mail.says("The rest of your order is not affected.")
    assert not mail.says("withdraw from contract here")


def test_f08_an_order_that_lapsed_says_so_by_itself(world: World, orders: OrderWorld) -> None:
    bought = orders.order()
    orders.at("2026-03-25")
    expect(orders, bought.line, None)
    world.deliver()
    orders.at("2026-05-02")
    orders.look()

    mail = last_mail(world, "order_cancelled")

    assert mail.says("2 May 2026, 00:00 (Eastern Daylight Time)")
    assert mail.says("we did not hear that you want to wait")
    assert mail.subject.endswith("refund by 12 May 2026")
    assert not mail.says("The rest of your order")


def test_e1_a_missed_date_tells_of_the_additional_period(world: World, orders: OrderWorld) -> None:
    orders.order(country="DE", locale="en")
    world.deliver()
    orders.at("2026-04-02", zone="Europe/Berlin")
    orders.look()

    mail = last_mail(world, "order_checking")

    assert mail.says("should have reached you by 1 April 2026, and it has not")
    assert mail.says("You can set us a further date")
    assert not mail.says("You can end the contract now")


def test_who_waits_without_a_date_hears_every_thirty_days(world: World, orders: OrderWorld) -> None:
    bought = orders.order()
    orders.at("2026-03-10")
    expect(orders, bought.line, None)
    world.deliver()
    orders.happens(bought.line, Happened.KEPT, until=None)
    orders.at("2026-04-12")
    orders.look()

    mail = last_mail(world, "order_checking")

    assert mail.subject == "Still no date: Copper kettle"
    assert mail.says("You can cancel at any time before it ships")


def test_f18_a_cancellation_at_the_instant_of_shipping_is_being_checked(
    world: World, orders: OrderWorld
) -> None:
    bought = orders.order()
    world.deliver()
    orders.at("2026-03-20")
    orders.happens(bought.line, Happened.CANCELLED)
    orders.ship(bought.line)

    mail = last_mail(world, "order_checking")

    assert mail.says("A person is finding out which came first.")
    assert not mail.says("Cancel my order")


@pytest.fixture
def twilio(clock: SettableClock) -> Iterator[FakeTwilio]:
    with FakeTwilio(
        account_sid=SID, auth_token=TOKEN, numbers=("+12125550100",), clock=clock
    ) as fake:
        yield fake


def test_a_text_message_carries_the_link_and_no_keyword(
    make_world: Callable[..., World], twilio: FakeTwilio
) -> None:
    world = make_world(twilio=twilio)
    orders = OrderWorld(world.env, world.clock)
    orders.at("2026-03-02")
    bought = orders.order(email=None, phone=PHONE, lines=[{"promise": BY_APRIL}])
    world.deliver()
    orders.at("2026-03-20")
    expect(orders, bought.line, "2026-04-10")
    world.deliver()

    [*_, text] = [one.body for one in twilio.messages if one.to == PHONE]
    link = f"https://notify.kettle.example{orders.path(bought.line)}"
    assert text == f"Kettle & Co: Copper kettle is delayed. Wait or cancel, please choose: {link}"


@pytest.fixture
def room() -> Iterator[DraftRoom]:
    opened = DraftRoom()
    yield opened
    opened.close()


WEAK = "Late. {{ links.wait }} {{ links.cancel }} {{ links.withdraw }}"


def test_a_draft_without_the_locked_sentences_is_neither_saved_nor_published(
    world: World, room: DraftRoom
) -> None:
    draft = Draft(kind=MessageKind.DELAY_NOTICE, locale="en", parts={"email.txt": WEAK})

    with pytest.raises(TemplateProblem, match="the sentences the law asks for are missing"):
        save_draft(world.env, room, draft, shop="", by="olga", expected_version=0, publish=True)

    assert world.count("templates") == 0


def slip_in(world: World, *, publish: bool) -> None:
    """A weak template gets into the table, past every check."""

    def work(tx: Transaction) -> None:
        place = {"shop": "", "locale": "en", "kind": "delay_notice", "version": 1}
        templates.save_version(
            tx,
            **place,
            parts={"email.txt": WEAK},
            state="draft",
            copied_from="",
            by="eve",
            at=world.env.now(),
        )
        if publish:
            templates.publish_version(tx, **place)

    world.env.db.retry(work)


def test_a_weak_template_that_is_stored_already_cannot_be_published(
    world: World, room: DraftRoom
) -> None:
    slip_in(world, publish=False)

    place = Place(shop="", kind="delay_notice", locale="en")

    with pytest.raises(TemplateProblem, match="the sentences the law asks for are missing"):
        publish_version(world.env, room, place, version=1, by="olga")

    assert world.count("templates", "state = 'published'") == 0


def test_f20_a_weak_template_that_is_published_all_the_same_sends_nothing_and_calls_a_person(
    world: World, orders: OrderWorld
) -> None:
    bought = orders.order(lines=[{"promise": BY_APRIL}])
    world.deliver()
    slip_in(world, publish=True)
    orders.at("2026-03-20")
    expect(orders, bought.line, "2026-04-10")
    sender = Sender(world.env, make_renderer(world.env))

    sender.send_due()
    sender.close()

    assert world.mails(ANN, "delay_notice") == []
    assert orders.kinds(bought.line)[-1] == "estimate"  # nothing was offered
    [alarm] = world.rows("SELECT * FROM alarms WHERE code = 'template.broken'")
    assert alarm["about"] == "delay_notice/en"
    assert "the law asks for" in alarm["message"]


def test_a_template_that_a_merchant_published_is_sent_in_both_parts(
    world: World, orders: OrderWorld, room: DraftRoom
) -> None:
    loop = "{% for clause in clauses %}%s{% endfor %}"
    parts = {
        "email.txt": "Oh no, {{ product.name }}!\n"
        + loop.replace("%s", "{{ clause.text }}\n\n")
        + "Wait:\n{{ links.wait }}\nCancel:\n{{ links.cancel }}\n"
        "{% if links.withdraw %}{{ labels.withdraw }}\n{{ links.withdraw }}\n{% endif %}",
        "email.html": "<h1>Oh no, {{ product.name }}!</h1>"
        + loop.replace("%s", "<p>{{ clause.text }}</p>")
        + '{{ choice(links.wait, "Fine", links.cancel, "No") }}'
        '{% if links.withdraw %}<a href="{{ links.withdraw }}">{{ labels.withdraw }}</a>'
        "{% endif %}",
    }
    draft = Draft(kind=MessageKind.DELAY_NOTICE, locale="en", parts=parts)
    save_draft(world.env, room, draft, shop="", by="olga", expected_version=0, publish=True)
    bought = orders.order(lines=[{"title": "Kettle <b>R&D</b>", "promise": BY_APRIL}])
    world.deliver()
    orders.at("2026-03-20")
    expect(orders, bought.line, "2026-04-10")
    sender = Sender(world.env, make_renderer(world.env))

    sender.send_due()
    sender.close()

    mail = last_mail(world, "delay_notice")
    assert mail.says("Oh no, Kettle <b>R&D</b>!")
    assert mail.says("The revised shipping date for this item is 10 April 2026.")


def test_why_a_variant_is_late_is_read_by_who_has_bought_it(
    world: World, orders: OrderWorld
) -> None:
    orders.order(lines=[{"variant": "KETTLE", "promise": BY_APRIL}])
    world.deliver()
    orders.at("2026-03-20")
    set_eta(
        world.env,
        world.shop,
        "KETTLE",
        Eta.on(date(2026, 4, 10)),
        source="supplier",
        actor="olga",
        reason="The ship is waiting in Suez.",
    )
    orders.look()

    assert last_mail(world, "delay_notice").says("The ship is waiting in Suez.")

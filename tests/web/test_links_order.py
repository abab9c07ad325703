"""Can a customer who has bought what is not there wait, change or end it by a link?"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import text
from werkzeug.test import TestResponse

from notifier.domain.order_delay import Promise
from notifier.domain.order_history import Happened
from notifier.services.env import Env
from notifier.services.privacy import erase_address
from notifier.signing import Purpose
from tests.order_world import ANN, OrderWorld
from tests.timing import SettableClock
from tests.web.storefront import Storefront
from tests.web.visits import heading, nonce_of, press, words


@pytest.fixture
def engine_name() -> str:
    """Pages look alike on both databases; what touches rows is tested in tests/service."""
    return "sqlite"


@pytest.fixture
def world(env: Env, clock: SettableClock) -> OrderWorld:
    """It is 2 March 2026."""
    made = OrderWorld(env, clock)
    made.at("2026-03-02")
    return made


def late(world: OrderWorld, until: str | None = "2026-04-10", **order: Any) -> int:
    """A line whose delay was told on 20 March; `until` None: without a date."""
    line = world.order(**order).line
    world.at("2026-03-20")
    world.expect(line, until)
    world.tell()
    return line


def choices(page: TestResponse) -> dict[str, str]:
    """What one press of a button says: act → label."""
    buttons = html.fromstring(page.text).cssselect(".choices .choice button")
    return {one.get("value"): " ".join(one.text_content().split()) for one in buttons}


def everything(world: OrderWorld) -> list[Any]:
    tables = ("orders", "order_lines", "order_events", "notices", "messages", "ledger", "contacts")
    with world.env.db.read() as tx:
        return [tx.execute(text(f"SELECT * FROM {one} ORDER BY id")).all() for one in tables]


# --- opening it ---------------------------------------------------------------------------


def test_f35_opening_it_changes_nothing_whoever_opens_it(
    client: FlaskClient, world: OrderWorld
) -> None:
    line = late(world)
    before = everything(world)
    scanners: list[dict[str, str]] = [
        {},
        {"Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"User-Agent": "SafeLinks", "Sec-Fetch-Mode": "no-cors"},
    ]

    for headers in scanners:
        for asked in ("", "?choose=wait", "?choose=cancel", "?choose=withdraw&act=cancel"):
            assert client.get(world.path(line) + asked, headers=headers).status_code == 200
            assert client.head(world.path(line) + asked, headers=headers).status_code == 200
    assert client.open(world.path(line), method="OPTIONS").status_code == 200
    for method in ("PUT", "DELETE", "PATCH"):
        assert client.open(world.path(line), method=method).status_code == 405

    assert everything(world) == before


def test_it_shows_what_was_bought_promised_and_told(client: FlaskClient, world: OrderWorld) -> None:
    world.stock("KETTLE", 0)
    line = late(
        world,
        lines=[
            {
                "variant": "KETTLE",
                "quantity": 3,
                "promise": Promise(text="ships in 3–4 weeks", days=28),
            }
        ],
        ref="#A-77",
    )

    page = client.get(world.path(line))

    said = words(page)
    assert heading(page) == "Your order is delayed"
    assert "Copper kettle $49.90 3 pieces" in said
    assert "#A-77 · 2 March 2026" in said
    assert "ships in 3–4 weeks (by 30 March 2026)" in said
    assert "Expected to ship by 10 April 2026" in said
    assert "Please answer by 10 April 2026, 23:59 (Eastern Daylight Time)." in said
    assert "20 March 2026, 10:00 We told you of a new date: 10 April 2026." in said
    assert 'src="https://kettle.example/shirt.jpg"' in page.text


@pytest.mark.parametrize(
    ("until", "country", "sentences"),
    [
        (
            "2026-04-10",
            "US",
            [
                "The revised shipping date for this item is 10 April 2026.",
                "you can agree to this delay, or you can cancel your order for this item",
                "before the end of 10 April 2026, you will be deemed to have agreed",
                "within seven working days",
            ],
        ),
        (
            None,
            "US",
            [
                "We are unable to say when we can ship this item",
                "Reason for the delay:",
                "cancelled and refunded automatically unless, by the end of 1 May 2026,",
                "you can still cancel at any time before we ship the item",
            ],
        ),
        (
            "2026-04-20",
            "DE",
            [
                "The new delivery date for this item is 20 April 2026.",
                "If you do not answer, you have agreed to nothing",
                "You may withdraw from the contract for this item without giving any reason",
            ],
        ),
        (
            "2026-04-10",
            "",
            [
                "cancelled and refunded automatically unless",
                "You may withdraw from the contract",
            ],
        ),
    ],
    ids=["short", "explicit", "proposal", "strictest"],
)
def test_the_laws_sentences_are_on_the_page(
    client: FlaskClient, world: OrderWorld, until: str | None, country: str, sentences: list[str]
) -> None:
    line = late(world, until, country=country)

    said = words(client.get(world.path(line)))

    for sentence in sentences:
        assert sentence in said


def test_what_bounced_is_said_on_the_page_all_the_same(
    client: FlaskClient, world: OrderWorld
) -> None:
    line = late(world)
    before = words(client.get(world.path(line))).partition("What happened")[0]
    world.bounce(line)

    after = words(client.get(world.path(line)))

    assert after.partition("What happened")[0] == before
    assert "That message did not reach you." in after


@pytest.mark.parametrize(
    ("country", "expected"),
    [
        ("US", {"wait": "Wait until 10 April 2026", "cancel": "Cancel for a refund"}),
        ("DE", {"wait": "Wait until 10 April 2026", "withdraw": "Withdraw from contract here"}),
        ("GB", {"wait": "Wait until 10 April 2026", "withdraw": "Cancel the contract here"}),
        ("", {"wait": "Wait until 10 April 2026", "cancel": "", "withdraw": ""}),
    ],
)
def test_each_choice_is_one_button_and_none_is_louder(
    client: FlaskClient, world: OrderWorld, country: str, expected: dict[str, str]
) -> None:
    line = late(world, country=country)

    page = client.get(world.path(line))

    found = choices(page)
    assert list(found) == list(expected)
    for act, label in expected.items():
        assert label in found[act]
    buttons = html.fromstring(page.text).cssselect(".choices button")
    assert {one.get("class") for one in buttons} == {"button"}
    assert not html.fromstring(page.text).cssselect("[checked], script, [onclick]")


@pytest.mark.parametrize(
    ("country", "choose", "act"),
    [
        ("US", "wait", "wait"),
        ("US", "cancel", "cancel"),
        ("US", "withdraw", "cancel"),
        ("DE", "cancel", "withdraw"),
        ("DE", "withdraw", "withdraw"),
        ("US", "burn", None),
        ("US", "terminate", None),
    ],
)
def test_a_button_in_a_mail_brings_its_choice_into_view(
    client: FlaskClient, world: OrderWorld, country: str, choose: str, act: str | None
) -> None:
    line = late(world, country=country)

    page = client.get(f"{world.path(line)}?choose={choose}")

    focused = html.fromstring(page.text).cssselect("[autofocus]")
    assert [one.get("value") for one in focused] == ([act] if act else [])
    assert ("Nothing is decided until you press" in words(page)) is (act is not None)
    assert "burn" not in page.text


def test_it_speaks_the_customers_language(client: FlaskClient, world: OrderWorld) -> None:
    line = late(world, locale="es-MX", country="DE")

    page = client.get(world.path(line), headers={"Accept-Language": "de"})

    assert heading(page) == "Su pedido se retrasa"
    assert "La nueva fecha de entrega de este artículo es el 10 de abril de 2026" in words(page)
    assert 'lang="es"' in page.text


def test_names_from_elsewhere_are_only_text(client: FlaskClient, world: OrderWorld) -> None:
    line = late(world, lines=[{"title": "<script>alert(1)</script>"}], ref='"><b>#1')

    page = client.get(world.path(line))

    assert "<script>" not in page.text
    assert 'Order "><b>#1 · 2 March 2026' in words(page)


@pytest.mark.parametrize(
    "purpose", [Purpose.UNSUBSCRIBE, Purpose.PRODUCT, Purpose.MESSAGE, Purpose.ADDRESS]
)
def test_no_other_link_opens_it(client: FlaskClient, world: OrderWorld, purpose: Purpose) -> None:
    line = late(world)
    neutral = client.get("/o/nonsense")

    for path in (
        f"/o/{world.env.signer.make(purpose, line)}",
        f"/o/{world.env.signer.make(Purpose.ORDER, line + 1)}",
        world.path(line)[:-1],
        world.path(line) + "=",
    ):
        page = client.get(path)
        assert (page.status_code, page.text.replace(path, "")) == (
            404,
            neutral.text.replace("/o/nonsense", ""),
        )
        assert client.post(path, data={"act": "cancel"}).status_code == 404
    assert world.standing(line).state == "option_short"


def test_it_is_kept_by_nobody_and_named_to_nobody(client: FlaskClient, world: OrderWorld) -> None:
    page = client.get(world.path(late(world)))

    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert "script-src" not in page.headers["Content-Security-Policy"]


def test_the_links_in_the_mail_lead_here_and_the_sentences_are_the_same(
    client: FlaskClient, world: OrderWorld, store: Storefront
) -> None:
    line = world.order().line
    world.at("2026-03-20")
    world.expect(line, "2026-04-10")

    (letter,) = [one for one in store.send() if "/o/" in one["text"]]

    links = re.findall(r"https://notify\.example(/o/[\w-]+\?choose=\w+)", letter["text"])
    assert {link.partition("?")[2] for link in links} == {"choose=wait", "choose=cancel"}
    mail = " ".join(letter["text"].split())
    for link in links:
        page = client.get(link)
        assert page.status_code == 200
        said = html.fromstring(page.text).cssselect(".terms p, .notice strong")
        *clauses, answer_by = said
        assert len(clauses) == 3
        for clause in clauses:
            assert clause.text_content() in mail
        assert str(answer_by.tail).strip() in mail
    press(client, links[0].partition("?")[0], "wait", until="2026-04-10")
    assert world.standing(line).state == "consented"


# --- deciding -----------------------------------------------------------------------------


def test_one_press_waits_and_the_receipt_says_so(client: FlaskClient, world: OrderWorld) -> None:
    line = late(world)

    page = press(client, world.path(line), "wait", until="2026-04-10")

    assert heading(page) == "Thank you: you wait"
    assert "Received 20 March 2026, 10:00 (Eastern Daylight Time)" in words(page)
    assert world.standing(line).state == "consented"
    assert heading(client.get(world.path(line))) == "You are waiting for it"


def test_one_press_cancels_and_says_when_the_money_comes(
    client: FlaskClient, world: OrderWorld
) -> None:
    line = late(world)

    page = press(client, world.path(line), "cancel")

    assert heading(page) == "It is cancelled"
    assert "Your money sent back by 31 March 2026 at the latest" in words(page)
    assert "in writing to a•••@example.com" in words(page)
    assert world.standing(line).state == "refund_due"
    assert world.tell() == ["order_cancelled"]


def test_a_second_press_says_when_it_was_cancelled(client: FlaskClient, world: OrderWorld) -> None:
    line = late(world)
    nonce = nonce_of(client.get(world.path(line)))
    client.post(world.path(line), data={"nonce": nonce, "act": "cancel"})
    world.clock.advance(timedelta(minutes=9))

    page = client.post(world.path(line), data={"nonce": nonce, "act": "cancel"})

    assert page.status_code == 200
    said = "You had cancelled this on 20 March 2026, 10:00 (Eastern Daylight Time)."
    assert said in words(page)
    assert world.kinds(line).count("cancelled") == 1


def test_withdrawing_is_asked_once_more_and_then_done(
    client: FlaskClient, world: OrderWorld
) -> None:
    world.at("2026-06-20", zone="Europe/Berlin")
    line = world.order(country="DE").line

    asked = press(client, world.path(line), "withdraw")
    assert heading(asked) == "Withdraw from the contract?"
    assert "in writing, with date and time, to a•••@example.com" in words(asked)
    assert Happened.WITHDRAWN not in world.kinds(line)

    form = {"nonce": nonce_of(asked), "act": "withdraw", "sure": "yes"}
    page = client.post(world.path(line), data=form)
    assert heading(page) == "You have withdrawn"
    assert "sent back by 4 July 2026 at the latest" in words(page)
    assert world.kinds(line) == ["withdrawn"]


def test_what_came_back_by_another_way_is_answered_on_the_page(
    client: FlaskClient, world: OrderWorld
) -> None:
    line = late(world, None)
    world.bounce(line)

    press(client, world.path(line), "wait", until="open")

    page = client.get(world.path(line))
    assert "You agreed to wait for as long as it takes." in words(page)
    assert "This page told you that no date can be given." in words(page)


def test_fewer_are_taken(client: FlaskClient, world: OrderWorld) -> None:
    line = late(world, lines=[{"quantity": 3}])

    page = press(client, world.path(line), "quantity", quantity="1")

    assert "You now wait for 1. What the others cost, $99.80, is sent back by" in words(page)
    assert "1 instead of 3" in words(page)
    assert 'name="quantity"' not in client.get(world.path(line)).text


def test_something_else_is_taken(client: FlaskClient, world: OrderWorld) -> None:
    world.stock("KETTLE", 0, alternatives=("POT", "PAN"))
    world.stock("POT", 3)
    world.stock("PAN", 0)
    line = late(world, lines=[{"variant": "KETTLE"}])
    assert "Copper pan" not in words(client.get(world.path(line)))

    page = press(client, world.path(line), "swap", variant="POT")

    assert heading(page) == "You get this one instead"
    assert "Copper pot" in words(page)
    assert "ships by 24 March 2026" in words(page)
    after = client.get(world.path(line))
    assert heading(after) == "It is in stock"
    assert "You took Copper pot instead of Copper kettle." in words(after)


def test_a_missed_day_lets_the_customer_set_another(client: FlaskClient, world: OrderWorld) -> None:
    line = world.order(country="DE").line
    world.at("2026-04-02", zone="Europe/Berlin")

    shown = client.get(world.path(line))
    assert heading(shown) == "It is late"
    field = html.fromstring(shown.text).get_element_by_id("until")
    assert (field.get("min"), field.get("value")) == ("2026-04-03", "2026-04-16")

    page = press(client, world.path(line), "set_period", until="2026-04-20")
    assert "We must deliver by the end of 20 April 2026." in words(page)
    assert world.standing(line).state == "extra_period"
    world.at("2026-04-21", zone="Europe/Berlin")
    assert "terminate" in choices(client.get(world.path(line)))


# --- what is not possible -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "fields", "status", "said"),
    [
        ("quantity", {"quantity": "3"}, 422, "from 1 to 2"),
        ("quantity", {"quantity": "0"}, 422, "from 1 to 2"),
        ("quantity", {"quantity": "two"}, 422, "from 1 to 2"),
        ("quantity", {}, 422, "from 1 to 2"),
        ("wait", {"until": "tomorrow"}, 422, "Please give a date"),
        ("wait", {"until": "2026-04-11"}, 409, "the date has changed meanwhile"),
        ("swap", {"variant": "NOPE"}, 409, "cannot be had at once"),
        ("terminate", {}, 409, "not possible at the moment"),
        ("withdraw", {"sure": "yes"}, 409, "not possible at the moment"),
        ("set_period", {"until": "2026-05-01"}, 409, "not possible at the moment"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    client: FlaskClient,
    world: OrderWorld,
    act: str,
    fields: dict[str, str],
    status: int,
    said: str,
) -> None:
    line = late(world, lines=[{"quantity": 3}])
    before = everything(world)

    page = press(client, world.path(line), act, **fields)

    assert page.status_code == status
    assert said in words(page)
    assert choices(page)  # and one can choose again
    assert everything(world) == before


def test_f17_what_has_left_goes_the_way_of_returns(client: FlaskClient, world: OrderWorld) -> None:
    line = late(world)
    nonce = nonce_of(client.get(world.path(line)))
    world.ship(line)
    world.clock.advance(timedelta(minutes=5))

    page = client.post(world.path(line), data={"nonce": nonce, "act": "cancel"})

    assert page.status_code == 409
    said = words(page)
    assert "it was handed to the carrier on 20 March 2026, 10:00 (Eastern Daylight Time)" in said
    assert "To send it back, write to the shop" in said
    assert "Tracking number JD0146" in said
    assert choices(page) == {}


def test_f34_who_keeps_too_late_hears_that_it_was_cancelled(
    client: FlaskClient, world: OrderWorld
) -> None:
    line = late(world, None)
    world.at("2026-05-01T23:59:59")
    nonce = nonce_of(client.get(world.path(line)))
    world.at("2026-05-02T00:00:00")

    form = {"nonce": nonce, "act": "wait", "until": "open"}
    page = client.post(world.path(line), data=form)

    assert page.status_code == 409
    said = words(page)
    assert "cancelled automatically on 2 May 2026, 00:00 (Eastern Daylight Time)" in said
    assert "sent back by 12 May 2026 at the latest" in said
    assert "we did not hear that you want to wait" in said


def test_without_the_pages_own_value_nothing_is_decided(
    client: FlaskClient, world: OrderWorld
) -> None:
    line, other = late(world), world.order().line
    foreign = nonce_of(client.get(world.path(other)))
    old = nonce_of(client.get(world.path(line)))
    world.clock.advance(timedelta(hours=2))
    fresh = nonce_of(client.get(world.path(line)))
    before = everything(world)

    for body in (
        {},
        {"act": "cancel"},
        {"act": "cancel", "nonce": "x"},
        {"act": "cancel", "nonce": foreign},
        {"act": "cancel", "nonce": old},
        {"act": "burn", "nonce": fresh},
        {"List-Unsubscribe": "One-Click"},
    ):
        page = client.post(world.path(line), data=body)
        assert page.status_code == 400
        assert "nothing has changed yet" in words(page)
    assert everything(world) == before


# --- other states -------------------------------------------------------------------------


def test_what_is_refunded_says_so(client: FlaskClient, world: OrderWorld) -> None:
    line = late(world)
    press(client, world.path(line), "cancel")
    world.at("2026-03-24")
    world.happens(line, Happened.REFUND_SENT, amount="49.90")

    said = words(client.get(world.path(line)))

    assert "Your money sent back on 24 March 2026" in said
    assert "Your money was sent back." in said


def test_what_arrived_can_be_withdrawn_from_for_fourteen_days(
    client: FlaskClient, world: OrderWorld
) -> None:
    line = world.order(country="DE").line
    world.ship(line)
    world.happens(line, Happened.DELIVERED)
    assert list(choices(client.get(world.path(line)))) == ["withdraw"]

    world.at("2026-03-17", zone="Europe/Berlin")

    page = client.get(world.path(line))
    assert (heading(page), choices(page)) == ("It has arrived", {})


def test_an_open_order_needs_nothing_and_can_be_ended(
    client: FlaskClient, world: OrderWorld
) -> None:
    line = world.order().line

    page = client.get(world.path(line))

    assert heading(page) == "Your order is waiting"
    assert list(choices(page)) == ["cancel"]


def test_f18_a_person_looks_into_it_and_the_page_says_so(
    client: FlaskClient, world: OrderWorld
) -> None:
    line = late(world)
    press(client, world.path(line), "cancel")
    world.ship(line)

    page = client.get(world.path(line))

    assert (heading(page), choices(page)) == ("We are looking into this", {})


def test_who_was_erased_still_decides_by_the_link(client: FlaskClient, world: OrderWorld) -> None:
    line = late(world)
    erase_address(world.env, world.env.signer.hash_address("email", ANN), by="owner")

    page = press(client, world.path(line), "cancel")

    assert heading(page) == "It is cancelled"
    assert "this page; print or save it" in words(page)
    assert ANN not in page.text
    assert world.standing(line).state == "refund_due"


def test_all_that_is_waited_for_is_on_the_page_of_notices(
    client: FlaskClient, world: OrderWorld, store: Storefront
) -> None:
    order = world.order(lines=[{}, {"title": "Copper pan"}], ref="#A-7")
    world.ship(order.lines[1])
    with world.env.db.read() as tx:
        contact = tx.execute(text("SELECT id FROM contacts")).scalar_one()

    page = client.get(store.manage_path(contact))

    assert "Copper kettle" in words(page)
    assert "Order #A-7" in words(page)
    assert "Copper pan" not in words(page)
    assert world.path(order.line) in page.text
    assert client.get(world.path(order.line)).status_code == 200


def test_a_date_that_was_agreed_to_stays_on_the_page(
    client: FlaskClient, world: OrderWorld
) -> None:
    line = late(world, country="DE", lines=[{"promise": Promise(text="", by=date(2026, 3, 30))}])
    press(client, world.path(line), "wait", until="2026-04-10")

    said = words(client.get(world.path(line)))

    assert "You agreed to until 10 April 2026" in said
    assert "Promised by 30 March 2026" in said

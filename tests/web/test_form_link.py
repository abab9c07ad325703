"""Can somebody get a new link by mail, and nobody learn which addresses are known?"""

from __future__ import annotations

import time

import pytest
from flask.testing import FlaskClient

from notifier.services.privacy import erase_address
from notifier.store import shut_addresses
from tests.web.storefront import CUPS, KETTLE, Storefront
from tests.web.visits import heading, words

PATHS = ["/f/link", f"/f/{KETTLE}/link"]


def ask(client: FlaskClient, address: str, path: str = "/f/link") -> object:
    return client.post(path, data={"address": address})


@pytest.mark.parametrize("path", PATHS)
def test_a_known_address_gets_a_link_to_everything(
    client: FlaskClient, store: Storefront, path: str
) -> None:
    store.stock("S", 0)
    store.wait("S")
    store.send()
    assert "action=" in client.get(path).text

    answer = ask(client, " ANN@example.com ", path)

    assert heading(answer) == "Look into your inbox"
    (mail,) = store.send()
    assert (mail["kind"], mail["address"]) == ("manage_link", "ann@example.com")
    assert heading(client.get(store.links(mail)["m"])) == "Your notices"


def test_a_known_number_gets_it_by_text_message(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    store.wait("S", email=None, phone="+4915123456789")
    store.send()

    ask(client, "+49 1512 3456789")

    (text,) = store.send()
    assert text["address"] == "+4915123456789"
    assert heading(client.get(store.links(text)["m"])) == "Your notices"


def test_the_answer_says_nothing_about_the_address(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    store.wait("S")
    store.ask("S", "asked@example.com")
    store.send()

    answers = [
        ask(client, one)
        for one in ("ann@example.com", "asked@example.com", "eve@example.com", "abuse@example.com")
    ]

    assert {(one.status_code, one.text) for one in answers} == {(202, answers[0].text)}
    assert {letter["address"] for letter in store.send()} == {
        "ann@example.com",
        "asked@example.com",
    }


def test_nor_does_the_time_it_takes(client: FlaskClient, store: Storefront) -> None:
    """The quickest of each, in the calmest of three rounds: what a busy machine adds is not what
    the program tells."""
    store.stock("S", 0)
    apart = []
    for guests in (range(12), range(12, 24), range(24, 36)):
        times: dict[bool, list[float]] = {True: [], False: []}
        for number in guests:
            if number % 2:
                store.wait("S", f"guest{number}@example.com")
            start = time.perf_counter()
            ask(client, f"guest{number}@example.com")
            times[bool(number % 2)].append(time.perf_counter() - start)
        apart.append(abs(min(times[True]) - min(times[False])))

    assert min(apart) < 0.01


@pytest.mark.parametrize("typed", ["", "ann", "ann@", "12", "<script>alert(1)</script>"])
def test_what_is_no_address_is_said_beside_the_field(client: FlaskClient, typed: str) -> None:
    page = ask(client, typed)

    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.text
    assert "<script" not in page.text


def test_an_address_gets_few_links_a_day(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    store.wait("S")
    store.send()

    answers = [ask(client, "ann@example.com").status_code for _ in range(6)]

    assert answers == [202] * 6
    assert len(store.send()) <= 3


def test_a_network_asks_so_often_and_no_more(client: FlaskClient, store: Storefront) -> None:
    answers = [ask(client, f"guest{n}@example.com") for n in range(22)]

    assert [one.status_code for one in answers] == [202] * 20 + [429] * 2
    assert "Please try again in" in words(answers[-1])


def test_the_shop_that_knows_the_address_writes(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    store.wait("S")
    store.send()

    ask(client, "ann@example.com", f"/f/{CUPS}/link")

    (mail,) = store.send()
    assert mail["shop"] == "kettle"


def test_a_suppressed_or_erased_address_gets_nothing(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    store.wait("S")
    store.wait("S", "ben@example.com")
    store.send()
    erase_address(store.env, store.env.signer.hash_address("email", "ann@example.com"), by="owner")
    with store.env.db.write() as tx:
        shut_addresses.suppress(
            tx,
            address_hash=store.env.signer.hash_address("email", "ben@example.com"),
            reason="bounced",
            source="test",
            at=store.env.now(),
        )

    ask(client, "ann@example.com")
    ask(client, "ben@example.com")

    assert store.send() == []


def test_a_filled_trap_sends_nothing(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    store.wait("S")
    store.send()

    body = {"address": "ann@example.com", "website": "x"}
    answer = client.post("/f/link", data=body)

    assert answer.status_code == 202
    assert store.send() == []

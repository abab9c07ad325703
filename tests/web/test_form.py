"""Can somebody sign up without JavaScript, with the widget's fields, consents and one answer?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from lxml import html

from notifier.domain.availability import Availability
from notifier.i18n import consent_text
from notifier.services.env import open_env
from notifier.store.session import Database
from notifier.web.pages import fill
from notifier.web.public import create_public
from tests.timing import SettableClock
from tests.web.storefront import CUPS, KETTLE, PUBLIC_URL, RENDERER, Storefront, config
from tests.web.visits import heading, nonce_of, press, ways, words

SHIRT = f"/f/{KETTLE}?variant=S"


def sign_up(client: FlaskClient, path: str = SHIRT, **fields: str) -> object:
    """Opens the form and sends it."""
    return press(client, path, "", **{"email": "ann@example.com", **fields})


def subscriptions(store: Storefront) -> list[dict[str, object]]:
    return store.rows(
        "SELECT s.*, c.address, v.key FROM subscriptions s JOIN contacts c ON c.id = s.contact_id "
        "LEFT JOIN variants v ON v.id = s.variant_id ORDER BY s.id"
    )


def test_it_shows_the_product_and_asks_for_an_address(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)

    page = client.get(SHIRT)

    assert page.status_code == 200
    text = words(page)
    for part in ("Linen shirt", "€49.90", "Sold out for now", "Your e-mail address"):
        assert part in text
    assert consent_text("en", "email").shown(shop="Kettle & Co") in text
    assert consent_text("en", "sms").shown(shop="Kettle & Co") in text
    assert "https://kettle.example/privacy" in page.text


@pytest.mark.parametrize("offers", [False, True])
def test_consent_to_offers_is_asked_for_only_where_the_shop_wants_it(
    database: Database, clock: SettableClock, tmp_path: Path, offers: bool
) -> None:
    settings = config(tmp_path, kettle={"offers_marketing": offers})
    store = Storefront(env=open_env(settings, clock=clock, db=database), folder=tmp_path)
    client = create_public(store.env, RENDERER).test_client()
    store.stock("S", 0)
    form = client.get(SHIRT, base_url=PUBLIC_URL)
    assert ('name="marketing"' in form.text) is offers

    told = {"variant": "S", "email": "ann@example.com", "marketing": "yes"}
    client.post(SHIRT, data=told | {"nonce": nonce_of(form)}, base_url=PUBLIC_URL)

    assert [bool(row["accepts_marketing"]) for row in subscriptions(store)] == [offers]


def test_a_sign_up_waits_for_its_confirmation_like_one_by_the_widget(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)

    done = sign_up(client, quantity="2", physical_only="yes", variant="S")

    assert done.status_code == 202
    assert heading(done) == "Almost done"
    (row,) = subscriptions(store)
    assert (row["address"], row["key"], row["quantity"]) == ("ann@example.com", "S", 2)
    assert (row["state"], row["origin"]) == ("unconfirmed", "form")
    assert row["physical_only"]
    (mail,) = store.send()
    assert mail["kind"] == "confirm"
    (entry,) = store.rows("SELECT facts FROM ledger")
    assert consent_text("en", "email").id in str(entry["facts"])


def test_the_answer_is_the_same_for_every_address(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    store.wait("S", "waiting@example.com")
    store.ask("S", "asked@example.com")
    client.post(store.unsubscribe_path(store.wait("S", "ended@example.com")))

    addresses = ("new@example.com", "waiting@example.com", "asked@example.com")
    addresses += ("ended@example.com", "postmaster@example.com")
    answers = [sign_up(client, variant="S", email=one) for one in addresses]

    assert {(one.status_code, one.text) for one in answers} == {(202, answers[0].text)}


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"email": ""}, "email", "Please fill in this field."),
        ({"email": "ann"}, "email", "“ann” is not a complete e-mail address."),
        ({"email": "a@b.co;evil@x.co"}, "email", "Please give one e-mail address, not several."),
        ({"email": "<script>alert(1)</script>@x.co"}, "email", "“<script>alert(1)</script>@x.co”"),
        ({"medium": "sms", "phone": "123"}, "phone", "“123” is not a complete mobile number."),
        ({"medium": "sms", "phone": ""}, "phone", "Please fill in this field."),
        ({"quantity": "0"}, "quantity", "Please enter a whole number from 1 to 10000 as quantity."),
        (
            {"quantity": "1.5"},
            "quantity",
            "Please enter a whole number from 1 to 10000 as quantity.",
        ),
        (
            {"quantity": "9999999999"},
            "quantity",
            "Please enter a whole number from 1 to 10000 as quantity.",
        ),
    ],
)
def test_an_error_stands_beside_its_field_and_what_was_typed_stays(
    client: FlaskClient, store: Storefront, fields: dict[str, str], field: str, says: str
) -> None:
    store.stock("S", 0)

    page = sign_up(client, variant="S", **fields)

    assert page.status_code == 422
    (input_,) = html.fromstring(page.text).cssselect("[aria-invalid]")
    assert input_.get("name") == field
    assert input_.get("value") == fields[field]
    error = html.fromstring(page.text).get_element_by_id(f"{field}-error")
    assert error.text_content().startswith(says)
    assert f"{field}-error" in input_.get("aria-describedby")
    assert "<script" not in page.text
    assert subscriptions(store) == []


def test_an_address_in_other_letters_is_the_same_person(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    store.ask("S")

    sign_up(client, variant="S", email="  ANN@Example.COM ")

    assert len(subscriptions(store)) == 1


def test_a_mobile_number_can_be_given_instead(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)

    done = sign_up(client, variant="S", medium="sms", phone="01512 3456789")

    assert done.status_code == 202
    assert "text is on its way" in words(done)
    assert subscriptions(store)[0]["address"] == "+4915123456789"


def test_the_form_of_a_product_offers_its_variants_and_any(
    client: FlaskClient, store: Storefront
) -> None:
    for size in ("S", "M", "L"):
        store.stock(size, 0)
    path = f"/f/{KETTLE}?product=SHIRT"
    options = html.fromstring(client.get(path).text).cssselect("#variant option")
    assert [one.get("value") for one in options] == ["", "S", "M", "L"]

    sign_up(client, path, variant="")
    sign_up(client, path, variant="L", email="ben@example.com")

    assert [row["key"] for row in subscriptions(store)] == [None, "L"]


def test_only_what_is_out_can_be_chosen_and_what_is_there_is_said(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    store.stock("M", 3)

    page = client.get(f"/f/{KETTLE}?product=SHIRT")

    assert "Some variants can be bought now." in words(page)
    assert "M" not in [
        one.get("value") for one in html.fromstring(page.text).cssselect("#variant option")
    ]
    assert sign_up(client, f"/f/{KETTLE}?product=SHIRT", variant="S").status_code == 202


def test_what_can_be_bought_is_not_waited_for(client: FlaskClient, store: Storefront) -> None:
    store.stock("TEAPOT", 3)

    page = client.get(f"/f/{KETTLE}?variant=TEAPOT")

    assert heading(page) == "You can buy it now"
    assert ways(page) == {
        "Go to the product": "https://kettle.example/teapot?size=TEAPOT"
        "&utm_source=notifier&utm_medium=page&utm_campaign=form"
    }


def test_what_came_back_while_the_form_was_open_is_said(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("TEAPOT", 0)
    path = f"/f/{KETTLE}?variant=TEAPOT"
    nonce = nonce_of(client.get(path))
    store.stock("TEAPOT", 3)

    page = client.post(path, data={"nonce": nonce, "email": "ann@example.com"})

    assert page.status_code in (200, 409)
    assert heading(page) == "You can buy it now"
    assert subscriptions(store) == []


def test_what_is_no_longer_made_says_so(client: FlaskClient, store: Storefront) -> None:
    store.stock("TEAPOT", 0, availability=Availability.DISCONTINUED)

    assert heading(client.get(f"/f/{KETTLE}?variant=TEAPOT")) == "It will not come back"


@pytest.mark.parametrize(
    "query",
    ["", "?variant=NONE", "?product=NONE", "?variant=MUG", "?variant=" + "x" * 999],
)
def test_what_is_not_known_here_gets_one_page(
    client: FlaskClient, store: Storefront, query: str
) -> None:
    store.stock("MUG", 0, shop="cups")

    page = client.get(f"/f/{KETTLE}{query}")

    assert page.status_code == 404
    assert heading(page) == "This product cannot be waited for"


def test_what_is_not_published_cannot_be_waited_for(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    nonce = nonce_of(client.get(SHIRT))
    with store.env.db.write() as tx:
        tx.exec_driver_sql("UPDATE products SET published = false")

    assert client.get(SHIRT).status_code == 404
    body = {"nonce": nonce, "variant": "S", "email": "ann@example.com"}
    assert client.post(SHIRT, data=body).status_code == 404
    assert subscriptions(store) == []


def test_an_unknown_shop_gets_the_neutral_page(client: FlaskClient) -> None:
    assert client.get("/f/pk_nobody?variant=S").status_code == 404


def test_a_field_given_twice_or_with_a_nul_in_it_is_refused(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)

    assert client.get(SHIRT + "&variant=M").status_code == 400
    assert client.get(f"/f/{KETTLE}?variant=%00").status_code == 400
    assert sign_up(client, variant="S\x00").status_code == 400
    assert sign_up(client, variant="S", quantity=["1", "2"]).status_code == 400  # type: ignore[arg-type]
    assert subscriptions(store) == []


def test_a_filled_trap_looks_like_success_and_stores_nothing(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    real = sign_up(client, variant="S", email="ben@example.com")

    trapped = sign_up(client, variant="S", website="https://spam.example")

    assert (trapped.status_code, trapped.text) == (real.status_code, real.text)
    assert [row["address"] for row in subscriptions(store)] == ["ben@example.com"]


def test_without_the_forms_own_value_nothing_is_stored(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    store.stock("S", 0)
    store.stock("MUG", 0, shop="cups")
    of_other_shop = nonce_of(client.get(f"/f/{CUPS}?variant=MUG"))
    old = nonce_of(client.get(SHIRT))

    for nonce in ("", "x", of_other_shop, "late"):
        if nonce == "late":  # and not before: what is too old is refused whatever it is of
            clock.advance(timedelta(hours=1, seconds=1))
            nonce = old
        body = {"nonce": nonce, "variant": "S", "email": "ann@example.com"}
        page = client.post(SHIRT, data=body)
        assert page.status_code == 400
        assert 'value="ann@example.com"' in page.text
    assert subscriptions(store) == []
    cross = client.post(
        SHIRT,
        data={"nonce": nonce_of(client.get(SHIRT)), "variant": "S", "email": "ann@example.com"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert cross.status_code == 403
    assert client.post(SHIRT, json={"email": "ann@example.com"}).status_code == 415
    assert subscriptions(store) == []


def test_one_network_signs_up_so_often_and_no_more(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)

    answers = [sign_up(client, variant="S", email=f"guest{n}@example.com") for n in range(22)]

    assert [one.status_code for one in answers] == [202] * 20 + [429] * 2
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert "Please try again in" in words(answers[-1])
    assert len(subscriptions(store)) == 20


def test_a_forwarded_address_does_not_open_another_network(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    nonce = nonce_of(client.get(SHIRT))

    answers = [
        client.post(
            SHIRT,
            data={"nonce": nonce, "variant": "S", "email": f"guest{n}@example.com"},
            headers={"X-Forwarded-For": f"10.{n}.0.1"},
        ).status_code
        for n in range(22)
    ]

    assert answers == [202] * 20 + [429] * 2


def test_where_a_shop_asks_for_work_a_moment_on_the_page_counts(
    database: Database, clock: SettableClock, tmp_path: Path
) -> None:
    settings = config(tmp_path, kettle={"proof_of_work": "always"})
    store = Storefront(env=open_env(settings, clock=clock, db=database), folder=tmp_path)
    client = create_public(store.env, RENDERER).test_client()
    store.stock("S", 0)
    nonce = nonce_of(client.get(SHIRT, base_url=PUBLIC_URL))
    body = {"nonce": nonce, "variant": "S", "email": "ann@example.com"}

    at_once = client.post(SHIRT, data=body, base_url=PUBLIC_URL)
    assert at_once.status_code == 422
    assert subscriptions(store) == []

    clock.advance(timedelta(seconds=3))
    assert client.post(SHIRT, data=body, base_url=PUBLIC_URL).status_code == 202
    assert len(subscriptions(store)) == 1


@pytest.mark.parametrize(
    ("query", "accept", "lang"),
    [
        ("&lang=de", "es", "de"),
        ("&lang=xx", "es", "es"),
        ("", "es-MX", "es"),
        ("", "", "en"),
        ("&lang=%3Cscript%3E", "", "en"),
    ],
)
def test_it_speaks_the_language_of_the_link_or_the_browser(
    client: FlaskClient, store: Storefront, query: str, accept: str, lang: str
) -> None:
    store.stock("S", 0)

    page = client.get(SHIRT + query, headers={"Accept-Language": accept})

    assert f'<html lang="{lang}"' in page.text


def test_a_shop_without_channels_takes_no_sign_ups(
    database: Database, clock: SettableClock, tmp_path: Path
) -> None:
    settings = config(tmp_path, kettle={"mail_channel": "none", "sms_channel": ""})
    store = Storefront(env=open_env(settings, clock=clock, db=database), folder=tmp_path)
    client = create_public(store.env, RENDERER).test_client()
    store.stock("S", 0)

    page = client.get(SHIRT, base_url=PUBLIC_URL)

    assert heading(page) == "There are no notices here"


def test_a_slip_in_the_address_is_asked_about_and_holds_nothing_up(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)

    done = sign_up(client, email="Ann@gmial.com")

    assert done.status_code == 202
    assert "You wrote gmial.com. If you meant gmail.com, please sign up once more" in words(done)
    (row,) = subscriptions(store)
    assert row["address"] == "ann@gmial.com"
    again = ways(done)["Sign up with the other address"]
    assert heading(client.get(again)) == "Hear when it is back"
    assert "ann" not in again.lower()


def test_a_slip_says_nothing_about_whether_the_address_is_known(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    store.wait("S", "waiting@gmial.com")

    answers = {sign_up(client, email=f"{one}@gmial.com").data for one in ("waiting", "new")}

    assert len(answers) == 1


def test_no_slip_is_seen_in_a_phone_number_or_a_trapped_program(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)

    for fields in (
        {"medium": "sms", "phone": "+4915123456789", "email": "ann@gmial.com"},
        {"email": "not an address", "website": "https://spam.example"},
    ):
        done = sign_up(client, **fields)
        assert done.status_code == 202
        assert "If you meant" not in words(done)


def test_a_name_from_right_to_left_does_not_turn_the_words_around_it() -> None:
    text = "“{product}” is available at {shop}."
    said = fill(text, product="كوب (طقم من 2)", shop="Kettle & Co")
    assert said == "“\u2068كوب (طقم من 2)\u2069” is available at Kettle & Co."

"""Does the confirmation link put people in line, and never by accident or for somebody else?"""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient

from notifier.domain.availability import Availability
from tests.timing import SettableClock
from tests.web.storefront import Storefront
from tests.web.visits import heading, nonce_of, press, ways, words


def test_the_link_in_the_mail_shows_what_is_asked_and_one_click_confirms(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    ann = store.ask("S", quantity=2)
    (mail,) = store.send()
    path = store.links(mail)["c"]

    page = client.get(path)

    assert page.status_code == 200
    for part in ("Linen shirt", "€49.90", "2 pieces", "Kettle & Co", "a•••@example.com"):
        assert part in words(page)
    assert store.state(ann) == "unconfirmed"

    done = press(client, path, "confirm")

    assert done.status_code == 200
    assert heading(done) == "You are on the list"
    assert store.state(ann) == "waiting"
    assert [row["act"] for row in store.rows("SELECT act FROM ledger ORDER BY id")] == [
        "asked",
        "confirmed",
    ]


def test_confirming_twice_is_harmless_and_says_so(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    path = store.confirm_path(store.ask("S"))
    nonce = nonce_of(client.get(path))

    pages = [client.post(path, data={"nonce": nonce, "act": "confirm"}) for _ in range(2)]

    assert [page.status_code for page in pages] == [200, 200]
    assert heading(pages[1]) == heading(client.get(path)) == "You are on the list already"
    assert store.one("SELECT count(*) FROM ledger WHERE act = 'confirmed'") == 1


def test_other_requests_of_the_address_are_ticked_and_confirmed_with_it(
    client: FlaskClient, store: Storefront
) -> None:
    for key in ("S", "TEAPOT", "LID"):
        store.stock(key, 0)
    shirt, teapot, lid = (store.ask(key) for key in ("S", "TEAPOT", "LID"))
    path = store.confirm_path(shirt)

    page = client.get(path)
    assert page.text.count('name="also"') == page.text.count(" checked>") == 2

    done = press(client, path, "confirm", also=[str(teapot)])

    assert [store.state(one) for one in (shirt, teapot, lid)] == [
        "waiting",
        "waiting",
        "unconfirmed",
    ]
    assert "Copper teapot" in words(done)


def test_what_belongs_to_somebody_else_is_not_confirmed_along(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    ann, ben = store.ask("S"), store.ask("S", "ben@example.com")

    press(client, store.confirm_path(ann), "confirm", also=[str(ben), "x", "-1", "9" * 30])

    assert (store.state(ann), store.state(ben)) == ("waiting", "unconfirmed")


def test_not_me_deletes_the_request_and_nothing_is_sent_for_it(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    ann = store.ask("S")
    path = store.confirm_path(ann)

    page = press(client, path, "delete")

    assert heading(page) == "Deleted"
    assert store.state(ann) == "ended"
    assert store.send() == []


def test_a_link_never_brings_back_what_was_ended(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    ann = store.ask("S")
    path = store.confirm_path(ann)
    nonce = nonce_of(client.get(path))
    client.post(store.unsubscribe_path(ann), data={"List-Unsubscribe": "One-Click"})

    page = client.post(path, data={"nonce": nonce, "act": "confirm"})

    assert heading(page) == "This request has ended"
    assert store.state(ann) == "ended"
    assert "/f/pk_kettle_01?variant=S&lang=en" in ways(page)["Sign up again"]


def test_a_link_older_than_its_time_is_like_any_wrong_link(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    store.stock("S", 0)
    ann = store.ask("S")
    path = store.confirm_path(ann)
    nonce = nonce_of(client.get(path))
    clock.advance(timedelta(days=2, seconds=1))

    late = client.post(path, data={"nonce": nonce, "act": "confirm"})

    assert late.status_code == 404
    assert late.text.replace(path, "") == client.get("/c/nonsense").text.replace("/c/nonsense", "")
    assert store.state(ann) == "unconfirmed"


def test_what_came_back_meanwhile_is_said_on_the_page_and_not_by_mail(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    ann = store.ask("S")
    store.send()
    store.stock("S", 3)

    page = press(client, store.confirm_path(ann), "confirm")

    assert heading(page) == "You can buy it now"
    assert ways(page)["Go to the product"].startswith("https://kettle.example/shirt?size=S&utm_")
    assert store.state(ann) == "told"
    assert store.send() == []


def test_a_form_from_elsewhere_or_left_open_too_long_changes_nothing(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    store.stock("S", 0)
    ann, ben = store.ask("S"), store.ask("S", "ben@example.com")
    path = store.confirm_path(ann)
    of_ben = nonce_of(client.get(store.confirm_path(ben)))
    of_other_page = nonce_of(client.get(store.unsubscribe_path(ann)))
    own = nonce_of(client.get(path))

    for nonce in ("", "x", of_ben, of_other_page, "late"):
        if nonce == "late":  # and not before: what is too old is refused whatever it is of
            clock.advance(timedelta(hours=1, seconds=1))
            nonce = own
        page = client.post(path, data={"nonce": nonce, "act": "confirm"})
        assert page.status_code == 400, nonce
        assert "nothing has changed yet" in words(page)
    assert store.state(ann) == "unconfirmed"

    again = press(client, path, "confirm")
    assert heading(again) == "You are on the list"


def test_an_unknown_button_changes_nothing(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    ann = store.ask("S")

    page = press(client, store.confirm_path(ann), "hack")

    assert page.status_code == 400
    assert store.state(ann) == "unconfirmed"


def test_the_page_speaks_the_language_of_the_sign_up(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    path = store.confirm_path(store.ask("S", locale="de"))

    page = client.get(path, headers={"Accept-Language": "es"})

    assert '<html lang="de" dir="ltr">' in page.text
    assert heading(page).startswith("Dürfen wir Ihnen schreiben")
    assert "49,90" in words(page)


def test_who_confirms_what_will_never_come_back_reads_so_and_what_there_is_instead(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("TEAPOT", 3)
    store.stock("S", 0)
    path = store.confirm_path(store.ask("S"))
    store.stock("S", 0, availability=Availability.DISCONTINUED, alternatives=("TEAPOT",))

    page = press(client, path, "confirm")

    assert heading(page) == "It will not come back"
    assert ways(page) == {"Copper teapot": "https://kettle.example/teapot?size=TEAPOT"}
    assert heading(client.get(path)) == "It will not come back"
    assert [one["kind"] for one in store.send()] == ["discontinued"]
    assert heading(client.get(path)) == "This request has ended"


def test_a_form_that_says_two_things_at_once_does_neither(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    ann = store.ask("S")
    path = store.confirm_path(ann)
    nonce = nonce_of(client.get(path))

    page = client.post(path, data={"nonce": nonce, "act": ["confirm", "delete"]})

    assert page.status_code == 400
    assert store.state(ann) == "unconfirmed"

"""Can somebody see, change, pause, stop and move everything an address waits for, by link alone?"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from notifier.domain.availability import Availability
from tests.timing import SettableClock
from tests.web.storefront import Storefront
from tests.web.stories import Tell
from tests.web.visits import heading, nonce_of, press, words


@pytest.fixture
def ann(tell: Tell) -> int:
    """Ann's contact: waits for a shirt and a teapot, asked for a lid, was told of a tray."""
    return tell(_ann)


def _ann(store: Storefront) -> int:
    for key in ("S", "M", "L", "TEAPOT", "LID", "TRAY"):
        store.stock(key, 0)
    store.wait("TRAY")
    store.stock("TRAY", 4)
    store.send()
    shirt = store.wait("S")
    store.wait("TEAPOT")
    store.move_to_unconfirmed(store.wait("LID"))
    return store.contact_of(shirt)


def id_of(store: Storefront, state_and_key: str) -> int:
    """`waiting S`: the id of the subscription in that state for that variant."""
    state, key = state_and_key.split()
    return int(
        store.one(
            "SELECT s.id FROM subscriptions s JOIN variants v ON v.id = s.variant_id "
            "WHERE s.state = :state AND v.key = :key",
            state=state,
            key=key,
        )
    )


def test_it_shows_what_waits_what_is_unconfirmed_and_what_is_done(
    client: FlaskClient, store: Storefront, ann: int
) -> None:
    page = client.get(store.manage_path(ann))

    text = words(page)
    waiting, rest = text.split("Not confirmed yet")
    unconfirmed, done = rest.split("Done", 1)
    assert "Linen shirt" in waiting
    assert "Copper teapot" in waiting
    assert "Copper lid" in unconfirmed
    assert "Copper lid" not in waiting
    assert "Copper tray told on 1 December 2026" in done
    assert "a•••@example.com" in text
    assert "ann@example.com" not in page.text


def test_it_shows_all_shops_and_names_them(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    store.stock("MUG", 0, shop="cups")
    ann = store.contact_of(store.wait("S"))
    store.wait("MUG", shop="cups")

    text = words(client.get(store.manage_path(ann)))

    assert "· Kettle & Co" in text
    assert "· Cups" in text


def test_the_link_that_was_mailed_opens_it(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    store.wait("S")
    path = store.links(store.send()[-1])["m"]

    assert heading(client.get(path)) == "Your notices"


@pytest.mark.parametrize(
    ("days", "until"), [("30", "2026-12-31"), ("90", "2027-03-01"), ("", None)]
)
def test_a_notice_can_be_paused_and_resumed_in_its_place(
    client: FlaskClient, store: Storefront, ann: int, days: str, until: str | None
) -> None:
    path, shirt = store.manage_path(ann), id_of(store, "waiting S")

    paused = press(client, path, "pause", item=shirt, days=days)

    assert paused.status_code == 303
    assert store.state(shirt) == "paused"
    stored = store.one("SELECT paused_until FROM subscriptions WHERE id = :id", id=shirt)
    assert (str(stored)[:10] if stored else None) == until
    assert "Paused" in words(client.get(paused.headers["Location"]))

    press(client, path, "resume", item=shirt)
    assert store.state(shirt) == "waiting"


def test_variant_quantity_and_language_can_be_changed(
    client: FlaskClient, store: Storefront, ann: int
) -> None:
    shirt = id_of(store, "waiting S")
    created = store.one("SELECT created_at FROM subscriptions WHERE id = :id", id=shirt)
    large = store.one("SELECT id FROM variants WHERE key = 'L'")

    press(
        client,
        store.manage_path(ann),
        "change",
        item=shirt,
        variant=str(large),
        quantity="3",
        locale="de",
    )

    (row,) = store.rows("SELECT * FROM subscriptions WHERE id = :id", id=shirt)
    assert (row["variant_id"], row["quantity"], row["locale"]) == (large, 3, "de")
    assert row["created_at"] == created, "the place in line is kept"


@pytest.mark.parametrize(("chosen", "days"), [("never", -1), ("every", 0), ("week", 8)])
def test_one_chooses_which_new_dates_to_hear_of_and_sees_the_choice(
    client: FlaskClient, store: Storefront, ann: int, chosen: str, days: int
) -> None:
    shirt, teapot = id_of(store, "waiting S"), id_of(store, "waiting TEAPOT")

    press(client, store.manage_path(ann), "change", item=shirt, dates=chosen)

    kept = store.rows(
        "SELECT id, eta_days FROM subscriptions WHERE id IN (:a, :b)", a=shirt, b=teapot
    )
    assert {row["id"]: row["eta_days"] for row in kept} == {shirt: days, teapot: None}
    page = client.get(store.manage_path(ann)).text
    of_shirt = page.split(f'id="dates-{shirt}"')[1].split("</select>")[0]
    assert next(line for line in of_shirt.splitlines() if "selected" in line).startswith(
        f'<option value="{chosen}"'
    )
    press(client, store.manage_path(ann), "change", item=shirt, dates="shop")
    assert store.one("SELECT eta_days FROM subscriptions WHERE id = :id", id=shirt) is None


def test_any_variant_will_do_after_a_change(
    client: FlaskClient, store: Storefront, ann: int
) -> None:
    shirt = id_of(store, "waiting S")

    press(client, store.manage_path(ann), "change", item=shirt, variant="any", quantity="1")
    store.stock("M", 3)

    assert [letter["kind"] for letter in store.send()][-1] == "back_in_stock"
    assert store.state(shirt) == "told"


def test_a_variant_that_is_there_is_not_waited_for(
    client: FlaskClient, store: Storefront, ann: int
) -> None:
    store.stock("M", 3)
    shirt, medium = id_of(store, "waiting S"), store.one("SELECT id FROM variants WHERE key = 'M'")

    page = press(client, store.manage_path(ann), "change", item=shirt, variant=str(medium))

    assert page.status_code == 409
    assert "can be bought now" in words(page)
    assert store.state(shirt) == "waiting"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"quantity": "0"}, "whole number"),
        ({"quantity": "-1"}, "whole number"),
        ({"quantity": "1.5"}, "whole number"),
        ({"quantity": "two"}, "whole number"),
        ({"quantity": "1000000000"}, "whole number"),
        ({"quantity": "٣"}, "whole number"),
        ({"locale": "xx"}, "languages"),
        ({"dates": "sometimes"}, "new dates"),
        ({"variant": "999999"}, "variants"),
        ({"variant": "<script>"}, "variants"),
    ],
)
def test_nonsense_is_refused_in_words_and_not_repeated(
    client: FlaskClient, store: Storefront, ann: int, fields: dict[str, str], says: str
) -> None:
    shirt = id_of(store, "waiting S")
    before = store.rows("SELECT * FROM subscriptions WHERE id = :id", id=shirt)

    page = press(client, store.manage_path(ann), "change", item=shirt, **fields)

    assert page.status_code == 422
    assert says in words(page)
    assert "<script>" not in page.text
    assert store.rows("SELECT * FROM subscriptions WHERE id = :id", id=shirt) == before


def test_a_pause_that_is_not_offered_is_refused(
    client: FlaskClient, store: Storefront, ann: int
) -> None:
    shirt = id_of(store, "waiting S")

    page = press(client, store.manage_path(ann), "pause", item=shirt, days="99999")

    assert page.status_code == 422
    assert store.state(shirt) == "waiting"


def test_one_notice_stops_and_the_others_stay(
    client: FlaskClient, store: Storefront, ann: int
) -> None:
    shirt = id_of(store, "waiting S")

    press(client, store.manage_path(ann), "stop", item=shirt)

    assert store.state(shirt) == "ended"
    assert id_of(store, "waiting TEAPOT")


@pytest.mark.parametrize("act", ["pause", "resume", "change", "move", "resend", "stop"])
def test_nobody_touches_the_notice_of_somebody_else(
    client: FlaskClient, store: Storefront, ann: int, act: str
) -> None:
    ben = store.wait("S", "ben@example.com")
    before = store.everything()

    page = press(
        client,
        store.manage_path(ann),
        act,
        item=ben,
        days="30",
        quantity="9",
        address="eve@example.com",
    )

    assert page.status_code == 409
    assert store.everything() == before


def test_a_confirmation_is_sent_again_once_a_minute(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    store.stock("S", 0)
    ann = store.ask("S")
    store.send()
    path = store.manage_path(store.contact_of(ann))

    at_once = press(client, path, "resend", item=ann)
    assert at_once.status_code == 429
    assert store.send() == []

    clock.advance(timedelta(minutes=1))
    assert press(client, path, "resend", item=ann).status_code == 303
    (again,) = store.send()
    assert again["kind"] == "confirm"
    assert press(client, store.links(again)["c"], "confirm").status_code == 200
    assert store.state(ann) == "waiting"


def test_everything_stops_after_a_second_question(
    client: FlaskClient, store: Storefront, ann: int
) -> None:
    path = store.manage_path(ann)

    asked = press(client, path, "stop_all")
    assert heading(asked) == "Stop all notices?"
    assert id_of(store, "waiting S")

    client.post(path, data={"nonce": nonce_of(asked), "act": "stop_all", "sure": "yes"})

    assert {row["state"] for row in store.rows("SELECT state FROM subscriptions")} == {"ended"}
    assert "waits for nothing" in words(client.get(path))


def test_everything_can_be_taken_along_as_json(
    client: FlaskClient, store: Storefront, ann: int
) -> None:
    answer = press(client, store.manage_path(ann), "download")

    assert answer.mimetype == "application/json"
    assert 'filename="my-notices.json"' in answer.headers["Content-Disposition"]
    rows = json.loads(answer.text)
    assert rows["contact"]["address"] == "ann@example.com"
    assert len(rows["subscriptions"]) == 4
    assert {row["kind"] for row in rows["messages"]} >= {"waiting", "back_in_stock"}
    assert {row["act"] for row in rows["ledger"]} == {"asked", "confirmed"}


def test_everything_is_erased_after_a_second_question(
    client: FlaskClient, store: Storefront, ann: int
) -> None:
    path = store.manage_path(ann)
    asked = press(client, path, "erase")
    assert heading(asked) == "Erase everything?"
    assert id_of(store, "waiting S")

    done = client.post(path, data={"nonce": nonce_of(asked), "act": "erase", "sure": "yes"})

    assert heading(done) == "Erased"
    assert store.rows("SELECT address FROM contacts") == [{"address": ""}]
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("act", ["pause", "stop", "stop_all", "erase", "download", "move"])
def test_without_the_pages_own_value_nothing_happens(
    client: FlaskClient, store: Storefront, ann: int, act: str
) -> None:
    before = store.everything()

    page = client.post(
        store.manage_path(ann),
        data={"act": act, "sure": "yes", "item": id_of(store, "waiting S"), "days": "30"},
    )

    assert page.status_code == 400
    assert store.everything() == before


def test_the_address_bar_cannot_make_the_page_say_anything(
    client: FlaskClient, store: Storefront, ann: int
) -> None:
    path = store.manage_path(ann)

    page = client.get(path + "?said=Call+0900+123&about=%3Cscript%3E")

    assert "0900" not in page.text
    assert "<script" not in page.text


def test_a_title_with_markup_in_it_is_only_text(client: FlaskClient, store: Storefront) -> None:
    store.stock("X", 0, title="<script>alert(1)</script>{{7*7}}", image_url="javascript:alert(1)")
    ann = store.contact_of(store.wait("X"))

    page = client.get(store.manage_path(ann))

    assert "<script" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in page.text
    assert "javascript:" not in page.text


# --- another address ----------------------------------------------------------------------


def test_a_notice_moves_when_the_new_address_confirms_and_keeps_its_place(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    store.stock("S", 0)
    ann = store.wait("S")
    clock.advance(timedelta(days=1))
    store.wait("S", "ben@example.com")
    store.send()

    moved = press(
        client,
        store.manage_path(store.contact_of(ann)),
        "move",
        item=ann,
        address="Ann.New@Example.com",
    )

    assert moved.status_code == 303
    (letter,) = store.send()
    assert (letter["kind"], letter["address"]) == ("confirm", "ann.new@example.com")
    assert store.state(ann) == "waiting", "nothing changes before the new address confirms"

    press(client, store.links(letter)["c"], "confirm")

    assert store.state(ann) == "ended"
    store.send()
    store.stock("S", 1)
    told = [one["address"] for one in store.send() if one["kind"] == "back_in_stock"]
    assert told[0] == "ann.new@example.com", "still before Ben in line"
    assert "ann@example.com" not in told


def test_a_notice_moves_to_a_mobile_number(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    ann = store.wait("S")
    store.send()

    press(
        client,
        store.manage_path(store.contact_of(ann)),
        "move",
        item=ann,
        address="01512 3456789",
    )

    (letter,) = store.send()
    assert letter["address"] == "+4915123456789"
    press(client, store.links(letter)["c"], "confirm")
    assert store.rows("SELECT medium FROM subscriptions WHERE state = 'waiting'") == [
        {"medium": "sms"}
    ]


def test_an_address_known_already_must_confirm_a_move_too(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    store.stock("S", 0)
    store.stock("TEAPOT", 0)
    store.wait("TEAPOT", "ben@example.com")
    ann = store.wait("S")
    store.send()
    clock.advance(timedelta(hours=1))  # an address gets one confirmation an hour

    press(
        client,
        store.manage_path(store.contact_of(ann)),
        "move",
        item=ann,
        address="ben@example.com",
    )

    assert [one["kind"] for one in store.send()] == ["confirm"]
    assert store.state(ann) == "waiting"


def test_a_move_never_says_whether_the_other_address_waits(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    ann = store.wait("S")
    store.wait("S", "ben@example.com")
    path = store.manage_path(store.contact_of(ann))

    known = press(client, path, "move", item=ann, address="ben@example.com")
    unknown = press(client, path, "move", item=ann, address="carla@example.com")

    assert known.status_code == unknown.status_code == 303
    assert known.headers["Location"] == unknown.headers["Location"]
    assert store.state(ann) == "waiting"


@pytest.mark.parametrize("address", ["", "ann", "ann@", "0800 123", "ann@example.com"])
def test_a_move_to_no_address_or_the_same_is_refused(
    client: FlaskClient, store: Storefront, address: str
) -> None:
    store.stock("S", 0)
    ann = store.wait("S")

    page = press(
        client, store.manage_path(store.contact_of(ann)), "move", item=ann, address=address
    )

    assert page.status_code == 422
    assert store.one("SELECT count(*) FROM subscriptions") == 1


def test_moves_are_few_a_day_so_that_nobody_is_flooded(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    ann = store.wait("S")
    path = store.manage_path(store.contact_of(ann))
    store.send()

    answers = [
        press(client, path, "move", item=ann, address=f"guest{n}@example.com").status_code
        for n in range(8)
    ]

    assert answers == [303] * 5 + [429] * 3
    assert len(store.send()) == 5


def test_a_discontinued_notice_says_why_it_ended(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    store.stock("TEAPOT", 0)
    ann = store.wait("S")
    store.wait("TEAPOT")
    store.stock("S", 0, availability=Availability.DISCONTINUED)
    store.send()

    page = client.get(store.manage_path(store.contact_of(ann)))

    assert "Linen shirt (S) no longer made, ended on 1 December 2026" in words(page)

"""A message to all who wait: counted, looked at, sent once, and nobody counts as told."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from notifier.domain.rights import Role
from tests.timing import SettableClock
from tests.web.admin.visitor import Admin, Seen
from tests.web.storefront import Storefront
from tests.web.stories import Tell

WRITE = "/kettle/broadcast/write"
ENGLISH = {
    "product": "SHIRT",
    "subject.en": "About {product}",
    "text.en": "The linen is late.\n\nWould you take <b>cotton</b>?",
    "short.en": "{product}: the linen is late.",
}


@pytest.fixture
def waiting(tell: Tell) -> list[int]:
    """Ann waits for S by mail, Ben for M in German, Cyd for M by SMS; Dan for a kettle."""
    return tell(_waiting)


def _waiting(store: Storefront) -> list[int]:
    for key in ("S", "M", "KETTLE"):
        store.stock(key, 0)
    all_who_wait = [
        store.wait("S"),
        store.wait("M", "ben@example.com", locale="de"),
        store.wait("M", None, phone="+4915123456789"),
        store.wait("KETTLE", "dan@example.com"),
    ]
    store.send()  # what greets them
    return all_who_wait


def looked(admin: Admin, **changes: str) -> Seen:
    return admin.post(WRITE, {**ENGLISH, "wish": "look", **changes})


def sent(admin: Admin, seen: Seen, **changes: str) -> Seen:
    """Press the button that the look shows."""
    [form] = seen.tree.xpath("//form[.//button[@value='send']]")
    fields = dict(form.fields)
    return admin.post(WRITE, {**fields, "wish": "send", **changes})


def test_the_count_is_seen_first_by_language_and_medium(admin: Admin, waiting: list[int]) -> None:
    form = admin.get(f"{WRITE}?product=SHIRT")
    assert form.status == 200
    assert {"subject.en", "text.en", "short.en", "subject.de"} <= set(
        form.tree.xpath("//form[.//textarea]")[0].fields
    )
    seen = looked(admin)
    assert seen.status == 200
    assert "It goes to 3 people" in seen.said
    assert "Send to 3 people" in seen.said
    assert "They get your text in: English" in seen.said
    assert "1 by text message" in seen.said


def test_what_was_written_arrives_escaped_once_and_everybody_keeps_waiting(
    admin: Admin, store: Storefront, waiting: list[int]
) -> None:
    seen = looked(admin)
    first, second = sent(admin, seen), sent(admin, seen)
    assert first.status == second.status == 303
    assert first.location == second.location

    letters = store.send()

    assert sorted(one["address"] for one in letters) == [
        "+4915123456789",
        "ann@example.com",
        "ben@example.com",
    ]
    mail = next(one for one in letters if one["address"] == "ann@example.com")
    assert mail["subject"] == "About Linen shirt"
    assert "Would you take &lt;b&gt;cotton&lt;/b&gt;?" in mail["html"]
    assert "Would you take <b>cotton</b>?" in mail["text"]
    assert {"u", "m", "r"} <= set(store.links(mail))
    german = next(one for one in letters if one["address"] == "ben@example.com")
    assert "Sie bleiben auf der Liste" in german["text"]
    assert "The linen is late." in german["text"]
    text_message = next(one for one in letters if one["short"])
    assert text_message["short"] == "Kettle & Co: Linen shirt: the linen is late. STOP to end"
    assert [store.state(id_) for id_ in waiting] == ["waiting"] * 4
    assert store.one("SELECT COUNT(*) FROM ledger WHERE act = 'broadcast.sent'") == 1
    page = admin.get(first.location.removeprefix("/admin"))
    assert "Message to all who wait" in page.said
    store.stock("S", 5)
    assert [one["address"] for one in store.send()] == ["ann@example.com"]  # told of stock after it


def test_who_unsubscribed_before_it_left_gets_nothing(
    admin: Admin, store: Storefront, waiting: list[int]
) -> None:
    sent(admin, looked(admin))
    with store.env.db.write() as tx:
        tx.execute(
            text("UPDATE subscriptions SET state = 'ended' WHERE id = :id"), {"id": waiting[0]}
        )
    assert "ann@example.com" not in {one["address"] for one in store.send()}


def test_one_variant_reaches_who_waits_for_it_or_for_any(
    admin: Admin, store: Storefront, waiting: list[int]
) -> None:
    seen = looked(admin, variant="S")
    assert "It goes to one person" in seen.said
    sent(admin, seen)
    [mail] = store.send()
    assert mail["subject"] == "About Linen shirt (S)"


def test_a_second_one_within_the_hour_is_asked_about(
    admin: Admin, store: Storefront, waiting: list[int]
) -> None:
    sent(admin, looked(admin))
    seen = looked(admin)
    again = sent(admin, seen)
    assert again.status == 409
    assert "less than an hour" in again.said
    assert sent(admin, seen, again="1").status == 303
    assert store.one("SELECT COUNT(*) FROM releases") == 2


def test_who_signed_in_long_ago_confirms_first_and_loses_no_word(
    clock: SettableClock, admin: Admin, store: Storefront, waiting: list[int]
) -> None:
    seen = looked(admin)
    clock.advance(timedelta(minutes=6))
    kept = sent(admin, seen)
    assert kept.status == 200
    assert "confirm that it is you" in kept.said
    assert dict(kept.tree.xpath("//form[.//button[@value='send']]")[0].fields)["text.en"]
    assert store.one("SELECT COUNT(*) FROM releases") == 0


def test_a_preview_is_a_closed_document_in_the_screen_of_the_reader(
    admin: Admin, waiting: list[int]
) -> None:
    asked = {**ENGLISH, "locale": "de", "theme": "dark"}
    seen = admin.post("/kettle/broadcast/shown", asked)
    assert seen.status == 200
    assert "The linen is late." in seen.text
    assert 'content="dark"' in seen.text
    assert "sandbox" in seen.answer.headers["Content-Security-Policy"]
    assert not re.search(r"/[um]/(?!k7Qm2XvT9cPz4LwR1nYb8A)", seen.text)  # nobody's own link


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"subject.en": ""}, "is empty"),
        ({"text.en": "   "}, "is empty"),
        ({"subject.en": "", "text.en": "", "short.en": ""}, "nothing is written for"),
        ({"text.en": "Hello {name}"}, "{name}"),
        ({"subject.en": "x" * 151}, "150"),
        ({"text.en": "x" * 5001}, "5000"),
        ({"text.en": "x\n" * 101}, "at most 100 lines"),
        ({"short.en": "ж" * 200}, "segments"),
        ({"subject.fr": "Bonjour"}, "is empty"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_the_text_kept(
    admin: Admin, store: Storefront, waiting: list[int], changes: dict[str, str], said: str
) -> None:
    seen = looked(admin, **changes)
    assert seen.status == 422
    assert said in seen.said
    assert seen.tree.xpath("//textarea[@name='text.en']")
    assert store.one("SELECT COUNT(*) FROM releases") == 0


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"wish": "sell"}, 422),
        ({"wish": "look", "product": "NONE"}, 404),
        ({"wish": "look", "variant": "KETTLE"}, 404),
        ({"wish": "send", "token": "short"}, 422),
        ({"wish": "send", "token": "x' OR 1=1 --         "}, 422),
    ],
)
def test_a_form_that_is_not_ours_is_refused(
    admin: Admin, waiting: list[int], form: dict[str, Any], status: int
) -> None:
    assert admin.post(WRITE, {**ENGLISH, **form}).status == status


def test_who_may_not_send_does_not_see_it(admin: Admin, waiting: list[int]) -> None:
    editor = admin.as_(Role.EDITOR)
    assert editor.get("/kettle/broadcast").status == 403
    assert editor.post(WRITE, {**ENGLISH, "wish": "send"}).status == 403
    assert "/broadcast" not in editor.get("/kettle/releases").text
    sender = admin.as_(Role.SENDER)
    assert "/broadcast" in sender.get("/kettle/releases").text
    assert "Linen shirt" in sender.get("/kettle/broadcast?q=linen").said


def test_nobody_waiting_is_said_and_nothing_is_sent(admin: Admin, store: Storefront) -> None:
    store.stock("S", 3)
    assert "Nobody is waiting" in admin.get(f"{WRITE}?product=SHIRT").said
    form = {**ENGLISH, "wish": "send", "token": "a-token-of-this-test"}
    assert admin.post(WRITE, form).status == 409


def test_a_discreet_shop_names_the_product_only_inside(
    admin: Admin, store: Storefront, waiting: list[int]
) -> None:
    object.__setattr__(store.shop.config, "discreet", True)
    try:
        sent(admin, looked(admin))
        mail = next(one for one in store.send() if one["address"] == "ann@example.com")
    finally:
        object.__setattr__(store.shop.config, "discreet", False)
    assert mail["subject"] == "About your item"

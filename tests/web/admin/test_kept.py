"""What somebody typed outlives their session, the question who they are, and a database away."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from notifier.errors import StoreBusy
from notifier.services import entry_link, password_hash, people
from notifier.services.consent import Circumstances
from notifier.services.people import Wanted
from notifier.services.session_of import find_session, open_session
from notifier.web.admin import account
from tests.timing import SettableClock
from tests.web.admin.visitor import Admin, Seen
from tests.web.storefront import PUBLIC_URL

OLGA = "olga@kettle.example"
GOOD = "tundra-velvet-anchor"
OURS = {"Sec-Fetch-Site": "same-origin", "Referer": "https://notify.example/-/account"}
TYPED = {"name": "Olga, who\r\nowns “it”", "locale": "en", "theme": "dark"}
INVITED = {"email": "ben@kettle.example", "name": "Ben", "role": "viewer"}


@pytest.fixture
def olga(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> Admin:
    """With a password of her own, which is quick to prove."""
    cheap = PasswordHasher.from_parameters(CHEAPEST)
    monkeypatch.setattr(password_hash, "hasher", lambda: cheap)
    person, link = people.invite(
        admin.env, email=OLGA, name="Olga", wanted=Wanted(role="owner"), by=None
    )
    entry_link.enter_by_link(
        admin.env, link.url.rpartition("/")[2], password=GOOD, where=Circumstances(ip="1.2.3.4")
    )
    token = admin.env.db.retry(lambda tx: open_session(admin.env, tx, person.id))
    admin.person_id, admin.token = person.id, token
    admin.client.set_cookie("__Host-notifier", token, domain="notify.example", secure=True)
    return admin


def fields(seen: Seen) -> dict[str, Any]:
    """What the form around the page's first button sends."""
    form = seen.tree.xpath("//main//form")[0]
    return {one.get("name"): one.get("value") for one in form.xpath(".//input[@name]")}


def send(admin: Admin, seen: Seen, **more: str) -> Seen:
    """Press the page's first button."""
    [action] = seen.tree.xpath("(//main//form)[1]/@action")
    return post(admin, action, {**fields(seen), **more})


def post(admin: Admin, path: str, form: dict[str, str]) -> Seen:
    """As a browser sends the form of a page of ours, with nothing added."""
    return Seen(answer=admin.client.post(path, base_url=PUBLIC_URL, data=form, headers=OURS))


def follow(admin: Admin, seen: Seen) -> None:
    """Take over the session that an answer gave the browser."""
    cookie = admin.client.get_cookie("__Host-notifier", domain="notify.example")
    assert cookie is not None, seen.status
    admin.token = cookie.value


def name_of(admin: Admin) -> str:
    signed = find_session(admin.env, admin.token)
    assert signed is not None
    return signed.person.name


def test_what_was_typed_when_the_session_was_over_is_sent_by_one_press_after_signing_in(
    olga: Admin, clock: SettableClock
) -> None:
    form = {"csrf_token": olga.csrf, **TYPED}
    clock.advance(timedelta(minutes=31))
    asked = post(olga, "/-/account/taste", form)
    assert (asked.status, asked.heading) == (401, "Sign in")
    assert "is kept" in asked.said

    wrong = send(olga, asked, email=OLGA, password="wrong")
    assert (wrong.status, wrong.heading) == (422, "Sign in")
    entered = send(olga, wrong, email=OLGA, password=GOOD)
    follow(olga, entered)
    assert (entered.status, entered.heading) == (200, "Not sent yet")
    assert name_of(olga) == "Olga"  # nothing is done before the press

    done = send(olga, entered)
    assert (done.status, done.location) == (303, "/-/account")
    assert "owns" in name_of(olga)


def test_what_was_typed_is_kept_while_the_code_is_looked_for_too_long(
    olga: Admin, clock: SettableClock
) -> None:
    clock.advance(timedelta(minutes=31))
    asked = post(olga, "/-/account/taste", TYPED)
    late = post(olga, "/-/sign-in/code", {**fields(asked), "code": "000000"})
    assert (late.status, late.heading) == (401, "Sign in")
    assert fields(late)["kept"] == fields(asked)["kept"]


def test_what_was_typed_before_the_password_is_asked_for_again_goes_on_by_itself(
    olga: Admin, clock: SettableClock
) -> None:
    clock.advance(timedelta(minutes=6))
    asked = olga.post("/-/people/invite", INVITED, headers=OURS)
    assert (asked.status, asked.heading) == (401, "Is it you?")

    confirmed = send(olga, asked, password=GOOD)
    follow(olga, confirmed)
    assert confirmed.tree.xpath("//main//form/@data-at-once")
    assert send(olga, confirmed).heading == "A one-time link"


def test_a_page_of_an_earlier_session_offers_what_was_typed_again(olga: Admin) -> None:
    stale = olga.post("/-/account/taste", {**TYPED, "csrf_token": "of before"}, headers=OURS)
    assert (stale.status, stale.heading) == (403, "Not sent yet")
    assert name_of(olga) == "Olga"
    assert send(olga, stale).status == 303
    assert "owns" in name_of(olga)


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "none"}, {"Origin": "https://notify.example"}]
)
def test_nothing_is_offered_again_that_no_browser_vouches_for(
    olga: Admin, headers: dict[str, str]
) -> None:
    seen = olga.post("/-/account/taste", {**TYPED, "csrf_token": "made up"}, headers=headers)
    assert (seen.status, seen.heading) == (403, "This page is too old")
    assert "owns" not in seen.text


def test_passwords_and_files_are_never_kept(olga: Admin, clock: SettableClock) -> None:
    clock.advance(timedelta(minutes=6))
    secrets = {"old": GOOD, "new": "another-velvet-one", "again": "another-velvet-one"}
    stale = olga.post("/-/account/password", {**secrets, "csrf_token": "x"}, headers=OURS)
    assert stale.heading == "This page is too old"
    assert "velvet" not in stale.text

    file = (io.BytesIO(b"email\nann@example.com\n"), "people.csv")
    brought = olga.post("/kettle/subscriptions/import", {"file": file}, headers=OURS)
    assert (brought.status, "/-/confirm" in brought.location) == (303, True)


@pytest.mark.parametrize(
    "kept",
    [
        "nonsense",
        "[]",
        '{"to": "https://evil.example/", "fields": [["a", "b"]]}',
        '{"to": "//evil.example/", "fields": [["a", "b"]]}',
        '{"to": "/-/account", "fields": [["a"]]}',
        '{"to": "/-/account", "fields": []}',
        "[" * 100_000,
    ],
)
def test_what_was_not_kept_by_us_leads_nowhere(olga: Admin, kept: str) -> None:
    form = {"password": GOOD, "next": "/-/account", "kept": kept}
    seen = olga.post("/-/confirm", form, headers=OURS)
    assert (seen.status, seen.location) == (303, "/-/account")


def test_with_the_database_away_what_was_typed_can_be_sent_again(
    olga: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as away:
        away.setattr(account.own_account, "set_taste", _away)
        seen = olga.post("/-/account/taste", TYPED, headers=OURS)
        assert (seen.status, seen.heading) == (503, "Busy at the moment")
        assert seen.answer.headers["Retry-After"] == "5"
    assert send(olga, seen).status == 303
    assert "owns" in name_of(olga)


def _away(*_: object, **__: object) -> None:
    raise StoreBusy("away")


def test_a_page_that_failed_for_now_leads_to_itself(
    olga: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.web.admin.today.look_today", _away)
    seen = olga.get("/kettle/?part=all")
    assert seen.tree.xpath("//main//a[1]/@href")[0] == "/kettle/?part=all"


def test_the_page_about_an_absent_database_has_its_styles(
    olga: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(olga.env.db), "read", _away)
    seen = olga.get("/kettle/")
    assert (seen.status, seen.heading) == (503, "Busy at the moment")
    [sheet] = seen.tree.xpath("//link[@rel='stylesheet']/@href")
    assert olga.get(sheet).status == 200


def test_a_file_that_is_too_large_is_called_so(olga: Admin) -> None:
    file = (io.BytesIO(b"x" * (22 * 1024 * 1024)), "people.csv")
    seen = olga.post("/kettle/subscriptions/import", {"file": file})
    assert (seen.status, seen.heading) == (413, "That is too large")

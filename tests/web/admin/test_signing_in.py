"""What do the pages of signing in do with the good and with the bad? Trust 5 H."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from flask.testing import FlaskClient
from sqlalchemy import text

from notifier.services import entry_link, password_hash, people, second_factor
from notifier.services.consent import Circumstances
from notifier.services.env import Env
from notifier.services.people import Wanted
from notifier.services.session_of import find_session
from notifier.services.sign_in import sign_in
from tests.timing import SettableClock
from tests.web.admin.visitor import Admin, Seen, admin_app
from tests.web.storefront import PUBLIC_URL

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])

OLGA = "olga@kettle.example"
GOOD = "tundra-velvet-anchor"
COOKIE = "__Host-notifier"
HOME = Circumstances(ip="198.51.100.7", agent="Firefox")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    cheap = PasswordHasher.from_parameters(CHEAPEST)
    monkeypatch.setattr(password_hash, "hasher", lambda: cheap)
    password_hash._decoy.cache_clear()
    yield
    password_hash._decoy.cache_clear()


class Browser:
    """A browser of somebody who is not signed in. Sends the token of the page it saw last."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.client: FlaskClient = admin_app(env).test_client()
        self.csrf = ""

    def get(self, path: str) -> Seen:
        return self._seen(self.client.get(path, base_url=PUBLIC_URL))

    def post(self, path: str, **data: Any) -> Seen:
        form = {"csrf_token": self.csrf, **data}
        return self._seen(self.client.post(path, base_url=PUBLIC_URL, data=form))

    def sign_in(self, password: str = GOOD, **more: Any) -> Seen:
        self.get("/-/sign-in")
        return self.post("/-/sign-in", email=OLGA, password=password, **more)

    @property
    def token(self) -> str:
        cookie = self.client.get_cookie(COOKIE, domain="notify.example")
        return cookie.value if cookie else ""

    def _seen(self, answer: Any) -> Seen:
        seen = Seen(answer=answer)
        found = re.search(r'name="csrf_token" value="([^"]*)"', seen.text)
        self.csrf = found[1] if found else self.csrf
        return seen


@pytest.fixture
def olga(env: Env) -> int:
    person, link = people.invite(env, email=OLGA, name="Olga", wanted=Wanted(role="owner"), by=None)
    entry_link.enter_by_link(env, link.url.rpartition("/")[2], password=GOOD, where=HOME)
    return person.id


@pytest.fixture
def browser(env: Env, olga: int, admin: Admin) -> Browser:
    del olga, admin
    return Browser(env)


def turn_codes_on(env: Env, clock: SettableClock) -> pyotp.TOTP:
    here = find_session(env, sign_in(env, email=OLGA, password=GOOD, where=HOME).token)
    assert here is not None
    phone = pyotp.TOTP(second_factor.begin_totp(env, here.person).secret)
    second_factor.prove_totp(env, here, code=phone.at(env.now()), where=HOME)
    clock.advance(timedelta(seconds=30))
    return phone


def test_one_signs_in_and_goes_where_one_wanted_and_out_again(browser: Browser) -> None:
    sent = browser.get("/-/account")
    assert sent.status == 303
    form = browser.get(sent.location)
    assert form.heading == "Sign in"
    entered = browser.sign_in(next="/-/account")
    assert (entered.status, entered.location) == (303, "/-/account")
    cookie = entered.answer.headers["Set-Cookie"]
    for part in (f"{COOKIE}=", "Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert part in cookie
    assert "Domain" not in cookie
    token = browser.token
    assert browser.get("/-/account").status == 200
    assert browser.post("/-/sign-out").status == 303
    assert "You are signed out." in browser.get("/-/sign-in").said
    assert browser.get("/-/account").status == 303
    assert find_session(browser.env, token) is None


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        ({"email": OLGA, "password": "wrong"}, 422, "do not fit together"),
        ({"email": "eve@kettle.example", "password": GOOD}, 422, "do not fit together"),
        ({"email": OLGA, "password": "x" * 2**20}, 422, "too long"),
        ({"email": OLGA, "password": ""}, 422, "type your password"),
        ({"email": "", "password": GOOD}, 422, "mail address"),
        ({"email": "<script>alert(1)</script>", "password": GOOD}, 422, "do not fit together"),
        ({}, 422, "type your password"),
    ],
)
def test_what_is_wrong_is_said_beside_the_form(
    browser: Browser, data: dict[str, str], status: int, says: str
) -> None:
    browser.get("/-/sign-in")
    seen = browser.post("/-/sign-in", **data)
    assert (seen.status, browser.token) == (status, "")
    assert says in seen.tree.xpath("string(//*[@role='alert'])")
    assert "<script>alert" not in seen.text


def test_known_and_unknown_addresses_get_the_same_page(browser: Browser) -> None:
    pages = [
        browser.post("/-/sign-in", email=email, password="not the password").text.replace(email, "")
        for email in (OLGA, "eve@kettle.example")
    ]
    assert pages[0] == pages[1]
    asked = [browser.post("/-/forgot", email=email).text for email in (OLGA, "eve@kettle.example")]
    assert asked[0] == asked[1]
    assert "on its way" in asked[0]


def test_who_tries_too_often_is_told_how_long_to_wait(browser: Browser) -> None:
    for _ in range(5):
        assert browser.sign_in("not the password").status == 422
    seen = browser.sign_in()
    assert seen.status == 429
    assert seen.answer.headers["Retry-After"] == "1"
    assert "too many tries. Please try again in 1 minute." in seen.said


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil",
        "/%0d%0aSet-Cookie:x=1\r\nLocation: https://evil.example",
        "",
        "/" + "x" * 3000,
    ],
)
def test_nobody_is_led_to_another_site(browser: Browser, wanted: str) -> None:
    assert browser.sign_in(next=wanted).location == "/"


def test_a_session_given_to_the_victim_is_not_the_one_they_sign_in_to(
    browser: Browser, env: Env
) -> None:
    planted = "planted-" + "x" * 40
    browser.client.set_cookie(COOKIE, planted, domain="notify.example", secure=True)
    assert browser.sign_in().status == 303
    assert browser.token not in ("", planted)
    assert find_session(env, planted) is None


def test_signing_in_again_does_not_keep_the_half_session(
    browser: Browser, env: Env, clock: SettableClock
) -> None:
    phone = turn_codes_on(env, clock)
    asked = browser.sign_in(next="/-/account")
    assert asked.location == "/-/sign-in/code?next=/-/account"
    half = browser.token
    for path in ("/-/account", "/-/people", "/", "/-/confirm"):
        assert "/-/sign-in" in browser.get(path).location, path
    assert "six digits" in browser.get(asked.location).said
    wrong = browser.post("/-/sign-in/code", code="000000")
    assert (wrong.status, browser.token) == (422, half)
    done = browser.post("/-/sign-in/code", code=phone.at(env.now()), next="/-/account")
    assert (done.status, done.location) == (303, "/-/account")
    assert browser.token != half
    assert find_session(env, half) is None


@pytest.mark.parametrize("mode", ["missing", "other person's", "other session's"])
def test_a_form_with_a_token_of_somebody_else_is_refused(
    browser: Browser, env: Env, mode: str
) -> None:
    browser.sign_in()
    email = OLGA
    if mode == "other person's":
        email = "ben@kettle.example"
        _, link = people.invite(env, email=email, name="", wanted=Wanted(role="owner"), by=None)
        entry_link.enter_by_link(env, link.url.rpartition("/")[2], password=GOOD, where=HOME)
    other = find_session(env, sign_in(env, email=email, password=GOOD, where=HOME).token)
    assert other is not None
    browser.csrf = "" if mode == "missing" else other.csrf
    seen = browser.post("/-/account/taste", name="Eve", locale="en", theme="")
    assert seen.status == 403
    with env.db.read() as tx:
        names = set(tx.execute(text("SELECT name FROM accounts")).scalars())
    assert "Eve" not in names


def test_what_is_dangerous_asks_who_it_is_and_leads_back(
    browser: Browser, env: Env, clock: SettableClock
) -> None:
    browser.sign_in()
    assert browser.get("/-/people/invite").status == 200
    clock.advance(timedelta(minutes=6))
    asked = browser.get("/-/people/invite")
    assert asked.location == "/-/confirm?next=/-/people/invite"
    refused = browser.post("/-/people/invite", email="eve@kettle.example", role="owner")
    assert "/-/confirm" in refused.location
    assert "Is it you" in browser.get(asked.location).heading
    assert browser.post("/-/confirm", password="wrong", next="/-/people/invite").status == 422
    before = browser.token
    done = browser.post("/-/confirm", password=GOOD, next="/-/people/invite")
    assert (done.status, done.location) == (303, "/-/people/invite")
    assert browser.token != before
    assert find_session(env, before) is None
    assert browser.get("/-/people/invite").status == 200


def test_an_invitation_is_looked_at_as_often_as_one_likes_and_used_once(
    browser: Browser, env: Env
) -> None:
    _, link = people.invite(
        env, email="ben@kettle.example", name="Ben", wanted=Wanted(role="viewer"), by=None
    )
    path = link.url.partition("/admin")[2]
    for _ in range(2):
        seen = browser.get(path)
        assert seen.heading == "Welcome"
    assert seen.answer.headers["Referrer-Policy"] == "same-origin"
    assert browser.post(path, password=GOOD, again=GOOD + "x").status == 422
    assert "12 characters" in browser.post(path, password="short", again="short").said
    assert (
        "among the first"
        in browser.post(path, password="kettle-kettle", again="kettle-kettle").said
    )
    assert browser.token == ""
    assert browser.post(path, password=GOOD, again=GOOD).status == 303
    assert browser.get("/-/account").status == 200
    again = Browser(env)
    assert again.get(path).status == 404
    assert again.post(path, password=GOOD, again=GOOD).status == 404


def test_the_first_owner_says_an_address_on_the_first_page(browser: Browser, env: Env) -> None:
    _, link = people.invite(
        env, email=entry_link.UNSET, name="", wanted=Wanted(role="owner"), by=None
    )
    path = link.url.partition("/admin")[2]
    assert browser.get(path).tree.xpath("//input[@name='email']")
    assert browser.post(path, email="nonsense", password=GOOD, again=GOOD).status == 422
    assert browser.post(path, email=OLGA, password=GOOD, again=GOOD).status == 409
    done = browser.post(path, email="First@Kettle.example", password=GOOD, again=GOOD)
    assert done.status == 303
    assert people.find_by_email(env, "first@kettle.example").name == "first"


@pytest.mark.parametrize(
    "answer", ["", "{}", "[]", "null", '{"response": {}}', "[" * 50_000, "x" * 9999]
)
def test_a_passkey_answer_that_was_made_up_is_refused(browser: Browser, answer: str) -> None:
    seen = browser.post("/-/sign-in/passkey", answer=answer)
    assert (seen.status, browser.token) == (422, "")
    assert "not known here" in seen.said

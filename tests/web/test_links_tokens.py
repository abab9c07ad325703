"""Do links give nothing away, and change nothing by being opened (trust WS-1 to WS-6)?"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from notifier.services.env import Env
from notifier.signing import Purpose, Signer
from notifier.web.public import create_public
from tests.timing import SettableClock
from tests.web.storefront import KETTLE, PUBLIC_URL, RENDERER, Storefront
from tests.web.visits import heading, press

LETTERS = {
    "c": Purpose.CONFIRM,
    "u": Purpose.UNSUBSCRIBE,
    "m": Purpose.MANAGE,
    "k": Purpose.KEEP,
    "h": Purpose.HOLD,
    "r": Purpose.PRODUCT,
}
ENDLESS = (Purpose.UNSUBSCRIBE, Purpose.PRODUCT)


def path_of(env: Env, letter: str, subject: int, *, signer: Signer | None = None) -> str:
    purpose = LETTERS[letter]
    until = None if purpose in ENDLESS else env.now() + timedelta(hours=1)
    return f"/{letter}/{(signer or env.signer).make(purpose, subject, expires_at=until)}"


def neutral(client: FlaskClient, path: str) -> str:
    """The answer's text without the address itself; it must be the neutral 404."""
    answer = client.get(path)
    assert answer.status_code == 404, path
    return answer.text


@pytest.mark.parametrize("letter", LETTERS)
def test_every_wrong_link_gets_the_same_page(
    client: FlaskClient, store: Storefront, clock: SettableClock, letter: str
) -> None:
    store.stock("S", 0)
    ann = store.wait("S")
    right = path_of(store.env, letter, ann)
    token = right.split("/")[2]
    flipped = ("B" if token[-8] == "A" else "A").join((token[:-8], token[-7:]))
    foreign = path_of(store.env, letter, ann, signer=Signer(("another installation's key",)))
    others = [path_of(store.env, one, ann).split("/")[2] for one in LETTERS if one != letter]
    expired = path_of(store.env, letter, ann)

    wrong = ["a", "a.b.c", "-" * 44, "A" * 60, "é" * 10, f"{token}=", f"{token}A", token[:-1]]
    wrong += [token.swapcase(), token.lower(), flipped, f"%3D{token}", f"{token}%0A", *others]
    wrong += [foreign.split("/")[2], "%252F", "..%2f..%2fetc%2fpasswd", "a" * 10_000]
    pages = {neutral(client, f"/{letter}/{one}") for one in wrong if one != token}
    pages.add(neutral(client, path_of(store.env, letter, 10**9)))  # never was one
    if LETTERS[letter] not in ENDLESS:
        clock.advance(timedelta(hours=2))
        pages.add(neutral(client, expired))

    assert len(pages) == 1
    (page,) = pages
    assert 'action="/f/link"' in page, "a new link is offered"


@pytest.mark.parametrize("letter", LETTERS)
def test_a_wrong_link_that_is_posted_to_changes_nothing(
    client: FlaskClient, store: Storefront, letter: str
) -> None:
    store.stock("S", 0)
    store.wait("S")
    before = store.everything()

    answer = client.post(f"/{letter}/nonsense", data={"List-Unsubscribe": "One-Click"})

    assert answer.status_code == (405 if letter == "r" else 404)
    assert "Location" not in answer.headers
    assert store.everything() == before


def without_clicks(store: Storefront) -> dict[str, object]:
    """All rows but what a followed link leaves: that is counted, and changes nothing else."""
    rows = store.everything()
    rows.pop("clicks")
    for row in rows["subscriptions"]:
        row.pop("clicked_at")
    return dict(rows)


def test_scanners_may_open_every_link_of_every_mail(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    store.ask("S")
    store.wait("S", "ben@example.com")
    store.stock("S", 5)
    paths = {path for letter in store.send() for path in store.links(letter).values()}
    assert {path[1] for path in paths} >= {"c", "u", "m", "r"}
    before = without_clicks(store)

    for path in paths:
        for method in ("GET", "HEAD", "OPTIONS"):
            for _ in range(5):
                assert client.open(path, method=method).status_code < 400

    assert without_clicks(store) == before


def test_after_rotating_the_key_old_links_still_work(
    app: Flask, client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    ann = store.wait("S")
    path = store.unsubscribe_path(ann)
    own = store.env.config.service.secret_keys
    store.env.signer = Signer(("a newer key for these tests", "a new key for these tests", *own))

    assert heading(press(client, path, "stop")) == "It is stopped"


@pytest.mark.parametrize("letter", ["c", "u", "m"])
def test_pages_behind_links_leak_nothing_and_run_nothing(
    client: FlaskClient, store: Storefront, letter: str
) -> None:
    store.stock("S", 0)
    ann = store.ask("S")
    subject = store.contact_of(ann) if letter == "m" else ann

    page = client.get(path_of(store.env, letter, subject))

    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; ")
    assert "script-src" not in policy
    for part in ("form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert part in policy
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in page.headers
    assert "<script" not in page.text
    assert " style=" not in page.text
    assert "ann@example.com" not in page.text
    own = page.request.path
    for href in re.findall(r'href="([^"]+)"', page.text):
        assert own not in href


def test_no_page_holds_an_address_of_another_host_than_the_shops(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)

    page = client.get(store.confirm_path(store.ask("S")), headers={"Host": "notify.example"})

    hosts = set(re.findall(r'(?:href|src|action)="https?://([^/"]+)', page.text))
    assert hosts == {"kettle.example"}


def test_a_foreign_host_is_refused(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    path = store.confirm_path(store.ask("S"))

    answer = client.get(path, headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert "evil" not in answer.text


@pytest.mark.parametrize("path", ["/c/x", "/u/x", "/m/x", "/k/x", "/h/x", f"/f/{KETTLE}"])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_are_refused(client: FlaskClient, path: str, method: str) -> None:
    assert client.open(path, method=method).status_code == 405


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("de-AT,de;q=0.9", "Dieser Link funktioniert nicht"),
        ("fr, es;q=0.5", "Este enlace no funciona"),
        ("", "This link does not work"),
        ("xx" * 4000, "This link does not work"),
    ],
)
def test_the_page_for_a_wrong_link_speaks_the_visitors_language(
    client: FlaskClient, language: str, says: str
) -> None:
    assert heading(client.get("/m/x", headers={"Accept-Language": language})) == says


def test_an_error_of_ours_is_a_page_without_details(env: Env) -> None:
    app = create_public(env, RENDERER)

    def break_down() -> str:
        raise RuntimeError("the secret of table 7")

    app.add_url_rule("/c/break/down", view_func=break_down)

    page = app.test_client().get("/c/break/down", base_url=PUBLIC_URL)

    assert page.status_code == 500
    assert heading(page) == "Something went wrong here"
    assert "table 7" not in page.text


def test_styles_are_kept_for_ever_under_their_own_name(client: FlaskClient) -> None:
    sheets = re.findall(r'rel="stylesheet" href="([^"]+)"', client.get("/m/x").text)
    assert len(sheets) == 2

    for sheet in sheets:
        answer = client.get(sheet)
        assert answer.mimetype == "text/css"
        assert "immutable" in answer.headers["Cache-Control"]
    assert "no-store" in client.get("/pages/style-0000000000000000.css").headers["Cache-Control"]
    assert client.get("/pages/accent-evil.css").status_code == 404

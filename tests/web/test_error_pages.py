"""What does a shopper see when something is wrong: words, the shop, and a way on?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from notifier.errors import StoreBusy, TooMany
from notifier.services.env import Env
from tests.web.storefront import KETTLE, PUBLIC_URL, Storefront

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "de"}
FORM = f"/f/{KETTLE}?variant=KETTLE"


@pytest.fixture
def closed(store: Storefront, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A kettle to wait for, whose sign-ups break as the test says."""
    store.stock("KETTLE", 0)
    return monkeypatch


def breaks(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def load(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("notifier.web.form.load_offer", load)


def said(answer: TestResponse) -> str:
    return " ".join(html.fromstring(answer.text).text_content().split())


@pytest.mark.parametrize("path", ["/", "/nowhere", "/c", "/admin-old/"])
def test_a_browser_at_an_address_of_nobody_sees_a_page_and_a_program_json(
    client: FlaskClient, env: Env, path: str
) -> None:
    assert len(env.shops) > 1  # so that there is nothing at / either
    seen = client.get(path, base_url=PUBLIC_URL, headers=BROWSER)
    assert (seen.status_code, seen.mimetype) == (404, "text/html")
    assert "Dieser Link funktioniert nicht" in said(seen)
    told = client.get(path, base_url=PUBLIC_URL, headers={"Accept": "*/*"})
    assert (told.status_code, told.mimetype) == (404, "application/json")


def test_the_api_answers_json_to_a_browser_too(client: FlaskClient) -> None:
    for path in ("/api/v1/nowhere", "/hooks/nowhere"):
        seen = client.get(path, base_url=PUBLIC_URL, headers=BROWSER)
        assert (seen.status_code, seen.mimetype) == (404, "application/json")


def test_who_came_too_often_is_told_when_to_come_again(
    client: FlaskClient, closed: pytest.MonkeyPatch
) -> None:
    breaks(closed, TooMany("Slowly.", retry_after=timedelta(minutes=3)))
    seen = client.get(FORM, base_url=PUBLIC_URL, headers=BROWSER)
    assert (seen.status_code, seen.headers["Retry-After"]) == (429, "180")


def test_a_page_that_failed_for_now_names_its_shop_and_leads_to_itself(
    client: FlaskClient, closed: pytest.MonkeyPatch
) -> None:
    breaks(closed, StoreBusy("away"))
    seen = client.get(FORM, base_url=PUBLIC_URL, headers=BROWSER)
    assert (seen.status_code, seen.headers["Retry-After"]) == (503, "5")
    page = html.fromstring(seen.text)
    assert "Kettle & Co" in said(seen)
    assert page.xpath("//main//a/@href") == [FORM]


@pytest.mark.parametrize(("site", "kept"), [("same-origin", True), ("cross-site", False)])
def test_what_was_typed_into_a_form_of_ours_is_sent_again_by_a_press(
    client: FlaskClient, closed: pytest.MonkeyPatch, site: str, kept: bool
) -> None:
    breaks(closed, StoreBusy("away"))
    typed = {"email": "ann@example.com", "quantity": "2"}
    headers = {**BROWSER, "Sec-Fetch-Site": site}
    seen = client.post(FORM, base_url=PUBLIC_URL, data=typed, headers=headers)
    page = html.fromstring(seen.text)
    again = {one.get("name"): one.get("value") for one in page.xpath("//main//input")}
    assert seen.status_code == 503
    assert again == (typed if kept else {})
    assert page.xpath("//main//form/@action") == ([FORM] if kept else [])


def test_too_much_is_called_so(client: FlaskClient, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    seen = client.post(
        FORM, base_url=PUBLIC_URL, data={"email": "x" * 21 * 1024 * 1024}, headers=BROWSER
    )
    assert seen.status_code == 413
    assert "Das war zu viel" in said(seen)

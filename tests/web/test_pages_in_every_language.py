"""Is every page whole, readable aloud, and in one language only: also in Spanish?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from notifier.domain.availability import Availability
from notifier.domain.eta import Eta
from notifier.i18n import available_locales
from notifier.services.manage import pause
from notifier.signing import Purpose
from tests.timing import SettableClock
from tests.web.page_checks import faults_of
from tests.web.storefront import KETTLE, Storefront
from tests.web.test_links_hold import held
from tests.web.visits import nonce_of

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])  # no page depends on the engine

Pages = Iterator[tuple[str, TestResponse]]


class Reader:
    """Opens pages with a browser that is set to one language."""

    def __init__(self, client: FlaskClient, store: Storefront, clock: SettableClock) -> None:
        self.client, self.store, self.clock = client, store, clock
        self.locale = ""

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers={"Accept-Language": self.locale})

    def post(self, path: str, **fields: object) -> TestResponse:
        """Sends a form of the page; what comes after a redirect."""
        data = {"nonce": nonce_of(self.get(path)), **fields}
        answer = self.client.post(path, data=data, headers={"Accept-Language": self.locale})
        return self.get(answer.headers["Location"]) if answer.status_code == 303 else answer

    def ask(self, variant: str, email: str = "ben@example.com") -> int:
        return self.store.ask(variant, email, locale=self.locale)

    def wait(self, variant: str, email: str = "ann@example.com") -> int:
        return self.store.wait(variant, email, locale=self.locale)


@pytest.fixture
def reader(client: FlaskClient, store: Storefront, clock: SettableClock) -> Reader:
    for size in ("S", "M", "L"):
        store.stock(size, 0, eta=Eta.on(date(2026, 12, 20)))
    for key in ("TEAPOT", "KETTLE", "TRAY", "LID", "SPOON", "CUP"):
        store.stock(key, 0)
    return Reader(client, store, clock)


def of_confirming(reader: Reader) -> Pages:
    first, second = reader.ask("KETTLE"), reader.ask("TRAY")
    path = reader.store.confirm_path(first)
    yield "confirm", reader.get(path)
    yield "stale", reader.client.post(path, data={"nonce": "x"})
    yield "confirmed", reader.post(path, act="confirm", also=str(second))
    yield "already", reader.get(path)
    no = reader.store.confirm_path(reader.ask("CUP", "eve@example.com"))
    yield "deleted", reader.post(no, act="delete")
    yield "too late", reader.get(no)
    there = reader.store.confirm_path(reader.ask("SPOON", "cem@example.com"))
    reader.store.stock("SPOON", 3)
    yield "available", reader.post(there, act="confirm")
    yield "told", reader.get(there)
    gone = reader.store.confirm_path(reader.ask("LID", "dora@example.com"))
    reader.store.stock("LID", 0, availability=Availability.DISCONTINUED, alternatives=("SPOON",))
    yield "never", reader.post(gone, act="confirm")


def of_ending(reader: Reader) -> Pages:
    waits = reader.wait("KETTLE")
    expires = reader.store.env.now() + timedelta(days=7)
    keep = f"/k/{reader.store.env.signer.make(Purpose.KEEP, waits, expires_at=expires)}"
    yield "keep", reader.get(keep)
    yield "kept", reader.post(keep, act="keep")
    path = reader.store.unsubscribe_path(waits)
    yield "stop", reader.get(path)
    yield "stopped", reader.post(path, confirm="yes", act="stop")
    yield "stopped already", reader.get(path)


def of_managing(reader: Reader) -> Pages:
    shirt, teapot, told = reader.wait("S"), reader.wait("TEAPOT"), reader.wait("LID")
    ann = reader.store.contact_of(shirt)
    tray = reader.wait("TRAY")
    pause(reader.store.env, ann, teapot, until=reader.store.env.now() + timedelta(days=30))
    reader.store.move_to_unconfirmed(tray)
    reader.store.stock("LID", 5)
    reader.store.stock("M", 4)
    reader.store.send()
    assert reader.store.state(told) == "told"
    path = reader.store.manage_path(ann)
    yield "manage", reader.get(path)
    for number, fields in enumerate(
        (
            {"act": "change", "quantity": "3", "locale": reader.locale},
            {"act": "change", "quantity": "none"},
            {"act": "change", "variant": variant_id(reader.store, "M")},
            {"act": "change", "variant": "999999"},
            {"act": "change", "locale": "xx"},
            {"act": "pause", "days": "30"},
            {"act": "pause", "days": "31"},
            {"act": "resume"},
            {"act": "move", "address": "nobody"},
            {"act": "move", "address": "+1"},
            {"act": "move", "address": "ann@example.com"},
            {"act": "move", "address": "other@example.com"},
        )
    ):
        yield f"change {number}", reader.post(path, item=str(shirt), **fields)
    yield "too often", reader.post(path, item=str(tray), act="resend")
    reader.clock.advance(timedelta(minutes=2))
    yield "resent", reader.post(path, item=str(tray), act="resend")
    yield "one stopped", reader.post(path, item=str(teapot), act="stop")
    yield "not there", reader.post(path, item="999999", act="stop")
    yield "stop all?", reader.post(path, act="stop_all")
    yield "all stopped", reader.post(path, act="stop_all", sure="yes")
    yield "erase?", reader.post(path, act="erase")
    yield "erased", reader.post(path, act="erase", sure="yes")


def variant_id(store: Storefront, key: str) -> str:
    return str(store.one("SELECT id FROM variants WHERE key = :key", key=key))


def of_signing_up(reader: Reader) -> Pages:
    path = f"/f/{KETTLE}?variant=S"
    yield "form", reader.get(path)
    yield "form of all", reader.get(f"/f/{KETTLE}?product=SHIRT")
    for fields in ({"email": ""}, {"email": "ann"}, {"quantity": "0"}, {"medium": "sms"}):
        yield f"wrong {fields}", reader.post(path, **{"email": "ann@example.com", **fields})
    yield "done", reader.post(path, email="ann@gmial.com")
    yield "done by phone", reader.post(path, medium="sms", phone="+4915123456789")
    reader.store.stock("M", 4)
    yield "some there", reader.get(f"/f/{KETTLE}?product=SHIRT")
    yield "there", reader.get(f"/f/{KETTLE}?variant=M")
    reader.store.stock("LID", 0, availability=Availability.DISCONTINUED, alternatives=("M",))
    yield "gone", reader.get(f"/f/{KETTLE}?variant=LID")
    yield "unknown", reader.get(f"/f/{KETTLE}?variant=NONE")
    yield "link", reader.get(f"/f/{KETTLE}/link?lang={reader.locale}")
    link = f"/f/link?lang={reader.locale}"
    for number, typed in enumerate(("", "nobody", "ann@example.com")):
        yield f"link {number}", reader.client.post(link, data={"address": typed})


def of_trouble(reader: Reader) -> Pages:
    yield "bad link", reader.get("/m/" + "x" * 40)
    headers = {"Accept-Language": reader.locale}
    yield "method", reader.client.patch("/f/link", headers=headers)
    json = reader.client.post(f"/f/{KETTLE}?variant=S", json={}, headers=headers)
    yield "no form", json
    yield "twice", reader.get(f"/f/{KETTLE}?variant=S&variant=M")
    path = held(reader.store)
    yield "hold", reader.get(path)
    yield "released", reader.post(path, act="release")
    yield "released before", reader.get(path)


def test_the_checks_see_another_language_and_what_is_not_labelled(reader: Reader) -> None:
    reader.locale = "en"
    source = reader.get(f"/f/{KETTLE}?variant=S").text

    assert faults_of(source, locale="en") == []
    assert "English: 'Hear when it is back'" in faults_of(source, locale="es")
    damaged = source.replace('for="email"', 'for="nobody"')
    assert set(faults_of(damaged, locale="en")) == {
        "for names 'nobody'",
        "no label for the field 'email'",
    }


@pytest.mark.parametrize("locale", available_locales())
@pytest.mark.parametrize("tour", [of_confirming, of_ending, of_managing, of_signing_up, of_trouble])
def test_a_page_is_whole_and_speaks_one_language(
    reader: Reader, tour: Callable[[Reader], Pages], locale: str
) -> None:
    reader.locale = locale
    found = {}
    for name, page in tour(reader):
        assert page.mimetype == "text/html", name
        if faults := faults_of(page.text, locale=locale):
            found[name] = sorted(set(faults))
    assert found == {}

"""What does a customer read when a page refuses something, and in which language?"""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from notifier.errors import Conflict, StoreBusy
from notifier.services.env import Env
from notifier.web import links_manage
from tests.order_world import OrderWorld
from tests.timing import SettableClock
from tests.web.page_checks import faults_of
from tests.web.storefront import KETTLE, Storefront
from tests.web.test_links_order import late
from tests.web.visits import press, words

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])  # no page depends on the engine


def beside(page: TestResponse, name: str) -> tuple[str, str]:
    """What stands beneath the only field that is marked as wrong, and what is in it."""
    [field] = html.fromstring(page.text).cssselect("[aria-invalid]")
    assert field.get("name") == name
    assert field.get("autofocus") is not None
    error = html.fromstring(page.text).get_element_by_id(field.get("aria-describedby").split()[0])
    chosen = field.xpath("string(option[@selected])")
    return " ".join(error.text_content().split()), field.get("value") or chosen


MANAGED = [
    ("de", {"quantity": "0"}, "quantity", "Bitte geben Sie als Anzahl eine ganze Zahl von 1 bis"),
    (
        "es",
        {"quantity": "2.5"},
        "quantity",
        "La cantidad debe ser un número entero del 1 al 10000.",
    ),
    ("de", {"dates": "soon"}, "dates", "Bitte wählen Sie bei den neuen Terminen eine"),
    ("es", {"locale": "xx"}, "locale", "Elija uno de los idiomas que se muestran."),
    ("de", {"variant": "999999"}, "variant", "Bitte wählen Sie eine der gezeigten Ausführungen."),
    ("es", {"variant": "M"}, "variant", "Elija una de las variantes que se muestran."),
]


@pytest.mark.parametrize(("locale", "fields", "name", "says"), MANAGED)
def test_a_change_that_is_refused_is_told_beside_its_field(
    client: FlaskClient, store: Storefront, locale: str, fields: Any, name: str, says: str
) -> None:
    for size in ("S", "M"):
        store.stock(size, 0)
    shirt = store.wait("S", locale=locale)

    page = press(client, store.manage_path(store.contact_of(shirt)), "change", item=shirt, **fields)

    told, typed = beside(page, name)
    assert told.startswith(says)
    assert page.status_code == 422
    assert name != "quantity" or typed == fields["quantity"]
    assert faults_of(page.text, locale=locale) == []


@pytest.mark.parametrize(
    ("locale", "typed", "says"),
    [
        ("de", "nobody", "„nobody“ ist keine vollständige E-Mail-Adresse."),
        ("es", "ann@example.com", "El aviso ya va a esa dirección."),
        ("de", "+49 30 123456", "+4930123456 ist eine Festnetznummer."),
        ("es", "+1 800 555 0100", "A +18005550100 no llega ningún SMS."),
        ("de", "+34 612 345 678", "In das Land von +34612345678 sendet dieser Shop keine SMS."),
    ],
)
def test_an_address_that_cannot_be_used_stays_in_its_field_with_the_reason(
    client: FlaskClient, store: Storefront, locale: str, typed: str, says: str
) -> None:
    store.stock("S", 0)
    shirt = store.wait("S", "ann@example.com", locale=locale)

    path = store.manage_path(store.contact_of(shirt))
    page = press(client, path, "move", item=shirt, address=typed)

    told, kept = beside(page, "address")
    assert told.startswith(says)
    assert kept == typed


def test_who_asks_too_often_reads_when_it_is_worth_another_try(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    asked = store.ask("S", locale="de")

    path = store.manage_path(store.contact_of(asked))
    page = press(client, path, "resend", item=asked)

    assert page.status_code == 429
    assert page.headers["Retry-After"] == "60"
    assert "Bitte versuchen Sie es in 1 Minute noch einmal." in words(page)


@pytest.mark.parametrize(
    ("locale", "act", "fields", "says"),
    [
        ("de", "quantity", {"quantity": "3"}, "Bitte geben Sie eine ganze Zahl von 1 bis 2 an."),
        ("es", "quantity", {"quantity": "dos"}, "Indique un número entero de 1 a 2."),
    ],
)
def test_a_quantity_that_cannot_be_is_told_beside_it(
    client: FlaskClient,
    env: Env,
    clock: SettableClock,
    locale: str,
    act: str,
    fields: dict[str, str],
    says: str,
) -> None:
    world = OrderWorld(env, clock)
    world.at("2026-03-02")
    line = late(world, lines=[{"quantity": 3}], locale=locale)

    page = press(client, world.path(line), act, **fields)

    told, typed = beside(page, "quantity")
    assert told.startswith(says)
    assert (page.status_code, typed) == (422, fields["quantity"])
    assert faults_of(page.text, locale=locale) == []


@pytest.mark.parametrize(("locale", "says"), [("de", "vom 3. April"), ("es", "del 3 de abril")])
def test_what_has_no_field_on_the_page_is_told_at_its_top(
    client: FlaskClient, env: Env, clock: SettableClock, locale: str, says: str
) -> None:
    world = OrderWorld(env, clock)
    world.at("2026-03-02")
    line = late(world, lines=[{"quantity": 1}], locale=locale)
    world.at("2026-04-02")

    for act, fields in (("wait", {"until": "soon"}), ("quantity", {"quantity": "x"})):
        page = press(client, world.path(line), act, **fields)
        [notice] = html.fromstring(page.text).cssselect("[role=alert]")
        assert (act != "wait") or says in notice.text_content()
        assert not html.fromstring(page.text).cssselect("[aria-invalid]")


def test_an_error_on_somebodys_page_is_told_in_their_language_not_the_browsers(
    client: FlaskClient, store: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.stock("S", 0)
    shirt = store.wait("S", locale="de")
    path = store.manage_path(store.contact_of(shirt))
    spanish = {"Accept-Language": "es"}

    def busy(*_: object, **__: object) -> None:
        raise StoreBusy("locked")

    monkeypatch.setattr(links_manage, "make_nonce", busy)
    assert html.fromstring(client.get(path, headers=spanish).text).get("lang") == "de"
    too_much = client.post(path, data={"address": "x" * 70_000}, headers=spanish)
    assert (too_much.status_code, html.fromstring(too_much.text).get("lang")) == (413, "de")
    asked = client.post(f"/f/{KETTLE}?variant=S&lang=de", json={}, headers=spanish)
    assert (asked.status_code, html.fromstring(asked.text).get("lang")) == (415, "de")


def test_a_refusal_that_has_no_words_yet_is_not_told_in_english(
    client: FlaskClient, store: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.stock("S", 0)

    def refuse(*_: object, **__: object) -> None:
        raise Conflict("new_reason", "Nobody wrote this in German.")

    monkeypatch.setattr("notifier.web.form.subscribe", refuse)
    form = f"/f/{KETTLE}?variant=S&lang=de"
    page = press(client, form, "", email="ann@example.com", variant="S", quantity="2")

    assert page.status_code == 409
    assert "Das geht nicht mehr." in words(page)
    assert 'value="ann@example.com"' in page.text
    assert faults_of(page.text, locale="de") == []

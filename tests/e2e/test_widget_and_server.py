"""Do the widget and the real server understand each other, from one origin to another?"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from notifier.clock import system_clock
from notifier.config import Config
from notifier.domain.availability import Availability
from notifier.domain.eta import Eta
from notifier.services.env import open_env
from notifier.services.override_backorder import override
from notifier.store.session import Database
from notifier.web.public import create_public
from tests.e2e.widget_host import WidgetHost
from tests.e2e.widget_page import Shopper
from tests.web.storefront import KETTLE, RENDERER, Storefront, config

if TYPE_CHECKING:
    from tests.browser_pages import Pages
    from tests.e2e.widget_stub import StubApi

pytestmark = pytest.mark.e2e

WIDGET = f'<notify-me key="{KETTLE}" variant="M"></notify-me>'
SIZES = '<label>Size <select name="id"><option>S<option selected>M<option>L</select></label>'


@pytest.fixture
def engine_name() -> str:
    """One database is enough: the browser does not see it."""
    return "sqlite"


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[tuple[Storefront, WidgetHost]]:
    """The public app on a port, and a shop's page on another origin."""
    app = None
    server = make_server("127.0.0.1", 0, lambda environ, start: app(environ, start), threaded=True)
    host = WidgetHost(f"http://127.0.0.1:{server.server_port}")
    tree = config(tmp_path).model_dump()
    tree["service"]["public_url"] = host.api
    tree["shops"]["kettle"]["origins"] = [host.origin]
    env = open_env(Config.model_validate(tree), clock=system_clock, db=database)
    app = create_public(env, RENDERER)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield Storefront(env=env, folder=tmp_path), host
    server.shutdown()
    server.server_close()
    host.close()


@pytest.fixture
def store(shop: tuple[Storefront, WidgetHost]) -> Storefront:
    """S is in stock, M and L are sold out."""
    shop[0].stock("S", 3)
    shop[0].stock("M", 0)
    shop[0].stock("L", 0)
    return shop[0]


@pytest.fixture
def ann(
    browser_pages: Pages, stub_api: StubApi, shop: tuple[Storefront, WidgetHost]
) -> Iterator[Shopper]:
    """Ann, on the page of a shop that the real server knows."""
    shopper = Shopper(browser_pages, stub_api, shop[1])
    yield shopper
    shopper.leave()


def test_ann_signs_up_and_gets_the_mail_to_confirm(store: Storefront, ann: Shopper) -> None:
    ann.visit(WIDGET, before=SIZES).subscribe("ann@example.com")

    ann.expect_state("done")
    assert ann.troubles == []
    [row] = store.rows("SELECT id, state FROM subscriptions")
    assert row["state"] == "unconfirmed"
    [letter] = store.send()
    assert letter["kind"] == "confirm"


def test_a_backorder_says_when_and_a_stopped_one_offers_to_wait(
    store: Storefront, ann: Shopper
) -> None:
    day = Eta.on(system_clock().date() + timedelta(days=20))
    store.stock("M", 0, availability=Availability.BACKORDER, eta=day)
    ann.visit(WIDGET, before=SIZES)
    expect(ann.widget.get_by_text("Can be ordered now, expected around")).to_be_visible()
    expect(ann.widget.get_by_role("button", name="Tell me when it is in stock")).to_be_visible()

    override(store.env, store.shop, "M", "stop", by="Olga", why="recalled")
    ann.visit(WIDGET, before=SIZES)
    expect(ann.widget.get_by_role("button", name="Tell me when it is back")).to_be_visible()
    expect(ann.widget.get_by_text("Can be ordered now")).to_have_count(0)
    ann.subscribe("ann@example.com")
    ann.expect_state("done")


REFUSED = [
    ("de", "2.5", "ann@example.com", "Bitte geben Sie als Anzahl eine ganze Zahl ein"),
    ("es", "0.5", "ann@example.com", "La cantidad debe ser un número entero"),
    ("de", "2", "ann@local", "„ann@local“ ist keine vollständige E-Mail-Adresse."),
    ("es", "2", "ann@local", "«ann@local» no es una dirección de correo completa."),
]


@pytest.mark.parametrize(("lang", "quantity", "email", "says"), REFUSED)
def test_what_is_refused_is_said_in_the_language_of_the_page(
    store: Storefront, ann: Shopper, lang: str, quantity: str, email: str, says: str
) -> None:
    widget = WIDGET.replace(" variant", " quantity variant")
    ann.visit(widget, before=SIZES, lang=lang).open()
    ann.widget.locator("[name=quantity]").fill(quantity)
    ann.field.fill(email)
    ann.submit.click()

    expect(ann.hint).to_contain_text(says)
    expect(ann.field).to_have_value(email)
    assert store.one("SELECT COUNT(*) FROM subscriptions") == 0


def test_ann_reads_german_where_the_page_is_german(store: Storefront, ann: Shopper) -> None:
    ann.visit(WIDGET, before=SIZES, lang="de").open()

    expect(ann.widget.get_by_role("textbox", name="E-Mail-Adresse")).to_be_visible()
    for part in ("title", "hint", "consent", "submit"):
        expect(ann.widget.locator(f"[part~={part}]")).not_to_be_empty()


def test_every_size_shows_what_is_so(store: Storefront, ann: Shopper) -> None:
    ann.visit(WIDGET, before=SIZES)
    expect(ann.trigger).to_be_visible()

    ann.page.get_by_label("Size").select_option("S")
    ann.expect_state("hidden")
    ann.page.get_by_label("Size").select_option("L")
    ann.expect_state("idle")


def test_what_is_wrong_with_an_address_is_said_at_the_field(
    store: Storefront, ann: Shopper
) -> None:
    ann.visit(WIDGET, before=SIZES).subscribe("ann@nowhere")

    expect(ann.field).to_have_attribute("aria-invalid", "true")
    expect(ann.hint).to_contain_text("ann@nowhere")


def test_what_came_back_while_ann_typed_is_available(store: Storefront, ann: Shopper) -> None:
    ann.visit(WIDGET, before=SIZES).open()
    ann.field.fill("ann@example.com")
    store.stock("M", 5)

    ann.submit.click()

    ann.expect_state("available")
    assert store.rows("SELECT id FROM subscriptions") == []


def test_a_page_that_is_not_the_shops_gets_nothing(
    shop: tuple[Storefront, WidgetHost], store: Storefront, browser_pages: Pages, stub_api: StubApi
) -> None:
    eves_page = WidgetHost(shop[1].api)
    eve = Shopper(browser_pages, stub_api, eves_page)

    eve.visit(WIDGET, before=SIZES)

    eve.expect_trouble("CORS")
    expect(eve.trigger).to_have_count(0)
    eve.leave()
    eves_page.close()

"""Can everyone decide about an order in a browser: axe, keyboard, a phone, no JavaScript?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from notifier.rendering import shipped_renderer
from notifier.services.env import open_env
from notifier.store.session import Database
from notifier.web.public import create_public
from tests.databases import SqliteTemplate
from tests.e2e.faults import find_faults_light_and_dark
from tests.e2e.pages_site import PICTURE, click
from tests.order_world import OrderWorld
from tests.timing import SettableClock
from tests.web.storefront import config

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser_pages import Pages

pytestmark = pytest.mark.e2e

TOO_SMALL = """() => [...document.querySelectorAll('main button, main summary, main input')]
  .filter((one) => one.type !== 'hidden' && one.checkVisibility())
  .map((one) => [one.textContent.trim() || one.name, one.getBoundingClientRect()])
  .filter(([, box]) => box.height < 44 || box.width < 44)
  .map(([name, box]) => [name, box.width, box.height])"""
SIZES = """() => [...document.querySelectorAll('.choices button')].map((one) => {
  const [box, style] = [one.getBoundingClientRect(), getComputedStyle(one)];
  const [width, height] = [Math.round(box.width), Math.round(box.height)];
  return [width, height, style.backgroundColor, style.color, style.fontWeight].join(';');
})"""


class OrderSite:
    """The kettle shop's pages at `origin`, with orders in it."""

    def __init__(self, template: SqliteTemplate, folder: Path) -> None:
        self.server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        clock = SettableClock()
        db = Database(template.copy_to(folder / "notifier.db"))
        env = open_env(config(folder, service={"public_url": self.origin}), clock=clock, db=db)
        self.world = OrderWorld(env, clock)
        self.server.app = create_public(env, shipped_renderer())
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.world.env.db.close()

    def late(self, until: str | None = "2026-04-10", **order: Any) -> int:
        """A line whose delay was told on 20 March, with everything a page can offer."""
        world = self.world
        world.at("2026-03-02")
        world.stock("KETTLE", 0, alternatives=("POT",))
        world.stock("POT", 9)
        line = world.order(lines=[{"variant": "KETTLE", "quantity": 3}], **order).line
        world.at("2026-03-20")
        world.expect(line, until)
        world.tell()
        return line

    def open(self, page: Page, line: int, asked: str = "") -> None:
        page.route(
            "https://kettle.example/**",
            lambda route: route.fulfill(status=200, content_type="image/svg+xml", body=PICTURE),
        )
        page.goto(self.origin + self.world.path(line) + asked)


@pytest.fixture
def site(sqlite_template: SqliteTemplate, tmp_path: Path) -> Iterator[OrderSite]:
    made = OrderSite(sqlite_template, tmp_path)
    yield made
    made.close()


@pytest.fixture
def open_page(browser_pages: Pages) -> Iterator[Callable[..., Page]]:
    """A page with habits: viewport, java_script_enabled."""
    taken = []

    def take(**habits: Any) -> Page:
        taken.append(browser_pages.take(**habits))
        return taken[-1]

    yield take
    for page in taken:
        browser_pages.give_back(page)


def test_axe_and_a_thumb_find_no_fault_in_light_or_dark(
    site: OrderSite, open_page: Callable[..., Page]
) -> None:
    page = open_page(viewport={"width": 320, "height": 640}, has_touch=True)
    proposed = site.late("2026-04-20", country="DE", locale="de")
    site.open(page, proposed, "?choose=cancel")
    for summary in page.locator("summary").all():
        summary.click()
    _check(page)
    click(page, ".choices button[value=withdraw]")
    _check(page)
    click(page, "button[value=withdraw]")
    expect(page.locator("h1")).to_have_text("Widerrufen")
    _check(page)

    missed = site.world.order(country="DE", locale="de").line
    site.world.at("2026-04-21", zone="Europe/Berlin")
    site.open(page, missed)
    _check(page)


def _check(page: Page) -> None:
    assert find_faults_light_and_dark(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.evaluate(TOO_SMALL) == [], "under 44 px"


@pytest.mark.parametrize("width", [360, 1100])
@pytest.mark.parametrize("country", ["US", "DE"])  # German words break otherwise
def test_both_choices_look_alike(
    site: OrderSite, open_page: Callable[..., Page], width: int, country: str
) -> None:
    page = open_page(viewport={"width": width, "height": 800})
    locale = "de" if country == "DE" else "en"

    site.open(page, site.late("2026-04-20", country=country, locale=locale))

    wait, cancel = page.evaluate(SIZES)
    assert wait == cancel


def test_a_keyboard_is_enough_to_wait_and_then_to_cancel(
    site: OrderSite, open_page: Callable[..., Page]
) -> None:
    line = site.late()
    page = open_page(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    site.open(page, line, "?choose=wait")

    focused = page.locator(":focus")  # the mail's button has brought us there
    expect(focused).to_have_attribute("value", "wait")
    expect(focused).to_be_in_viewport()
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Thank you: you wait")

    site.open(page, line)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.locator(":focus").get_attribute("value") == "cancel":
            break
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("It is cancelled")
    assert site.world.standing(line).state == "refund_due"


def test_the_receipt_prints_without_what_can_be_pressed(
    site: OrderSite, open_page: Callable[..., Page]
) -> None:
    page = open_page(alone=True)  # so that nobody is lent a page that prints
    site.open(page, site.late())
    click(page, ".choices button[value=cancel]")

    page.emulate_media(media="print")

    expect(page.locator(".buttons")).to_be_hidden()
    expect(page.get_by_text("sent back by 31 March 2026 at the latest")).to_be_visible()

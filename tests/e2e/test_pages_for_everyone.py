"""Can everyone read and use the pages: axe, keyboard, phones, dark rooms, no JavaScript?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from notifier.services.order_given import LineSaid, OrderSaid, read_order
from notifier.services.take_orders import take_order
from tests.databases import SqliteTemplate
from tests.e2e.faults import find_faults, find_faults_light_and_dark
from tests.e2e.pages_site import PAGES, PagesSite, Stories, press

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser_pages import Pages

pytestmark = pytest.mark.e2e

MakeSite = Callable[[str], PagesSite]

# A heading, a sentence and at most a button, as on others that axe reads: these in `make soak`.
ALIKE = (
    *("deleted", "told", "too-late", "stopped", "stale", "manage-said", "manage-empty", "erased"),
    *("keep", "kept", "released", "form-done", "form-there", "link-done"),
)

TOO_SMALL = """() => [...document.querySelectorAll(
    'main button, main a.button, main summary, main select, main label.tick,'
    + 'main input:not([type=hidden]):not([type=checkbox]):not([type=radio])')]
  .filter((one) => !one.closest('.trap') && one.checkVisibility())
  .map((one) => [one.textContent.trim() || one.name, one.getBoundingClientRect()])
  .filter(([, box]) => box.height < 44 || box.width < 44)
  .map(([name, box]) => [name, box.width, box.height])"""


@pytest.fixture(scope="session")
def stories(sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory) -> Stories:
    return Stories(sqlite_template, tmp_path_factory.mktemp("stories"))


@pytest.fixture
def make_site(stories: Stories, tmp_path: Path) -> Iterator[MakeSite]:
    made: list[PagesSite] = []

    def make(locale: str) -> PagesSite:
        folder = tmp_path / f"{len(made)}"
        folder.mkdir()
        made.append(PagesSite(stories, folder, locale=locale))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture
def open_page(browser_pages: Pages) -> Iterator[Callable[..., Page]]:
    """A page with habits: viewport, color_scheme, java_script_enabled."""
    taken = []

    def take(**habits: Any) -> Page:
        habits.setdefault("viewport", {"width": 360, "height": 740})
        taken.append(browser_pages.take(**habits))
        return taken[-1]

    yield take
    for page in taken:
        browser_pages.give_back(page)


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[pytest.mark.soak] * (one in ALIKE)) for one in PAGES]
)
def test_axe_and_a_thumb_find_no_fault_in_light_or_dark(
    make_site: MakeSite, open_page: Callable[..., Page], name: str
) -> None:
    page = open_page(viewport={"width": 320, "height": 640}, has_touch=True, locale="de")
    logged: list[str] = []
    page.on("console", lambda message: logged.append(message.text))
    make_site("de").show(page, name)  # the longer words

    assert find_faults_light_and_dark(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.evaluate(TOO_SMALL) == [], "under 44 px"
    # a page that answers 4xx on purpose is logged as such; a refusal by the policy never is
    assert [text for text in logged if "Failed to load resource" not in text] == []


def test_a_long_name_of_what_was_bought_does_not_widen_the_page(
    make_site: MakeSite, open_page: Callable[..., Page]
) -> None:
    site, page = make_site("en"), open_page(viewport={"width": 320, "height": 640})
    shop = site.store.shop
    site.store.stock("WORD", 0, title="Donaudampfschifffahrtsgesellschaftskapitänsmütze" * 3)
    said = OrderSaid(
        ref="#" + "7" * 60,
        completed_at=site.env.now().isoformat(),
        country="DE",
        email="ann@example.com",
        lines=[LineSaid(ref="1", variant="WORD", quantity=1)],
    )
    zone, currency = shop.config.time_zone, shop.config.currency
    given = read_order(said, shop_zone=zone, currency=currency, now=site.env.now())
    take_order(site.env, shop, given, source="api:kettle/server")

    site.show(page, "manage")

    expect(page.get_by_role("link", name="Donaudampfschiff")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_axe_would_find_a_fault_on_a_page(
    make_site: MakeSite, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    make_site("en").show(page, "form")
    page.evaluate("document.querySelector('label[for=quantity]').remove()")

    results = find_faults(page)

    assert "label" in [violation["id"] for violation in results.response["violations"]]


@pytest.mark.parametrize("name", ["confirmed", "manage-said", "form-done", "erased", "link-done"])
def test_everything_works_without_javascript(
    make_site: MakeSite, open_page: Callable[..., Page], name: str
) -> None:
    page = open_page(java_script_enabled=False)

    make_site("en").show(page, name)

    expect(page.locator("h1")).to_be_visible()


def test_a_keyboard_is_enough_to_confirm(
    make_site: MakeSite, open_page: Callable[..., Page]
) -> None:
    site, page = make_site("en"), open_page()
    site.show(page, "confirm")

    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "confirm":
            break
    focused = page.locator(":focus-visible")
    expect(focused).to_have_css("outline-style", "solid")
    page.keyboard.press("Enter")

    expect(page.locator("h1")).to_have_text("You are on the list")
    assert site.store.state(site.story.kettle) == "waiting"


def test_a_keyboard_is_enough_to_pause(make_site: MakeSite, open_page: Callable[..., Page]) -> None:
    site, page = make_site("en"), open_page()
    site.show(page, "manage")

    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    page.locator("button[name=days][value='30']").first.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_contain_text("Paused")
    assert site.store.state(site.story.shirt) == "paused"


def test_a_scanner_with_a_whole_browser_changes_nothing(
    make_site: MakeSite, open_page: Callable[..., Page]
) -> None:
    site, page = make_site("en"), open_page()
    paths = {path for letter in site.store.letters() for path in site.store.links(letter).values()}
    before = site.store.rows("SELECT id, state, told_at, ended_at FROM subscriptions")

    for path in paths:
        if path.startswith("/r/"):
            page.request.get(site.origin + path, max_redirects=0)
        else:
            page.goto(site.origin + path)
            page.wait_for_load_state("networkidle")
    for path in (
        site.store.confirm_path(site.story.kettle),
        site.store.manage_path(site.story.ann),
    ):
        page.goto(site.origin + path)
        page.wait_for_load_state("load")

    assert site.store.rows("SELECT id, state, told_at, ended_at FROM subscriptions") == before


def test_only_the_chosen_way_is_asked_for(
    make_site: MakeSite, open_page: Callable[..., Page]
) -> None:
    site, page = make_site("en"), open_page()
    site.show(page, "form")
    expect(page.locator("#email")).to_be_visible()
    expect(page.locator("#phone")).to_be_hidden()

    page.get_by_label("By text message").check()

    expect(page.locator("#phone")).to_be_visible()
    expect(page.locator("#email")).to_be_hidden()
    expect(page.locator("#consent-phone")).to_be_visible()
    page.fill("#phone", "01512 3456789")
    page.get_by_role("button").click()
    expect(page.locator("h1")).to_have_text("Almost done")


def test_an_erasure_in_a_browser_from_the_mail_to_the_end(
    make_site: MakeSite, open_page: Callable[..., Page]
) -> None:
    site, page = make_site("en"), open_page()
    site.show(page, "erase")

    press(page, "erase")

    expect(page.locator("h1")).to_have_text("Erased")
    page.goto(site.origin + site.store.manage_path(site.story.ann))
    expect(page.locator("h1")).to_have_text("This link does not work")


@pytest.mark.parametrize("accent", ["#ffffff", "#000000", "#ffee00", "#1f5f4a"])
def test_every_colour_of_a_shop_gives_legible_buttons(
    make_site: MakeSite, open_page: Callable[..., Page], accent: str
) -> None:
    site, page = make_site("en"), open_page()
    kettle = site.env.shops["kettle"]
    object.__setattr__(kettle, "config", kettle.config.model_copy(update={"accent": accent}))
    site.show(page, "confirm")

    assert find_faults_light_and_dark(page) == ""
    button = page.locator("button[value=confirm]")
    assert button.evaluate("(one) => getComputedStyle(one).backgroundColor") == _rgb(accent)


def _rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"

"""How does it look? Makes the pictures of the README from the running demo.

`make pictures` starts the demo on free ports, does with a headless Chromium what somebody would do
by hand, and writes docs/pictures/*.png. Nothing in them is drawn afterwards.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from notifier.demo.checkout import place_order
from notifier.demo.push import sign_up_guests
from notifier.demo.run import open_demo
from notifier.demo.shop import Act
from notifier.demo.stage import Stage
from notifier.log import set_up_logging
from tests.browser import ADVICE, find_browser, launched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
ANN = "ann@example.com"
BEN = "+1 212 555 0123"
DESKTOP = {"width": 1200, "height": 860}
PHONE = {"width": 390, "height": 780}
PATIENCE = 30_000


@contextmanager
def opened(browser: Browser, stage: Stage, path: str, **traits: Any) -> Iterator[Page]:
    """A page of the demo in a browser of its own, finer than its size."""
    size = traits.pop("size", DESKTOP)
    scale = 1.5 if size["width"] == PHONE["width"] else 1.25
    context = browser.new_context(
        base_url=stage.places.storefront, viewport=size, device_scale_factor=scale, **traits
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(path)
    yield page
    context.close()


def keep(page: Page, name: str) -> None:
    page.wait_for_timeout(700)  # pictures and colours fade in
    page.screenshot(path=PICTURES / f"{name}.png")
    sys.stdout.write(f"  docs/pictures/{name}.png\n")
    sys.stdout.flush()


def open_form(page: Page, *, address: str) -> None:
    page.locator("notify-me").get_by_role("button").first.click()
    page.locator("notify-me input[type=email]").fill(address)


def storefront(browser: Browser, stage: Stage) -> None:
    for name, scheme in (("storefront", "light"), ("storefront-dark", "dark")):
        path = "/p/voyage-flask?variant=FLASK-SEA"
        with opened(browser, stage, path, color_scheme=scheme) as page:
            open_form(page, address=ANN)
            keep(page, name)
    with opened(browser, stage, "/p/ember-kettle", size=PHONE) as page:
        open_form(page, address=ANN)
        page.locator("h1").evaluate("node => node.scrollIntoView()")
        keep(page, "widget-phone")


def ask_by_text(browser: Browser, stage: Stage) -> None:
    """Ben asks by SMS and confirms."""
    with opened(browser, stage, "/p/ember-kettle") as page:
        page.locator("notify-me").get_by_role("button").first.click()
        page.get_by_label("By text message").check()
        page.locator("notify-me input[type=tel]").fill(BEN)
        page.keyboard.press("Enter")
        page.get_by_text("Almost done").wait_for()
        page.goto("/phone")
        with page.context.expect_page() as confirm:
            page.locator(".bubbles a[href*='/c/']").click()
        confirm.value.get_by_role("button").first.click()
        confirm.value.wait_for_load_state()


def messages(browser: Browser, stage: Stage) -> None:
    with opened(browser, stage, f"/inbox?to={ANN}") as page:
        page.locator(".rows a", has_text="is back in stock").first.click()
        page.frame_locator("iframe").locator("a[href*='/r/']").first.wait_for()
        keep(page, "inbox")
    with opened(browser, stage, "/phone", size=PHONE) as page:
        page.locator(".bubbles li", has_text="is back in stock").wait_for()
        keep(page, "phone")


def manage(browser: Browser, stage: Stage) -> None:
    with opened(browser, stage, "/inbox") as page:
        page.locator(".rows a", has_text="You are on the list").filter(has_text=ANN).first.click()
        link = page.frame_locator("iframe").locator("a[href*='/m/']").first
        page.goto(link.get_attribute("href") or "")
        keep(page, "manage")


def order_desk(browser: Browser, stage: Stage) -> None:
    """Ann has ordered ahead; the date moved by little, and may now move by much."""
    ref = place_order(stage, "HERON-STEEL", email=ANN, country="US", locale="en")
    place_order(stage, "CADDY-MOON", email="ben@example.com", country="DE", locale="en")
    size = {"width": 1200, "height": 930}
    with opened(browser, stage, f"/desk?order={ref}", size=size) as page:
        state = page.locator(".case-head .state")
        page.get_by_role("button", name="10 days later").click()
        page.get_by_role("button", name="Save it and tell them").click()
        state.get_by_text("Told; silence means yes").wait_for()
        customers_page = page.locator(".case-head a.quiet").get_attribute("href") or ""
        page.get_by_role("button", name="45 days later").click()
        page.locator(".foreseen").wait_for()
        page.evaluate("window.scrollTo(0, 0)")
        keep(page, "desk")
    with opened(browser, stage, customers_page, size={"width": 390, "height": 860}) as page:
        page.get_by_text("Your choice").evaluate("node => node.scrollIntoView()")
        keep(page, "order-phone")


def main() -> int:
    """0 when all pictures are made."""
    path = find_browser()
    if path is None:
        sys.stderr.write(f"{ADVICE}\n")
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "pictures.log").open("w") as log:
        set_up_logging(to=log)
        with open_demo(Path(folder)) as stage, launched(path) as browser:
            storefront(browser, stage)
            wanted = ("KETTLE-12", "CADDY-MOON", "FLASK-SEA", "BOWL-CLOUD")
            for key in wanted:
                sign_up_guests(stage.places.notifier, key, [ANN], key=stage.keys.api)
            ask_by_text(browser, stage)
            stage.add_guests("KETTLE-12", 22)
            stage.add_guests("TEAPOT-RUST", 7)
            with opened(browser, stage, "/dial", size={"width": 1320, "height": 860}) as page:
                stage.shop.act("CADDY-MOON", Act.DELAY)
                stage.shop.act("KETTLE-12", Act.RESTOCK)
                page.locator("[data-story] .wave").first.wait_for()
                page.locator("[data-story] .email", has_text="Back in stock").first.wait_for()
                page.wait_for_timeout(2000)  # the newest lines are slow to fade in
                keep(page, "dial")
            messages(browser, stage)
            manage(browser, stage)
            order_desk(browser, stage)
    return 0


if __name__ == "__main__":
    sys.exit(main())

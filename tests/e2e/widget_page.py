"""How does a test act as a shopper on a shop's page, and see what the widget did there?"""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import ConsoleMessage, Error, Locator, Page, expect

from tests.browser_pages import Pages
from tests.e2e.widget_host import WidgetHost
from tests.e2e.widget_stub import KEY, StubApi
from tests.timing import wait_until

WIDGET = f'<notify-me key="{KEY}" variant="SHIRT-M"></notify-me>'

# Runs before the page's own scripts: adds up layout shifts no input of the shopper's explains.
WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
  if (!entry.hadRecentInput) window.shifts.push(entry.value);
})).observe({ type: 'layout-shift', buffered: true });
window.heard = [];
for (const name of ['notify-me:available', 'notify-me:subscribed']) {
  window.addEventListener(name, (event) => window.heard.push([name, event.detail]));
}
"""


class Shopper:
    """A browser page on the shop, with words for what a shopper does and sees there."""

    def __init__(self, pages: Pages, api: StubApi, host: WidgetHost) -> None:
        self.api = api
        self.host = host
        self.troubles: list[str] = []
        self._pages = pages
        self.page: Page = self.use()

    def use(self, **options: Any) -> Page:
        """Starts over with a browser of other habits: viewport, color_scheme, reduced_motion …"""
        if hasattr(self, "page"):
            self.leave()
        options.setdefault("viewport", {"width": 390, "height": 800})
        self.page = self._pages.take(script=WATCH_SHIFTS, **options)
        self.page.on("console", self._note)
        self.page.on("pageerror", self._note_thrown)
        return self.page

    def leave(self) -> None:
        """Ends the visit."""
        self.page.remove_listener("console", self._note)
        self.page.remove_listener("pageerror", self._note_thrown)
        self._pages.give_back(self.page)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(message.text)

    def _note_thrown(self, error: Error) -> None:
        self.troubles.append(f"thrown: {error}")

    def visit(self, widget: str = WIDGET, **page: Any) -> Shopper:
        """Opens a product page with this markup in it; `page` as in WidgetHost.show."""
        self.page.goto(self.host.show(widget, **page))
        return self

    @property
    def widget(self) -> Locator:
        return self.page.locator("notify-me")

    @property
    def trigger(self) -> Locator:
        return self.widget.locator("[part~=trigger]")

    @property
    def field(self) -> Locator:
        return self.widget.locator("#to")

    @property
    def submit(self) -> Locator:
        return self.widget.locator("[part~=submit]")

    @property
    def hint(self) -> Locator:
        return self.widget.locator("#hint")

    @property
    def live(self) -> Locator:
        return self.widget.locator("[role=status]")

    def open(self) -> Shopper:
        self.trigger.click()
        return self

    def subscribe(self, address: str = "ann@example.com") -> Shopper:
        self.open()
        self.field.fill(address)
        self.submit.click()
        return self

    def expect_state(self, state: str) -> None:
        expect(self.widget).to_have_attribute("state", state)

    def expect_trouble(self, part: str) -> None:
        """Waits until the browser has logged an error with `part` in it."""

        def logged() -> bool:
            self.page.evaluate("0")  # lets Playwright hand over what has happened
            return any(part in trouble for trouble in self.troubles)

        wait_until(logged)

    def shifts(self) -> float:
        """The layout shift so far that was not the shopper's own doing."""
        return float(self.page.evaluate("window.shifts.reduce((sum, one) => sum + one, 0)"))

    def heard(self) -> list[Any]:
        """The widget's events as the page heard them: [name, detail]."""
        return list(self.page.evaluate("window.heard"))

    def focused(self) -> str:
        """The text or id of what has the focus inside the widget."""
        return str(
            self.page.evaluate(
                "(() => { const at = document.activeElement.shadowRoot?.activeElement;"
                " return at ? at.id || at.textContent : ''; })()"
            )
        )

    def run(self, script: str, *values: Any) -> Any:
        """Runs the page's own JavaScript."""
        return self.page.evaluate(f"({script})(...{json.dumps(values)})")

"""How do many tests share one browser, each with a page as good as new?

A page of a fresh profile costs a process and most of a second, and makes the browser compile every
script anew. So a page is given back after a test, emptied, and lent again to one that wants the
same habits (viewport, locale, touch …). Every test serves its pages from a port of its own, so what
the browser keeps by origin is not shared. What cannot be taken out of a page again, an installed
clock or a script that runs at the start, needs `alone=True`: a profile that ends with the test.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from tests import browser as browsers

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PATIENCE = 30_000  # milliseconds
# What a page can change at any time, and how it is where nothing is said.
LOOKS: dict[str, Any] = {
    "viewport": {"width": 1280, "height": 720},
    "color_scheme": "light",
    "reduced_motion": "no-preference",
    "forced_colors": "none",
}


class SharedBrowser:
    """The browser of one test process: started when first needed, and ended when no test of a
    browser follows: Playwright's event loop must be gone before another test starts its own."""

    def __init__(self) -> None:
        self._pages: Pages | None = None
        self._end = ExitStack()

    def pages(self, path: str) -> Pages:
        """The pages of the browser with this path."""
        if self._pages is None:
            from playwright.sync_api import expect

            expect.set_options(timeout=PATIENCE)
            self._pages = Pages(self._end.enter_context(browsers.launched(path)))
        return self._pages

    def end(self) -> None:
        self._pages = None
        self._end.close()


class Pages:
    """The pages of one browser."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._spare: dict[str, list[Page]] = {}
        self._keys: dict[Page, str] = {}

    def take(self, *, script: str = "", alone: bool = False, **habits: Any) -> Page:
        """A page with these habits, as for Browser.new_context; `script` runs before any page's."""
        looks = {name: habits.pop(name, usual) for name, usual in LOOKS.items()}
        key = repr((script, sorted(habits.items())))
        spare = [] if alone else self._spare.setdefault(key, [])
        page = spare.pop() if spare else self._make(script, habits)
        self._keys[page] = "" if alone else key
        page.context.set_default_timeout(PATIENCE)
        page.set_viewport_size(looks.pop("viewport"))
        page.emulate_media(**looks)
        return page

    def _make(self, script: str, habits: dict[str, Any]) -> Page:
        context = self._browser.new_context(**habits)
        if script:
            context.add_init_script(script)
        return context.new_page()

    def give_back(self, page: Page) -> None:
        """Make it as new for the next one."""
        from playwright.sync_api import Error as PageError

        key = self._keys.pop(page)
        context = page.context
        if not key or page.is_closed():
            context.close()
            return
        for other in context.pages:
            if other is not page:
                other.close()
        page.unroute_all(behavior="ignoreErrors")
        try:
            page.goto("about:blank")
        except PageError:  # it was on its way to somewhere: nobody else gets it
            context.close()
            return
        context.set_offline(False)
        context.clear_cookies()
        self._spare[key].append(page)

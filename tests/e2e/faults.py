"""What does axe hold against a page, in light and in dark?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe, AxeResults

if TYPE_CHECKING:
    from playwright.sync_api import Page

_AXE = Axe().axe_script
# Without `preload` no style is fetched again: for a rule that is off, and for sounds we have not.
_EVERYTHING = {"resultTypes": ["violations"], "preload": False}
# The colours are all that changes when it gets dark.
_COLOURS = {**_EVERYTHING, "runOnly": ["color-contrast", "link-in-text-block"]}

# A test that goes from page to page: how many of them are there to one that axe reads?
OF_PAGES = pytest.mark.parametrize(
    "every", [3, pytest.param(1, marks=pytest.mark.soak)], ids=["every third", "each"]
)


def find_faults(page: Page, options: dict[str, Any] = _EVERYTHING) -> AxeResults:
    """What axe finds on the page as it is now."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    return AxeResults(page.evaluate("(options) => axe.run(options)", options))


def find_faults_light_and_dark(page: Page) -> str:
    """A report of all that axe finds; empty when there is nothing. The page ends up dark."""
    page.emulate_media(color_scheme="light")
    light = find_faults(page)
    page.emulate_media(color_scheme="dark")
    dark = find_faults(page, _COLOURS)
    found = {"light": light, "dark": dark}
    return "\n".join(
        f"{scheme}: {results.generate_report()}"
        for scheme, results in found.items()
        if results.violations_count
    )

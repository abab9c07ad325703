"""Which browser do the browser tests drive, and how is it started?

$NOTIFIER_BROWSER (a path, or `none`), else a Chromium or Chrome on PATH, else the one that
Playwright downloaded. `python tests/browser.py ensure` gets one where there is none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
    "microsoft-edge-stable",
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ADVICE = (
    "No browser for the browser tests. Install Chromium (Debian: apt-get install chromium; "
    "elsewhere: .venv/bin/python -m playwright install chromium), or set NOTIFIER_BROWSER to "
    "the path of a Chrome. NOTIFIER_BROWSER=none runs the tests without those in a browser."
)


def is_unwanted() -> bool:
    """True when the person running the tests said to go without a browser."""
    return os.environ.get("NOTIFIER_BROWSER") == "none"


def find_browser() -> str | None:
    """The path of a Chromium-like browser on this machine, or None."""
    given = os.environ.get("NOTIFIER_BROWSER")
    if given:
        return given if os.access(given, os.X_OK) else None
    on_path = next(filter(None, map(shutil.which, NAMES)), None)
    return on_path or _playwrights_own()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.access(path, os.X_OK) else None


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """A headless browser, closed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def ensure() -> int:
    """Find a browser or install one; 0 when there is one (or none is wanted), 1 when not."""
    if is_unwanted() or find_browser():
        return 0
    if os.environ.get("NOTIFIER_BROWSER"):
        print(f"NOTIFIER_BROWSER={os.environ['NOTIFIER_BROWSER']} is not a program.")
        print(ADVICE)
        return 1
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("No browser found: installing Debian's chromium for the browser tests.", flush=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"]
        for command in (["apt-get", "update", "-q"], install):
            subprocess.run(command, env=environment, stdin=subprocess.DEVNULL)
    else:
        print("No browser found: asking Playwright to download one.", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])
    if find_browser():
        return 0
    print(ADVICE)
    return 1


if __name__ == "__main__":
    if sys.argv[1:] != ["ensure"]:
        sys.exit("usage: python tests/browser.py ensure")
    sys.exit(ensure())

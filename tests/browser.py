"""Which browser do the browser tests drive, and how is it started?

$NOTIFIER_BROWSER (a path, or `none`), else a Chromium or Chrome on PATH, else the one that
Playwright downloaded. `python tests/browser.py ensure` gets one where there is none. The shell
that has no windows at all is taken before others: it needs a third less CPU.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = (
    "chromium-headless-shell",
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
    # Processes of its own for each origin and for drawing cost a fifth more CPU.
    "--disable-site-isolation-trials",
    "--renderer-process-limit=1",
    "--in-process-gpu",
    # No page of a test lives so long that compiling its scripts well would pay.
    "--js-flags=--single-threaded --no-opt --no-maglev",
)
ADVICE = (
    "No browser for the browser tests. Install Chromium (Debian: apt-get install chromium; "
    "elsewhere: .venv/bin/python -m playwright install chromium), or set NOTIFIER_BROWSER to "
    "the path of a Chrome. NOTIFIER_BROWSER=none runs the tests without those in a browser."
)
ADVICE_DRIVER = (
    "Playwright, which drives the browser in tests, does not start: a bare system may lack "
    "libatomic (Debian, Ubuntu: apt-get install libatomic1). NOTIFIER_BROWSER=none runs the "
    "tests without those in a browser."
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
    """What `playwright install` left in its usual places, without starting Playwright."""
    cache = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or cache / "ms-playwright")
    inside = (
        "chromium_headless_shell-*/*/*headless*shell",
        "chromium-*/chrome-linux*/chrome",
        "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    )
    found = [path for pattern in inside for path in sorted(folder.glob(pattern))]
    return next((str(path) for path in found if os.access(path, os.X_OK)), None)


def is_driver_runnable() -> bool:
    """True when the Node.js inside the Playwright package starts; bare systems lack a library."""
    spec = importlib.util.find_spec("playwright")
    if spec is None or spec.origin is None:
        return False
    node = Path(spec.origin).parent / "driver" / "node"
    try:
        return subprocess.run([node, "--version"], capture_output=True).returncode == 0
    except OSError:
        return False


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
    if is_unwanted() or _is_complete():
        return 0
    given = os.environ.get("NOTIFIER_BROWSER")
    if given and not find_browser():
        print(f"NOTIFIER_BROWSER={given} is not a program.")
    elif os.geteuid() == 0 and shutil.which("apt-get"):
        _apt_install()
    elif not find_browser():
        print("No browser found: asking Playwright to download one.", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])
    if _is_complete():
        return 0
    print(ADVICE if not find_browser() else ADVICE_DRIVER)
    return 1


def _is_complete() -> bool:
    return bool(find_browser()) and is_driver_runnable()


def _apt_install() -> None:
    more = [] if is_driver_runnable() else ["libatomic1"]
    browsers = [[]] if find_browser() else [["chromium-headless-shell"], ["chromium"]]
    _run("apt-get", "update", "-q")
    for wanted in (browser + more for browser in browsers):
        print(f"Installing {' and '.join(wanted)} with apt-get for the browser tests.", flush=True)
        if _run("apt-get", "install", "-y", "-q", "--no-install-recommends", *wanted) == 0:
            return


def _run(*command: str) -> int:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    if sys.argv[1:] != ["ensure"]:
        sys.exit("usage: python tests/browser.py ensure")
    sys.exit(ensure())

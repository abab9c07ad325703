"""How does the admin look? Every page of it, from the running demo with a made-up past.

`make pictures` walks the links from the first page, takes each kind of page once on a desktop in
light and once on a phone in the dark, and writes docs/pictures/admin/*.png.
"""

from __future__ import annotations

import re
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from notifier.demo.checkout import place_order
from notifier.demo.run import open_demo
from notifier.demo.stage import Stage
from notifier.log import set_up_logging
from notifier.web.admin.app import create_admin
from tests.browser import ADVICE, find_browser, launched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PICTURES = Path(__file__).parents[1] / "docs" / "pictures" / "admin"
PAST = timedelta(days=60)
LOOKS = (
    ("desktop", {"width": 1280, "height": 860}, "light"),
    ("phone", {"width": 390, "height": 844}, "dark"),
)
TALLEST = 1700  # pixels; a long list goes on below
PIECES = re.compile(r"/assets/|\.csv|\.json|\.pdf|/preview|/look|/sign-out|/export|/raw|/admin/$")


def doors(stage: Stage, page: Page) -> dict[str, str]:
    """One address for every kind of page, by the name of its view."""
    adapter = create_admin(stage.env, None).url_map.bind("localhost")  # type: ignore[arg-type]
    base = f"{stage.places.notifier}/admin"
    found: dict[str, str] = {}
    todo = [f"{base}/kettle/", f"{base}/-/account"]
    while todo:
        url = todo.pop(0)
        path = urlsplit(url).path.removeprefix("/admin") or "/"
        if not url.startswith(base) or PIECES.search(url):
            continue
        try:
            name = adapter.match(path)[0]
        except Exception:  # noqa: BLE001, S112  what leads nowhere is no page
            continue
        if name in found:
            continue
        answer = page.goto(url)
        if answer is None or answer.status != 200:
            continue
        if "text/html" not in (answer.headers.get("content-type") or ""):
            continue
        found[name] = page.url
        links = "[...document.querySelectorAll('a[href]')].map((a) => a.href.split('#')[0])"
        todo += page.evaluate(links)
    return found


def take(browser: Browser, stage: Stage) -> None:
    """Every page, on every look."""
    places: dict[str, str] = {}
    for look, size, scheme in LOOKS:
        context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{stage.places.storefront}/admin")
        places = places or doors(stage, page)
        for name, url in sorted(places.items()):
            page.goto(url)
            page.wait_for_timeout(400)
            height = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
            page.set_viewport_size({"width": size["width"], "height": height})
            file = f"{name.replace('.', '-')}-{look}.png"
            page.screenshot(path=PICTURES / file)
            page.set_viewport_size(size)  # type: ignore[arg-type]
            sys.stdout.write(f"  docs/pictures/admin/{file}\n")
            sys.stdout.flush()
        context.close()


def main() -> int:
    """0 when all pictures are made."""
    path = find_browser()
    if path is None:
        sys.stderr.write(f"{ADVICE}\n")
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "pictures.log").open("w") as log:
        set_up_logging(to=log)
        with open_demo(Path(folder), history=PAST) as stage, launched(path) as browser:
            place_order(stage, "HERON-STEEL", email="ann@example.com", country="US", locale="en")
            place_order(stage, "CADDY-MOON", email="ben@example.com", country="DE", locale="en")
            take(browser, stage)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How does a test act on a page: read it, and press one of its buttons?"""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

_NONCE = re.compile(r'name="nonce" value="([\w-]+)"')


def nonce_of(page: TestResponse) -> str:
    """What the forms of a page post to show that they come from it."""
    found = _NONCE.search(page.text)
    assert found, page.text
    return found[1]


def press(client: FlaskClient, path: str, act: str, **fields: Any) -> TestResponse:
    """Opens a page and presses one of its buttons."""
    nonce = nonce_of(client.get(path))
    return client.post(path, data={"nonce": nonce, "act": act, **fields})


def heading(page: TestResponse) -> str:
    """The page's main heading."""
    return str(html.fromstring(page.text).findtext(".//h1")).strip()


def words(page: TestResponse) -> str:
    """All text of a page, blanks tidied."""
    return " ".join(" ".join(html.fromstring(page.text).find(".//main").itertext()).split())


def ways(page: TestResponse) -> dict[str, str]:
    """Where one can go on to: label → address."""
    links = html.fromstring(page.text).cssselect("main a.button")
    return {" ".join(link.text_content().split()): link.get("href") for link in links}

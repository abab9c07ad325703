"""What do the browser tests of the widget get: a shop, the notifier's API, and a shopper?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.databases import SqliteTemplate
from tests.thinning import thin_out_rows, within

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser_pages import Pages
    from tests.e2e.admin_site import AdminSite
    from tests.e2e.widget_page import Shopper
    from tests.e2e.widget_stub import StubApi


FOLDER = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of the rows of a table every third is shown in a browser; in `make soak` all of them."""
    thin_out_rows(
        item
        for item in within(FOLDER, items)
        if "browser_pages" in getattr(item, "fixturenames", ())
    )


@pytest.fixture
def stub_api() -> Iterator[StubApi]:
    """The public API as a small server with dials."""
    from tests.e2e.widget_stub import StubApi

    api = StubApi()
    yield api
    api.close()


@pytest.fixture
def ann(browser_pages: Pages, stub_api: StubApi) -> Iterator[Shopper]:
    """Ann, on a page of another origin with a strict CSP."""
    from tests.e2e.widget_host import WidgetHost
    from tests.e2e.widget_page import Shopper

    host = WidgetHost(stub_api.origin)
    stub_api.allowed_origins.add(host.origin)
    shopper = Shopper(browser_pages, stub_api, host)
    yield shopper
    shopper.leave()
    host.close()


@pytest.fixture
def admin_site(sqlite_template: SqliteTemplate, tmp_path: Path) -> Iterator[AdminSite]:
    """The admin on a port. Tell it what happened: `admin_site.tell_story()`, or its `store`."""
    from tests.e2e.admin_site import AdminSite

    site = AdminSite(sqlite_template, tmp_path)
    yield site
    site.close()


@pytest.fixture
def olga(browser_pages: Pages, admin_site: AdminSite) -> Iterator[Page]:
    """The browser of Olga, who owns the shop and is signed in."""
    page = browser_pages.take()
    admin_site.sign_in(page)
    yield page
    browser_pages.give_back(page)

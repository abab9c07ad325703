"""What does every web test get: a shop with an empty inbox, and somebody who opens its pages?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from notifier.services.env import Env, open_env
from notifier.store.session import Database
from notifier.web.here import EXTENSION
from notifier.web.public import create_public
from tests.thinning import share_out, within
from tests.timing import SettableClock
from tests.web.storefront import PUBLIC_URL, RENDERER, Storefront, config
from tests.web.stories import Stories, Tell

FOLDER = Path(__file__).parent
# Here it matters which database does not answer, or what a statement of theirs alone does.
ABOUT_DATABASES = ("test_busy_database.py", "test_fast_door.py", "test_front.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pages ask what services ask: every third test of a file meets PostgreSQL, the others
    SQLite. In `make soak` they meet the other one."""
    share_out(item for item in within(FOLDER, items) if item.path.name not in ABOUT_DATABASES)


@pytest.fixture
def env(database: Database, clock: SettableClock, tmp_path: Path) -> Env:
    """Two shops on a fresh database; the clock stands still."""
    return open_env(config(tmp_path), clock=clock, db=database)


@pytest.fixture
def store(env: Env, tmp_path: Path) -> Storefront:
    """The kettle shop, its stock, its customers and their inbox."""
    return Storefront(env=env, folder=tmp_path)


@pytest.fixture(scope="session")
def stories() -> Stories:
    return Stories()


@pytest.fixture
def tell(stories: Stories, store: Storefront, clock: SettableClock) -> Tell:
    """Tells a story to the shop: see tests/web/stories.py."""
    return lambda story: stories.tell(story, store=store, clock=clock)


@pytest.fixture(scope="session")
def made_apps() -> dict[str, Flask]:
    return {}


@pytest.fixture
def app(env: Env, made_apps: dict[str, Flask]) -> Flask:
    """The public app. To build its routes takes longer than most tests: those whose settings of
    the service are the same share one, each with its own env. Change nothing else in it."""
    settings = env.config.service.model_dump_json(exclude={"data_dir"})
    if settings not in made_apps:
        made_apps[settings] = create_public(env, RENDERER)
    shared = made_apps[settings]
    shared.extensions[EXTENSION] = env
    return shared


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    """Somebody who keeps no cookies, as mail programs and scanners do."""
    app.test_client_class = _Visitor
    with app.test_client(use_cookies=False) as visitor:
        yield visitor


class _Visitor(FlaskClient):
    """Opens pages under the public address."""

    def open(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
        kwargs.setdefault("base_url", PUBLIC_URL)
        return super().open(*args, **kwargs)  # type: ignore[arg-type]

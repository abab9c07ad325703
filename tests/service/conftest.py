"""The world that service tests live in: real mail server, real phone network, both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from notifier.store.session import Database
from tests.fakes.smtp_server import SmtpServer
from tests.fakes.twilio import FakeTwilio
from tests.thinning import thin_out
from tests.timing import SettableClock
from tests.world import World

# These are about law, dates and words; their SQL is that of the other files.
ABOUT_RULES = (
    "test_dates_made_up_for.py",
    "test_decide_order.py",
    "test_eta_news.py",
    "test_order_law.py",
    "test_order_letters.py",
    "test_order_ready.py",
    "test_review_looks.py",
    "test_review_sms.py",
    "test_suggest_eta.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of what is about rules every third test meets PostgreSQL; all of them do in `make soak`."""
    thin_out(item for item in items if item.path.name in ABOUT_RULES)


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def make_world(
    database: Database, clock: SettableClock, smtp: SmtpServer, tmp_path: Path
) -> Iterator[Callable[..., World]]:
    """A world with a shop of its own settings; `twilio=` for SMS."""
    made: list[World] = []

    def make(*, twilio: FakeTwilio | None = None, **shop: Any) -> World:
        world = World(
            db=database,
            clock=clock,
            smtp=smtp,
            data_dir=tmp_path / "data",
            twilio=twilio,
            shop=shop,
        )
        made.append(world)
        return world

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A shop that tells everybody at once."""
    return make_world(release={"strategy": "all"})

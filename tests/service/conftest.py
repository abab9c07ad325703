"""The world that service tests live in: real mail server, real phone network, both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from notifier.store.session import Database
from tests.fakes.smtp_server import SmtpServer
from tests.fakes.twilio import FakeTwilio
from tests.thinning import share_out, within
from tests.timing import SettableClock
from tests.world import SID, TOKEN, World

FOLDER = Path(__file__).parent
# Here it matters how a database does it: what it locks, in which order it lets writers through,
# how it is filled, read in parts and emptied. Or many statements are in no other file.
ABOUT_DATABASES = (
    "test_change_variant.py",
    "test_fair_turns.py",
    "test_large_releases.py",
    "test_line_order.py",
    "test_making_way.py",
    "test_merchant_alerts.py",
    "test_restore.py",
    "test_review_races.py",
    "test_shared_commit.py",
    "test_shared_rate.py",
    "test_signing_in.py",
    "test_subscribe_together.py",
    "test_tidy.py",
    "test_write_line.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every third test of a file meets PostgreSQL, which is nearly every statement, the others
    SQLite. In `make soak` they meet the other one."""
    share_out(item for item in within(FOLDER, items) if item.path.name not in ABOUT_DATABASES)


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def twilio(clock: SettableClock) -> Iterator[FakeTwilio]:
    """A phone network that lets our number send."""
    with FakeTwilio(
        account_sid=SID, auth_token=TOKEN, numbers=("+12125550100",), clock=clock
    ) as fake:
        yield fake


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

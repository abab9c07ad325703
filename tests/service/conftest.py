"""The world that service tests live in: real mail server, real phone network, both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from notifier.store.session import Database
from tests.fakes.smtp_server import SmtpServer
from tests.fakes.twilio import FakeTwilio
from tests.timing import SettableClock
from tests.world import World


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

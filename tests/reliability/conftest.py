"""The places where processes are killed: fakes, a database, a configuration and a fleet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.smtp_server import SmtpServer
from tests.reliability.fleet import Fleet
from tests.reliability.seeding import write_config


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    """A mail server in the test's own process, so that the test can tell it to misbehave."""
    with SmtpServer() as server:
        yield server


@pytest.fixture
def make_fleet() -> Iterator[Callable[..., Fleet]]:
    """Fleets whose processes end with the test."""
    with ExitStack() as stack:

        def make(config: Path, **more: Any) -> Fleet:
            fleet = Fleet(config, **more)
            stack.callback(fleet.close)
            return fleet

        yield make


@pytest.fixture
def configure(tmp_path: Path, database_url: str, smtp: SmtpServer) -> Callable[..., Path]:
    """Writes config.toml for this test's database and mail server."""

    def write(**more: Any) -> Path:
        usual = {"database_url": database_url, "smtp_port": smtp.port}
        return write_config(tmp_path, **(usual | more))

    return write

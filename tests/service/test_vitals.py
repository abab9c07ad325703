"""Can a worker be watched that serves no pages?"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from notifier.app import Service
from notifier.config import Config
from notifier.errors import ConfigError
from tests.ports import free_port
from tests.timing import wait_until
from tests.world import ANN, World

ONLY_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)


@contextmanager
def working(world: World, **service: object) -> Iterator[int]:
    """A sender of its own runs; the port it answers on."""
    port = free_port()
    settings = world.config.service.model_copy(
        update={"metrics_listen": f"127.0.0.1:{port}", **service}
    )
    world.env.config = world.config.model_copy(update={"service": settings})
    worker = Service(world.env, world.renderer, web=False, jobs=False, senders=1)
    try:
        worker.start()
        yield port
    finally:
        assert worker.stop()


def get(port: int, path: str, **headers: str) -> tuple[int, str]:
    asked = Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urlopen(asked, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


@ONLY_SQLITE
def test_a_worker_tells_what_it_has_sent(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.asks(ANN)
    with working(world) as port:
        wait_until(lambda: len(world.mails(ANN)) == 1)
        sent = 'notifier_tries_total{channel="mail",outcome="accepted"}'
        wait_until(lambda: sent in get(port, "/metrics")[1])
        assert get(port, "/healthz")[0] == get(port, "/readyz")[0] == 200
        assert get(port, "/api/v1/openapi.json")[0] == get(port, "/")[0] == 404


@ONLY_SQLITE
def test_a_worker_asks_for_the_token_as_well(world: World) -> None:
    with working(world, metrics_token="let me see") as port:
        assert get(port, "/metrics")[0] == 401
        assert get(port, "/metrics", Authorization="Bearer let me see")[0] == 200


@ONLY_SQLITE
def test_a_link_of_100_kb_is_not_known_rather_than_too_long(world: World) -> None:
    with working(world) as port:
        assert get(port, "/u/" + "x" * 102_400)[0] == 404


def test_what_is_no_address_is_refused() -> None:
    for wrong in ("9101", "127.0.0.1", "127.0.0.1:metrics", "127.0.0.1:99999"):
        with pytest.raises(ValueError, match="not an address and a port"):
            Config.model_validate({"service": {"metrics_listen": wrong}})
        with pytest.raises(ValueError, match="not an address and a port"):
            Config.model_validate({"service": {"listen": wrong}})
    with pytest.raises(ValueError, match="not an address and a port"):
        Config.model_validate({"service": {"listen": ""}})


@ONLY_SQLITE
def test_an_address_that_is_taken_is_named(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with (
            pytest.raises(ConfigError, match=r"service\.metrics_listen"),
            working(world, metrics_listen=listen),
        ):
            pass

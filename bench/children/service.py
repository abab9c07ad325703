"""The product as it runs in production, in one process: its web server, its jobs, its senders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.contest import peak_mb
from bench.shop import configuration
from bench.sinks import free_port, wait_for
from notifier.app import Service, open_service
from notifier.interpreter import keep_what_is_there


@contextmanager
def serving(arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`with_engine`: with jobs and senders, else the web server alone."""
    port = free_port()
    config = configuration(
        folder=arguments["folder"],
        url=arguments["url"],
        smtp_port=arguments.get("smtp_port", 1),
        listen_port=port,
    )
    env, renderer = open_service(config)
    engine = bool(arguments.get("with_engine"))
    service = Service(
        env, renderer, web=True, jobs=engine, senders=config.delivery.workers if engine else 0
    )
    service.start()
    keep_what_is_there()  # as `notifier run` does when it is ready
    wait_for(port)
    try:
        yield {"port": port, "peak_mb": peak_mb()}
    finally:
        service.stop()

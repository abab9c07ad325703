"""`notifier worker` on a machine of its own: one sender, a folder of its own, a database shared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.shop import configuration
from notifier.app import Service, open_service
from notifier.interpreter import keep_what_is_there


@contextmanager
def serving(arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Sends to `smtp_port` over `connections` what is due in `url`."""
    folder = Path(arguments["folder"])
    folder.mkdir(exist_ok=True)
    config = configuration(
        folder=folder, url=arguments["url"], smtp_port=int(arguments["smtp_port"])
    )
    on_postgres = arguments["url"].startswith("postgres")
    service = config.service.model_copy(
        update={"engine": "distributed" if on_postgres else "embedded"}
    )
    mail = config.channels["mail"]
    mail = type(mail)(**mail.model_dump() | {"connections": arguments["connections"]})
    # small batches, so that of a few messages each worker has its share
    delivery = config.delivery.model_copy(update={"batch": 25})
    config = config.model_copy(
        update={"service": service, "channels": {"mail": mail}, "delivery": delivery}
    )
    env, renderer = open_service(config)
    running = Service(env, renderer, web=False, jobs=False, senders=1)
    running.start()
    keep_what_is_there()  # as `notifier worker` does when it is ready
    try:
        yield {"folder": str(folder)}
    finally:
        running.stop()

"""The least that Flask can do under the product's web server: one upsert, or the same bytes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from flask import Flask, Response, request

from bench.bare import Bare
from bench.sign_up import UPSERT, row_of_upsert
from notifier.config import Service
from notifier.web.waitress_server import make_server


def make_app(url: str, *, connections: int) -> Flask:
    """`/upsert` writes the row of the contact named in the body; `/payload/9` answers 9 bytes."""
    app = Flask("bench.bare_web", static_folder=None)
    spare: queue.SimpleQueue[Bare] = queue.SimpleQueue()
    for _ in range(connections):
        spare.put(Bare(url))

    @app.post("/upsert")
    def upsert() -> Response:
        bare = spare.get()
        try:
            bare.run(UPSERT, row_of_upsert(bare, int(request.get_json()["contact_id"])))
        finally:
            spare.put(bare)
        answer = Response('{"status":"check_your_inbox"}', mimetype="application/json")
        answer.status_code = 202
        return answer

    @app.get("/payload/<int:length>")
    def same_bytes(length: int) -> Response:
        return Response(b"x" * length, mimetype="application/json")

    return app


def _serve(server: Any) -> None:
    with suppress(OSError):  # waitress waits on sockets that close() closes under it
        server.run()


@contextmanager
def serving(arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """On the database `url`."""
    threads = Service.model_fields["web_threads"].default
    app = make_app(arguments["url"], connections=threads)
    server = make_server(app, host="127.0.0.1", port=0, threads=threads)
    threading.Thread(target=_serve, args=(server,), daemon=True).start()
    try:
        yield {"port": server.effective_port}
    finally:
        server.close()

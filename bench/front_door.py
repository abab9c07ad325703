"""How many visitors does the public app serve, beside a bare Flask route under the same server?

32 visitors on this machine, over connections that stay open. The first floor does one upsert with
the driver and nothing else; the second, for pages that are only read, answers as many bytes.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.contest import PRODUCT, Contestant, Line, Trial, alternate, compare
from bench.places import Place
from bench.shop import KEY, ORIGIN, VARIANT, configuration, form_line, open_shop, show
from bench.sizes import Size
from bench.stage import Benchmark, Stage

CLIENTS = 32
UPSERT = "bare Flask, one upsert"
PAYLOAD = "bare Flask, same bytes"

_HEADERS = (
    f"Host: 127.0.0.1\r\nOrigin: {ORIGIN}\r\nX-Forwarded-For: {{net}}\r\n"
    "Accept-Encoding: gzip\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
)
_ASK = (
    f'{{"key":"{KEY}","variant":"{VARIANT}","email":"asks-{{n}}@people.example",'
    f'"locale":"en","page_url":"{ORIGIN}/kettle"}}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One way in. `writes`: the database differs afterwards."""

    name: str
    request: str
    status: int
    body: str = ""
    writes: bool = False


DOORS = (
    Door(name="GET availability", request=f"GET /api/v1/availability?key={KEY}&variant={VARIANT}"
         "&lang=en", status=200),
    Door(name="POST subscription", request="POST /api/v1/subscriptions", status=202, body=_ASK,
         writes=True),
    Door(name="GET widget.js", request="GET /widget.js", status=200),
)  # fmt: skip


def run(stage: Stage, size: Size) -> list[Line]:
    lines: list[Line] = []
    for place in stage.places:
        seed = _fill(stage, place, people=size.requests)
        for door in DOORS:
            stage.say(f"front door on {place.name}: {door.name}")
            lines += _try_door(stage, place, seed, door, size)
    return lines


def _fill(stage: Stage, place: Place, *, people: int) -> str:
    """The variant is sold out; there are contacts for the floor."""
    url = place.fresh()
    env, shop = open_shop(configuration(folder=stage.folder, url=url))
    show(env, shop, 0)
    form_line(env, shop, people)
    with env.db.write() as tx:
        tx.exec_driver_sql("DELETE FROM subscriptions")
    env.db.close()
    return url


def _try_door(stage: Stage, place: Place, seed: str, door: Door, size: Size) -> list[Line]:
    visit = partial(stage.children.measure, "visitors", clients=CLIENTS, count=size.requests)
    length = _length_of_answer(stage, place, seed, door) if not door.writes else 1

    def product() -> Trial:
        with _service(stage, place, seed) as port:
            return visit(port=port, head=_head(door.request), body=door.body, status=door.status)

    def bare(request: str, body: str, status: int) -> Trial:
        with (
            place.copied(seed) as url,
            stage.children.served("bare_web", url=url, length=length) as said,
        ):
            return visit(port=said["port"], head=_head(request), body=body, status=status)

    contestants: dict[str, Contestant] = {
        PRODUCT: product,
        UPSERT: partial(bare, "POST /upsert", '{"contact_id":{n}}', 202),
    }
    if not door.writes:
        contestants[PAYLOAD] = partial(bare, "GET /payload", "", 200)
    trials = alternate(contestants, rounds=size.rounds, say=stage.say)
    return compare(
        trials, benchmark="front-door", subject=door.name, database=place.name, unit="requests"
    )


@contextmanager
def _service(stage: Stage, place: Place, seed: str) -> Iterator[int]:
    with (
        place.copied(seed) as url,
        stage.children.served("service", folder=str(stage.folder), url=url) as said,
    ):
        yield said["port"]


def _head(request: str) -> str:
    return f"{request} HTTP/1.1\r\n{_HEADERS}"


def _length_of_answer(stage: Stage, place: Place, seed: str, door: Door) -> int:
    with (
        _service(stage, place, seed) as port,
        socket.create_connection(("127.0.0.1", port), 30) as connection,
    ):
        ask: Any = f"{_head(door.request)}Connection: close\r\n\r\n".replace("{net}", "10.0.0.7")
        connection.sendall(ask.encode("ascii"))
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    return len(answer.partition(b"\r\n\r\n")[2])


BENCHMARK = Benchmark(name="front-door", question="Visitors at the front door", run=run)

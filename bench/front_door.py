"""How many visitors does the public app serve, beside a bare Flask route under the same server?

32 visitors on this machine, 64 who sign up, over connections that stay open. The first floor does
one upsert with the driver and nothing else; the second, for pages that are only read, answers as
many bytes.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from itertools import count

from bench.contest import PRODUCT, Contestant, Line, Trial, alternate, compare
from bench.places import Place, settle
from bench.shop import KEY, ORIGIN, VARIANT, configuration, form_line, open_shop, show
from bench.sizes import Size
from bench.stage import Benchmark, Stage

CLIENTS = 32
READS = 8_000  # fewer are over in some hundredths of a second, and say what else the machine did
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
    clients: int = CLIENTS


DOORS = (
    Door(name="GET availability", request=f"GET /api/v1/availability?key={KEY}&variant={VARIANT}"
         "&lang=en", status=200),
    Door(name="POST subscription", request="POST /api/v1/subscriptions", status=202, body=_ASK,
         writes=True, clients=64),
    Door(name="GET widget.js", request="GET /widget.js", status=200),
)  # fmt: skip


def run(stage: Stage, size: Size) -> list[Line]:
    lines: list[Line] = []
    for place in stage.places:
        stage.say(f"front door on {place.name}")
        seed = fill_for_floor(stage, place, people=size.requests * size.rounds)
        with (
            place.copied(seed) as ours,
            place.copied(seed) as bare,
            stage.children.served("service", folder=str(stage.folder), url=ours) as service,
            stage.children.served("bare_web", url=bare) as floor,
        ):
            for door in DOORS:
                stage.say(f"front door on {place.name}: {door.name}")
                entrance = Entrance(
                    stage=stage, ours=service["port"], bare=floor["port"], size=size
                )
                lines += entrance.measure(door, database=place.name)
    return lines


def fill_for_floor(stage: Stage, place: Place, *, people: int) -> str:
    """The variant is sold out; there are contacts for the floor."""
    url = place.fresh()
    env, shop = open_shop(configuration(folder=stage.folder, url=url))
    show(env, shop, 0)
    form_line(env, shop, people)
    with env.db.write() as tx:
        tx.exec_driver_sql("DELETE FROM subscriptions")
    env.db.close()
    settle(url)
    return url


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """The ports of the product and of the floor, which stay up while one of them is visited."""

    stage: Stage
    ours: int
    bare: int
    size: Size

    def measure(self, door: Door, *, database: str) -> list[Line]:
        visits = self.size.requests if door.writes else reads(self.size)
        contestants: dict[str, Contestant] = {
            PRODUCT: self._visits(
                self.ours, door.request, door.body, door.status, clients=door.clients, visits=visits
            ),
            UPSERT: self._visits(
                self.bare, "POST /upsert", '{"contact_id":{n}}', 202, clients=door.clients
            ),
        }
        if not door.writes:
            length = _length_of_answer(self.ours, door)
            contestants[PAYLOAD] = self._visits(
                self.bare, f"GET /payload/{length}", "", 200, clients=door.clients, visits=visits
            )
        return compare(
            alternate(contestants, rounds=self.size.rounds, say=self.stage.say),
            benchmark="front-door",
            subject=door.name,
            database=database,
            unit="requests",
        )

    def _visits(
        self,
        port: int,
        request: str,
        body: str,
        status: int,
        *,
        clients: int,
        visits: int = 0,
    ) -> Contestant:
        """Each trial begins where the one before ended, so that every visitor is a new one."""
        visits = visits or self.size.requests
        firsts = count(1, visits)

        def visit() -> Trial:
            return self.stage.children.measure(
                "visitors",
                clients=clients,
                first=next(firsts),
                count=visits,
                port=port,
                head=head(request),
                body=body,
                status=status,
            )

        return visit


def reads(size: Size) -> int:
    """How often a page that is only read is asked for."""
    return max(size.requests, min(size.requests * 20, READS))


def head(request: str) -> str:
    return f"{request} HTTP/1.1\r\n{_HEADERS}"


def _length_of_answer(port: int, door: Door) -> int:
    ask = f"{head(door.request)}Connection: close\r\n\r\n".replace("{net}", "10.0.0.7")
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(ask.encode("ascii"))
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    return len(answer.partition(b"\r\n\r\n")[2])


BENCHMARK = Benchmark(name="front-door", question="Visitors at the front door", run=run)

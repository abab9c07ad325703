"""Does our waitress answer as waitress does, with what is at hand and without a thread for each?"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, cast

import pytest
from flask import Flask
from waitress.server import create_server

from notifier.errors import StoreBusy
from notifier.web import waitress_server
from notifier.web.at_once import Ready, Slot
from notifier.web.waitress_server import LARGEST, _Lane, make_server
from tests.timing import wait_until
from tests.web.storefront import KETTLE, Storefront

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])

HOME = "https://kettle.example"
AVAILABILITY = f"/api/v1/availability?key={KETTLE}&variant=KETTLE"
SIGN_UP = "/api/v1/subscriptions"


@pytest.fixture(autouse=True)
def _nobody_waits_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waitress_server, "PATIENCE", 60.0)


@contextmanager
def serving(app: Any, **options: Any) -> Iterator[tuple[int, Any]]:
    """Its port, and the server."""
    server = make_server(app, host="127.0.0.1", port=0, threads=2, **options)
    with running(server):
        yield server.effective_port, server


@contextmanager
def running(server: Any) -> Iterator[None]:
    def run() -> None:
        with suppress(OSError):  # sockets are closed under its waiting
            server.run()

    loop = threading.Thread(target=run, daemon=True)
    loop.start()
    try:
        yield
    finally:
        server.task_dispatcher.shutdown(timeout=30)
        server.close()


def request(
    method: str, path: str, body: object = None, *, host: str = "localhost", **headers: str
) -> bytes:
    raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Origin: {HOME}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(raw)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


def sign_up(n: int, variant: str = "KETTLE", **more: Any) -> bytes:
    body = {"key": KETTLE, "variant": variant, "email": f"p{n}@example.com", "locale": "en", **more}
    return request("POST", SIGN_UP, body)


def talk(port: int, *sent: bytes) -> list[bytes]:
    """The answers, each on a connection of its own, without what changes with time."""
    answers = []
    for one in sent:
        with socket.create_connection(("127.0.0.1", port), 20) as line:
            answers.append(told(line, one))
    return answers


def told(line: socket.socket, sent: bytes) -> bytes:
    line.sendall(sent)
    return answer_on(line, has_body=not sent.startswith(b"HEAD"))


def answer_on(line: socket.socket, *, has_body: bool = True) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got:
        part = line.recv(1)
        if not part:
            return got
        got += part
    head = got.split(b"\r\n")
    length = next((int(one[15:]) for one in head if one.startswith(b"Content-Length:")), 0)
    body = b""
    while has_body and len(body) < length:
        body += line.recv(length - len(body))
    kept = [one for one in head if not one.startswith(b"Date:")]
    return b"\r\n".join(kept) + without_challenge(body)


def without_challenge(body: bytes) -> bytes:
    if not body.startswith(b'{"variant"'):
        return body
    said = json.loads(body)
    if said["pow"]:
        said["pow"] = sorted(said["pow"])
    return json.dumps(said).encode()


REQUESTS = (
    request("GET", "/widget.js"),
    request("GET", "/widget.js", Accept_Encoding="gzip"),
    request("HEAD", "/widget.js"),
    request("GET", AVAILABILITY),
    request("GET", AVAILABILITY, host="eve.example"),
    request("GET", "/api/v1/availability?key=wrong"),
    request("OPTIONS", SIGN_UP),
    request("GET", SIGN_UP),
    sign_up(1),
    sign_up(2, quantity=0),
    sign_up(3, variant="S"),
    sign_up(4, variant="nothing"),
    request("POST", SIGN_UP, b"{"),
    request("POST", SIGN_UP, b""),
    request("GET", "/healthz"),
    request("GET", "/nothing"),
)


def test_it_answers_as_waitress_does(app: Flask, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    store.stock("S", 5)
    plain = create_server(app, host="127.0.0.1", port=0, threads=2, ident=None)
    with serving(app) as (port, _), running(plain):
        talk(port, *REQUESTS)  # now it knows the answers that it may give at once
        assert talk(port, *REQUESTS) == talk(plain.effective_port, *REQUESTS)


def test_what_comes_in_one_go_is_answered_in_order(app: Flask, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    many = [REQUESTS[0], sign_up(1), REQUESTS[3], sign_up(2), REQUESTS[14], *[REQUESTS[0]] * 150]
    with serving(app) as (port, _), socket.create_connection(("127.0.0.1", port), 20) as line:
        expected = [told(line, one) for one in many]
        line.sendall(b"".join(many))
        assert [answer_on(line) for _ in many] == expected


def test_a_body_in_pieces_is_read_whole(app: Flask, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    body = sign_up(2).partition(b"\r\n\r\n")[2]
    head = request("POST", SIGN_UP, Content_Type="application/json", Transfer_Encoding="chunked")
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in (body[:9], body[9:]))
    with serving(app) as (port, _):
        first, second = talk(port, sign_up(1), head + chunks + b"0\r\n\r\n")
    assert first == second
    assert store.one("SELECT count(*) FROM subscriptions") == 2


def test_those_who_come_at_once_are_stored_together(
    app: Flask, store: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.stock("KETTLE", 0)
    store.stock("S", 5)
    sizes: list[int] = []
    may_go = threading.Event()
    original = waitress_server._outcomes

    def counted(group: Any) -> Any:
        sizes.append(len(group))
        assert may_go.wait(20)
        return original(group)

    with serving(app) as (port, server), ExitStack() as stack:
        talk(port, sign_up(0))
        monkeypatch.setattr(waitress_server, "_outcomes", counted)
        lines = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), 20))
            for _ in range(12)
        ]
        lines[0].sendall(sign_up(1))
        assert wait_until(lambda: sizes, 20)
        for n, line in enumerate(lines[1:], 2):
            line.sendall(sign_up(n, variant="S" if n == 5 else "KETTLE"))
        assert wait_until(lambda: len(server.task_dispatcher._lane._line) == 11, 20)
        # nobody who reads has to wait for those who are stored
        assert talk(port, REQUESTS[0])[0].startswith(b"HTTP/1.1 200")
        assert talk(port, REQUESTS[14])[0].startswith(b"HTTP/1.1 200")
        may_go.set()
        statuses = [answer_on(line)[9:12] for line in lines]
    assert sizes == [1, 11]
    assert statuses == [b"409" if n == 4 else b"202" for n in range(12)]
    assert store.one("SELECT count(*) FROM subscriptions") == 12


def failing(environ: dict[str, Any], _start: Any) -> Any:
    raise ZeroDivisionError(environ["PATH_INFO"])


def at_once(do_all: Callable[[Any], Any]) -> Any:
    """An app whose every request is answered together with others."""

    def app(environ: dict[str, Any], start: Any) -> Any:
        from notifier.web.at_once import REFUSED, SLOT

        slot = environ.get(SLOT)
        if slot is not None:
            slot.do_all, slot.given = do_all, environ["PATH_INFO"]
            return []
        refused = type(environ.get(REFUSED)).__name__.encode()
        start("503 Busy", [("Content-Length", str(len(refused)))])
        return [refused]

    return app


def test_an_app_that_fails_harms_only_its_own_visitor(engine_name: str) -> None:
    with serving(failing) as (port, _):
        answers = [talk(port, REQUESTS[n])[0] for n in (0, 14, 0)]
    assert [one[9:12] for one in answers] == [b"500"] * 3


def test_what_fails_for_all_is_told_to_each(engine_name: str) -> None:
    with serving(at_once(lambda _: [1 / 0])) as (port, _):
        assert talk(port, REQUESTS[0])[0].endswith(b"ZeroDivisionError")


def test_who_has_waited_too_long_is_told_to_come_again(
    engine_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waitress_server, "PATIENCE", 0)
    with serving(at_once(lambda _: [])) as (port, _):
        assert talk(port, REQUESTS[0])[0].endswith(StoreBusy.__name__.encode())


def test_who_is_in_line_is_answered_before_it_ends(engine_name: str) -> None:
    entered, may_go = threading.Event(), threading.Event()

    def slowly(given: Any) -> list[Ready]:
        entered.set()
        assert may_go.wait(20)
        return [Ready(status="200 OK", headers=[("Content-Length", "2")], body=b"ok")] * len(given)

    with (
        serving(at_once(slowly)) as (port, server),
        socket.create_connection(("127.0.0.1", port), 20) as line,
    ):
        line.sendall(REQUESTS[0])
        assert entered.wait(20)
        ending = threading.Thread(target=server.task_dispatcher.shutdown)
        ending.start()
        may_go.set()
        ending.join(20)
        assert answer_on(line).endswith(b"ok")


class Waiting:
    """A connection in line, of which only what the lane needs is there."""

    def __init__(self) -> None:
        self.server = self.trigger = self

    def pull_trigger(self, tell: Callable[[], None]) -> None:
        tell()

    def answer(self, _ready: Ready) -> None:
        """It is told."""


def test_those_who_come_right_after_a_group_are_gathered(
    engine_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waitress_server, "GATHER", 1e9)
    monkeypatch.setattr(waitress_server, "LONGEST_GATHER", 60.0)
    groups: list[int] = []

    def do_all(given: Sequence[Any]) -> list[Ready]:
        groups.append(len(given))
        return [Ready(status="202 ACCEPTED", headers=[], body=b"")] * len(given)

    lane = _Lane(give_to_thread=lambda _: None)
    lane.put(cast(Any, Waiting()), Slot(do_all=do_all))
    assert wait_until(lambda: groups == [1], 20), "the first waits for nobody"
    for _ in range(LARGEST + 3):
        lane.put(cast(Any, Waiting()), Slot(do_all=do_all))
    assert wait_until(lambda: len(groups) == 2, 20), "a full group waits for nobody"
    lane.end(patience=20)
    assert groups == [1, LARGEST, 3], "who is gathered when it ends is answered"

"""A real SMTP server on 127.0.0.1 for tests, which misbehaves on command.

    with SmtpServer() as server:
        ...                                   # send to server.host, server.port
        [message] = server.messages           # in the order of acceptance
        message.mail_from, message.rcpt_to, message.raw, message.parsed["Subject"]

    server.wait_for(3)                        # until three are in, or AssertionError
    server.hold_at(5)                         # from the fifth on none is answered …
    server.go_on()                            # … until now
    server.misbehave(Fault(at="rcpt", rcpt="ben@waits.example", reply="550 5.1.1 No such user"))
    server.misbehave(Fault(at="dot", message=2, reply="451 4.3.0 Later"))
    server.misbehave(Fault(at="dot", drop=True, stores=True))     # took it, never said so
    server.misbehave(Fault(at="dot", stall=True))                 # no answer until the test ends
    server.misbehave(Fault(at="body", after_bytes=1000, drop=True))
    server.misbehave(Fault(at="greeting", reply=b"\x00garbage\r\n"))   # bytes go out as they are
    server.behave()                           # no more faults
    server.refuse_connections(); server.accept_connections()      # same port

Steps (`at`): connect greeting ehlo starttls handshake auth mail rcpt data body dot rset quit.
A fault may be for one recipient (`rcpt`), the n-th message since the start (`message`, counted at
MAIL), the n-th connection (`connection`), and for a number of `times`. `reply` replaces the usual
answer; `drop` hangs up (after the reply, if there is one); `delay` waits first, `until` for an
event; `stall` never answers. `stores` keeps the message although the answer says otherwise.

    SmtpServer(pipelining=False, users={"olga": "secret"}, security="starttls"|"tls"|"none",
               certificate=Authority(folder).issue("localhost"), size_limit=…, delay=0.02)

`server.violations` holds what a careful server would object to in the client: lines over 998
octets, bare LF, commands sent ahead without PIPELINING, a login in clear. Assert that it is empty.

As a process, for tests that kill their client:

    python -m tests.fakes.smtp_server --port 2525 --store FILE [--delay-ms 4] [--no-pipelining]

Each accepted message is one JSON line in FILE (number, mail_from, rcpt_to, message_id, raw),
written before the 250 is sent; `--delay-ms` is the time between the two. It prints
`listening on HOST:PORT` (port 0 takes a free one). Certificates: see tests/fakes/certificates.py,
which needs the openssl command.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from tests.fakes.certificates import Certificate
from tests.fakes.smtp_dialogue import LONGEST, Dialogue, Fault, HangUp, StoredMessage
from tests.timing import PATIENCE

__all__ = ["Fault", "SmtpServer", "StoredMessage", "read_store"]


class SmtpServer:
    """See the top of this file."""

    def __init__(
        self,
        *,
        port: int = 0,
        security: Literal["starttls", "tls", "none"] = "none",
        certificate: Certificate | None = None,
        users: dict[str, str] | None = None,
        logins: tuple[str, ...] = ("PLAIN", "LOGIN"),
        pipelining: bool = True,
        size_limit: int = 50_000_000,
        delay: float = 0.0,
        store: Path | None = None,
    ) -> None:
        self.host = "127.0.0.1"
        self.port = port
        self.security = security
        self.users = users or {}
        self.logins = logins
        self.pipelining = pipelining
        self.size_limit = size_limit
        self.delay = delay
        self.messages: list[StoredMessage] = []
        self.commands: list[tuple[int, str]] = []
        self.violations: list[str] = []
        self.connections = 0
        self.tls_context = certificate.server_context() if certificate else None
        if security != "none" and self.tls_context is None:
            raise ValueError("TLS needs a certificate: Authority(folder).issue('localhost')")
        self._store = store.open("a", encoding="utf-8") if store else None
        self._faults: dict[int, Fault] = {}
        self._fired: dict[int, int] = {}
        self._announced = 0
        self._gate_at: int | None = None
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._open: set[Dialogue] = set()
        self._listener: socket.socket | None = None
        self._held: socket.socket | None = None

    def __enter__(self) -> SmtpServer:
        self.accept_connections()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def accept_connections(self) -> None:
        self._let_go()
        self._listener = socket.create_server((self.host, self.port), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def refuse_connections(self) -> None:
        """Nothing listens on the port any more, and nobody else gets it; open connections stay."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept()
            listener.close()
            self._held = socket.socket()
            self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._held.bind((self.host, self.port))

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def close(self) -> None:
        self._closing.set()
        self.go_on()
        self.refuse_connections()
        self._let_go()
        self.drop_connections()
        with self._changed:
            store, self._store = self._store, None
        if store:
            store.close()

    def drop_connections(self) -> None:
        """Hang up on everybody."""
        with self._changed:
            still_open = list(self._open)
        for dialogue in still_open:
            dialogue.shut_down()

    def misbehave(self, *faults: Fault) -> None:
        """Add faults. The first that fits an occasion is taken."""
        with self._changed:
            for fault in faults:
                self._faults[len(self._fired)] = fault
                self._fired[len(self._fired)] = 0

    def behave(self) -> None:
        with self._changed:
            self._faults.clear()

    def hold_at(self, count: int) -> None:
        """Take the message of this number and those after it, and answer none until `go_on`."""
        with self._changed:
            self._gate_at = count

    def go_on(self) -> None:
        """Answer what was held back."""
        with self._changed:
            self._gate_at = None
            self._changed.notify_all()

    def wait_at_gate(self) -> None:
        def is_open() -> bool:
            at = self._gate_at
            return at is None or len(self.messages) < at

        with self._changed:
            self._changed.wait_for(is_open, LONGEST)

    def wait_for(self, count: int, timeout: float = PATIENCE) -> list[StoredMessage]:
        """The messages, as soon as there are `count` of them."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.messages) >= count, timeout):
                raise AssertionError(f"{len(self.messages)} of {count} messages in {timeout} s")
            return list(self.messages)

    def find_fault(
        self, at: str, *, rcpt: tuple[str, ...] = (), message: int = 0, connection: int = 0
    ) -> Fault | None:
        with self._changed:
            for key, fault in self._faults.items():
                fits = (
                    fault.at == at
                    and (not fault.rcpt or fault.rcpt in rcpt)
                    and fault.message in (0, message)
                    and fault.connection in (0, connection)
                    and (not fault.times or self._fired[key] < fault.times)
                )
                if fits:
                    self._fired[key] += 1
                    return fault
        return None

    def count_message(self) -> int:
        with self._changed:
            self._announced += 1
            return self._announced

    def note_command(self, connection: int, line: str) -> None:
        with self._changed:
            self.commands.append((connection, line))

    def note_violation(self, text: str) -> None:
        with self._changed:
            self.violations.append(text)

    def store(self, **parts: object) -> None:
        with self._changed:
            message = StoredMessage(number=len(self.messages) + 1, **parts)  # type: ignore[arg-type]
            self.messages.append(message)
            if self._store:
                self._store.write(json.dumps(_as_record(message), ensure_ascii=False) + "\n")
                self._store.flush()
            self._changed.notify_all()

    def wait_until_closed(self, timeout: float | None = None) -> None:
        self._closing.wait(timeout)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with self._changed:
                self.connections += 1
                number = self.connections
            threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        dialogue = Dialogue(self, sock, number)
        with self._changed:
            self._open.add(dialogue)
        try:
            dialogue.run()
        except (OSError, HangUp):
            return
        finally:
            with self._changed:
                self._open.discard(dialogue)
            dialogue.hang_up()


def _as_record(message: StoredMessage) -> dict[str, object]:
    return {
        "number": message.number,
        "mail_from": message.mail_from,
        "rcpt_to": list(message.rcpt_to),
        "message_id": message.message_id,
        "raw": message.raw.decode("utf-8", "backslashreplace"),
    }


def read_store(path: Path) -> Iterator[dict[str, object]]:
    """The records of a store file; a line cut off by a kill is left out."""
    for line in path.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            yield json.loads(line)


def main() -> None:
    parser = argparse.ArgumentParser(description="A mail server for tests.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--no-pipelining", action="store_true")
    wanted = parser.parse_args()
    server = SmtpServer(
        port=wanted.port,
        store=wanted.store,
        delay=wanted.delay_ms / 1000,
        pipelining=not wanted.no_pipelining,
    )
    with server:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        print(f"listening on {server.host}:{server.port}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.wait_until_closed()


if __name__ == "__main__":
    main()

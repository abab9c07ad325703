"""Where does the mail go? To postfix's smtp-sink where that is installed, else to one of ours.

Also: who sends there besides the product? postfix's C client, `smtp-source`, is the yardstick. Both
take every message and keep none. Debian and Ubuntu have smtp-sink and smtp-source in the
package postfix; it need not be set up, and nothing of it needs to run.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.child import START_SECONDS, ChildFailed, end
from bench.contest import Trial, timed
from bench.stage import Stage

_FOLDERS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    name: str
    port: int


def find_postfix(program: str) -> str | None:
    """Where smtp-sink or smtp-source is; None without postfix."""
    return shutil.which(program, path=_FOLDERS)


@contextmanager
def open_sink(stage: Stage) -> Iterator[Sink]:
    """A mail server on this machine that takes everything, in a process of its own."""
    program = find_postfix("smtp-sink")
    if program is None:
        with stage.children.served("sink") as said:
            yield Sink(name="a sink in Python", port=int(said["port"]))
        return
    port = free_port()
    as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
    sink = subprocess.Popen(
        [program, *as_nobody, f"127.0.0.1:{port}", "200"],
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port, alive=lambda: sink.poll() is None)
        yield Sink(name="smtp-sink", port=port)
    finally:
        end(sink)


@contextmanager
def open_quick_sink(stage: Stage, *, delay_ms: float = 0) -> Iterator[Sink]:
    """One of ours: it takes more than smtp-sink does from who pipelines, and can be slow."""
    with stage.children.served("quick_sink", delay_ms=delay_ms) as said:
        yield Sink(name="a quicker sink", port=int(said["port"]))


def send_by_c(sink: Sink, *, length: int, count: int, connections: int = 16) -> Trial:
    """So many letters of so many bytes from postfix's client, over connections that stay open."""
    program = find_postfix("smtp-source")
    assert program is not None
    words = [program, "-d", "-s", str(connections), "-m", str(count), "-l", str(length)]
    addresses = ["-f", "hello@kettle.example", "-t", "waits@people.example"]

    def send() -> int:
        subprocess.run(
            [*words, *addresses, f"127.0.0.1:{sink.port}"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return count

    trial = timed(send)
    return Trial(units=count, seconds=trial.seconds)


def free_port() -> int:
    """A port on which nothing listens now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(port: int, *, alive: object = None) -> None:
    """Until something listens on the port. Raises ChildFailed."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError as error:
            gone = callable(alive) and not alive()
            if gone or time.monotonic() > deadline:
                raise ChildFailed(f"Nothing listens on port {port}: {error}") from error
            time.sleep(0.01)

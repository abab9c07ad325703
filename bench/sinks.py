"""Where does the mail go? To postfix's smtp-sink where that is installed, else to one of ours.

Both take every message and keep none. Debian and Ubuntu have smtp-sink and smtp-source in the
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

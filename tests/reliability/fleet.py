"""How do tests run the program as real processes, and kill them?

    fleet = Fleet(shopfloor)                  # a Shopfloor has the configuration and the fakes
    worker = fleet.start("worker")            # `notifier --config … worker`, a process of its own
    fleet.kill(worker)                        # SIGKILL: no cleaning up
    fleet.stop(worker)                        # SIGTERM; gives the exit code

Processes are forked from a server that has the program imported already: a restart takes a tenth
of a second instead of one and a half, so that many fit into a test. What runs in them is the
command line's own code, from the arguments on.
"""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.timing import wait_until

CHECKOUT = Path(__file__).parents[2]
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "notifier.app",
        "notifier.cli.running",
        "notifier.channels.email_smtp",
        "notifier.channels.sms_twilio",
        "twilio.rest",
        "psycopg",
        "sqlalchemy.dialects.sqlite",
        "sqlalchemy.dialects.postgresql.psycopg",
    ]
)


def _end_with_the_test() -> None:
    """A test run that is killed itself must leave no workers behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)


def _be_the_program(command: str, config: str, log: str, leader_lease: timedelta | None) -> None:
    threading.Thread(target=_end_with_the_test, daemon=True).start()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    faulthandler.register(signal.SIGUSR1, all_threads=True)  # says where it stands
    from notifier.cli import main
    from notifier.engine import embedded

    if leader_lease is not None:
        embedded.LEASE = leader_lease
    main(["--config", config, command])


@dataclass(slots=True)
class Program:
    """One process of the program."""

    command: str
    number: int
    running: Any
    log: Path
    started_at: float = field(default_factory=time.monotonic)

    @property
    def pid(self) -> int:
        return int(self.running.pid)

    @property
    def is_alive(self) -> bool:
        return bool(self.running.is_alive())

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""


class Fleet:
    """The processes of one service. `kills` counts the SIGKILLs. `leader_lease`: for how long a
    scheduler leads without renewing, in place of the program's own ten seconds."""

    def __init__(self, config: Path, *, leader_lease: timedelta | None = None) -> None:
        self.config = config
        self.leader_lease = leader_lease
        self.kills = 0
        self.programs: list[Program] = []

    def start(self, command: str = "worker", *, wait: bool = False) -> Program:
        """A new process. `wait`: until it says that it works."""
        number = len(self.programs) + 1
        log = self.config.parent / f"{command}-{number}.log"
        running = _CONTEXT.Process(
            target=_be_the_program,
            args=(command, str(self.config), str(log), self.leader_lease),
            daemon=True,
        )
        running.start()
        program = Program(command, number, running, log)
        self.programs.append(program)
        if wait:
            wait_until(lambda: "service started" in program.said or not program.is_alive, 60)
            assert program.is_alive, program.said
        return program

    def kill(self, program: Program) -> None:
        assert program.is_alive, f"{program.command} ended by itself:\n{program.said[-3000:]}"
        self.kills += 1
        program.running.kill()
        program.running.join(10)

    def stop(self, program: Program, *, timeout: float = 80) -> int:
        """SIGTERM, and the exit code."""
        program.running.terminate()
        return self.ended(program, timeout=timeout)

    def ended(self, program: Program, *, timeout: float = 80) -> int:
        """The exit code of one that has been told to stop."""
        program.running.join(timeout)
        if program.is_alive:
            os.kill(program.pid, signal.SIGUSR1)
            program.running.join(1)
            raise AssertionError(f"{program.command} does not stop:\n{program.said[-6000:]}")
        return int(program.running.exitcode)

    def freeze(self, program: Program) -> None:
        os.kill(program.pid, signal.SIGSTOP)

    def thaw(self, program: Program) -> None:
        os.kill(program.pid, signal.SIGCONT)

    @property
    def alive(self) -> list[Program]:
        return [one for one in self.programs if one.is_alive]

    def said(self) -> str:
        return "\n".join(f"--- {one.command} {one.number}\n{one.said}" for one in self.programs)

    def close(self) -> None:
        for program in self.alive:
            with contextlib.suppress(ProcessLookupError):
                self.thaw(program)
            program.running.kill()
        for program in self.programs:
            program.running.join(10)
            program.running.close()


@contextlib.contextmanager
def fake_server(module: str, store: Path, *options: str) -> Iterator[str]:
    """A fake as a process of its own; gives where it listens."""
    command = [sys.executable, "-m", module, "--store", str(store), *options]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            assert line.startswith("listening on "), f"{module} did not start: {line!r}"
            yield line.removeprefix("listening on ").strip()
        finally:
            server.terminate()
            server.wait(10)

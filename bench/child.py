"""How is something measured in a process of its own, or served from one?

A module in bench/children has `work(arguments)`, which does its work and gives a Trial, or
`serving(arguments)`, which serves while it is open. `Children` starts them by name.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.contest import Trial

CHECKOUT = Path(__file__).parents[1]
START_SECONDS = 60.0
STOP_SECONDS = 30.0


class ChildFailed(Exception):
    """A process came to nothing; the message ends with what it said."""


class Children:
    """Starts modules of bench/children; `inline`: in this process, for tests that have no time."""

    def __init__(self, folder: Path, *, inline: bool = False) -> None:
        self._folder = folder
        self._inline = inline

    def measure(self, name: str, **arguments: Any) -> Trial:
        """Let it do its work, and wait. Raises ChildFailed."""
        if self._inline:
            trial: Trial = import_module(f"bench.children.{name}").work(arguments)
            return trial
        done = subprocess.run(
            _words(name, arguments), cwd=CHECKOUT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ChildFailed(f"{name} failed:\n{done.stderr[-2000:]}")
        return Trial(**json.loads(done.stdout.splitlines()[-1]))

    @contextmanager
    def served(self, name: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """What it said when it was ready to serve. Ended at the end."""
        if self._inline:
            with import_module(f"bench.children.{name}").serving(arguments) as said:
                yield said
            return
        with (self._folder / f"{name}.log").open("w") as log:
            child = subprocess.Popen(
                _words(name, arguments),
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        try:
            assert child.stdout is not None
            line = child.stdout.readline()
            if not line:
                child.wait()
                raise ChildFailed(f"{name} did not start:\n{Path(log.name).read_text()[-2000:]}")
            yield json.loads(line)
        finally:
            end(child)


def _words(name: str, arguments: Mapping[str, Any]) -> list[str]:
    return [sys.executable, "-m", "bench.child", name, json.dumps(arguments)]


def end(child: subprocess.Popen[Any]) -> None:
    """Ask it to end, and wait; then make it."""
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout is not None:
        child.stdout.close()


def main() -> None:
    """The child's side: one line of JSON says the result, or that it serves."""
    import signal

    from notifier.log import set_up_logging

    name, arguments = sys.argv[1], json.loads(sys.argv[2])
    set_up_logging(level="ERROR")
    module = import_module(f"bench.children.{name}")
    if hasattr(module, "work"):
        _say(asdict(module.work(arguments)))
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with module.serving(arguments) as said:
        _say(said)
        parent = os.getppid()
        while os.getppid() == parent:  # a run that is killed leaves nobody behind
            time.sleep(1)


def _say(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

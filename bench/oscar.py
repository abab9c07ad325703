"""How fast does the nearest program in Python tell the same people, and what do kills cost it?

django-oscar is a shop in Django; `oscar_send_alerts` is its command for what is back in stock. It
is installed from the package index into an environment of its own beside this one, once, and runs
with its settings as they come, on SQLite, against the same mail server. Without it, or without an
index, its rows say so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bench import seeds
from bench.child import ChildFailed
from bench.children.quick_sink import QuickSink
from bench.contest import CPU, PRODUCT, Line, Trial, alternate, compare
from bench.oscar_project import write_project
from bench.places import Place
from bench.sinks import Sink, free_port, open_sink
from bench.sizes import Size
from bench.stage import Benchmark, Stage

VERSION = "4.2.1"
PEER = f"django-oscar {VERSION}, oscar_send_alerts"
PATIENCE = 600.0
KILLED_AFTER = 0.4  # of the mails
_SEEN = 0.01


class NoPeer(Exception):
    """django-oscar cannot be had here; the message says why."""


def run(stage: Stage, size: Size) -> list[Line]:
    """From the restock to the last mail: ours announces and sends, the peer sends."""
    try:
        peer = open_peer(stage, size)
    except NoPeer as error:
        stage.absent[PEER] = str(error)
        stage.say(f"oscar: {error}")
        return []
    place, count = stage.places[0], size.delivered
    stage.say(f"django-oscar beside {place.name}, {size.alerts:,} mails of its")
    with open_sink(stage) as sink:
        trials = alternate(
            {
                PRODUCT: partial(_tell, stage, place, sink, count=count),
                PEER: partial(peer.send, sink),
            },
            rounds=size.rounds,
            say=stage.say,
        )
    [line] = compare(
        trials,
        benchmark="oscar",
        subject=f"restock → {sink.name}, all told",
        database=place.name,
        unit="messages",
    )
    return [_with_faults(line, peer.alerts, peer.killed(), peer.without_mail_server())]


def _with_faults(line: Line, alerts: int, lost_by_kill: int, lost_by_outage: int) -> Line:
    extra = {
        **line.floor_extra,
        "alerts_mails": float(alerts),
        "lost-by-one-kill_mails": float(lost_by_kill),
        "lost-by-an-outage_mails": float(lost_by_outage),
    }
    return replace(line, floor_extra=extra)


def _tell(stage: Stage, place: Place, sink: Sink, *, count: int) -> Trial:
    with place.copied(seeds.restocked(stage, place, count)) as url:
        return stage.children.measure(
            "sender",
            folder=str(stage.folder),
            url=url,
            port=sink.port,
            count=count,
            announce=True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A shop in which `alerts` people wait for something that is back."""

    python: Path
    program: Path
    seed: Path
    alerts: int

    def send(self, sink: Sink) -> Trial:
        """All of them, by its command; its start is not counted."""
        database = self._fresh("trial.db")
        said = json.loads(self._run("send", database, port=sink.port))
        if said["failed"] or self.left(database):
            raise ChildFailed(f"oscar_send_alerts: {said}")
        extra = {
            CPU: said["cpu"] / self.alerts * 1e6,
            "peak_mb": said["peak_mb"],
            "queries_each": said["queries"] / self.alerts,
        }
        return Trial(units=self.alerts, seconds=said["seconds"], extra=extra)

    def killed(self) -> int:
        """How many never get a mail when it is killed once and then started again."""
        database = self._fresh("killed.db")
        sink = QuickSink(notes=True)
        assert sink.taken is not None
        sink.start()
        try:
            first = self._start("send", database, port=sink.port)
            deadline = time.monotonic() + PATIENCE
            while len(sink.taken) < self.alerts * KILLED_AFTER and first.poll() is None:
                if time.monotonic() > deadline:
                    break
                time.sleep(_SEEN)
            first.kill()
            first.communicate()
            self._run("send", database, port=sink.port)
            return self.alerts - len(sink.taken)
        finally:
            sink.stop()

    def without_mail_server(self) -> int:
        """How many are marked as told though nothing was there to take their mail."""
        database = self._fresh("outage.db")
        self._run("send", database, port=free_port())
        return self.alerts - self.left(database)

    def left(self, database: Path) -> int:
        return int(json.loads(self._run("left", database))["left"])

    def fill(self) -> None:
        self.seed.unlink(missing_ok=True)
        self._run("fill", self.seed, str(self.alerts))

    def _fresh(self, name: str) -> Path:
        file = self.seed.with_name(name)
        shutil.copyfile(self.seed, file)
        return file

    def _run(self, word: str, database: Path, *more: str, port: int = 1) -> str:
        child = self._start(word, database, *more, port=port)
        try:
            output, errors = child.communicate(timeout=PATIENCE)
        except BaseException:
            child.kill()
            child.communicate()
            raise
        if child.returncode:
            raise ChildFailed(f"django-oscar, {word}:\n{errors[-2000:]}")
        return output.strip().splitlines()[-1] if output.strip() else ""

    def _start(self, word: str, database: Path, *more: str, port: int = 1) -> subprocess.Popen[str]:
        given: dict[str, Any] = {"PEER_DATABASE": str(database), "PEER_SMTP_PORT": str(port)}
        return subprocess.Popen(
            [str(self.python), str(self.program), word, *more],
            cwd=self.program.parent,
            env={**os.environ, **given},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def open_peer(stage: Stage, size: Size) -> Peer:
    """Installed, and with its people. Raises NoPeer."""
    if not size.alerts:
        raise NoPeer("not asked for in this size")
    python = _environment(stage)
    folder = stage.folder / "oscar"
    program = write_project(folder)
    peer = Peer(python=python, program=program, seed=folder / "seed.db", alerts=size.alerts)
    peer.fill()
    return peer


def _environment(stage: Stage) -> Path:
    """Its Python, beside ours; `make clean` removes it."""
    folder = Path(sys.prefix) / f"bench-django-oscar-{VERSION}"
    python = folder / "bin" / "python"
    finished = folder / "installed"
    if finished.exists():
        return python
    stage.say(f"oscar: installing django-oscar {VERSION} into an environment of its own")
    shutil.rmtree(folder, ignore_errors=True)
    uv, wanted = shutil.which("uv"), f"django-oscar=={VERSION}"
    if uv:
        steps = [
            [uv, "venv", "-q", "--python", sys.executable, str(folder)],
            [uv, "pip", "install", "-q", "--python", str(python), wanted],
        ]
    else:
        steps = [
            [sys.executable, "-m", "venv", str(folder)],
            [str(python), "-m", "pip", "install", "-q", wanted],
        ]
    for words in steps:
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, timeout=PATIENCE, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoPeer(f"django-oscar could not be installed ({type(error).__name__})") from error
        if done.returncode:
            stage.say(done.stderr[-1000:])
            shutil.rmtree(folder, ignore_errors=True)
            raise NoPeer("django-oscar could not be installed: is there a package index?")
    finished.touch()
    return python


BENCHMARK = Benchmark(name="oscar", question="Beside the nearest program in Python", run=run)

"""Who asks a web process over HTTP, and how long does an answer take?"""

from __future__ import annotations

import http.client
import json
import math
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.ports import free_port
from tests.reliability.fleet import Fleet, Program

KEY = "pk_kettle"


def start_web(fleet: Fleet) -> tuple[Program, int]:
    """A web process and its port; the port goes into the configuration."""
    port = free_port()
    words = fleet.config.read_text(encoding="utf-8")
    listen = f'[service]\nlisten = "127.0.0.1:{port}"'
    fleet.config.write_text(words.replace("[service]", listen, 1), encoding="utf-8")
    return fleet.start("web", wait=True), port


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    status: int
    seconds: float
    retry_after: str


@dataclass(slots=True)
class Visitor:
    """Asks one thing after the other, and keeps what came back."""

    port: int
    answers: list[Answered] = field(default_factory=list)

    def get(self, path: str) -> Answered:
        return self._ask("GET", path, "")

    def sign_up(self, email: str, *, variant: str) -> Answered:
        """As the widget does it."""
        body = json.dumps({"key": KEY, "email": email, "variant": variant, "locale": "en"})
        return self._ask("POST", "/api/v1/subscriptions", body)

    def _ask(self, method: str, path: str, body: str) -> Answered:
        began = time.monotonic()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as line:
            headers = {"Content-Type": "application/json", "Origin": "https://kettle.example"}
            line.request(method, path, body or None, headers)
            answer = line.getresponse()
            answer.read()
        done = Answered(
            status=answer.status,
            seconds=time.monotonic() - began,
            retry_after=answer.getheader("Retry-After") or "",
        )
        self.answers.append(done)
        return done

    def slowest(self, share: float = 1.0) -> float:
        """Seconds that this share of the answers took at most."""
        ordered = sorted(one.seconds for one in self.answers)
        return ordered[math.ceil(share * len(ordered)) - 1]


def memory_of(pid: int) -> float:
    """Resident megabytes of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_of(pid: int) -> float:
    """Seconds of computing so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100

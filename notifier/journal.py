"""How far had a killed worker got with each message?

A plain file beside the worker, one line a step, written before the step is taken. It costs no
database commit a message, and a SIGKILL leaves it readable. The worker holds a lock on the file
while it lives, so whoever takes over on the same machine can tell the dead from the slow.
Requirement: trust RL-4; measured alternatives: design note on performance, item 4.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HANDED_OVER = "H"
ANSWERED = "A"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastStep:
    """The last step noted for one attempt. `answer` is what the provider said, if it did."""

    answered: bool
    answer: Mapping[str, Any]


class Journal:
    """A living worker's notes. `owner` names the worker in leases, and the file."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.owner = f"{socket.gethostname()[:30]}-{uuid.uuid4().hex[:16]}"
        self._path = folder / f"{self.owner}.journal"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def hand_over(self, message_id: int, attempt_no: int) -> None:
        os.write(self._file, f"{HANDED_OVER} {message_id} {attempt_no}\n".encode())

    def answer(self, message_id: int, attempt_no: int, answer: Mapping[str, Any]) -> None:
        text = json.dumps(answer, separators=(",", ":"))
        os.write(self._file, f"{ANSWERED} {message_id} {attempt_no} {text}\n".encode())

    def forget(self) -> None:
        """Everything noted is in the database now."""
        os.ftruncate(self._file, 0)

    def close(self) -> None:
        """A clean end: nothing is left to read."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)


def is_dead(folder: Path, owner: str) -> bool:
    """True when that worker was on this machine and its process is gone."""
    path = folder / f"{owner}.journal"
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return owner.rpartition("-")[0] == socket.gethostname()[:30]
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(file)
    return True


def read_steps(folder: Path, owner: str) -> dict[tuple[int, int], LastStep] | None:
    """The last step of each (message, attempt); None when the worker's notes are not here."""
    path = folder / f"{owner}.journal"
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return None
    steps: dict[tuple[int, int], LastStep] = {}
    for line in lines:
        parts = line.decode("utf-8", "replace").split(" ", 3)
        if len(parts) < 3 or not parts[1].isdigit() or not parts[2].isdigit():
            continue  # the line under the pen when the power went
        key = (int(parts[1]), int(parts[2]))
        if parts[0] == HANDED_OVER:
            steps[key] = LastStep(answered=False, answer={})
        elif parts[0] == ANSWERED and len(parts) == 4:
            try:
                steps[key] = LastStep(answered=True, answer=json.loads(parts[3]))
            except ValueError:
                steps[key] = LastStep(answered=False, answer={})
    return steps


def throw_away(folder: Path, owner: str) -> None:
    """The notes of a dead worker have been used."""
    (folder / f"{owner}.journal").unlink(missing_ok=True)

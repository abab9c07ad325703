"""How far had a killed worker got with each message?

A plain file beside the worker, one line a step, written before the step is taken. It costs no
database commit a message, and a SIGKILL leaves it readable. The worker holds a lock on the file
while it lives, so whoever takes over on the same machine can tell the dead from the slow. Whoever
takes over from the slow moves the file away first: the slow one sees that before its next step.
Requirement: trust RL-4; measured alternatives: design note on performance, item 4.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from notifier.spare_room import SpareRoom

BOOT = "N"  # first line: since which start of the machine these notes are
PROMISED = "B"  # until when the worker may act on its leases, in seconds since that start
HANDED_OVER = "H"
NONE_TAKEN = "none-taken"  # behind it: of the earlier tries, as the provider had just said
TAKEN_BACK = "X"  # noted as handed over, then not done
ANSWERED = "A"
_ANSWERED = ANSWERED.encode()

LIVING = ".journal"
SEIZED = ".seized"  # somebody took over from a worker that was too slow
DRAFT = ".draft"
KEPT_FOR = 60.0  # seconds; a killed worker's last commit may still be under way on a server

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # goes on while suspended
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def _encode(said: Mapping[str, Any]) -> bytes:
    try:
        return to_json(said)  # at a third of what `json` takes
    except ValueError:  # half of a surrogate pair: it has no UTF-8
        return json.dumps(said).encode("ascii")


class LeaseOver(Exception):
    """This worker's time is up; the message must not be handed over."""


class Life(Enum):
    """What this machine knows about a worker."""

    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"  # it ran elsewhere, or its notes are gone


@dataclass(frozen=True, slots=True, kw_only=True)
class LastStep:
    """The last step noted for one attempt. `answer` is what the provider said, if it did;
    `earlier_not_taken`, where it did not: it had taken none of the earlier tries before this."""

    answered: bool
    answer: Mapping[str, Any]
    earlier_not_taken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What a worker wrote down: by (message, attempt number).

    `complete`: what is not in here was not handed over. After a power cut the last lines may be
    missing, so then it is False. `promised_until`: see `boot_seconds`; None where unknown.
    """

    steps: Mapping[tuple[int, int], LastStep] = field(default_factory=dict)
    complete: bool = False
    promised_until: float | None = None


NOTHING_KNOWN = Notes()


def boot_seconds() -> float:
    """Seconds since this machine's start. No clock change moves it."""
    return time.clock_gettime(_CLOCK)


class Journal:
    """A living worker's notes. `owner` names the worker in leases, and the file."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.owner = f"{socket.gethostname()[:30]}-{uuid.uuid4().hex[:16]}"
        self._folder = folder
        self._path = folder / f"{self.owner}{LIVING}"
        self._name = os.fspath(self._path)  # asked for with every batch
        self._until = 0.0
        self._lock = threading.Lock()
        self._spare = SpareRoom(folder)
        draft = folder / f"{self.owner}{DRAFT}"
        self._file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._head = f"{BOOT} {_boot_id()}\n".encode()
        self._write(self._head)
        draft.rename(self._path)  # only now can others see it, and it is locked

    def promise(self, lease: timedelta, *, since: float) -> None:
        """The leases were taken or renewed: they are good for `lease` after `since`."""
        until = since + lease.total_seconds()
        self._write(f"{PROMISED} {until:.3f}\n".encode())
        self._until = until

    @property
    def is_over(self) -> bool:
        """Whether the leases may have gone to somebody else."""
        return boot_seconds() > self._until or self.is_seized

    @property
    def is_seized(self) -> bool:
        """Whether somebody has taken over from this worker."""
        return not os.path.exists(self._name)

    def hand_over(self, message_id: int, attempt_no: int) -> None:
        """Note that the next byte may make the provider accept. Raises LeaseOver, OSError: then
        it must not be sent."""
        self.hand_over_all([(message_id, attempt_no)])

    def hand_over_all(
        self, tries: Sequence[tuple[int, int]], *, earlier_not_taken: bool = False
    ) -> None:
        """The same for several (message, attempt number), in one write. `earlier_not_taken`: the
        provider was asked just now, and had taken none of the earlier tries."""
        if not tries:
            return
        self._spare.keep()  # what is handed over now will be answered, and that must be noted
        end = f" {NONE_TAKEN}\n" if earlier_not_taken else "\n"
        self._write("".join([f"{HANDED_OVER} {one} {no}{end}" for one, no in tries]).encode())
        # Looked at after the note: who moved the file away before these lines reads no such note,
        # who does it later reads the note.
        if self.is_over:
            self._write("".join([f"{TAKEN_BACK} {one} {no}\n" for one, no in tries]).encode())
            raise LeaseOver(f"The lease of {self.owner} ran out.")

    def answer(self, message_id: int, attempt_no: int, answer: Mapping[str, Any]) -> None:
        self.answer_all([(message_id, attempt_no, answer)])

    def answer_all(self, answers: Sequence[tuple[int, int, Mapping[str, Any]]]) -> None:
        """What the provider said of several tries, in one write."""
        lines = b"".join(
            [b"%b %d %d %b\n" % (_ANSWERED, one, no, _encode(said)) for one, no, said in answers]
        )
        try:
            self._write(lines)
        except OSError:
            self._spare.let_go()
            self._write(lines)

    def notes(self) -> Notes:
        """What stands in here now."""
        return _parse(os.pread(self._file, os.fstat(self._file).st_size, 0))

    def forget(self) -> None:
        """Everything noted is in the database now."""
        with self._lock:
            os.ftruncate(self._file, len(self._head))

    def close(self, *, keep: bool = False) -> None:
        """The end. `keep`: something is not in the database yet; whoever comes next reads it."""
        if not keep:
            for suffix in (LIVING, SEIZED):
                (self._folder / f"{self.owner}{suffix}").unlink(missing_ok=True)
        self._spare.close()
        with self._lock:  # a late note must not land in whatever file gets this number next
            file, self._file = self._file, -1
            os.close(file)

    def _write(self, line: bytes) -> None:
        with self._lock:
            written = os.write(self._file, line)
            if written < len(line):  # of several steps some may stand there, and none is taken
                os.ftruncate(self._file, os.fstat(self._file).st_size - written)
                raise OSError(errno.ENOSPC, f"{self._path} cannot be written to")


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return "one"  # no such thing here: a power cut is not noticed


def look(folder: Path, owner: str) -> Life:
    """Whether that worker's process still runs."""
    for path in _files_of(folder, owner):
        life = _look_at(path)
        if life is not Life.UNKNOWN:
            return life
    return Life.UNKNOWN


def _look_at(path: Path) -> Life:
    """Whether somebody holds the lock on this file; UNKNOWN where there is none."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return Life.UNKNOWN
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return Life.ALIVE
    finally:
        os.close(file)
    return Life.DEAD


def read_notes(folder: Path, owner: str) -> Notes:
    """That worker's notes; NOTHING_KNOWN when they are not here."""
    for path in _files_of(folder, owner):
        try:
            return _parse(path.read_bytes())
        except FileNotFoundError:
            continue
    return NOTHING_KNOWN


def seize(folder: Path, owner: str) -> Notes:
    """That worker's notes; from now on it hands nothing over, should it still live."""
    living, seized = _files_of(folder, owner)
    if living.exists():
        living.rename(seized)
    return read_notes(folder, owner)


def throw_away_idle(folder: Path, *, busy: set[str]) -> None:
    """Remove the notes of dead workers that hold no messages."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.suffix not in (LIVING, SEIZED, DRAFT) or path.stem in busy:
            continue
        try:
            is_old = time.time() - path.stat().st_mtime > KEPT_FOR
        except FileNotFoundError:
            continue  # another process was faster
        # The age alone does not say it: the clock may have been set forward a moment ago.
        if is_old and _look_at(path) is Life.DEAD:
            path.unlink(missing_ok=True)


def _files_of(folder: Path, owner: str) -> tuple[Path, Path]:
    return folder / f"{owner}{LIVING}", folder / f"{owner}{SEIZED}"


def _parse(octets: bytes) -> Notes:
    steps: dict[tuple[int, int], LastStep] = {}
    promised_until: float | None = None
    same_boot = False
    for word, rest in _lines(octets):
        if word == BOOT:
            same_boot = rest == _boot_id()
        elif word == PROMISED:
            promised_until = _number(rest)
        else:
            _apply(steps, word, rest)
    return Notes(
        steps=steps,
        complete=same_boot,
        promised_until=promised_until if same_boot else None,
    )


def _lines(octets: bytes) -> Iterator[tuple[str, str]]:
    """Whole lines only: the last one may be cut off, and its step was not taken then."""
    for line in octets.decode("utf-8", "replace").split("\n")[:-1]:
        word, _, rest = line.partition(" ")
        if rest:
            yield word, rest


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None  # a torn line


def _apply(steps: dict[tuple[int, int], LastStep], word: str, rest: str) -> None:
    parts = rest.split(" ", 2)
    if len(parts) < 2 or not parts[0].isdigit() or not parts[1].isdigit():
        return  # the line under the pen when the power went
    key = (int(parts[0]), int(parts[1]))
    if word == HANDED_OVER:
        steps[key] = LastStep(
            answered=False, answer={}, earlier_not_taken=parts[2:] == [NONE_TAKEN]
        )
    elif word == TAKEN_BACK:
        steps.pop(key, None)
    elif word == ANSWERED and len(parts) == 3:
        try:
            steps[key] = LastStep(answered=True, answer=json.loads(parts[2]))
        except ValueError:
            steps[key] = LastStep(answered=False, answer={})

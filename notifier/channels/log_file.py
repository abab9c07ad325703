"""Writes each letter as one line of JSON to a file instead of sending it. For trying out."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from notifier.channels.base import Blame, Finding, Letter, NotePhase, Outcome, Phase, Result
from notifier.clock import Clock
from notifier.errors import ConfigError

__all__ = ["Channel", "Settings"]

# Trouble that passes by itself or with a broom; everything else is a wrong set-up.
_PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A file that letters are appended to. It holds addresses, so only its owner may read it."""

    path: str = field(metadata={"help": "File to append to. It is made when missing."})
    fsync: bool = field(
        default=False, metadata={"help": "Wait for the disk after each letter. Slow and sure."}
    )

    def __post_init__(self) -> None:
        if not self.path.strip():
            raise ConfigError("path: it is empty. Name the file that letters are written to.")


_Settings = Settings


class Channel:
    """Appends to the file; several processes may append to the same one."""

    Settings: ClassVar[type[_Settings]] = _Settings

    def __init__(self, settings: _Settings, *, clock: Clock, secret: bytes = b"") -> None:
        self._path = Path(settings.path)
        self._fsync = settings.fsync
        self._clock = clock
        self._file: int | None = None

    def send(
        self, letters: Sequence[Letter], *, note: NotePhase
    ) -> Iterator[tuple[Letter, Result]]:
        """Append each letter. A line is written in one piece, so a reader never sees half of one
        unless the disk is full."""
        for letter in letters:
            yield letter, self._append(letter, note)

    def check(self) -> list[Finding]:
        """Whether the file can be written to. Makes it when it is missing."""
        try:
            self._open()
        except OSError as error:
            return [
                Finding(
                    level="bad",
                    about="file",
                    message=f"{self._path} cannot be written to: {error.strerror}.",
                    advice="Make the folder, give this user the right to write there, "
                    "or name another path.",
                )
            ]
        return [
            Finding(
                level="warn",
                about="file",
                message=f"Letters are written to {self._path} and reach nobody.",
                advice="Use email_smtp or sms_twilio to reach customers.",
            )
        ]

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _append(self, letter: Letter, note: NotePhase) -> Result:
        line = _as_line(letter, self._clock())
        try:
            file = self._open()
        except OSError as error:
            return self._failed(error)
        note(letter.message_id, Phase.HANDED_OVER)
        try:
            written = os.write(file, line)
            if written < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if self._fsync:
                os.fsync(file)
        except OSError as error:
            return self._failed(error)
        return Result(outcome=Outcome.ACCEPTED, code="written", provider_id=letter.uid)

    def _open(self) -> int:
        if self._file is None:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            file = os.open(self._path, flags, 0o600)
            try:
                _end_torn_line(file)
            except OSError:
                os.close(file)
                raise
            self._file = file
        return self._file

    def _failed(self, error: OSError) -> Result:
        self.close()  # a torn line is ended when the file is opened again
        return Result(
            outcome=Outcome.TRY_LATER,
            blame=Blame.TRANSPORT if error.errno in _PASSING else Blame.CONFIG,
            code=f"file {errno.errorcode.get(error.errno or 0, 'error')}",
            detail=f"{self._path} cannot be written to: {error.strerror}.",
        )


def _end_torn_line(file: int) -> None:
    """After a crash or a full disk the last line may lack its end; the next must not join it."""
    size = os.fstat(file).st_size
    if size and os.pread(file, 1, size - 1) != b"\n":
        os.write(file, b"\n")


def _as_line(letter: Letter, now: datetime) -> bytes:
    record = {"at": now.isoformat(), **asdict(letter)}
    return (json.dumps(record, ensure_ascii=False, default=_as_text) + "\n").encode(
        "utf-8", "backslashreplace"
    )


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} has no JSON form")

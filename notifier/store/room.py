"""Is there room for what is to be written next?

A database on a full disk begins a transaction as ever and reads as ever; it stumbles over the first
page that needs a new place. Where the disk is ours it is tried: a file that nobody sees is written
beside the database. Where it is a server's we go by what it said last (trust RL-28, RL-29).
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path

TRIED = 256 * 1024  # bytes; some hundreds of sign-ups
TRY_EVERY = 2.0  # seconds, however often somebody asks
REMEMBERED = 10.0  # seconds after the server's last word about it
_STATES = ("53100", "25006")  # disk_full, read_only_sql_transaction
_WORDS = ("disk is full", "disk i/o", "readonly database")


class Room:
    """Of one database and what lies beside it. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tried_at = float("-inf")
        self._trouble = ""
        self._refused_at = float("-inf")
        self._refused = ""

    def note_refusal(self, error: BaseException | None) -> None:
        """The database has just refused something, perhaps because it has no room."""
        words = str(error)
        state = str(getattr(error, "sqlstate", "") or "")
        if state in _STATES or any(one in words.lower() for one in _WORDS):
            self._refused, self._refused_at = words, time.monotonic()

    def trouble(self, folders: Iterable[Path], *, heeds_refusals: bool) -> str:
        """Why nothing can be written, in the system's words; empty when it can be.

        `heeds_refusals`: what the database said lately counts, since its disk cannot be tried.
        """
        if heeds_refusals and time.monotonic() - self._refused_at < REMEMBERED:
            return self._refused
        with self._lock:
            if time.monotonic() - self._tried_at >= TRY_EVERY:
                self._trouble = _try(folders)
                self._tried_at = time.monotonic()
            return self._trouble


def _try(folders: Iterable[Path]) -> str:
    for folder in folders:
        try:
            with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
                left = TRIED
                while left:
                    left -= file.write(bytes(left))
        except OSError as error:
            return f"{error.strerror or error}: {folder}"
    return ""

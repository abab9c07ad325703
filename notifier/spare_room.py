"""How are a few more lines written when the disk is full?

Some room is kept in a file without a name, and let go of when it is needed. The system frees it
by itself when the process ends in whatever way.
"""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

BYTES = 128 * 1024  # answers to some hundreds of letters


class SpareRoom:
    """Room on the disk of a folder, from the first `keep()` on."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  until close
        self._lock = threading.Lock()
        self._is_kept = False

    def keep(self) -> None:
        """Have the room, again after it was let go. Raises OSError where the disk is full."""
        if self._is_kept:
            return
        with self._lock:
            left = BYTES
            self._file.seek(0)
            while left:  # written, not only promised: sparse files have no room
                left -= self._file.write(b"\0" * left)
            self._is_kept = True

    def let_go(self) -> None:
        """Give it back to the disk, so that something else can be written."""
        with self._lock:
            self._is_kept = False
            self._file.truncate(0)

    def close(self) -> None:
        self._file.close()

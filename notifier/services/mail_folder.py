"""Which mails lie in a folder of this machine, a Maildir or files that end in .eml?"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from notifier.errors import ConfigError
from notifier.services.receive_mail import mail_files


def mails_since(path: Path, *, since: datetime) -> dict[str, Path]:
    """Those that came since then, the oldest first, by a name of 64 characters that stays when one
    is moved within its Maildir. Raises errors.ConfigError when the folder cannot be read."""
    try:
        _refuse_unreadable(path)
        found: list[tuple[float, Path]] = []
        for file in mail_files(path):
            with suppress(FileNotFoundError):  # moved to what was seen: found there the next time
                found.append((file.stat().st_mtime, file))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error}. {_ADVICE}") from error
    return {_lasting_name(file): file for at, file in sorted(found) if at >= since.timestamp()}


_ADVICE = "Let the user that notifier runs as read it."


def _refuse_unreadable(path: Path) -> None:
    if not path.is_dir():
        raise ConfigError(
            f"There is no folder {path}. Name a Maildir; an mbox is read by `notifier bounces`."
        )
    for folder in (path, path / "new", path / "cur"):
        if folder.is_dir() and not os.access(folder, os.R_OK | os.X_OK):
            raise ConfigError(f"{folder} cannot be read. {_ADVICE}")


def _lasting_name(file: Path) -> str:
    """Without the flags behind the colon, which whoever reads the Maildir sets."""
    own = file.name.partition(":")[0].encode("utf-8", "surrogateescape")
    return hashlib.sha256(own).hexdigest()

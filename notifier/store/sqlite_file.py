"""Can the file of an SQLite database be trusted (RL-24)?"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.exc import DBAPIError

from notifier.errors import StoreBusy
from notifier.store.session import Database

NETWORK_FILESYSTEMS = ("nfs", "cifs", "smb", "smbfs", "fuse.sshfs", "9p")


class StoreProblem(Exception):
    """The database file cannot be trusted."""


def check_file(db: Database) -> None:
    """Raise StoreProblem when an SQLite file is damaged or on a network file system."""
    path = db.path()
    if path is None:
        return
    kind = _filesystem_of(path)
    if kind in NETWORK_FILESYSTEMS:
        raise StoreProblem(
            f"{path} is on a network file system ({kind}), where SQLite loses data. "
            "Put it on a local disk, or use PostgreSQL."
        )
    if not path.exists():
        return
    try:
        with db.engine.connect() as connection:
            answer = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    except DBAPIError as error:
        if "locked" in str(error.orig):
            raise StoreBusy(f"{path} is in use by another program. Try again shortly.") from error
        raise StoreProblem(
            f"{path} is not a sound SQLite database: {error.orig}. "
            "Name another file in database.url, or restore a backup."
        ) from error
    if answer != "ok":
        raise StoreProblem(f"{path} is damaged ({answer}). Restore a backup.")


def _filesystem_of(path: Path) -> str:
    """The type of the file system a path is on, by /proc/mounts; empty where there is none."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return ""
    folder = str(path.resolve().parent)
    best, kind = "", ""
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        parts = line.split(" ")
        if len(parts) < 3:
            continue
        place = parts[1]
        inside = folder == place or folder.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= len(best):
            best, kind = place, parts[2]
    return kind

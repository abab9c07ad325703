"""Where does a feed lie, and is there anything new since the last look?

Behind a URL, in a file, or in a folder into which somebody drops files. Each place tells by its
own means that nothing changed: ETag and Last-Modified, a hash of the body, the file's time and
size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from notifier.connectors.reading.next_page import HEAD, Turning, find_turning
from notifier.connectors.reading.paging import goes_on, page_size
from notifier.errors import LookFailed
from notifier.http import Fetched, Limits, Outbound

_IGNORED_ENDINGS = (".done", ".tmp", ".part", ".filepart", ".partial", ".crdownload")


@dataclass(slots=True, kw_only=True)
class Opened:
    """One body to read. `cursor` is what to remember when it has been believed.

    `goes_on`: the answer names a next page. `page_size`: how many items were asked for at most.
    `turning`: how its further pages are found, where they are to be read; then `answered`,
    `headers`, `size` and `digest` are those of the answer.
    """

    body: IO[bytes] | None
    name: str
    cursor: dict[str, str]
    data_at: datetime | None = None
    goes_on: bool = False
    page_size: int = 0
    turning: Turning | None = None
    answered: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    digest: str = ""

    @property
    def not_modified(self) -> bool:
        return self.body is None


def open_url(
    url: str,
    *,
    outbound: Outbound,
    headers: Mapping[str, str],
    limits: Limits,
    cursor: Mapping[str, str],
    follow: bool = False,
) -> Opened:
    """The body behind `url`, unless the source or its hash says that it is the same as before.

    `follow`: further pages are to be read. Of the first of several it is not asked whether it is
    the same as before: that says nothing of the others.
    """
    fetched = outbound.get(
        url,
        headers=headers,
        etag=cursor.get("etag", ""),
        last_modified=cursor.get("last_modified", ""),
        limits=limits,
    )
    if fetched.not_modified:
        fetched.body.close()
        if follow and find_turning(url, fetched.headers, b""):
            return open_url(
                url, outbound=outbound, headers=headers, limits=limits, cursor={}, follow=True
            )
        return Opened(body=None, name=url, cursor=dict(cursor), data_at=fetched.last_modified_at)
    fresh = {
        "etag": fetched.etag,
        "last_modified": fetched.last_modified,
        "digest": fetched.digest,
    }
    turning = _turning(url, fetched) if follow else None
    if turning is not None:
        return opened_page(url, fetched, turning=turning)
    body: IO[bytes] | None = fetched.body
    if fetched.digest == cursor.get("digest"):
        fetched.body.close()
        body = None
    return Opened(
        body=body,
        name=url,
        cursor=fresh,
        data_at=fetched.last_modified_at,
        goes_on=goes_on(fetched.headers),
        page_size=page_size(url),
    )


def opened_page(name: str, fetched: Fetched, *, turning: Turning | None = None) -> Opened:
    """One page of several; the first has its `turning`."""
    return Opened(
        body=fetched.body, name=name, cursor={}, data_at=fetched.last_modified_at,
        turning=turning, answered=fetched.url, headers=fetched.headers, size=fetched.size,
        digest=fetched.digest,
    )  # fmt: skip


def _turning(url: str, fetched: Fetched) -> Turning | None:
    head = fetched.body.read(HEAD)
    fetched.body.seek(0)
    return find_turning(url, fetched.headers, head)


def open_files(
    path: Path, *, pattern: str, done_marker: bool, every: bool, max_bytes: int,
    cursor: Mapping[str, str],
) -> Iterator[Opened]:  # fmt: skip
    """The file at `path`; in a folder the newest that fits `pattern`.

    `every`: all files of the folder that came after the cursor's, the oldest first (for deltas).
    `done_marker`: only files beside which a `<file>.done` lies. Raises LookFailed `no_file`.
    """
    try:
        found = sorted(_candidates(path, pattern, done_marker), key=_age)
    except OSError as trouble:
        raise LookFailed("no_file", f"{path} cannot be read: {trouble.strerror}.") from trouble
    if not found:
        marked = " with a .done file beside it" if done_marker else ""
        raise LookFailed("no_file", f"There is no file {pattern!r}{marked} in {path}.")
    last = (int(cursor.get("mtime_ns", "-1")), cursor.get("name", ""))
    wanted = [f for f in found if _age(f) > last] if every else found[-1:]
    if not wanted:
        wanted = found[-1:]
    for file in wanted:
        yield _open_file(file, max_bytes=max_bytes, cursor=cursor)


def refuse_changed(opened: Opened) -> None:
    """Raise LookFailed when a file was written to while it was read."""
    file = Path(opened.name)
    try:
        now = _identity(file)
    except OSError as trouble:
        raise LookFailed(
            "changed_while_reading", f"{file} vanished while it was read."
        ) from trouble
    if now != opened.cursor:
        raise LookFailed(
            "changed_while_reading",
            f"{file} was written to while it was read. Write under another name and rename it, "
            "or use done_marker.",
        )


def _candidates(path: Path, pattern: str, done_marker: bool) -> list[Path]:
    if not path.is_dir():
        if not path.exists():
            raise LookFailed("no_file", f"The file {path} does not exist.")
        return [path]
    files = [
        f
        for f in path.glob(pattern)
        if f.is_file() and not f.name.startswith(".") and not f.name.endswith(_IGNORED_ENDINGS)
    ]
    if done_marker:
        files = [
            f
            for f in files
            if f.with_name(f.name + ".done").exists() or f.with_suffix(".done").exists()
        ]
    return files


def _age(file: Path) -> tuple[int, str]:
    return file.stat().st_mtime_ns, file.name


def _identity(file: Path) -> dict[str, str]:
    state = file.stat()
    return {
        "name": file.name,
        "mtime_ns": str(state.st_mtime_ns),
        "size": str(state.st_size),
    }


def _open_file(file: Path, *, max_bytes: int, cursor: Mapping[str, str]) -> Opened:
    try:
        fresh = _identity(file)
        data_at = datetime.fromtimestamp(int(fresh["mtime_ns"]) / 1e9, UTC)
        if int(fresh["size"]) > max_bytes:
            raise LookFailed("too_big", f"{file} is larger than the limit of {max_bytes} bytes.")
        if all(cursor.get(name) == value for name, value in fresh.items()):
            return Opened(body=None, name=str(file), cursor=fresh, data_at=data_at)
        return Opened(body=file.open("rb"), name=str(file), cursor=fresh, data_at=data_at)
    except OSError as trouble:
        raise LookFailed("no_file", f"{file} cannot be read: {trouble.strerror}.") from trouble

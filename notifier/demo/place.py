"""Where does the demo live: which two ports, and which folder?"""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from notifier.errors import ConfigError

__all__ = ["find_ports", "lent_folder"]

TRIES = 50
HOST = "127.0.0.1"


def find_ports(wanted: int) -> tuple[int, int]:
    """Two free ports next to each other, the first from `wanted` on. 0: wherever there are two.

    Raises errors.ConfigError.
    """
    if not 0 <= wanted <= 65_534:
        raise ConfigError(f"{wanted} is not a port with another one after it; take one like 8025.")
    for number in range(TRIES):
        first = _any_port() if wanted == 0 else wanted + 2 * number
        if first < 65_535 and _is_free(first) and _is_free(first + 1):
            return first, first + 1
    raise ConfigError(
        f"No two free ports next to each other from {wanted} on. Name others with --port."
    )


def _any_port() -> int:
    with closing(socket.create_server((HOST, 0))) as one:
        return int(one.getsockname()[1])


def _is_free(port: int) -> bool:
    """True when nobody answers there, by IPv4 or IPv6: `localhost` may mean either."""
    for family, host in ((socket.AF_INET6, "::1"), (socket.AF_INET, HOST)):
        with closing(socket.socket(family, socket.SOCK_STREAM)) as caller:
            caller.settimeout(0.5)
            try:
                if caller.connect_ex((host, port)) == 0:
                    return False
            except OSError:
                continue  # no IPv6 on this machine
    try:
        with closing(socket.create_server((HOST, port))):
            return True
    except OSError:
        return False


@contextmanager
def lent_folder(folder: Path | None) -> Iterator[Path]:
    """The given folder, kept; else one that is thrown away at the end."""
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"--folder: {folder} cannot be used: {error}") from error
        yield folder.resolve()
        return
    made = Path(tempfile.mkdtemp(prefix="notifier-demo-"))
    try:
        yield made
    finally:
        _remove(made)


def _remove(folder: Path) -> None:
    """Remove it all, also what a thread on its way out still writes."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)

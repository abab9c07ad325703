"""The database takes nothing for a while (trust RL-28, FI-33, FI-34, FI-35): senders wait, nothing
is sent that cannot be recorded, and all goes on by itself."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from notifier.services.book_batch import MOST_UNBOOKED
from tests.fakes.smtp_server import SmtpServer
from tests.reliability.checker import Rows, check, unfinished
from tests.reliability.database_trouble import (
    SQLITE_FIRST,
    files_cannot_grow,
    plain_postgres,
    writers_locked_out,
)
from tests.reliability.fleet import Fleet
from tests.reliability.seeding import seed
from tests.timing import wait_until

MAILS = 100
ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])
ON_POSTGRES = pytest.mark.parametrize("engine_name", ["postgres"])
END_CONNECTIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'notifier'"
)


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    """A server that takes 15 ms a mail."""
    with SmtpServer(delay=0.015) as server:
        yield server


def _copies(smtp: SmtpServer) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for mail in smtp.messages:
        found.setdefault(mail.rcpt_to[0], []).append(mail.message_id)
    return found


def _all_told_once(smtp: SmtpServer, url: str, *, within: float = 40) -> None:
    wait_until(lambda: unfinished(url) == 0, within, every=0.05)
    assert check(url, _copies(smtp), kills=0, in_flight=0).problems == []


def _stands_still(smtp: SmtpServer) -> int:
    """How many were sent, once no more are."""
    seen: list[tuple[float, int]] = []

    def is_still() -> bool:
        now, sent = time.monotonic(), len(smtp.messages)
        seen.append((now, sent))
        return any(now - at > 0.5 and count == sent for at, count in seen)

    wait_until(is_still, 20, every=0.05)
    return len(smtp.messages)


@pytest.mark.fault("FI-34")
@pytest.mark.parametrize("seconds", [1, pytest.param(3, marks=pytest.mark.soak)])
@SQLITE_FIRST
def test_another_writer_holds_the_database_for_seconds(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
    seconds: int,
) -> None:
    config = configure()
    seed(config, mails=MAILS).db.close()
    fleet = make_fleet(config)
    smtp.hold_at(10)
    worker = fleet.start()
    smtp.wait_for(10)
    with writers_locked_out(database_url):
        smtp.go_on()
        time.sleep(seconds)
        assert _stands_still(smtp) < MAILS  # at most the batch that was taken already
    _all_told_once(smtp, database_url)
    assert fleet.stop(worker) == 0


@pytest.mark.fault("FI-34")
@SQLITE_FIRST
def test_while_results_cannot_be_booked_the_rest_of_the_batch_waits(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
) -> None:
    """However large the batch: what is sent and not booked stays within bounds."""
    mails = MOST_UNBOOKED + 80
    config = configure(batch=mails)
    seed(config, mails=mails).db.close()
    smtp.hold_at(5)
    make_fleet(config).start()
    smtp.wait_for(5)
    with writers_locked_out(database_url):
        smtp.go_on()
        smtp.wait_for(10)
        sent = _stands_still(smtp)
        assert 5 < sent < mails
        assert sent - (mails - unfinished(database_url)) <= MOST_UNBOOKED + 2
    _all_told_once(smtp, database_url)


@pytest.mark.fault("FI-35")
@ON_POSTGRES
def test_the_server_ends_all_connections_twice(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
) -> None:
    config = configure()
    seed(config, mails=MAILS).db.close()
    worker = make_fleet(config).start()
    for sent in (10, 30):
        smtp.wait_for(sent)
        with psycopg.connect(plain_postgres(database_url), autocommit=True) as admin:
            admin.execute(END_CONNECTIONS)
    _all_told_once(smtp, database_url)
    assert worker.is_alive


@contextmanager
def _read_only_postgres(url: str) -> Iterator[None]:
    """As after a failover to a standby: new connections can only read."""
    with psycopg.connect(plain_postgres(url), autocommit=True) as admin:
        [(name,)] = admin.execute("SELECT current_database()").fetchall()
        admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        admin.execute(END_CONNECTIONS)
        yield
        admin.execute("SET default_transaction_read_only = off")
        admin.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        admin.execute(END_CONNECTIONS)


@pytest.mark.fault("FI-33", "FI-35")
@ON_POSTGRES
def test_the_server_becomes_read_only(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
) -> None:
    config = configure()
    seed(config, mails=MAILS).db.close()
    smtp.hold_at(10)
    worker = make_fleet(config).start()
    smtp.wait_for(10)
    with _read_only_postgres(database_url):
        smtp.go_on()
        assert _stands_still(smtp) < MAILS
        assert "sender stumbled" not in worker.said  # it knows what this is
    _all_told_once(smtp, database_url)


@pytest.mark.fault("FI-33")
@ON_SQLITE
def test_a_read_only_database_file_is_refused_at_the_start(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
) -> None:
    config = configure()
    seed(config, mails=MAILS).db.close()
    database = Path(database_url.removeprefix("sqlite:///"))
    for file in database.parent.glob("notifier.db*"):
        file.chmod(0o444)
    if os.access(database, os.W_OK):
        pytest.skip("this user, root as a rule, may write to read-only files")
    fleet = make_fleet(config)
    worker = fleet.start()
    wait_until(lambda: not worker.is_alive, 20)
    assert "attempt to write a readonly database" in worker.said
    assert smtp.messages == []
    for file in database.parent.glob("notifier.db*"):
        file.chmod(0o644)
    fleet.start()
    _all_told_once(smtp, database_url)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes. Only root can make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("cannot mount a small disk here; needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.fault("FI-33")
@ON_SQLITE
def test_the_disk_is_full_for_a_while(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
    small_disk: Path,
) -> None:
    there = small_disk / "notifier.db"
    there.write_bytes(Path(database_url.removeprefix("sqlite:///")).read_bytes())
    url = f"sqlite:///{there}"
    config = configure(database_url=url)
    text = config.read_text().replace(f"{config.parent}/var", f"{small_disk}/var")
    config.write_text(text)
    seed(config, mails=MAILS).db.close()
    smtp.hold_at(10)
    worker = make_fleet(config).start()
    smtp.wait_for(10)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file:
        while _written(file.fileno()):
            continue
    smtp.go_on()
    assert _stands_still(smtp) < MAILS
    assert worker.is_alive
    filler.unlink()
    _all_told_once(smtp, url)
    with closing(Rows(url)) as rows:
        assert rows("SELECT id FROM messages WHERE failures > 0") == []


@pytest.mark.fault("FI-33")
@ON_SQLITE
def test_a_worker_whose_files_cannot_grow_waits_and_goes_on(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
    seen: Callable[..., None],
) -> None:
    """As on a full disk, but only for this process: nobody needs to be root for that."""
    config = configure()
    seed(config, mails=MAILS).db.close()
    smtp.hold_at(10)
    worker = make_fleet(config).start()
    smtp.wait_for(10)
    with files_cannot_grow(worker.pid):
        smtp.go_on()
        sent = _stands_still(smtp)
        assert sent < MAILS
        assert worker.is_alive
    _all_told_once(smtp, database_url)
    seen(sent_before_it_stood_still=sent, of=MAILS, doubles=0)


def _written(file: int) -> int:
    for size in (65_536, 512):
        try:
            return os.write(file, b"\0" * size)
        except OSError:
            continue
    return 0

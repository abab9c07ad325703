"""What do commands say when there is nothing of that name, or the address is none?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from notifier.cli import main
from notifier.store.leases import take_lease
from notifier.store.session import Database


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("kept")
    assert run(made, "init", str(made / "config.toml"), "--data-dir", str(made)).exit_code == 0
    return made


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(folder / "config.toml"), *words])


def test_a_backup_is_not_put_in_place_under_a_running_service(tmp_path: Path) -> None:
    assert run(tmp_path, "init", str(tmp_path / "config.toml"), "--data-dir", str(tmp_path))
    copy = tmp_path / "copy.db"
    assert run(tmp_path, "backup", str(copy)).exit_code == 0
    db = Database(f"sqlite:///{tmp_path / 'notifier.db'}")

    def lead(now: datetime) -> None:
        lease = timedelta(seconds=60)
        db.retry(lambda tx: take_lease(tx, "leader", owner="engine-1", now=now, lease=lease))

    lead(datetime.now(UTC))
    refused = run(tmp_path, "restore", str(copy), "--yes")
    assert refused.exit_code == 1
    assert "(engine-1). Stop it first" in refused.output

    lead(datetime.now(UTC) - timedelta(hours=1))
    db.close()
    assert run(tmp_path, "restore", str(copy), "--yes").exit_code == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("export", "bogus"), 1, "address: “bogus” is not a mail address"),
        (("erase", "ann@", "--yes"), 1, "address: “ann@” is not a mail address"),
        (("export", "ann@example.com"), 1, "Nothing is stored about this address."),
        (("hold",), 0, "Nothing is held."),
        (("hold", "7"), 1, "There is no hold 7."),
        (("hold", "7", "--release"), 1, "There is no such hold any more."),
        (("poll", "kettle", "--sku", "KET"), 1, "Shop 'kettle' has no variant 'KET'."),
        (
            ("send-test", "mail", "ann@example.com", "--locale", "xx"),
            1,
            "locale: There is no 'xx'. There are: en, de, es.",
        ),
    ],
)
def test_it_is_said_in_a_sentence(
    folder: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    done = run(folder, *words)
    assert done.exit_code == code, done.output
    assert says in done.output

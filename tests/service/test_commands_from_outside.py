"""Do the commands work as somebody, or a program, types them who has not read the manual?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from notifier.cli import main


def run(*words: str, typed: str | None = None, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, words, input=typed, env=env)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    made = tmp_path / "config.toml"
    assert run("init", str(made), "--data-dir", str(tmp_path)).exit_code == 0
    return made


@pytest.mark.parametrize("words", [("config",), ("audit", "verify"), ("hold",), ("admin", "list")])
def test_the_configuration_may_be_named_behind_the_command(
    config: Path, words: tuple[str, ...]
) -> None:
    before = run("--config", str(config), *words)
    behind = run(*words, "--config", str(config))
    assert (behind.exit_code, behind.output) == (0, before.output)


def test_what_is_named_behind_the_command_counts(config: Path, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere.toml")
    done = run("--config", str(config), "config", "--config", nowhere)
    assert done.exit_code == 1
    assert nowhere in done.output


@pytest.mark.parametrize("way", ["before", "behind", "environment"])
def test_init_writes_the_file_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "own.toml"
    words = ["init", "--data-dir", str(tmp_path)]
    if way == "before":
        words = ["--config", str(file), *words]
    if way == "behind":
        words = [*words, "--config", str(file)]
    env = {"NOTIFIER_CONFIG": str(file)} if way == "environment" else {}
    assert run(*words, env=env).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "config.toml").exists()


def test_init_says_where_it_cannot_write(tmp_path: Path) -> None:
    done = run("init", str(tmp_path / "nowhere" / "config.toml"))
    assert done.exit_code == 1
    assert "nowhere/config.toml cannot be written: No such file or directory." in done.output


@pytest.mark.parametrize(("typed", "code"), [(None, 0), ("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_a_program_that_answers_nothing_has_said_it_by_its_command(
    config: Path, tmp_path: Path, typed: str | None, code: int
) -> None:
    copy = tmp_path / "copy.db"
    assert run("backup", str(copy), "--config", str(config)).exit_code == 0
    put_back = run("restore", str(copy), "--config", str(config), typed=typed)
    assert put_back.exit_code == code, put_back.output
    erased = run("erase", "ann@example.com", "--config", str(config), typed=typed)
    assert erased.exit_code == code, erased.output


def test_what_a_program_reads_is_json(config: Path) -> None:
    listed = run("hold", "--json", "--config", str(config))
    assert json.loads(listed.output) == []
    erased = run("erase", "ann@example.com", "--json", "--config", str(config))
    assert json.loads(erased.output)["subscriptions"] == 0
    exported = run("export", "ann@example.com", "--json", "--config", str(config))
    assert "Nothing is stored about this address." in exported.output


def test_check_says_as_json_also_what_keeps_it_from_looking(config: Path, tmp_path: Path) -> None:
    wrong = {"NOTIFIER__LIMITS__MAX_ACTIVE": "-1"}
    done = run("check", "--json", "--config", str(config), env=wrong)
    [found] = json.loads(done.output)
    assert (done.exit_code, found["level"]) == (1, "bad")
    assert "limits.max_active" in found["message"]
    assert found["advice"]


@pytest.mark.parametrize("what", ["a file", "a folder"])
@pytest.mark.parametrize("command", ["check", "migrate", "run"])
def test_what_is_no_database_is_said_in_a_sentence(
    config: Path, tmp_path: Path, what: str, command: str
) -> None:
    file = tmp_path / "other.db"
    if what == "a file":
        file.write_bytes(b"this is no database" * 100)
    else:
        file.mkdir()
    done = run(
        command, "--config", str(config), env={"NOTIFIER__DATABASE__URL": f"sqlite:///{file}"}
    )
    assert done.exit_code == 1
    assert f"{file} is not a sound SQLite database" in done.output
    assert "database.url" in done.output


def test_a_backup_that_cannot_be_written_is_said_in_a_sentence(config: Path) -> None:
    done = run("backup", "/proc/nowhere/copy.db", "--config", str(config))
    assert done.exit_code == 1
    assert "/proc/nowhere/copy.db cannot be written: No such file or directory." in done.output


def test_a_test_message_that_is_not_taken_is_json_too(config: Path) -> None:
    nobody = {"NOTIFIER__CHANNELS__MAIL__HOST": "127.0.0.1", "NOTIFIER__CHANNELS__MAIL__PORT": "1"}
    words = ("send-test", "mail", "ann@example.com", "--json", "--config", str(config))
    done = run(*words, env=nobody)
    assert done.exit_code == 1
    assert json.loads(done.output)["outcome"] != "accepted"

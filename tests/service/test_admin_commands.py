"""How does the first person get in, before anybody is there to invite them?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from notifier.app import open_service
from notifier.cli import main
from notifier.config_reading import load_config
from notifier.services import entry_link, people
from notifier.services.env import Env

LINK = re.compile(r"/admin/-/enter/([\w-]{43})\n")


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(folder / "config.toml"), *words])


def env_of(folder: Path) -> Env:
    return open_service(load_config(folder / "config.toml"))[0]


def make(folder: Path, *words: str) -> Result:
    return run(folder, "init", str(folder / "config.toml"), "--data-dir", str(folder), *words)


def test_init_prints_the_link_of_the_first_owner_and_asks_nothing(tmp_path: Path) -> None:
    made = make(tmp_path)
    assert made.exit_code == 0, made.output
    [token] = LINK.findall(made.output)
    env = env_of(tmp_path)
    assert entry_link.open_link(env, token).asks_address
    [first] = people.list_people(env)
    assert first.person.role == "owner"
    newer = run(tmp_path, "admin", "link", entry_link.UNSET)
    assert LINK.findall(newer.output) != [token]
    env.db.close()


def test_people_are_let_in_and_listed_by_command(tmp_path: Path) -> None:
    assert make(tmp_path, "--admin", "Olga@Kettle.example").exit_code == 0
    added = run(tmp_path, "admin", "add", "ben@kettle.example", "--role", "viewer")
    assert LINK.search(added.output), added.output
    again = run(tmp_path, "admin", "add", "ben@kettle.example")
    assert again.exit_code == 1
    assert "on the list already" in again.output
    listed = run(tmp_path, "admin", "list").output.splitlines()
    assert listed == [
        "ben@kettle.example: viewer in every shop",
        "olga@kettle.example: owner in every shop",
    ]
    lost = run(tmp_path, "admin", "link", "eve@stranger.example")
    assert lost.exit_code == 1
    assert "notifier admin add" in lost.output


@pytest.mark.parametrize("email", ["olga", "olga@", "o@b.co\nBcc: x@y.co"])
def test_init_makes_nothing_for_what_is_no_address(tmp_path: Path, email: str) -> None:
    assert make(tmp_path, "--admin", email).exit_code == 1
    assert not (tmp_path / "config.toml").exists()

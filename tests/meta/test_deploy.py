"""Can what lies in deploy/ be used: the image, the compose file, the units for systemd?"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from notifier.cli import main
from notifier.config import Config
from notifier.config_reading import load_config

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
HARDENED = ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n", "UMask=0077")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return read


def ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: one for name, one in compose["services"].items() if one["image"] == "notifier"}


def test_every_service_runs_as_nobody_special_on_a_file_system_it_cannot_write(
    compose: dict[str, Any],
) -> None:
    for name, one in compose["services"].items():
        assert one["user"] not in ("root", "0", "0:0"), name
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name


def test_every_command_exists_and_every_process_says_whether_it_works(
    compose: dict[str, Any],
) -> None:
    image = (DEPLOY / "Dockerfile").read_text()
    assert "HEALTHCHECK" in image  # the web server's
    assert "USER 10001:10001" in image
    assert {tuple(one["command"]) for one in ours(compose).values()} == {
        ("migrate",),
        ("web",),
        ("worker",),
        ("scheduler",),
    }
    for name, one in ours(compose).items():
        assert one["command"][0] in main.commands
        assert name == "migrate" or one["depends_on"]["migrate"]
        assert name in ("web", "migrate") or "/readyz" in str(one["healthcheck"])
    assert compose["services"]["worker"]["deploy"]["replicas"] == 2


def test_the_image_bundles_what_the_pages_load_from_files_it_is_given() -> None:
    image = (DEPLOY / "Dockerfile").read_text()
    given = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    first = image.split("\nFROM ")[1]
    for line in re.findall(r"^COPY (.+) \S+$", first, re.M):
        for name in line.split():
            assert f"!{name}" in given, name
    assert "npm ci" in first
    assert "COPY --from=bundles /src/notifier/web/static/built/" in image.split("pip wheel")[0]


def test_its_settings_are_ones_that_we_know_and_secrets_come_as_files(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    settings = dict(ours(compose)["web"]["environment"])
    for name, value in settings.items():
        if name.endswith("_FILE"):
            secret = Path(value).name
            assert secret in compose["secrets"]
            assert secret in ours(compose)["web"]["secrets"]
            file = tmp_path / secret
            file.write_text(SECRETS[secret])
            settings[name] = str(file)
    image = (DEPLOY / "Dockerfile").read_text()
    settings |= re.findall(r"(NOTIFIER__\w+)=(\S+)", image)
    settings["NOTIFIER__CHANNELS__MAIL__KIND"] = "log_file"
    read: Config = load_config(None, environ=settings)
    assert read.service.engine == "distributed"
    assert read.service.secret_keys == ("new", "old")
    assert read.database.url.startswith("postgresql://")
    assert not any("PASSWORD:" in line for line in (DEPLOY / "compose.yaml").read_text().split())


SECRETS = {
    "secret_keys": '["new", "old"]',
    "database_url": "postgresql://notifier:xyz@postgres/notifier",
    "mail_password": "xyz",
}


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_is_hardened_and_systemd_understands_it(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text()
    assert all(word in text for word in HARDENED)
    [command] = re.findall(r"^ExecStart=/opt/notifier/bin/notifier (\w+)$", text, re.M)
    assert command in main.commands
    assert int(re.findall(r"^TimeoutStopSec=(\d+)$", text, re.M)[0]) > 30
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return
    # what is verified must be there
    copy = tmp_path / unit.name.replace("@.", "@9101.")
    copy.write_text(text.replace("/opt/notifier/bin/notifier", sys.executable))
    done = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", copy],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert copy.name not in done.stderr, done.stderr

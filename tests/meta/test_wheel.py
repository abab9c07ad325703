"""Does the wheel hold everything, and does it run in a folder that knows nothing of us?"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from notifier import __version__
from tests.meta.checkout import CHECKOUT, project_files

BUILD = "from setuptools import build_meta; print(build_meta.build_wheel('dist'))"
START = (
    "import sys; from importlib.metadata import distribution;"
    "sys.argv[0] = 'notifier';"
    "[script] = distribution('notifier').entry_points.select(name='notifier');"
    "sys.exit(script.load()())"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: a build leaves files beside the sources."""
    copy = tmp_path_factory.mktemp("sources")
    for path in project_files():
        if path.relative_to(CHECKOUT).parts[0] not in ("tests", "docs", "requirements"):
            target = copy / path.relative_to(CHECKOUT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    (copy / "dist").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", BUILD], cwd=copy, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return copy / "dist" / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel in it; the libraries are borrowed from ours."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    # A line in a .pth adds a folder, but reads no .pth in it: our editable install stays unseen.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "python"


def run(python: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(python), "-c", START, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=250,
        stdin=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(folder)},
    )


def test_every_file_of_the_program_is_in_the_wheel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    missing = []
    for path in project_files():
        name = path.relative_to(CHECKOUT).as_posix()
        if name.startswith(("templates/", "migrations/")):
            name = f"notifier/{name}"
        if name.startswith("notifier/") and name not in inside:
            missing.append(name)
    assert missing == [], "add them to packages or package_data in setup.cfg"


def test_nothing_but_the_program_is_in_the_wheel(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"notifier", f"notifier-{__version__}.dist-info"}


def test_the_wheel_carries_its_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_installed_program_tells_its_version(installed: Path, tmp_path: Path) -> None:
    done = run(installed, "--version", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert __version__ in done.stdout


def test_the_installed_program_is_not_the_checkout(installed: Path, tmp_path: Path) -> None:
    code = "import notifier, notifier.store.schema; print(notifier.__file__)"
    done = subprocess.run(
        [str(installed), "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert Path(done.stdout.strip()).is_relative_to(installed.parents[1]), done.stderr


def test_the_installed_program_prints_an_example_configuration(
    installed: Path, tmp_path: Path
) -> None:
    done = run(installed, "config", "--example", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "[service]" in done.stdout


def test_the_installed_program_finds_its_templates_and_migrations(
    installed: Path, tmp_path: Path
) -> None:
    code = (
        "from notifier.store.session import Database\n"
        "from notifier.store.schema import is_current, migrate\n"
        "from notifier.resources import templates_folder\n"
        "db = Database('sqlite:///fresh.db')\n"
        "assert migrate(db) and is_current(db)\n"
        "assert (templates_folder() / 'messages' / 'en').is_dir(), templates_folder()\n"
        "print(templates_folder())\n"
    )
    done = subprocess.run(
        [str(installed), "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(installed.parents[1])


def test_the_installed_program_sets_itself_up_in_an_empty_folder(
    installed: Path, tmp_path: Path
) -> None:
    done = run(installed, "init", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "config.toml").exists()
    again = run(installed, "migrate", folder=tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr


def test_asking_for_help_loads_nothing_heavy(installed: Path, tmp_path: Path) -> None:
    heavy = "{'flask', 'sqlalchemy', 'alembic', 'twilio', 'apscheduler', 'lxml', 'babel'}"
    code = f"import sys, notifier.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [str(installed), "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr

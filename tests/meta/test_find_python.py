"""Which Python does `make` take, when a machine has several?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Says yes to what it is asked, unless the question holds a word it says no to.
STAND_IN = """#!/bin/sh
case "$2" in *{no}*) exit 1 ;; esac
exit 0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The only place where a Python is looked for, beside Debian's own."""
    (tmp_path / "uv").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "uv").chmod(0o755)
    return tmp_path


def put(folder: Path, name: str, *, no: str = "nothing") -> str:
    file = folder / name
    file.write_text(STAND_IN.format(no=no))
    file.chmod(0o755)
    return str(file)


def find(folder: Path, *, named: str = "", but: str = "") -> subprocess.CompletedProcess[str]:
    script = f"can_install() {{ return 1; }}; {but} find_python"
    return subprocess.run(
        ["/bin/sh", "-c", f". scripts/find_python.sh; {script}"],
        cwd=ROOT,
        env={"PATH": str(folder), "PYTHON": named},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_first_that_was_built_to_be_quick_is_taken(folder: Path) -> None:
    put(folder, "python3", no="--enable-optimizations")
    quick = put(folder, "python3.12")
    assert find(folder).stdout.strip() == quick


def test_one_that_is_too_old_is_passed_over(folder: Path) -> None:
    put(folder, "python3", no="version_info")
    newer = put(folder, "python3.13")
    assert find(folder).stdout.strip() == newer


def test_one_that_cannot_make_an_environment_is_passed_over(folder: Path) -> None:
    put(folder, "python3", no="ensurepip")
    whole = put(folder, "python3.12")
    assert find(folder).stdout.strip() == whole


def test_a_slow_one_is_better_than_none(folder: Path) -> None:
    slow = put(folder, "python3")
    assert find(folder, but="is_quick() { return 1; };").stdout.strip() == slow


def test_the_one_that_is_named_is_taken_without_a_question(folder: Path) -> None:
    put(folder, "python3")
    assert find(folder, named=sys.executable).stdout.strip() == sys.executable


def test_the_one_that_is_named_is_refused_when_it_is_too_old(folder: Path) -> None:
    old = put(folder, "python3", no="version_info")
    found = find(folder, named=old)
    assert found.returncode == 1
    assert f"PYTHON={old}" in found.stderr
    assert "3.11" in found.stderr

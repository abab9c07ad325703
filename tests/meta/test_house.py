"""Is the house in order: packages listed, honest names, nothing of one machine in the files?"""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from statistics import median

import pytest

from notifier import __version__
from tests.meta.checkout import CHECKOUT, project_files, text_of
from tests.meta.sizes import file_sizes, function_sizes, report

# Names that say nothing about what is inside.
EMPTY_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "manager",
    "data",
    "info",
    "process",
    "handle",
    "common",
    "misc",
}

# Put together here, so that this file does not hold what it looks for.
PACKAGE_HOSTS = ("pypi" + ".org", "python" + "hosted.org", "registry.npm" + "js.org")
SOMEBODYS_FOLDER = re.compile(r"(?<![\w.~-])/(?:home|Users|root|work|workspace)/[\w.]")


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(CHECKOUT / "setup.cfg")
    return parser


def listed_packages() -> set[str]:
    return set(setup_cfg()["options"]["packages"].split())


def package_folders() -> dict[str, Path]:
    """What makes up the wheel: every folder with code, by the name it is imported under."""
    found = {}
    for top in ("notifier", "templates", "migrations"):
        for path in project_files():
            if path.suffix == ".py" and CHECKOUT / top in path.parents:
                inner = path.parent.relative_to(CHECKOUT).parts
                name = ".".join(inner if top == "notifier" else ("notifier", *inner))
                found[name] = path.parent
    return found


def test_every_package_is_listed_in_setup_cfg() -> None:
    # setuptools leaves a forgotten package out of the wheel without a word
    assert set(package_folders()) - listed_packages() == set()


def test_setup_cfg_lists_no_package_that_is_not_there() -> None:
    assert listed_packages() - set(package_folders()) == set()


def test_every_folder_with_code_is_a_package() -> None:
    for folder in package_folders().values():
        assert (folder / "__init__.py").exists(), f"{folder} lacks an __init__.py"


def test_no_module_has_a_name_that_says_nothing() -> None:
    for path in project_files():
        if path.suffix == ".py":
            words = {path.parent.name, *path.stem.split("_")}
            assert not words & EMPTY_NAMES, f"{path}: name it after what is inside"


def test_every_module_begins_with_the_question_it_answers() -> None:
    for path in project_files():
        if path.suffix == ".py" and path.name != "__init__.py" and "versions" not in path.parts:
            first = path.read_text(encoding="utf-8").removeprefix("#!/usr/bin/env python3\n")
            assert first.lstrip().startswith(('"""', 'r"""')), f"{path} has no docstring"


def test_no_file_names_a_package_index() -> None:
    # it would be asked by everybody who installs, whatever index they have set up
    for path, text in texts():
        for host in PACKAGE_HOSTS:
            assert host not in text, f"{path} names {host}"


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    for path, text in texts():
        found = SOMEBODYS_FOLDER.search(text)
        assert not found, f"{path}: {text[found.start() - 30 : found.end() + 30]!r}"


def texts() -> list[tuple[Path, str]]:
    return [(path, text) for path in project_files() if (text := text_of(path)) is not None]


@pytest.mark.parametrize("name", ["build", "run", "test", "lint"])
def test_every_locked_package_has_its_hashes(name: str) -> None:
    lock = (CHECKOUT / "requirements" / f"{name}.txt").read_text()
    entries = re.findall(r"^([\w.-]+)==.*?(?=^\S|\Z)", lock, re.MULTILINE | re.DOTALL)
    with_hash = re.findall(
        r"^([\w.-]+)==[^\n]*\\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", lock, re.MULTILINE
    )
    assert entries
    assert entries == with_hash


def test_the_locks_agree_so_that_one_environment_serves_all() -> None:
    versions: dict[str, set[str]] = {}
    for name in ("build", "run", "test", "lint"):
        lock = (CHECKOUT / "requirements" / f"{name}.txt").read_text()
        for package, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE):
            versions.setdefault(package, set()).add(version)
    assert {p: v for p, v in versions.items() if len(v) > 1} == {}


def test_every_package_that_setup_cfg_asks_for_is_locked() -> None:
    options = setup_cfg()["options"]["install_requires"].splitlines()
    extras = dict(setup_cfg()["options.extras_require"])
    for name, kinds in (
        ("run", ("postgres", "dkim")),
        ("test", ("test",)),
        ("lint", ("lint",)),
    ):
        lock = (CHECKOUT / "requirements" / f"{name}.txt").read_text()
        asked = [*options, *(line for kind in kinds for line in extras[kind].splitlines())]
        for line in filter(None, asked):
            package = re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0].lower()
            assert re.search(rf"^{re.escape(package)}==", lock, re.MULTILINE), (
                f"{package} is not in requirements/{name}.txt: run make lock"
            )


def test_files_and_functions_stay_readable() -> None:
    files = [size.lines for size in file_sizes()]
    functions = [size.lines for size in function_sizes()]
    assert median(functions) <= 10, report()
    assert max(functions) <= 80, report()
    assert max(files) <= 500, report()


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    changelog = (CHECKOUT / "CHANGELOG.md").read_text()
    assert "## [Unreleased]" in changelog
    released = re.findall(r"^## \[(\d[^\]]*)\]", changelog, re.MULTILINE)
    assert not released or released[0] == __version__


def test_make_help_knows_every_target_people_run() -> None:
    makefile = (CHECKOUT / "Makefile").read_text()
    described = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    internal = {name for name in targets if name.endswith("-ready")}
    assert targets - internal == described
    assert {"demo", "test", "bench", "soak", "lint", "fixtures", "help"} <= described

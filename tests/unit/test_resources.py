"""Are templates/ and migrations/ found, wherever the program was installed?"""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier import resources


def test_the_checkout_has_both_folders() -> None:
    assert (resources.templates_folder() / "layout" / "email.html").is_file()
    assert (resources.migrations_folder() / "versions").is_dir()


def test_a_wheel_carries_the_folders_inside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "notifier"
    (package / "templates").mkdir(parents=True)
    (package.parent / "templates").mkdir()  # somebody else's
    monkeypatch.setattr(resources, "_PACKAGE", package)

    assert resources.templates_folder() == package / "templates"


def test_a_folder_that_is_nowhere_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "notifier")

    with pytest.raises(FileNotFoundError, match="migrations/ is neither"):
        resources.migrations_folder()

"""Where are templates/, migrations/ and what is bundled, in a wheel or in a checkout?

importlib.resources fails for packages mapped by `package_dir` in an editable install, so the two
folders are found by path: beside this package's parent (checkout) or inside it (wheel).
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def templates_folder() -> Path:
    return _find("templates")


def migrations_folder() -> Path:
    return _find("migrations")


def bundled_folder() -> Path:
    """What `make assets` makes of frontend/; not there in a wheel that was made without."""
    return _PACKAGE / "web" / "static" / "built"


def _find(name: str) -> Path:
    for place in (_PACKAGE / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"{name}/ is neither in the installed package nor beside it")

"""Which files are the project's? What git knows or would add; in an unpacked archive, all."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

CHECKOUT = Path(__file__).parents[2]
MADE_BY_TOOLS = {".git", ".venv", "build", "dist", "node_modules", "__pycache__"}


@cache
def project_files() -> tuple[Path, ...]:
    """Every file of the project, absolute, sorted; nothing that git ignores."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        answer = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        found = [p for p in CHECKOUT.rglob("*") if not MADE_BY_TOOLS & set(p.parts)]
    else:
        found = [CHECKOUT / name for name in answer.stdout.split("\0") if name]
    return tuple(sorted(path for path in found if path.is_file()))


@cache
def script(name: str) -> ModuleType:
    """A program of scripts/, as a module. Where it looks for others holds while it is read."""
    spec = importlib.util.spec_from_file_location(name, CHECKOUT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses ask for it
    with patch.object(sys, "path", [*sys.path]):
        spec.loader.exec_module(module)
    return module


def text_of(path: Path) -> str | None:
    """The file as text; None for pictures and other bytes."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None

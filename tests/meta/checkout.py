"""Which files are the project's? What git knows or would add; in an unpacked archive, all."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

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


def text_of(path: Path) -> str | None:
    """The file as text; None for pictures and other bytes."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None

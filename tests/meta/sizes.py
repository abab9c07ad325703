"""How big are the files and functions? `python -m tests.meta.sizes` prints it (so does make lint).

Big is not wrong, but somebody should look: the aim is 300 lines a file and 40 a function.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

CHECKOUT = Path(__file__).parents[2]
FILE_AIM = 300
FUNCTION_AIM = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One file or function and its number of lines, decorators and docstring included."""

    name: str
    lines: int


def file_sizes(folder: Path = CHECKOUT / "notifier") -> list[Size]:
    return [
        Size(name=str(path.relative_to(CHECKOUT)), lines=len(path.read_text().splitlines()))
        for path in sorted(folder.rglob("*.py"))
        if path.name != "__init__.py"
    ]


def function_sizes(folder: Path = CHECKOUT / "notifier") -> list[Size]:
    return [size for path in sorted(folder.rglob("*.py")) for size in _functions(path)]


def _functions(path: Path) -> Iterator[Size]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            where = f"{path.relative_to(CHECKOUT)}:{node.lineno} {node.name}"
            yield Size(name=where, lines=node.end_lineno - node.lineno + 1)


def report() -> str:
    """Median and 95th percentile of both, and the ones over the aim, biggest first."""
    return "\n".join(
        [
            _paragraph("files", file_sizes(), aim=FILE_AIM),
            _paragraph("functions", function_sizes(), aim=FUNCTION_AIM),
        ]
    )


def _paragraph(what: str, sizes: list[Size], *, aim: int) -> str:
    lines = [size.lines for size in sizes]
    over = sorted((s for s in sizes if s.lines > aim), key=lambda s: -s.lines)
    head = (
        f"{len(sizes)} {what}: median {median(lines):.0f} lines, "
        f"95 % under {quantiles(lines, n=20)[-1]:.0f}, {len(over)} over {aim}"
    )
    return "\n".join([head, *(f"  {s.lines:4} {s.name}" for s in over)])


if __name__ == "__main__":
    print(report())

"""Which variables has each message? Writes the tables of docs/templates.md from the program.

    python scripts/write_templates.py           writes them
    python scripts/write_templates.py --check   says whether they are old, exit 1

What stands above the mark in the page is written by hand. The meanings are those of
notifier/domain/template_variables.py; tests/meta/test_templates.py keeps page and program equal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT))

from notifier.domain.message import MessageKind  # noqa: E402
from notifier.domain.message_context import REQUIRED  # noqa: E402
from notifier.domain.template_rules import FILTERS, PIECES, must_print  # noqa: E402
from notifier.domain.template_variables import Variable, variables_of  # noqa: E402

PAGE = CHECKOUT / "docs" / "templates.md"
MARK = "<!-- written by scripts/write_templates.py from here on -->"


def tables() -> str:
    """What stands below the mark."""
    return "\n".join((MARK, "", *_pieces(), "## Variables", "", *_groups())) + "\n"


def _pieces() -> Iterator[str]:
    yield "## Building blocks and filters"
    yield ""
    yield "In the HTML part: " + ", ".join(
        f"`{name}({', '.join(wanted)})`" for name, wanted in PIECES.items()
    )
    yield ""
    yield "In every part, after a `|`: " + ", ".join(f"`{name}`" for name in sorted(FILTERS)) + "."
    yield ""


def _groups() -> Iterator[str]:
    """One table for all kinds that have the same variables."""
    kinds: dict[tuple[str, ...], list[MessageKind]] = {}
    for kind in MessageKind:
        kinds.setdefault(tuple(one.path for one in variables_of(kind)), []).append(kind)
    for same in kinds.values():
        yield "### " + ", ".join(f"`{kind}`" for kind in same)
        yield ""
        yield from _needs(same)
        yield "| variable | type | meaning | for example |"
        yield "|---|---|---|---|"
        for one in variables_of(same[0]):
            yield _row(one)
        yield ""


def _needs(kinds: list[MessageKind]) -> Iterator[str]:
    for kind in kinds:
        printed = ", ".join(f"`{path}`" for path in must_print(kind, "email.txt"))
        given = ", ".join(f"`{path}`" for path in REQUIRED[kind])
        said = f"must print {printed}" if printed else "must print nothing in particular"
        yield f"* `{kind}` {said}; always given are {given}."
    yield ""


def _row(one: Variable) -> str:
    sample = "" if one.sample == one.path else one.sample
    if one.path == "kind":
        sample = ""
    cells = (f"`{one.path}`", one.type, one.meaning, sample)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def page() -> str:
    """The whole page as it should be."""
    by_hand = PAGE.read_text(encoding="utf-8").split(MARK)[0]
    return by_hand + tables()


def main(arguments: list[str]) -> int:
    if PAGE.read_text(encoding="utf-8") == page():
        return 0
    if "--check" in arguments:
        sys.stderr.write(f"{PAGE} is old: run python scripts/write_templates.py\n")
        return 1
    PAGE.write_text(page(), encoding="utf-8")
    sys.stderr.write(f"wrote {PAGE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

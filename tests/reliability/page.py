"""How is what the fault tests saw written down, and read again? (docs/reliability.md)"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.reliability.faults import FAULTS, Fault

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"

TOP = """\
# Reliability, as it was seen

The promise is: at least once, nothing lost, at most two copies of a message. This page is what
`make soak` saw when it broke things on purpose. The run writes it; do not edit it by hand. A short
version of most of this runs in `make test`.

A row is one test. *Cases*: how often it ran, each time with another detail. *Seen*: what was
counted, over all cases. *Form*: the long one, for `make soak` only, or the short one, which
`make test` runs too. *On*, *of*: when a run wrote the row, and of which commit it was; + is with
changes that were not committed. A run of some tests renews their rows only.

The programs are real processes, the databases, the mail server and the web server are real ones on
this machine; the phone network is a stand-in that speaks Twilio's API.

"""
WHOLE = "The last whole run: "
SHORT = "| fault | what goes wrong | what must follow | cases | outcome |\n|---|---|---|---|---|"
LONG = (
    "| what was done | database | cases | seen | outcome | form | on | of |\n"
    "|---|---|---|---|---|---|---|---|"
)
HELD = "held"
_HEADING = re.compile(r"^### (\S+): ")
_CELLS = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one test saw on one database. `did`: the test's name as a sentence; `form`: long, short
    or both; `of`: the commit."""

    fault: str
    did: str
    database: str
    cases: int
    seen: str
    outcome: str
    form: str
    on: str
    of: str

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.fault, self.did, self.database)


def render(rows: Iterable[Row], *, whole: str = "") -> str:
    """The whole page. `whole`: what is known of the last whole run."""
    by_fault: dict[str, list[Row]] = {id_: [] for id_ in FAULTS}
    for row in sorted(rows, key=lambda row: row.key):
        by_fault[row.fault].append(row)
    lines = [TOP.rstrip("\n")]
    lines += ["", f"{WHOLE}{whole}"] if whole else []
    lines += ["", "## In short", "", SHORT]
    lines += [_short(FAULTS[id_], mine) for id_, mine in by_fault.items()]
    lines += ["", "## In detail"]
    for id_, mine in by_fault.items():
        lines += ["", f"### {id_}: {FAULTS[id_].what}", ""]
        lines += [LONG, *map(_long, mine)] if mine else ["No run yet."]
    return "\n".join(lines) + "\n"


def _short(fault: Fault, rows: list[Row]) -> str:
    return _line(
        fault.id, fault.what, fault.expected, str(sum(row.cases for row in rows)), _sum_up(rows)
    )


def _sum_up(rows: list[Row]) -> str:
    if not rows:
        return "no run yet"
    broken = [row for row in rows if row.outcome.startswith("did not hold")]
    if broken:
        return "**did not hold**"
    return HELD if any(row.outcome == HELD for row in rows) else "not run here"


def _long(row: Row) -> str:
    return _line(
        row.did, row.database, str(row.cases), row.seen, row.outcome, row.form, row.on, row.of
    )


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def parse(text: str) -> list[Row]:
    """The rows of a page that `render` has made."""
    rows: list[Row] = []
    fault = ""
    for line in text.splitlines():
        if heading := _HEADING.match(line):
            fault = heading[1]
        elif fault and line.startswith("| ") and line not in LONG.splitlines():
            cells = [cell.strip().replace("\\|", "|") for cell in _CELLS.split(line)[1:-1]]
            if not cells[2].isdigit():
                continue
            did, database, cases, seen, outcome, form, on, of = (
                cells if len(cells) == 8 else [*cells[:5], "", cells[5], ""]
            )
            rows.append(
                Row(
                    fault=fault,
                    did=did,
                    database=database,
                    cases=int(cases),
                    seen=seen,
                    outcome=outcome,
                    form=form,
                    on=on,
                    of=of,
                )
            )
    return rows


def last_whole_run(text: str) -> str:
    """What a page that `render` has made says of it."""
    found = (line for line in text.splitlines() if line.startswith(WHOLE))
    return next(found, "").removeprefix(WHOLE)

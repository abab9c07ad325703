"""The bytes of a feed through the parser of their kind, row by row, and nothing done with them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from lxml import etree

from bench.contest import Trial, peak_mb, timed


def work(arguments: dict[str, Any]) -> Trial:
    """Parse `feed`, which has `items` and is written in `form`."""
    parse = {"xml": _parse_xml, "csv": _parse_csv, "jsonl": _parse_lines}[arguments["form"]]
    trial = timed(lambda: parse(Path(arguments["feed"])))
    if trial.units != arguments["items"]:
        raise AssertionError(f"{trial.units} items, not {arguments['items']}")
    return Trial(
        units=trial.units, seconds=trial.seconds, extra={**trial.extra, "peak_mb": peak_mb()}
    )


def _parse_xml(path: Path) -> int:
    items = 0
    for _, element in etree.iterparse(str(path), tag="item"):
        items += 1
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return items


def _parse_csv(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def _parse_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for line in file if json.loads(line))

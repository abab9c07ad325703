"""The bytes of a feed through lxml, item by item, and nothing done with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree

from bench.contest import Trial, peak_mb, timed


def work(arguments: dict[str, Any]) -> Trial:
    """Parse `feed`, which has `items`."""
    trial = timed(lambda: _parse(Path(arguments["feed"])))
    if trial.units != arguments["items"]:
        raise AssertionError(f"{trial.units} items, not {arguments['items']}")
    return Trial(
        units=trial.units, seconds=trial.seconds, extra={**trial.extra, "peak_mb": peak_mb()}
    )


def _parse(path: Path) -> int:
    items = 0
    for _, element in etree.iterparse(str(path), tag="item"):
        items += 1
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return items

"""What does a look at a large feed cost beside only parsing its bytes, when little has changed?

Every item is known, and every 1000th is in stock again, then sold out again, in turns. That the
database knows every item is seen to before and is not part of the ratio.
"""

from __future__ import annotations

import os
import time
from functools import partial
from itertools import count
from pathlib import Path

from bench.contest import PRODUCT, Line, Trial, alternate, compare
from bench.feeds import FORMS, changed_items, write_feed
from bench.places import Place, settle
from bench.sizes import Size
from bench.stage import Benchmark, Stage

FLOORS = {
    "xml": "bare lxml iterparse",
    "csv": "bare csv.reader",
    "jsonl": "bare json.loads, line by line",
}
WORDS = {"xml": "Google XML", "csv": "CSV", "jsonl": "JSON lines"}


def run(stage: Stage, size: Size) -> list[Line]:
    lines: list[Line] = []
    for form in FORMS:
        versions = [stage.folder / f"{form}-{name}" for name in ("before", "after")]
        for version, later in zip(versions, (False, True), strict=True):
            write_feed(version, size.items, later=later, form=form)
        for place in stage.places:
            lines += _run(stage, size, place, versions, form=form)
        for version in versions:
            version.unlink()
    return lines


def _run(stage: Stage, size: Size, place: Place, versions: list[Path], *, form: str) -> list[Line]:
    stage.say(f"poll: {WORDS[form]} of {size.items:,} items on {place.name}")
    folder = stage.folder / f"poll-{place.name}-{form}"
    folder.mkdir()
    feed = folder / f"feed.{form}"
    os.link(versions[0], feed)
    url = place.fresh()
    stage.children.measure("learn", folder=str(folder), url=url, feed=str(feed))
    settle(url)
    looks = count(1)

    def look() -> Trial:
        _show(feed, versions[next(looks) % 2])
        return stage.children.measure(
            "look",
            folder=str(folder),
            url=url,
            feed=str(feed),
            items=size.items,
            changed=changed_items(size.items),
        )

    bare = partial(
        stage.children.measure, "parse", feed=str(versions[1]), items=size.items, form=form
    )
    trials = alternate({PRODUCT: look, FLOORS[form]: bare}, rounds=size.rounds, say=stage.say)
    return compare(
        trials,
        benchmark="poll",
        subject=f"poll() of {WORDS[form]}, {size.items:,} items, "
        f"{changed_items(size.items):,} changed",
        database=place.name,
        unit="items",
    )


def _show(feed: Path, version: Path) -> None:
    """The shop writes its feed anew."""
    fresh = feed.with_suffix(".fresh")
    os.link(version, fresh)
    fresh.replace(feed)
    now = time.time_ns()
    os.utime(feed, ns=(now, now))


BENCHMARK = Benchmark(name="poll", question="Looking at a large feed again", run=run)

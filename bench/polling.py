"""What does a look at a large feed cost beside only parsing its bytes, when little has changed?

Every item is known, and every 1000th has come back. The first look, which learns them all, is
made before and is not part of the ratio; `first_per_s` says how fast it went.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from bench.contest import PRODUCT, Line, Trial, alternate, compare
from bench.feeds import changed_items, write_feed
from bench.places import Place, settle
from bench.sizes import Size
from bench.stage import Benchmark, Stage

FLOOR = "bare lxml iterparse"


def run(stage: Stage, size: Size) -> list[Line]:
    lines: list[Line] = []
    feed = stage.folder / "feed.xml"
    for place in stage.places:
        stage.say(f"poll: the first look at {size.items:,} items on {place.name}")
        seed, first = _learn(stage, place, feed, items=size.items)
        write_feed(feed, size.items, later=True)
        trials = alternate(
            {
                PRODUCT: partial(_look, stage, place, seed, feed, items=size.items),
                FLOOR: partial(stage.children.measure, "parse", feed=str(feed), items=size.items),
            },
            rounds=size.rounds,
            say=stage.say,
        )
        compared = compare(
            trials,
            benchmark="poll",
            subject=f"poll() of {size.items:,} items, {changed_items(size.items):,} changed",
            database=place.name,
            unit="items",
        )
        lines += [
            replace(line, extra={**line.extra, "first_per_s": first.rate}) for line in compared
        ]
    return lines


def _learn(stage: Stage, place: Place, feed: Path, *, items: int) -> tuple[str, Trial]:
    """A database that knows every item of the feed."""
    url = place.fresh()
    write_feed(feed, items)
    first = stage.children.measure(
        "look", folder=str(stage.folder), url=url, feed=str(feed), items=items, changed=items
    )
    stage.say(f"learned {first.rate:,.0f} items a second")
    settle(url)
    return url, first


def _look(stage: Stage, place: Place, seed: str, feed: Path, *, items: int) -> Trial:
    with place.copied(seed) as url:
        return stage.children.measure(
            "look",
            folder=str(stage.folder),
            url=url,
            feed=str(feed),
            items=items,
            changed=changed_items(items),
        )


BENCHMARK = Benchmark(name="poll", question="Looking at a large feed again", run=run)

"""One look of the product at a feed, from its bytes to beliefs and events."""

from __future__ import annotations

from typing import Any

from bench.contest import Trial, peak_mb, timed
from bench.shop import configuration, open_shop
from notifier.services.poll import poll


def work(arguments: dict[str, Any]) -> Trial:
    """Look at `feed`, of which `changed` items of `items` are new to the database `url`."""
    config = configuration(folder=arguments["folder"], url=arguments["url"], feed=arguments["feed"])
    env, shop = open_shop(config)

    def look() -> int:
        report = poll(env, shop, "feed", owner="bench")
        if report is None or (report.rows, report.changed) != (
            arguments["items"],
            arguments["changed"],
        ):
            raise AssertionError(f"the look was not what it should be: {report}")
        return report.rows

    trial = timed(look)
    env.db.close()
    return Trial(
        units=trial.units, seconds=trial.seconds, extra={**trial.extra, "peak_mb": peak_mb()}
    )

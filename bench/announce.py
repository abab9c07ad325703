"""What does planning the messages for a whole line cost beside one INSERT … SELECT of them?

The product goes down the line in small transactions, so that sign-ups and other products get in
between; the floor inserts all rows at once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

from bench.bare import Bare
from bench.contest import PRODUCT, Line, Trial, alternate, compare, timed
from bench.places import Place, settle
from bench.shop import announce_all, configuration, count_rows, form_line, open_shop, show
from bench.sizes import Size
from bench.stage import Benchmark, Stage

FLOOR = "bare INSERT … SELECT"

INSERT = """INSERT INTO messages
        (shop_id, kind, medium, channel, contact_id, subscription_id, event_id, wave, locale,
         priority, state, created_at, due_at, expires_at)
    SELECT s.shop_id, 'back_in_stock', s.medium, 'mail', s.contact_id, s.id, e.id, 1, s.locale,
         2, 'due', :now, :now, :until
    FROM subscriptions s CROSS JOIN events e
    WHERE e.state = 'open' AND s.product_id = e.product_id AND s.variant_id = e.variant_id
         AND s.state = 'waiting'
    ORDER BY s.created_at, s.id"""


def run(stage: Stage, size: Size) -> list[Line]:
    lines: list[Line] = []
    for place in stage.places:
        stage.say(f"announcing {size.waiting:,} on {place.name}")
        seed = fill(stage, place, people=size.waiting)
        trials = alternate(
            {
                PRODUCT: partial(_announce, stage, place, seed, people=size.waiting),
                FLOOR: partial(_insert, place, seed, people=size.waiting),
            },
            rounds=size.rounds,
            say=stage.say,
        )
        lines += compare(
            trials,
            benchmark="announce",
            subject=f"announce() to {size.waiting:,} waiting",
            database=place.name,
            unit="messages",
        )
    return lines


def fill(stage: Stage, place: Place, *, people: int, restocked: bool = True) -> str:
    """A line in front of a variant; with `restocked`, its event is not told yet."""
    url = place.fresh()
    env, shop = open_shop(configuration(folder=stage.folder, url=url))
    show(env, shop, 0)
    form_line(env, shop, people)
    if restocked:
        assert show(env, shop, people).announced == 1
    env.db.close()
    settle(url)
    return url


def _announce(stage: Stage, place: Place, seed: str, *, people: int) -> Trial:
    with place.copied(seed) as url:
        env, _ = open_shop(configuration(folder=stage.folder, url=url))

        def work() -> int:
            announce_all(env)
            return people

        trial = timed(work)
        assert count_rows(env, "messages") == people
        assert count_rows(env, "releases", where="state = 'done'") == 1
        env.db.close()
    return trial


def _insert(place: Place, seed: str, *, people: int) -> Trial:
    now = datetime.now(UTC)
    with place.copied(seed) as url:
        bare = Bare(url)
        values = {"now": bare.moment(now), "until": bare.moment(now + timedelta(hours=24))}
        trial = timed(lambda: bare.run(INSERT, values))
        bare.close()
    assert trial.units == people
    return trial


BENCHMARK = Benchmark(name="announce", question="Announcing a restock to a line", run=run)

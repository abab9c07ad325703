"""What does planning the messages for a whole line cost beside one INSERT … SELECT of them?

The product goes down the line in small transactions, so that sign-ups and other products get in
between, and looks at stock and switches before each. The floor inserts the same rows into the same
table with the same indexes, all at once. The second floor is a table with only what an outbox
cannot do without: six columns, one unique key, one index on what is due.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from bench import seeds
from bench.bare import Bare
from bench.contest import PRODUCT, Line, Trial, alternate, compare, peak_mb, timed
from bench.places import Place, settle
from bench.shop import announce_all, configuration, count_rows, form_line, open_shop, show
from bench.sizes import Size
from bench.stage import Benchmark, Stage
from notifier.store.session import Database

FLOOR = "bare INSERT … SELECT"
SLIM = "bare INSERT … SELECT, the slimmest outbox"

_LINE = """FROM subscriptions s CROSS JOIN events e
    WHERE e.state = 'open' AND s.product_id = e.product_id AND s.variant_id = e.variant_id
         AND s.state = 'waiting'
    ORDER BY s.created_at, s.id"""
INSERT = f"""INSERT INTO messages
        (shop_id, kind, medium, channel, contact_id, subscription_id, event_id, release_id, wave,
         locale, priority, state, created_at, due_at, expires_at)
    SELECT s.shop_id, 'back_in_stock', s.medium, 'mail', s.contact_id, s.id, e.id, 1, 1,
         s.locale, 2, 'due', :now, :now, :until
    {_LINE}"""
INSERT_SLIM = f"""INSERT INTO slim_outbox (event_id, subscription_id, channel, state, due_at)
    SELECT e.id, s.id, 'mail', 'due', :now
    {_LINE}"""
MAKE_SLIM = (
    """CREATE TABLE slim_outbox (id {id}, event_id BIGINT NOT NULL, subscription_id BIGINT NOT NULL,
        channel VARCHAR(64) NOT NULL, state VARCHAR(12) NOT NULL, due_at {at} NOT NULL,
        UNIQUE (event_id, subscription_id, channel))""",
    "CREATE INDEX ix_slim_outbox_due ON slim_outbox (channel, due_at, id) WHERE state = 'due'",
)


def run(stage: Stage, size: Size) -> list[Line]:
    lines: list[Line] = []
    people = size.announced
    for place in stage.places:
        stage.say(f"announcing {people:,} on {place.name}")
        seed = seeds.restocked(stage, place, people)
        trials = alternate(
            {
                PRODUCT: partial(_announce, stage, place, seed, people=people),
                FLOOR: partial(_insert, place, seed, people=people),
                SLIM: partial(_insert_slim, place, seed, people=people),
            },
            rounds=size.rounds,
            say=stage.say,
        )
        lines += compare(
            trials,
            benchmark="announce",
            subject=f"announce() to {people:,} waiting",
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
        held = _hold_times(env.db)
        before = _forget_peak()

        def work() -> int:
            announce_all(env)
            return people

        trial = timed(work)
        grown = peak_mb() - before
        assert count_rows(env, "messages") == people
        assert count_rows(env, "releases", where="state = 'done'") == 1
        env.db.close()
    seen = {"longest_ms": max(held) * 1e3, "transactions_n": len(held), "grown_mb": grown}
    return Trial(units=trial.units, seconds=trial.seconds, extra={**trial.extra, **seen})


def _hold_times(db: Database) -> list[float]:
    """Where the seconds gather that each write transaction takes, from its begin to its commit."""
    write, held = db.write, list[float]()

    @contextmanager
    def measured() -> Iterator[Connection]:
        with write() as connection:
            began = time.perf_counter()
            yield connection
        held.append(time.perf_counter() - began)

    db.write = measured  # type: ignore[method-assign]
    return held


def _forget_peak() -> float:
    """The memory in use, in MB. Where the system allows it, the peak begins with that."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return peak_mb()


def _insert(place: Place, seed: str, *, people: int) -> Trial:
    now = datetime.now(UTC)
    with place.copied(seed) as url:
        bare = Bare(url)
        values = {"now": bare.moment(now), "until": bare.moment(now + timedelta(hours=24))}
        trial = timed(lambda: bare.run(INSERT, values))
        bare.close()
    assert trial.units == people
    return trial


def _insert_slim(place: Place, seed: str, *, people: int) -> Trial:
    with place.copied(seed) as url:
        bare = Bare(url)
        make_slim(bare)
        values = {"now": bare.moment(datetime.now(UTC))}
        trial = timed(lambda: bare.run(INSERT_SLIM, values))
        bare.close()
    assert trial.units == people
    return trial


def make_slim(bare: Bare) -> None:
    """The table of the second floor."""
    kinds = {"id": "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "at": "TIMESTAMPTZ"}
    if bare.is_sqlite:
        kinds = {"id": "INTEGER PRIMARY KEY", "at": "DATETIME"}
    for statement in MAKE_SLIM:
        bare.run(statement.format(**kinds), {})


BENCHMARK = Benchmark(name="announce", question="Announcing a restock to a line", run=run)

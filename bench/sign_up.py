"""What does a sign-up cost beside one bare upsert of the same row?

One after the other, in one thread. The product writes the address, the subscription, the proof of
consent, the counters of its limits and the confirmation mail; the floor only the subscription.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from bench.bare import Bare
from bench.contest import PRODUCT, Line, Trial, alternate, compare, percentile, timed
from bench.places import Place
from bench.shop import VARIANT, configuration, count_rows, form_line, open_shop, show
from bench.sizes import Size
from bench.stage import Benchmark, Stage
from notifier.services.consent import Circumstances
from notifier.services.subscribe import subscribe
from notifier.services.wanted import SignUp

FLOOR = "one bare upsert"

UPSERT = """INSERT INTO subscriptions
        (shop_id, contact_id, product_id, variant_id, target, medium, locale, quantity, state,
         origin, created_at, asked_at, expires_at)
    VALUES (:shop_id, :contact_id, :product_id, :variant_id, :target, 'email', 'en', 1,
         'unconfirmed', 'widget', :now, :now, :until)
    ON CONFLICT (contact_id, shop_id, target) WHERE state IN ('unconfirmed', 'waiting', 'paused')
    DO UPDATE SET asked_at = excluded.asked_at"""


def run(stage: Stage, size: Size) -> list[Line]:
    lines: list[Line] = []
    for place in stage.places:
        stage.say(f"sign-up on {place.name}")
        empty, filled = _fill(stage, place, people=0), _fill(stage, place, people=size.sign_ups)
        trials = alternate(
            {
                PRODUCT: partial(_subscribe, stage, place, empty, count=size.sign_ups),
                FLOOR: partial(_upsert, place, filled, count=size.sign_ups),
            },
            rounds=size.rounds,
            say=stage.say,
        )
        lines += compare(
            trials,
            benchmark="sign-up",
            subject="subscribe()",
            database=place.name,
            unit="sign-ups",
        )
    return lines


def _fill(stage: Stage, place: Place, *, people: int) -> str:
    """The variant is sold out. The floor's people have addresses and wait for nothing yet."""
    url = place.fresh()
    env, shop = open_shop(configuration(folder=stage.folder, url=url))
    show(env, shop, 0)
    if people:
        form_line(env, shop, people)
        with env.db.write() as tx:
            tx.exec_driver_sql("DELETE FROM subscriptions")
    env.db.close()
    return url


def _subscribe(stage: Stage, place: Place, seed: str, *, count: int) -> Trial:
    with place.copied(seed) as url:
        env, shop = open_shop(configuration(folder=stage.folder, url=url))
        took: list[float] = []

        def work() -> int:
            for n in range(count):
                began = time.perf_counter()
                made = subscribe(env, shop, _ask(n))
                took.append(time.perf_counter() - began)
                assert made is not None
            return count

        trial = timed(work)
        assert count_rows(env, "messages", where="kind = 'confirm'") == count
        env.db.close()
    extra = {**trial.extra, "p99_ms": percentile(took, 99) * 1e3}
    return Trial(units=count, seconds=trial.seconds, extra=extra)


def _ask(n: int) -> SignUp:
    """Everybody from a network of their own."""
    return SignUp(
        variant=VARIANT,
        email=f"asks-{n:07d}@people.example",
        locale="en",
        circumstances=Circumstances(
            ip=f"10.{n >> 8 & 255}.{n & 255}.7",
            agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0",
            page_url="https://kettle.example/kettle",
        ),
    )


def _upsert(place: Place, seed: str, *, count: int) -> Trial:
    with place.copied(seed) as url:
        bare = Bare(url)
        values = [row_of_upsert(bare, contact_id) for contact_id in range(1, count + 1)]

        def work() -> int:
            return sum(bare.run(UPSERT, row) for row in values)

        trial = timed(work)
        bare.close()
    assert trial.units == count
    return trial


def row_of_upsert(bare: Bare, contact_id: int) -> Mapping[str, Any]:
    """The values of UPSERT, for the first variant of a filled database."""
    now = datetime.now(UTC)
    return {
        "shop_id": 1,
        "contact_id": contact_id,
        "product_id": 1,
        "variant_id": 1,
        "target": "v1",
        "now": bare.moment(now),
        "until": bare.moment(now + timedelta(days=2)),
    }


BENCHMARK = Benchmark(name="sign-up", question="Signing up, one after the other", run=run)

"""How many sign up while a release goes out, beside a bare Flask route under the same server?

The whole product in one process: its web server, its jobs, its sender, which writes to a quick mail
server at full speed meanwhile. 64 visitors ask for another product that is sold out. The floor does
one upsert in a database of its own, in turns with it, while the same release goes on.
"""

from __future__ import annotations

from bench import seeds
from bench.child import ChildFailed
from bench.contest import PRODUCT, Line, Trial, compare
from bench.front_door import UPSERT, fill_for_floor, head
from bench.places import Place
from bench.shop import KEY, ORIGIN, configuration, count_rows, open_shop, show
from bench.sinks import Sink, open_quick_sink
from bench.sizes import Size
from bench.stage import Benchmark, Stage

CLIENTS = 64
WANTED = "KETTLE-RED"
_ASK = (
    f'{{"key":"{KEY}","variant":"{WANTED}","email":"asks-{{n}}@people.example",'
    f'"locale":"en","page_url":"{ORIGIN}/kettle"}}'
)
_FLOOR_ASK = '{"contact_id":{n}}'


def run(stage: Stage, size: Size) -> list[Line]:
    lines: list[Line] = []
    for place in stage.places:
        stage.say(f"sign-ups during a release to {size.announced:,} on {place.name}")
        bare = fill_for_floor(stage, place, people=size.requests * 2)
        trials: dict[str, list[Trial]] = {PRODUCT: [], UPSERT: []}
        with open_quick_sink(stage) as sink:
            for number in range(size.rounds):
                for name, trial in _round(stage, place, sink, bare, size).items():
                    stage.say(f"  round {number + 1} of {size.rounds}: {name}, {trial.rate:,.0f}/s")
                    trials[name].append(trial)
        lines += compare(
            trials,
            benchmark="busy-door",
            subject=f"POST subscription during a release to {size.announced:,}",
            database=place.name,
            unit="requests",
        )
    return lines


def _round(stage: Stage, place: Place, sink: Sink, bare_seed: str, size: Size) -> dict[str, Trial]:
    """A release of its own, from its first message on; both are visited during it."""
    seed = seeds.restocked(stage, place, size.announced)
    with place.copied(seed) as ours, place.copied(bare_seed) as bare:
        env, shop = open_shop(configuration(folder=stage.folder, url=ours))
        show(env, shop, 0, key=WANTED)
        try:
            with (
                stage.children.served("bare_web", url=bare) as floor,
                stage.children.served(
                    "service",
                    folder=str(stage.folder),
                    url=ours,
                    smtp_port=sink.port,
                    with_engine=True,
                ) as service,
            ):
                product = _visits(stage, service["port"], size, _ASK, path="/api/v1/subscriptions")
                left = count_rows(env, "messages", where="state <> 'accepted'")
                told = count_rows(env, "messages", where="state = 'accepted'")
                if not told and size.rounds > 1:
                    raise ChildFailed("The release had not begun: nothing was measured during it.")
                plain = _visits(stage, floor["port"], size, _FLOOR_ASK, path="/upsert")
        finally:
            env.db.close()
    extra = {**product.extra, "left_messages": float(left)}
    return {
        PRODUCT: Trial(units=product.units, seconds=product.seconds, extra=extra),
        UPSERT: plain,
    }


def _visits(stage: Stage, port: int, size: Size, body: str, *, path: str) -> Trial:
    return stage.children.measure(
        "visitors",
        clients=CLIENTS,
        first=1,
        count=size.requests,
        port=port,
        head=head(f"POST {path}"),
        body=body,
        status=202,
    )


BENCHMARK = Benchmark(name="busy-door", question="Sign-ups while a release goes out", run=run)

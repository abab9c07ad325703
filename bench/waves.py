"""Does the adaptive strategy sell as quickly as the best fixed rate, with as few coming too late?

`python -m bench.waves` prints every world with all there is to compare, and draws the frontier;
then the worlds that were held out (bench/waves_worlds), with seeds of their own.
`python -m bench.waves --sampled 30 --seeds 6` draws worlds by chance (bench/waves_sampler) and
says of each what an oracle does. As part of `make bench`, a line a world: the share is the hours
of the quickest fixed rate that keeps to 2 % late, which nobody knows beforehand, in parts of the
hours that the adaptive strategy took.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from statistics import mean, stdev

from bench.contest import Line
from bench.sizes import Size
from bench.stage import Benchmark, Stage
from bench.waves_oracle import AIMS, oracle_way
from bench.waves_picture import Dot, Panel, as_svg
from bench.waves_run import Outcome, Way, adaptive_way, fixed_way, history_of, play
from bench.waves_sampler import TUNED_ON, sample
from bench.waves_worlds import HELD_OUT, WORLDS, World, random_world
from notifier.domain.adaptive import LATE
from notifier.domain.waves import Strategy

FLOOR = "quickest fixed rate"
_MINUTES = (10, 20, 30, 60, 120, 240, 480)
_RATES = (0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 5)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200)
_HELD_OUT_FROM, _BEFORE_FROM = 1000, 5000  # seeds
_BEFORE = 5  # releases of the same kind that a shop has had


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One way in one world, over all seeds."""

    name: str
    outcomes: tuple[Outcome, ...]

    @property
    def late(self) -> float:
        """The mean of the releases' shares of those told who looked in vain."""
        return mean(one.late_share for one in self.outcomes)

    @property
    def late_error(self) -> float:
        """The standard error of `late`."""
        shares = [one.late_share for one in self.outcomes]
        return stdev(shares) / len(shares) ** 0.5 if len(shares) > 1 else 0.0

    @property
    def hours(self) -> float:
        return mean(one.hours for one in self.outcomes)

    @property
    def longest_wait(self) -> float:
        return max(one.longest_wait for one in self.outcomes)

    @property
    def waves(self) -> float:
        return mean(one.waves for one in self.outcomes)


def fixed_strategies() -> Iterable[tuple[str, Strategy]]:
    """Every rate that a shop might have chosen, by unit and by number of people."""
    yield "all at once", Strategy(name="all")
    for minutes in _MINUTES:
        interval = timedelta(minutes=minutes)
        for rate in _RATES:
            name = f"{rate:g}/unit every {minutes} min"
            yield name, Strategy(name="per_unit", rate=rate, interval=interval)
        for size in _SIZES:
            name = f"{size} every {minutes} min"
            yield name, Strategy(name="fixed", size=size, interval=interval)


def play_all(world: World, *, name: str, way: Callable[[], Way], seeds: Sequence[int]) -> Result:
    """The same seeds for every way."""
    return Result(name=name, outcomes=tuple(play(world, seed=seed, way=way()) for seed in seeds))


def play_fixed(world: World, *, seeds: Sequence[int]) -> list[Result]:
    """Every fixed rate."""
    return [
        play_all(world, name=name, way=lambda s=one: fixed_way(s), seeds=seeds)  # type: ignore[misc]
        for name, one in fixed_strategies()
    ]


def quickest(fixed: Sequence[Result]) -> Result | None:
    """The quickest that keeps to the share that may come too late; None: none does."""
    kept = [one for one in fixed if one.late <= LATE]
    return min(kept, key=lambda one: one.hours, default=None)


def run(stage: Stage, size: Size) -> list[Line]:
    """A line for each world of bench/waves_worlds."""
    lines: list[Line] = []
    panels: list[Panel] = []
    for name, world in WORLDS.items():
        seeds = range(max(size.releases, size.rounds))  # each round has some of its own
        ours = play_all(world, name="adaptive", way=adaptive_way, seeds=seeds)
        fixed = play_fixed(world, seeds=seeds)
        panels.append(_panel(name, ours, fixed))
        best = quickest(fixed)
        stage.say(row(name, ours, best))
        if best is not None:
            lines.append(_line(name, ours, best, rounds=size.rounds))
    stage.pictures["waves"] = as_svg(panels, limit=LATE)
    return lines


def _line(name: str, ours: Result, best: Result, *, rounds: int) -> Line:
    shares = [
        mean(one.hours for one in best.outcomes[n::rounds])
        / mean(one.hours for one in ours.outcomes[n::rounds])
        for n in range(rounds)
    ]
    return Line(
        benchmark="waves",
        subject=f"{name}; fixed: {best.name}",
        database="",
        floor=FLOOR,
        unit="releases",
        rate=1 / ours.hours,
        floor_rate=1 / best.hours,
        share=best.hours / ours.hours,
        lowest=min(shares),
        highest=max(shares),
        extra={"late_‰": ours.late * 1000, "took_minutes": ours.hours * 60},
        floor_extra={"late_‰": best.late * 1000, "took_minutes": best.hours * 60},
    )


def row(name: str, ours: Result, best: Result | None) -> str:
    """One world in a line of the table."""
    beside = f"{best.late:6.2%} {best.hours:7.1f} h  {best.name}" if best else "  none keeps to it"
    return (
        f"{name:<40} {ours.late:6.2%} ± {ours.late_error:.2%} {ours.hours:7.1f} h "
        f"{ours.waves:5.0f} waves, "
        f"longest wait {ours.longest_wait:5.1f} h | {beside}"
    )


def _panel(name: str, ours: Result, fixed: Sequence[Result]) -> Panel:
    return Panel(
        title=name,
        dots=tuple(Dot(label=one.name, late=one.late, hours=one.hours) for one in fixed),
        ours=Dot(label="adaptive", late=ours.late, hours=ours.hours),
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.waves", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="releases in each world")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--random", type=int, default=0, help="so many worlds made up by chance")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the frontier as SVG")
    parser.add_argument(
        "--held-out", type=int, default=10, metavar="SEEDS", help="releases in each held out; or 0"
    )
    parser.add_argument(
        "--sampled", type=int, default=0, metavar="N", help="so many worlds drawn by chance, only"
    )
    wanted = parser.parse_args()
    if wanted.sampled:
        numbers = range(TUNED_ON + wanted.first, TUNED_ON + wanted.first + wanted.sampled)
        _sampled(numbers, seeds=range(wanted.seeds))
        return 0
    seeds = range(wanted.first, wanted.first + wanted.seeds)
    worlds = dict(WORLDS)
    if wanted.random:
        firsts = range(wanted.first, wanted.first + wanted.random)
        worlds = {f"random {n}": random_world(Random(n)) for n in firsts}
    panels: list[Panel] = []
    for name, world in worlds.items() if wanted.seeds else ():
        panels.append(_compare(name, world, seeds=seeds))
    if wanted.picture:
        wanted.picture.write_text(as_svg(panels, limit=LATE), encoding="utf-8")
    if wanted.held_out and not wanted.random:
        _say("\nHeld out: no constant was fitted to these")
        _held_out(range(_HELD_OUT_FROM, _HELD_OUT_FROM + wanted.held_out))
    return 0


def _compare(name: str, world: World, *, seeds: Sequence[int]) -> Panel:
    """Say how one world goes, and give its picture."""
    ours = play_all(world, name="adaptive", way=adaptive_way, seeds=seeds)
    fixed = play_fixed(world, seeds=seeds)
    _say(row(name, ours, quickest(fixed)))
    return _panel(name, ours, fixed)


def _sampled(numbers: Sequence[int], *, seeds: Sequence[int]) -> None:
    """Worlds drawn by chance, beside fixed rates and an oracle, each with hindsight."""
    over, found = 0, []
    for number in numbers:
        name, world = sample(number)
        ours = play_all(world, name="adaptive", way=adaptive_way, seeds=seeds)
        known = [
            play_all(world, name="oracle", way=partial(oracle_way, world, aim=aim), seeds=seeds)
            for aim in AIMS
        ]
        best = quickest(known)
        knows = f"{best.late:.1%} {best.hours:.1f} h" if best else "over 2 % as well"
        _say(f"{row(name, ours, quickest(play_fixed(world, seeds=seeds)))} | oracle {knows}")
        over += ours.late > LATE
        found.append(ours.late)
    _say(f"{over} of {len(found)} over {LATE:.0%}; {mean(found):.1%} late on average")


def _held_out(seeds: Sequence[int]) -> None:
    for name, world in HELD_OUT.items():
        _compare(name, world, seeds=seeds)
        if world.delay in ("two", "night"):
            past = history_of(world, seeds=range(_BEFORE_FROM, _BEFORE_FROM + _BEFORE))
            known = play_all(world, name=name, way=lambda p=past: adaptive_way(p), seeds=seeds)  # type: ignore[misc]
            _say(row(f"… after {_BEFORE} releases of the kind", known, None).partition("|")[0])


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


BENCHMARK = Benchmark(
    name="waves",
    question="How quickly is a restock sold with 2 % coming too late, beside the best fixed rate?",
    run=run,
)

if __name__ == "__main__":
    sys.exit(main())

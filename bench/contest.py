"""How is something compared with its floor, so that a moving machine moves both alike?

The product and its floors take turns, forwards and backwards, for several rounds. What counts is
the ratio within a round; the median over the rounds is told, with the lowest and the highest.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

PRODUCT = "product"
CPU = "cpu_us"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One timed run: `units` of work in `seconds`. `extra`: what else was seen, by name and unit.

    Names end in their unit: cpu_us (CPU a unit of work), peak_mb, p50_ms.
    """

    units: int
    seconds: float
    extra: Mapping[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Units a second."""
        return self.units / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the result. `share`: the product's speed in parts of the floor's; 1 is as fast.

    `share` is the median over the rounds, `lowest` and `highest` their range. `cpu_share` is the
    same of CPU time, which others on the machine move less; None where most of it is not ours.
    """

    benchmark: str
    subject: str
    database: str
    floor: str
    unit: str
    rate: float
    floor_rate: float
    share: float
    lowest: float
    highest: float
    cpu_share: float | None = None
    extra: Mapping[str, float] = field(default_factory=dict)
    floor_extra: Mapping[str, float] = field(default_factory=dict)


Contestant = Callable[[], Trial]
Say = Callable[[str], None]


def alternate(
    contestants: Mapping[str, Contestant], *, rounds: int, say: Say
) -> dict[str, list[Trial]]:
    """Every contestant once a round; the order turns round each time."""
    trials: dict[str, list[Trial]] = {name: [] for name in contestants}
    for number in range(rounds):
        names = list(contestants)
        for name in reversed(names) if number % 2 else names:
            trial = contestants[name]()
            say(f"  round {number + 1} of {rounds}: {name}, {_words(trial)}")
            trials[name].append(trial)
    return trials


def _words(trial: Trial) -> str:
    if trial.units == 1:
        return f"{trial.seconds * 1e3:,.1f} ms"
    return f"{trial.units:,} in {trial.seconds:.2f} s"


def compare(
    trials: Mapping[str, Sequence[Trial]],
    *,
    benchmark: str,
    subject: str,
    database: str,
    unit: str,
) -> list[Line]:
    """One line for each floor, in the order of the contestants."""
    product = trials[PRODUCT]
    lines: list[Line] = []
    for name, floor in trials.items():
        if name == PRODUCT:
            continue
        shares = [ours.rate / bare.rate for ours, bare in zip(product, floor, strict=True)]
        lines.append(
            Line(
                benchmark=benchmark,
                subject=subject,
                database=database,
                floor=name,
                unit=unit,
                rate=median(trial.rate for trial in product),
                floor_rate=median(trial.rate for trial in floor),
                share=median(shares),
                lowest=min(shares),
                highest=max(shares),
                # with a database server, most of the floor's work is in another process
                cpu_share=None if database == "postgres" else _cpu_share(product, floor),
                extra=_medians(product),
                floor_extra=_medians(floor),
            )
        )
    return lines


def _cpu_share(product: Sequence[Trial], floor: Sequence[Trial]) -> float | None:
    pairs = [
        (ours.extra.get(CPU, 0.0), bare.extra.get(CPU, 0.0))
        for ours, bare in zip(product, floor, strict=True)
    ]
    shares = [bare / ours for ours, bare in pairs if ours and bare]
    return median(shares) if shares else None


def _medians(trials: Iterable[Trial]) -> dict[str, float]:
    seen: dict[str, list[float]] = {}
    for trial in trials:
        for name, value in trial.extra.items():
            seen.setdefault(name, []).append(value)
    return {name: median(values) for name, values in seen.items()}


def timed(work: Callable[[], int]) -> Trial:
    """Run `work`, which says how many units it did; CPU is that of this process."""
    cpu, began = time.process_time(), time.perf_counter()
    units = work()
    seconds = time.perf_counter() - began
    cpu = time.process_time() - cpu
    return Trial(units=units, seconds=seconds, extra={CPU: cpu / max(units, 1) * 1e6})


def peak_mb() -> float:
    """The most memory this process has had, in MB."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1e6 if sys.platform == "darwin" else 1e3)
    # Not ru_maxrss: on Linux a child begins with its parent's.
    return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) / 1e3


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent of the values do not exceed; of one value, itself."""
    if len(values) < 2:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def cores() -> int:
    """The CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

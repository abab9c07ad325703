"""How does a person read the result?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bench.contest import Line
from bench.goal import Row

_HEAD = ("", "database", "floor", "product/s", "floor/s", "share", "low–high", "by CPU")
_LEGEND = (
    "share: the product's speed in parts of the floor's; 1 is as fast. Median of the rounds, then",
    "the lowest and the highest. by CPU: the same of CPU time, where all of it is in the measured",
    "process; it moves less when others use the machine.",
)
_UNITS = {
    "us": "µs",
    "ms": "ms",
    "mb": "MB",
    "per_s": "/s",
}


def as_text(facts: Mapping[str, str], lines: Sequence[Line], questions: Mapping[str, str]) -> str:
    """The facts, a table of the ratios, and below it what else was seen."""
    width = max(len(name) for name in facts)
    parts = [f"{name:<{width}}  {value}" for name, value in facts.items()]
    parts.append("")
    rows: list[tuple[str, ...]] = [_HEAD]
    for line in lines:
        rows.append(
            (
                line.subject,
                line.database or "–",
                line.floor,
                rate_words(line.rate),
                rate_words(line.floor_rate),
                share_words(line.share),
                f"{share_words(line.lowest)}–{share_words(line.highest)}",
                share_words(line.cpu_share) if line.cpu_share else "–",
            )
        )
    widths = [max(len(row[n]) for row in rows) for n in range(len(_HEAD))]
    headed = ""
    parts.append(_row(rows[0], widths))
    for row, line in zip(rows[1:], lines, strict=True):
        if line.benchmark != headed:
            headed = line.benchmark
            parts += ["", f"{headed}: {questions[headed]}"]
        parts.append(_row(row, widths))
    parts += ["", *_LEGEND, "", *_extras(lines)]
    return "\n".join(parts) + "\n"


def goals_as_text(rows: Sequence[Row]) -> str:
    """Each goal with what was seen of it, and whether that is enough."""
    cells = [
        (row.what, row.database or "–", row.figure or "–", row.words, _beside(row)) for row in rows
    ]
    widths = [max(len(one[n]) for one in cells) for n in range(5)]
    parts = ["What is to be reached, what was seen, whether that is enough, and the floor"]
    headed = ""
    for row, words in zip(rows, cells, strict=True):
        if row.goal != headed:
            headed = row.goal
            parts += ["", headed]
        padded = (f"{word:<{width}}" for word, width in zip(words, widths, strict=True))
        parts.append(f"  {'  '.join(padded)}".rstrip())
        if row.peer:
            parts.append(f"    beside it: {row.peer}")
    return "\n".join(parts) + "\n"


def _beside(row: Row) -> str:
    return " · ".join(one for one in (row.floor, row.subject) if one)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Words to the left, numbers to the right."""
    pairs = list(zip(cells, widths, strict=True))
    words = [f"{cell:<{width}}" for cell, width in pairs[:3]]
    numbers = [f"{cell:>{width}}" for cell, width in pairs[3:]]
    return "  ".join(words + numbers).rstrip()


def _extras(lines: Iterable[Line]) -> Iterable[str]:
    seen: set[tuple[str, str]] = set()
    for line in lines:
        where = f"{line.subject}, {line.database}".rstrip(", ")
        if line.extra and (where, "") not in seen:
            seen.add((where, ""))
            yield f"{where}: {extra_words(line.extra)}"
        if line.floor_extra and (where, line.floor) not in seen:
            seen.add((where, line.floor))
            yield f"    {line.floor}: {extra_words(line.floor_extra)}"


def extra_words(extra: Mapping[str, float]) -> str:
    """`cpu_us` 1234 as `cpu 1,234 µs`."""
    return ", ".join(_extra(name, value) for name, value in extra.items())


def _extra(name: str, value: float) -> str:
    word, _, unit = name.partition("_")
    return f"{word} {value:,.0f} {_UNITS.get(unit, unit)}"


def rate_words(rate: float) -> str:
    """With as many digits as mean something."""
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"


def share_words(share: float) -> str:
    return f"{share:.2f}" if share >= 0.1 else f"{share:.3f}"

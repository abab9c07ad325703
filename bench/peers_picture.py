"""How fast do programs hand mail to the same mail server? One SVG, on a scale in powers of ten."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10

from bench.contest import Line
from bench.drawing import box, line, picture, text
from bench.peers import C_CLIENT, SMTPLIB
from bench.table import rate_words

_LABEL, _CHART, _WORDS, _TOP, _ROW = 300, 480, 200, 84, 40
_DATABASES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


def as_svg(lines: Sequence[Line]) -> str | None:
    """None: too little was measured."""
    bars = _bars(lines)
    if len(bars) < 3:
        return None
    rates = [rate for _, rate, _ in bars]
    first, last = floor(log10(min(rates))), ceil(log10(max(rates)))
    yard = next((rate for name, rate, _ in bars if name.startswith("postfix")), None)

    def place(rate: float) -> float:
        return _LABEL + _CHART * (log10(rate) - first) / max(last - first, 1)

    height = _TOP + _ROW * len(bars) + 16
    parts = [
        text(20, 32, "Messages a second into the same mail server", kind="title"),
        text(20, 54, "powers of ten; beside each rate its share of the C client's", kind="quiet"),
    ]
    for power in range(first, last + 1):
        x = place(10.0**power)
        parts.append(line((x, _TOP - 8), (x, height - 14), kind="grid"))
        parts.append(text(x, _TOP - 14, f"{10**power:,}", kind="quiet", anchor="middle"))
    for number, (name, rate, kind) in enumerate(sorted(bars, key=lambda bar: bar[1])):
        y = _TOP + _ROW * number
        parts.append(text(_LABEL - 14, y + 21, name, anchor="end", kind="head" * (kind == "good")))
        parts.append(
            box(_LABEL, y + 6, width=place(rate) - _LABEL, height=22, kind=kind, round_by=3)
        )
        share = f"  ·  {rate / yard:.3g} ×" if yard else ""
        parts.append(text(place(rate) + 10, y + 21, f"{rate_words(rate)}/s{share}"))
    title = "Messages a second into the same mail server, by program"
    return picture(parts, width=_LABEL + _CHART + _WORDS, height=height, title=title)


def _bars(lines: Sequence[Line]) -> list[tuple[str, float, str]]:
    """Name, messages a second, how it is drawn."""
    bars: dict[str, tuple[str, float, str]] = {}
    for one in lines:
        if one.benchmark == "delivery" and one.floor in (SMTPLIB, C_CLIENT):
            ours = f"notifier, {_DATABASES.get(one.database, one.database)}"
            bars.setdefault(ours, (ours, one.rate, "good"))
            name = (
                "Python’s smtplib, one letter"
                if one.floor == SMTPLIB
                else "postfix’s C client, -s 16"
            )
            bars.setdefault(name, (name, one.floor_rate, "other"))
        elif one.benchmark == "oscar":
            name = one.floor.partition(",")[0]
            bars.setdefault(name, (name, one.floor_rate, "other"))
    return list(bars.values())

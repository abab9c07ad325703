"""How fast do programs hand mail to the same mail server? One SVG, on a scale in powers of ten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from bench.contest import Line
from bench.drawing import box, line, picture, text
from bench.peers import C_CLIENT, SMTPLIB
from bench.table import rate_words

_LABEL, _CHART, _WORDS, _TOP, _ROW = 300, 480, 200, 84, 40
_DATABASES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    """`share`: of the C client's rate; 0: unknown."""

    name: str
    rate: float
    kind: str
    share: float


def as_svg(lines: Sequence[Line]) -> str | None:
    """None: too little was measured."""
    bars = sorted(_bars(lines), key=lambda bar: bar.rate)
    if len(bars) < 3:
        return None
    first, last = floor(log10(bars[0].rate)), ceil(log10(bars[-1].rate))

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
    for number, bar in enumerate(bars):
        y, end = _TOP + _ROW * number, place(bar.rate)
        kind = "head" if bar.kind == "good" else ""
        parts.append(text(_LABEL - 14, y + 21, bar.name, anchor="end", kind=kind))
        parts.append(box(_LABEL, y + 6, width=end - _LABEL, height=22, kind=bar.kind, round_by=3))
        share = f"  ·  {bar.share:.2g} ×" if bar.share else ""
        parts.append(text(end + 10, y + 21, f"{rate_words(bar.rate)}/s{share}"))
    title = "Messages a second into the same mail server, by program"
    return picture(parts, width=_LABEL + _CHART + _WORDS, height=height, title=title)


def _bars(lines: Sequence[Line]) -> list[_Bar]:
    """The product on each database, and who else was there."""
    bars: dict[str, _Bar] = {}
    sent = [one for one in lines if one.benchmark == "delivery"]
    yard = next((one.floor_rate for one in sent if one.floor == C_CLIENT), 0.0)

    def add(name: str, rate: float, *, kind: str = "other", share: float | None = None) -> None:
        shown = share if share is not None else rate / yard if yard else 0.0
        bars.setdefault(name, _Bar(name=name, rate=rate, kind=kind, share=shown))

    for one in sent:
        if one.floor == C_CLIENT:
            database = _DATABASES.get(one.database, one.database)
            add(f"notifier, {database}", one.rate, kind="good", share=one.share)
            add("postfix’s C client, -s 16", one.floor_rate)
        elif one.floor == SMTPLIB:
            add("Python’s smtplib, one connection", one.floor_rate)
    for one in lines:
        if one.benchmark == "oscar":
            add(one.floor.partition(",")[0], one.floor_rate)
    return list(bars.values())

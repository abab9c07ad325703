"""How do all pictures look alike, on a light page and on a dark one?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

_STYLE = """
.back{fill:#ffffff}.grid{stroke:#d8dee4;stroke-width:1}.rule{stroke:#1b1f23;stroke-width:1.5}
.zone{fill:#1a7f64;fill-opacity:.07}.track{fill:#eef1f4}.good{fill:#1a7f64}.short{fill:#c2700a}
.other{fill:#8c96a1}.good-line{stroke:#1a7f64}.short-line{stroke:#c2700a}.other-line{stroke:#8c96a1}
.edge{stroke:#ffffff}
text,tspan{fill:#1b1f23}text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif}
.title{font-size:17px;font-weight:600}.head{font-weight:600}.quiet{fill:#5b646e;font-size:12px}
.small,.small tspan{font-size:12px}
.good-text{fill:#12664f;font-weight:600}.short-text{fill:#9a5700;font-weight:600}
@media(prefers-color-scheme:dark){
.back{fill:#0f1318}.grid{stroke:#2b323b}.rule{stroke:#e6edf3}.zone{fill:#46c29b;fill-opacity:.09}
.track{fill:#1b222b}.good{fill:#46c29b}.short{fill:#e8a33d}.other{fill:#76808c}
.good-line{stroke:#46c29b}.short-line{stroke:#e8a33d}.other-line{stroke:#76808c}.edge{stroke:#0f1318}
text,tspan{fill:#e6edf3}.quiet{fill:#9aa4af}.good-text{fill:#5fd3ae}.short-text{fill:#f0b45c}}
""".replace("\n", "")


def picture(parts: Iterable[str], *, width: int, height: int, title: str) -> str:
    """A whole SVG with a background of its own."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{escape(title)}">'
    )
    back = f'<rect class="back" width="{width}" height="{height}" rx="8"/>'
    return "\n".join([head, f"<style>{_STYLE}</style>", back, *parts, "</svg>"]) + "\n"


def text(x: float, y: float, words: str, *, kind: str = "", anchor: str = "start") -> str:
    """`kind`: title, head, quiet, small, good-text, short-text."""
    shown = f' class="{kind}"' if kind else ""
    return f'<text{shown} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def text_in_parts(x: float, y: float, parts: Iterable[tuple[str, str]]) -> str:
    """Words of several kinds behind one another."""
    spans = "".join(f'<tspan class="{kind}">{escape(words)}</tspan>' for words, kind in parts)
    return f'<text class="small" x="{x:.1f}" y="{y:.1f}" xml:space="preserve">{spans}</text>'


def line(
    start: tuple[float, float], end: tuple[float, float], *, kind: str, width: float | None = None
) -> str:
    thick = f' stroke-width="{width:g}"' if width else ""
    return (
        f'<line class="{kind}" x1="{start[0]:.1f}" y1="{start[1]:.1f}" '
        f'x2="{end[0]:.1f}" y2="{end[1]:.1f}"{thick}/>'
    )


def box(x: float, y: float, *, width: float, height: float, kind: str, round_by: float = 0) -> str:
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" '
        f'height="{height:.1f}" rx="{round_by:g}"/>'
    )


def dot(x: float, y: float, *, database: str, kind: str, about: str = "", size: float = 6) -> str:
    """A square for PostgreSQL, else a circle. `about`: what a pointer on it is told."""
    said = f"<title>{escape(about)}</title>" if about else ""
    shape = f'class="{kind} edge" stroke-width="1.5"'
    if database == "postgres":
        side = size * 1.8
        place = f'x="{x - side / 2:.1f}" y="{y - side / 2:.1f}" width="{side:g}" height="{side:g}"'
        return f'<rect {shape} {place} rx="1.5">{said}</rect>'
    return f'<circle {shape} cx="{x:.1f}" cy="{y:.1f}" r="{size:g}">{said}</circle>'


def rungs(
    most: float, *, x: float, width: float, down: Callable[[float], float], unit: str = ""
) -> list[str]:
    """Five lines across, from nothing to `most`, each with its figure; `unit` stands at the top."""
    parts: list[str] = []
    for step in range(5):
        value = most * step / 4
        parts.append(line((x, down(value)), (x + width, down(value)), kind="grid"))
        words = f"{value:,.0f} {unit}" if unit and step == 4 else f"{value:,.0f}"
        parts.append(text(x - 8, down(value) + 4, words, kind="quiet", anchor="end"))
    return parts


def legend(x: float, y: float, *, kind: str = "other") -> list[str]:
    """Which mark is which database."""
    return [
        dot(x, y - 4, database="sqlite", kind=kind, size=5),
        text(x + 11, y, "SQLite", kind="quiet"),
        dot(x + 70, y - 4, database="postgres", kind=kind, size=5),
        text(x + 81, y, "PostgreSQL", kind="quiet"),
    ]

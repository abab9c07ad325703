"""How do the goods look? Drawings in templates/demo/art, tinted by the variant's glaze."""

from __future__ import annotations

from functools import cache

from flask import render_template
from markupsafe import Markup

from notifier.demo.goods import GOODS, Good, Kind

__all__ = ["draw", "swatch_css"]

# main, dark, light
GLAZES = {
    "moss": ("#6f8a5b", "#4a613d", "#a5bb90"),
    "ink": ("#2f4560", "#1d2e44", "#6482a3"),
    "rust": ("#b5613c", "#8a4427", "#e0a07b"),
    "iron": ("#44484b", "#292c2e", "#777d81"),
    "steel": ("#b9c0c4", "#868f94", "#e6ebed"),
    "brass": ("#c39a4e", "#8f6c2e", "#ecd39b"),
    "leaf": ("#86a055", "#5d7339", "#bccd93"),
    "cloud": ("#d9d4c9", "#aaa395", "#f7f4ec"),
    "night": ("#35446a", "#202b47", "#7385b3"),
    "bamboo": ("#d3b67a", "#a2834a", "#f0dcae"),
    "blue": ("#3f6d8c", "#284c66", "#86b0c9"),
    "glass": ("#cfe3e3", "#8fb3b5", "#eef9f9"),
    "sand": ("#d3b98f", "#a58a5f", "#efe0c4"),
    "sea": ("#4b8f93", "#2d666b", "#98cccd"),
    "oat": ("#dfcdab", "#ab9670", "#f4ead3"),
}
PAPER = "#efe9dc"


@cache
def _drawing(art: str, glaze: str) -> Markup:
    main, dark, light = GLAZES[glaze]
    return Markup(render_template(f"demo/art/{art}.svg", main=main, dark=dark, light=light))


def draw(good: Good, kind: Kind, *, label: str = "", paper: bool = False, width: int = 0) -> Markup:
    """The picture as SVG. `label` is read out; `paper` lays a ground under it, for mails."""
    return Markup(
        render_template(
            "demo/art/frame.svg",
            drawing=_drawing(good.art, kind.glaze),
            label=label,
            paper=PAPER if paper else "",
            width=width,
        )
    )


def swatch_css() -> str:
    """One class for each glaze on sale, so that no page needs inline styles."""
    used = sorted({kind.glaze for good in GOODS for kind in good.kinds})
    return "".join(f".glaze-{name}{{--glaze:{GLAZES[name][0]}}}\n" for name in used)

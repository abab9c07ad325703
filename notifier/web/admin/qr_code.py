"""How does a phone read a text off a page? A QR code as SVG, inside the page: nothing is loaded."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr_code(text: str) -> Markup:
    """Black on white in dark mode too, with the quiet zone: many readers want it so."""
    drawn = segno.make(text, error="m", micro=False)
    return Markup(  # drawn by us from modules, without any of the text in it
        drawn.svg_inline(
            scale=1,
            border=4,
            dark="#000",
            light="#fff",
            omitsize=True,
            svgclass="qr",
            lineclass=None,
        )
    )

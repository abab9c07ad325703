"""Which style sheets do the pages use, and under which addresses are they kept for ever?

The shop's colour comes as a sheet of its own, so that the pages' policy needs no inline styles.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from notifier.domain.message_context import legible_on
from notifier.web.guards import Guard, guarded

blueprint = Blueprint("page_styles", __name__)

SHEET = Path(__file__).parent / "static" / "pages.css"
_HEX = re.compile(r"[0-9a-f]{6}")
_FOR_EVER = "public, max-age=31536000, immutable"


@cache
def _sheet() -> tuple[bytes, str]:
    raw = SHEET.read_bytes()
    return raw, hashlib.sha256(raw).hexdigest()[:16]


def style_url() -> str:
    """The path of the sheet all pages share; it changes with its content."""
    return f"/pages/style-{_sheet()[1]}.css"


def accent_url(accent: str) -> str:
    """The path of the sheet that sets a shop's colour, `#rrggbb`."""
    return f"/pages/accent-{accent.lstrip('#').lower()}.css"


@blueprint.get("/pages/style-<digest>.css")
@guarded(Guard.ANYBODY)
def style(digest: str) -> Response:
    """The shared sheet. A page from before an update gets the new one, not kept."""
    raw, current = _sheet()
    answer = Response(raw, mimetype="text/css")
    answer.headers["Cache-Control"] = _FOR_EVER if digest == current else "no-store"
    return answer


@blueprint.get("/pages/accent-<colour>.css")
@guarded(Guard.ANYBODY)
def accent(colour: str) -> Response:
    """A shop's colour and what is legible on it."""
    if not _HEX.fullmatch(colour):
        raise NotFound
    value = f"#{colour}"
    css = f":root{{--accent:{value};--accent-ink:{legible_on(value)}}}\n"
    answer = Response(css, mimetype="text/css")
    answer.headers["Cache-Control"] = _FOR_EVER
    return answer

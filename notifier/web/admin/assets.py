"""Under which address does a browser find what `make` has bundled, and keep it for ever?"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, url_for
from werkzeug.exceptions import NotFound

from notifier.log import log
from notifier.resources import bundled_folder
from notifier.web.admin.door import open_to_all

blueprint = Blueprint("assets", __name__)

BUILT = bundled_folder()
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_FOR_EVER = "public, max-age=31536000, immutable"


@cache
def _read(name: str) -> tuple[bytes, str]:
    raw = (BUILT / name).read_bytes()
    return raw, hashlib.sha256(raw).hexdigest()[:16]


def names() -> frozenset[str]:
    """What has been bundled; empty before `make assets`."""
    return frozenset(path.name for path in BUILT.glob("*.*") if path.suffix in _TYPES)


def say_what_is_missing() -> None:
    """A page without its styles is better than none, but somebody has to hear of it."""
    if not names():
        log.error("the admin has no styles and no scripts", do="make assets, then the wheel anew")


def url(name: str) -> str:
    """The address of one file; it changes with its content. Nothing is there if not bundled."""
    digest = _read(name)[1] if name in names() else "missing"
    return url_for("assets.asset", digest=digest, name=name)


@blueprint.get("/-/assets/<digest>/<name>")
@open_to_all
def asset(digest: str, name: str) -> Response:
    """One bundled file."""
    if name not in names():
        raise NotFound
    raw, current = _read(name)
    answer = Response(raw, mimetype=_TYPES[Path(name).suffix])
    answer.headers["Cache-Control"] = _FOR_EVER if digest == current else "no-store"
    return answer

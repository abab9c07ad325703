"""Was this posted from a page of ours, by a person, in time?

Mail programs and scanners open links; only a POST with a value from the page itself acts. The
value is bound to the page and its subject and good for an hour (trust WS-1).
"""

from __future__ import annotations

from datetime import timedelta

from flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from notifier.errors import BadToken
from notifier.signing import Purpose
from notifier.web.here import env

OPEN_FOR = timedelta(hours=1)
LONGEST = 16 * 1024
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "")
_MANY = frozenset({"also"})  # what may be posted several times


def read_link(token: str, purpose: Purpose) -> int:
    """The subject of a link. Raises errors.BadToken alike for every fault of it."""
    return env().signer.read(token, purpose=purpose, now=env().now()).subject


def make_nonce(page: str, subject: int) -> str:
    """What the forms of a page post to show that they come from it. `page` is one letter."""
    return env().signer.make(Purpose.FORM, _bound(page, subject), expires_at=env().now() + OPEN_FOR)


def has_nonce(posted: MultiDict[str, str], page: str, subject: int) -> bool:
    """True when the form came from this page about this subject, less than an hour ago."""
    return nonce_age(posted, page, subject) is not None


def nonce_age(posted: MultiDict[str, str], page: str, subject: int) -> timedelta | None:
    """How long ago the page was opened; None when the form is not from it, or too old."""
    try:
        claim = env().signer.read(posted.get("nonce", ""), purpose=Purpose.FORM, now=env().now())
    except BadToken:
        return None
    if claim.subject != _bound(page, subject) or claim.expires_at is None:
        return None
    return OPEN_FOR - (claim.expires_at - env().now())


def _bound(page: str, subject: int) -> int:
    """Page and subject as one number: a value for one page is worth nothing on another."""
    return ord(page) << 48 | subject


def posted() -> MultiDict[str, str]:
    """The fields of the posted form. Raises 415 for what is no form, 413 and 400."""
    request.max_content_length = LONGEST
    if request.mimetype not in _FORMS:
        raise UnsupportedMediaType("Send a form.")
    form = request.form
    for name in form:
        if name not in _MANY and len(set(form.getlist(name))) > 1:
            raise BadRequest("A field is given more than once; give it once.")
        if any("\x00" in value for value in form.getlist(name)):
            raise BadRequest("A field holds a NUL, which no text has.")
    return form


def is_prefetch() -> bool:
    """True when a browser looks ahead and no person has clicked yet."""
    says = (request.headers.get(name, "") for name in ("Purpose", "Sec-Purpose", "X-Moz"))
    return any("prefetch" in one.lower() or "preview" in one.lower() for one in says)

"""Which pages does signing in show, with what was wrong and with what was typed before?"""

from __future__ import annotations

from typing import Any

from flask import Response, request

from notifier.errors import TooMany
from notifier.services.entry_link import Opened
from notifier.web.admin.entering import asked_next, own_site_or_none, status_of
from notifier.web.admin.kept import Kept, read_kept
from notifier.web.admin.page import show
from notifier.web.admin.said import said_of


def sign_in_form(
    error: Exception | None = None, *, email: str = "", kept: Kept | None = None, back: str = ""
) -> Response:
    """Address and password. `kept`: what somebody had typed when the session was over."""
    answer = show(
        "sign_in",
        words="sign_in",
        status=status_of(error) if error else 401 if kept else 200,
        next=back or asked_next(),
        email=email,
        trouble=said_of(error) if error else "",
        passkeys=own_site_or_none() is not None,
        kept=kept or read_kept(request.form),
    )
    return _wait(answer, error)


def confirm_form(kept: Kept | None = None, *, back: str = "") -> Response:
    """The password once more."""
    return show(
        "confirm",
        words="sign_in",
        status=401 if kept else 200,
        next=back or asked_next(),
        trouble="",
        passkeys=own_site_or_none() is not None,
        kept=kept,
    )


def show_kept(kept: Kept, *, back: str, at_once: bool = False, status: int = 200) -> Response:
    """What was typed, to be sent now. `at_once`: by itself, for the same person has just shown
    that it is they."""
    return show("kept", words="sign_in", status=status, kept=kept, next=back, at_once=at_once)


def password_form(opened: Opened, error: Exception | None = None) -> Response:
    """Where a one-time link leads."""
    # no stricter Referrer-Policy than that of all pages: with `no-referrer` browsers send forms
    # with `Origin: null`, as if from another site
    return show(
        "enter",
        status=status_of(error) if error else 200,
        opened=opened,
        trouble=said_of(error) if error else "",
        email=request.form.get("email", "")[:320],
    )


def link_gone() -> Response:
    """Where a one-time link leads that was used or is too old."""
    return show("link_gone", status=404)


def refused(name: str, error: Exception, **values: Any) -> Response:
    """The page again, with a sentence for what was wrong."""
    answer = show(
        name,
        status=status_of(error),
        next=asked_next(),
        trouble=said_of(error),
        kept=read_kept(request.form),
        **values,
    )
    return _wait(answer, error)


def _wait(answer: Response, error: Exception | None) -> Response:
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(max(1, round(error.retry_after.total_seconds())))
    return answer

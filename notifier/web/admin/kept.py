"""What becomes of a form that was sent when its page was no longer good for it?

A session ends after half an hour without a request, what is dangerous asks for the password again,
and whoever signs in anew in one window makes the pages of the others too old. What was typed then
travels in a hidden field through the pages of signing in, and is offered to be sent again. Nothing
of it is stored here. Files and passwords are never kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from flask import request

from notifier.web.admin import door
from notifier.web.admin.own_path import own_path_or

FIELD = "kept"
MOST = 500_000  # characters; more is in no form of ours but a file
_NEVER = ("password", "again", "old", "new", "code", "answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The fields of a form as they were sent, without the session's token, and where to."""

    to: str
    fields: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return json.dumps({"to": self.to, "fields": self.fields}, ensure_ascii=False)


def keep_typed() -> Kept | None:
    """What this request brought; None where there is nothing to keep, or not all of it can be.

    Only what a browser says is from a page of ours: who presses “send it now” must have typed it.
    """
    if request.method in door.HARMLESS or request.headers.get("Sec-Fetch-Site") != "same-origin":
        return None
    if "HX-Request" in request.headers or any(one.filename for one in request.files.values()):
        return None
    typed = tuple(request.form.items(multi=True))
    fields = tuple(one for one in typed if one[0] not in (door.TOKEN_FIELD, FIELD))
    if not fields or any(name in _NEVER for name, _ in fields):
        return None
    kept = Kept(to=request.script_root + request.full_path.rstrip("?"), fields=fields)
    return kept if len(str(kept)) <= MOST else None


def read_kept(form: Mapping[str, str]) -> Kept | None:
    """What an earlier page of signing in was given to keep; None for nothing, or for nonsense."""
    try:
        said = json.loads(form.get(FIELD, "")[:MOST])
        to, fields = own_path_or(said["to"], ""), said["fields"]
        kept = Kept(to=to, fields=tuple((str(name), str(value)) for name, value in fields))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return kept if to and kept.fields else None

"""Who did what, when and from where? Pages of the audit log, and a look at its chain."""

from __future__ import annotations

import unicodedata
from typing import Any

from flask import Blueprint, request

from notifier.domain.rights import Right
from notifier.errors import InvalidInput
from notifier.services import people
from notifier.services.see_audit import Noted, list_noted, verify_audit
from notifier.web.admin.door import needs, person
from notifier.web.admin.page import show
from notifier.web.admin.paging import asked_cursor, asked_limit, page_of
from notifier.web.here import circumstances, env

blueprint = Blueprint("audit", __name__, url_prefix="/-/audit")

LONGEST = 64  # of a filter
SHOWN = 500  # characters of one fact


@blueprint.get("")
@needs(Right.OWN)
def index() -> Any:
    """Newest first; `?act=person.` and `?by=person:3` narrow it."""
    return _page(None)


@blueprint.post("/verify")
@needs(Right.OWN)
def verify() -> Any:
    """Walk the chain from its start."""
    return _page(verify_audit(env(), by=person(), where=circumstances()))


def _page(verified: Any) -> Any:
    limit = asked_limit()
    cursor = asked_cursor(int)
    act, by = _asked("act"), _asked("by")
    rows = list_noted(env(), before=cursor[0] if cursor else None, act=act, by=by, limit=limit + 1)
    return show(
        "audit",
        page=page_of(rows, limit=limit, last=_last, endpoint="audit.index"),
        act=act,
        by=by,
        people=people.names_of(env()),
        verified=verified,
        inert=inert,
    )


def _last(row: Noted) -> tuple[int]:
    return (row.id,)


def _asked(name: str) -> str:
    text = request.args.get(name, "").strip()
    if len(text) > LONGEST:
        raise InvalidInput.of(
            name, "too_long", f"At most {LONGEST} characters, please.", most=LONGEST
        )
    return text


def inert(text: str) -> str:
    """The text with what steers a terminal, or turns writing round, made visible."""
    shown = text[:SHOWN] + ("…" if len(text) > SHOWN else "")
    return "".join(
        f"\\u{ord(sign):04x}" if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co") else sign
        for sign in shown
    )

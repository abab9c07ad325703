"""Where do the admin's pages try what somebody has just written? One room of child processes."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

from flask import current_app, request

from notifier.domain.template_rules import PARTS
from notifier.errors import InvalidInput, NotFound
from notifier.i18n import locale_chain
from notifier.log import log
from notifier.rendering.blocks import BLOCK_PARTS
from notifier.rendering.draft_room import DraftRoom
from notifier.services.template_author import Author, author_of
from notifier.services.template_place import Place, message_kind
from notifier.web.admin.door import person, shop
from notifier.web.admin.said import finding_words

NAME = "notifier.draft_room"
_LONGEST_LOCALE = 16
_BIGGEST_VERSION = 1_000_000


@cache
def _room() -> DraftRoom:
    made = DraftRoom(workers=2)
    atexit.register(made.close)
    return made


def room() -> DraftRoom:
    """The room of this process; a test may put its own into the app."""
    own: DraftRoom | None = current_app.extensions.get(NAME)
    return own or _room()


def warm_room() -> None:
    """Have a child ready by the time somebody has read the page."""
    made = room()

    def work() -> None:
        try:
            made.warm()
        except Exception:  # noqa: BLE001  nobody waits for this thread; the next try starts one
            log.exception("draft room not warmed")

    threading.Thread(target=work, name="draft-room", daemon=True).start()


def place_of(kind: str, locale: str) -> Place:
    """The template in an address. Raises errors.NotFound for a kind or language there is not."""
    message_kind(kind)
    return Place(shop=shop().slug, kind=kind, locale=known_locale(locale))


def known_locale(text: str) -> str:
    """A language's name in its usual form. Raises errors.NotFound for what is none."""
    parts = text.split("-")
    fits = (
        len(text) <= _LONGEST_LOCALE
        and text.isascii()
        and parts[0].isalpha()
        and 2 <= len(parts[0]) <= 3
        and all(2 <= len(part) <= 8 and part.isalnum() for part in parts[1:])
    )
    if not fits or locale_chain(text)[0] != text:
        raise NotFound(f"There is no language {text!r:.40}.")
    return text


def written_parts() -> dict[str, str]:
    """The parts in the form, those of a message or of a block."""
    form: Mapping[str, str] = request.form
    return {part: form[part] for part in (*PARTS, *BLOCK_PARTS) if part in form}


def expected_version() -> int:
    """The version the author has seen. Raises errors.InvalidInput."""
    text = request.form.get("expected", "")
    if not text.isdecimal() or len(text) > 9 or int(text) > _BIGGEST_VERSION:
        raise InvalidInput.of("expected", "number", "must be the number of a version")
    return int(text)


def author() -> Author:
    """Who is signed in, for the history and the ledger."""
    return author_of(person(), ip=request.remote_addr or "")


def wants_json() -> bool:
    """Whether a script asked, not a person who pressed a button."""
    return request.accept_mimetypes.best == "application/json"


def plain(finding: Any) -> dict[str, Any]:
    """A finding for a script."""
    return {"part": finding.part, "line": finding.line, "message": finding_words(finding)}

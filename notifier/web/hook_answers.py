"""How is a delivery answered that another program made: a shop's, a provider's?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Response, jsonify

from notifier.errors import InvalidInput
from notifier.services.act_once import Acted
from notifier.web.answers import error_answer

TRY_AGAIN = timedelta(seconds=5)


def acted_answer(acted: Acted, report: Mapping[str, Any]) -> Response:
    """What becomes of a delivery that is acted on once: done now, done before, or under way."""
    if acted is Acted.BUSY:
        return busy_answer()
    return jsonify({"status": acted.value, **report})


def busy_answer() -> Response:
    """To a delivery that came while the same one is being worked on."""
    words = "This delivery is being worked on. Send it again later."
    return error_answer(409, "in_progress", words, retry_after=TRY_AGAIN)


def unreadable_answer(error: InvalidInput) -> Response:
    """To one that does not say what it should."""
    first = error.problems[0]
    return error_answer(400, first.code, first.message, field=first.field)

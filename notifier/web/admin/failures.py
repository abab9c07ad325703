"""What does the admin say when something is wrong: a page with the reason, or a piece for htmx?"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, SecurityError

from notifier.errors import (
    BadToken,
    Conflict,
    InvalidInput,
    LookFailed,
    NotFound,
    StoreBusy,
    TemplateProblem,
    TooMany,
)
from notifier.log import log
from notifier.web.admin import door
from notifier.web.admin.kept import keep_typed
from notifier.web.admin.page import show
from notifier.web.admin.said import said_of

_SAID = (400, 403, 404, 409, 413, 422, 429, 500, 503)
_PASSES = (429, 500, 503)  # what may work a moment later


def failure(status: int, reason: str = "", *, kind: str = "") -> Response:
    """The page for this status. `reason` is a sentence of ours, shown as it is; `kind` says it
    more closely than the status: `old` or `elsewhere` of a 403."""
    known = status if status in _SAID else 500 if status >= 500 else 400
    passes = known in _PASSES
    looks = request.method in door.HARMLESS
    answer = show(
        "failure",
        words="frame",
        status=status,
        said=f"{known}_{kind}" if kind else str(known),
        reason=reason,
        here=request.script_root + request.full_path.rstrip("?") if passes and looks else "",
        kept=keep_typed() if passes else None,
        token=request.form.get(door.TOKEN_FIELD, "") if passes else "",
    )
    if known in (429, 503):
        answer.headers.setdefault("Retry-After", "5")
    return answer


def register_failures(app: Flask) -> None:
    """Turn every error into its page."""

    @app.errorhandler(InvalidInput)
    def invalid(error: InvalidInput) -> Any:
        return failure(422, said_of(error))

    @app.errorhandler(TemplateProblem)
    def broken_template(error: TemplateProblem) -> Any:
        return failure(422, str(error))

    @app.errorhandler(NotFound)
    @app.errorhandler(BadToken)
    def not_found(_error: Exception) -> Any:
        return failure(404)

    @app.errorhandler(Conflict)
    def conflict(error: Conflict) -> Any:
        return failure(409, said_of(error))

    @app.errorhandler(TooMany)
    def too_many(error: TooMany) -> Any:
        answer = failure(429, said_of(error))
        if error.retry_after is not None:
            answer.headers["Retry-After"] = str(max(1, round(error.retry_after.total_seconds())))
        return answer

    @app.errorhandler(StoreBusy)
    def busy(error: StoreBusy) -> Any:
        log.warning("admin request refused: database busy", why=str(error))
        return failure(503)

    @app.errorhandler(LookFailed)
    def look_failed(error: LookFailed) -> Any:
        return failure(422, str(error))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Any:
        if isinstance(error, SecurityError):  # asked under a name that is not ours: no links fit
            return Response("This address is not ours.\n", status=400, mimetype="text/plain")
        if error.response is not None or (error.code or 500) < 400:
            return error
        if isinstance(error, door.TooOld | door.FromElsewhere):
            return failure(403, kind="old" if isinstance(error, door.TooOld) else "elsewhere")
        return failure(error.code or 500)

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Any:
        log.exception("admin request failed", path=request.path, method=request.method)
        return failure(500)

"""In which shape does the API say what is wrong? `{"error": {"code", "field", "message"}}`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from notifier.errors import (
    BadToken,
    Conflict,
    InvalidInput,
    LookFailed,
    NotFound,
    StoreBusy,
    TooMany,
)
from notifier.log import log
from notifier.web.pages import page_for_error
from notifier.web.shopper_words import asks_for_shopper, page_words

BUSY_RETRY = timedelta(seconds=5)
_PAGE_PREFIXES = ("/c/", "/u/", "/m/", "/o/", "/r/", "/k/", "/h/", "/f/")


def error_answer(
    status: int,
    code: str,
    message: str,
    *,
    field: str = "",
    details: list[dict[str, str]] | None = None,
    retry_after: timedelta | None = None,
) -> Response:
    error: dict[str, Any] = {"code": code, "field": field, "message": message}
    if details:
        error["details"] = details
    answer = jsonify({"error": error})
    answer.status_code = status
    if retry_after is not None:
        answer.headers["Retry-After"] = _seconds(retry_after)
    return answer


def wants_page() -> bool:
    """True for the pages people open, and for a browser at an address that is none of ours; the
    API answers JSON whatever Accept says."""
    if request.path.startswith(_PAGE_PREFIXES):
        return True
    return request.endpoint in (None, "front.front") and _is_browser()


def _is_browser() -> bool:
    """Does somebody look? Programs ask for anything, or for JSON."""
    of_programs = request.path.startswith(("/api/", "/hooks/"))
    return not of_programs and "text/html" in request.headers.get("Accept", "")


def _seconds(wait: timedelta) -> str:
    return str(max(1, math.ceil(wait.total_seconds())))


def register_errors(app: Flask) -> None:
    """Turn every error into its one answer: JSON for programs, a page for people."""
    for error, answer in _ANSWERS.items():
        app.register_error_handler(error, answer)


def _invalid(error: InvalidInput) -> Response:
    first = error.problems[0]
    if wants_page():
        return page_for_error(422)
    details = [{"field": p.field, "code": p.code, "message": p.message} for p in error.problems]
    return error_answer(
        422,
        first.code,
        first.message,
        field=first.field,
        details=details if len(details) > 1 else None,
    )


def _not_found(error: NotFound) -> Response:
    if wants_page():
        return page_for_error(404)
    return error_answer(404, "not_found", str(error), field=error.field)


def _bad_token(_error: BadToken) -> Response:
    return page_for_error(404)


def _conflict(error: Conflict) -> Response:
    if wants_page():
        return page_for_error(409)
    return error_answer(409, error.code, str(error), field=error.field)


def _too_many(error: TooMany) -> Response:
    if wants_page():
        page = page_for_error(429)
        page.headers["Retry-After"] = _seconds(error.retry_after)
        return page
    return error_answer(429, "too_many", str(error), retry_after=error.retry_after)


def _busy(error: StoreBusy) -> Response:
    log.warning("request refused: database busy", why=str(error))
    if wants_page():
        page = page_for_error(503)
        page.headers["Retry-After"] = str(int(BUSY_RETRY.total_seconds()))
        return page
    words = "The service is busy. Try again shortly."
    if asks_for_shopper():
        words = page_words("error_503_text")
    return error_answer(503, "busy", words, retry_after=BUSY_RETRY)


def _look_failed(error: LookFailed) -> Response:
    return error_answer(422, error.code, str(error))


def _http(error: HTTPException) -> Any:
    status = error.code or 500
    if error.response is not None:
        return error.response
    if wants_page():
        answer = page_for_error(status)
    else:
        name = error.name.lower().replace(" ", "_")
        field = getattr(error, "field", "")
        answer = error_answer(status, name, _http_words(status, error), field=field)
    for header, value in error.get_headers():
        if header in ("Allow", "Retry-After"):
            answer.headers[header] = value
    return answer


def _http_words(status: int, error: HTTPException) -> str:
    """What was too much is for a shopper to shorten; the rest is for who wrote the program."""
    too_much = status == 413 and asks_for_shopper()
    return page_words("error_413_text") if too_much else str(error.description)


def _unexpected(error: Exception) -> Response:
    log.exception("request failed", path=request.path, method=request.method)
    if wants_page():
        return page_for_error(500)
    words = "Something went wrong here. It has been noted."
    if asks_for_shopper():
        words = page_words("error_500_text")
    return error_answer(500, "internal", words)


_ANSWERS: Mapping[type[Exception], Callable[[Any], Any]] = {
    InvalidInput: _invalid,
    NotFound: _not_found,
    BadToken: _bad_token,
    Conflict: _conflict,
    TooMany: _too_many,
    StoreBusy: _busy,
    LookFailed: _look_failed,
    HTTPException: _http,
    Exception: _unexpected,
}

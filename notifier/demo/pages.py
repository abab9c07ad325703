"""Which Flask app shows the demo: storefront, inbox, phone, dials, desk and the page that leads in?

All on one origin, which is not the notifier's: the widget runs cross-origin, as on a real shop.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, jsonify, render_template, request
from werkzeug.exceptions import Forbidden, HTTPException

from notifier.demo import admin_door, desk, dial, ears, front, inbox, phone, storefront
from notifier.demo.desk_words import short_day
from notifier.demo.stage import Stage
from notifier.demo.storefront import EXTENSION, stage
from notifier.errors import InvalidInput, NotFound

__all__ = ["create_pages"]

A_MINUTE = timedelta(minutes=1)


def create_pages(on_stage: Stage) -> Flask:
    """The demo's own app."""
    app = Flask("notifier.demo", static_folder="static", template_folder="templates")
    app.extensions[EXTENSION] = on_stage
    app.config.update(
        MAX_CONTENT_LENGTH=64 * 1024,
        TRUSTED_HOSTS=["localhost", "127.0.0.1"],
        SEND_FILE_MAX_AGE_DEFAULT=0,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for part in (front, storefront, inbox, phone, dial, desk, ears, admin_door):
        app.register_blueprint(part.blueprint)
    app.before_request(_refuse_strangers)
    app.after_request(_with_headers)
    app.context_processor(_for_every_page)
    for error in (InvalidInput, NotFound, HTTPException):
        app.register_error_handler(error, _show_error)
    return app


def _refuse_strangers() -> None:
    """Another page open in the same browser turns no dial here."""
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin and urlsplit(origin).netloc != request.host:
        raise Forbidden("Only the demo's own pages may do that.")


def _with_headers(answer: Response) -> Response:
    headers = answer.headers
    notifier = stage().places.notifier
    headers.setdefault(
        "Content-Security-Policy",
        f"default-src 'none'; script-src 'self' {notifier}; connect-src 'self' {notifier}; "
        "style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'self'; require-trusted-types-for 'script'",
    )
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    headers.setdefault("Cache-Control", "no-store")
    return answer


def _for_every_page() -> dict[str, Any]:
    on_stage = stage()
    return {
        "notifier": on_stage.places.notifier,
        "public_key": on_stage.keys.public,
        "unread": on_stage.mailbox.count()[1],
        "other_day": short_day(on_stage.clock().date()) if on_stage.clock.ahead > A_MINUTE else "",
    }


def _show_error(error: Exception) -> Any:
    status, words = 500, "Something went wrong."
    if isinstance(error, InvalidInput):
        status, words = 422, error.problems[0].message
    elif isinstance(error, NotFound):
        status, words = 404, str(error)
    elif isinstance(error, HTTPException):
        status, words = error.code or 500, str(error.description)
        if error.response is not None or status < 400:
            return error.get_response()
    current_app.logger.info("demo page refused: %s", status)
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "text/html":
        return render_template("demo/error.html", status=status, words=words), status
    answer = jsonify({"error": words})
    answer.status_code = status
    return answer

"""How is it said to a shopper, in the language of the page, why a sign-up was not taken?

Codes and fields stay as they are: programs read those.
"""

from __future__ import annotations

from dataclasses import replace

from flask import request
from werkzeug.exceptions import HTTPException

from notifier.errors import Conflict, FieldProblem, InvalidInput, NotFound, TooMany
from notifier.i18n import (
    accepted_locales,
    available_locales,
    choose_locale,
    duration_words,
    section,
)
from notifier.services.subscribe import MAX_QUANTITY
from notifier.web.cors import BROWSER_CALLS
from notifier.web.pages import fill
from notifier.web.read_json import json_body

__all__ = ["asks_for_shopper", "busy_words", "problem_words", "to_shopper", "wait_words"]

_OWN = "en"  # the language that errors are written in: they say more than our phrases


def problem_words(problem: FieldProblem, *, locale: str) -> str:
    """What is wrong with a field of the form."""
    says = section(locale, "error")
    if problem.code == "required":
        return says["required"]
    text = says.get(f"invalid_{problem.field}", says["out_of_date"])
    return fill(text, max=MAX_QUANTITY)


def wait_words(error: TooMany, *, locale: str) -> str:
    wait = duration_words(error.retry_after, locale)
    return fill(section(locale, "error")["too_many"], wait=wait)


def to_shopper(error: Exception, *, locale: str, shop: str) -> Exception:
    """The same error in this language. What only a programmer can cause stays as it is."""
    if locale.partition("-")[0] == _OWN:
        return error
    page = section(locale, "page")
    if isinstance(error, InvalidInput):
        said = [replace(one, message=problem_words(one, locale=locale)) for one in error.problems]
        return InvalidInput(*said)
    if isinstance(error, TooMany):
        return TooMany(wait_words(error, locale=locale), retry_after=error.retry_after)
    if isinstance(error, Conflict):
        key = "form_there_title" if error.code == "available" else "form_gone_title"
        return Conflict(error.code, page[key], field=error.field)
    if isinstance(error, NotFound):
        return NotFound(fill(page["unknown_product_text"], shop=shop), field=error.field)
    return error


def asks_for_shopper() -> bool:
    """Whether the widget sent this request, and shows what is answered."""
    is_browser = (request.method, request.path) in BROWSER_CALLS
    return is_browser and "Authorization" not in request.headers


def busy_words() -> str:
    """That one may come again, in the language the widget asks for, or else the browser: which
    languages the shop has may be what could not be read."""
    wanted = (*_said_locales(), *accepted_locales(request.headers.get("Accept-Language", "")))
    return section(choose_locale(wanted, available_locales()), "page")["error_503_text"]


def _said_locales() -> tuple[str, ...]:
    """As the query or the body of the request names it."""
    if request.method == "GET":
        return (request.args.get("lang", ""),)
    try:
        body = json_body()
    except (HTTPException, InvalidInput):
        return ()
    said = body.get("locale") if isinstance(body, dict) else None
    return (said,) if isinstance(said, str) else ()

"""How is it said to a shopper, in the language of the page, why something was refused?

Codes and fields stay as they are: programs read those.
"""

from __future__ import annotations

from dataclasses import replace

from flask import request
from werkzeug.exceptions import HTTPException

from notifier.errors import Conflict, FieldProblem, InvalidInput, NotFound, TooMany
from notifier.i18n import accepted_locales, available_locales, choose_locale, section
from notifier.web.cors import BROWSER_CALLS
from notifier.web.pages import fill
from notifier.web.read_json import json_body
from notifier.web.refusal import Words, sentence_of

__all__ = [
    "asks_for_shopper",
    "conflict_words",
    "page_words",
    "problem_words",
    "said_locale",
    "to_shopper",
    "wait_words",
]

_OWN = "en"  # the language that errors are written in: they say more than our phrases


def problem_words(problem: FieldProblem, *first: Words, locale: str, **more: object) -> str:
    """What is wrong with a field of the form, and what to do. `first`: the page's own sentences.

    What no person typed is not for a person to mend: the page is not as we sent it.
    """
    says = section(locale, "error")
    found = sentence_of(problem, *first, says, locale=locale, **more)
    return found or says.get(f"{problem.field}_else", says["out_of_date"])


def conflict_words(error: Conflict, *first: Words, locale: str, **more: object) -> str:
    """Why it is not possible now, and how things stand."""
    says = section(locale, "error")
    return sentence_of(error, *first, says, locale=locale, **more) or says["conflict_else"]


def wait_words(error: TooMany, *, locale: str) -> str:
    return sentence_of(error, section(locale, "error"), locale=locale) or ""


def to_shopper(error: Exception, *, locale: str, shop: str = "") -> Exception:
    """The same error in this language. What only a programmer can cause stays English where
    English is spoken: there it says more."""
    if isinstance(error, InvalidInput):
        return InvalidInput(*(_to_shopper(one, locale=locale) for one in error.problems))
    if isinstance(error, TooMany):
        return TooMany(wait_words(error, locale=locale), retry_after=error.retry_after)
    if isinstance(error, Conflict):
        return Conflict(error.code, conflict_words(error, locale=locale), field=error.field)
    if isinstance(error, NotFound):
        text = section(locale, "page")["unknown_product_text"]
        return NotFound(fill(text, shop=shop), field=error.field)
    return error


def _to_shopper(problem: FieldProblem, *, locale: str) -> FieldProblem:
    says = section(locale, "error")
    is_typed = f"{problem.field}_else" in says or sentence_of(problem, says, locale=locale)
    if not is_typed and locale.partition("-")[0] == _OWN:
        return problem
    return replace(problem, message=problem_words(problem, locale=locale))


def asks_for_shopper() -> bool:
    """Whether the widget sent this request, and shows what is answered."""
    is_browser = (request.method, request.path) in BROWSER_CALLS
    return is_browser and "Authorization" not in request.headers


def page_words(key: str) -> str:
    """A phrase of the pages in the language of who asks."""
    return section(said_locale(), "page")[key]


def said_locale() -> str:
    """The language the widget asks for, or else the browser: which languages the shop has may be
    what could not be read."""
    wanted = (*_said_locales(), *accepted_locales(request.headers.get("Accept-Language", "")))
    return choose_locale(wanted, available_locales())


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

"""Which sentence does a person read when something is refused?

An error carries a code and values; a catalogue, in the language of the page, holds the sentence. It
stands there as `<field>_<code>` or `any_<code>` for what is wrong with a field, as
`conflict_<code>` for what is not possible now, and as `too_many`. tests/meta/test_refusals.py finds
each error that a page can raise, and holds that it has its sentence in every language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from notifier.errors import Conflict, FieldProblem, InvalidInput, NotifierError, TooMany
from notifier.i18n import duration_words, format_date
from notifier.i18n_figures import format_number
from notifier.web.pages import fill

Words = Mapping[str, str]
_LARGE = 100_000  # from here digits are grouped, so that they can be counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A field that was refused: its name on the page, what is said beside it, what was typed."""

    field: str = ""
    text: str = ""
    typed: str = ""


def keys_of(error: NotifierError | FieldProblem) -> tuple[str, ...]:
    """Under which keys its sentence may stand, the closest first."""
    if isinstance(error, InvalidInput):
        error = error.problems[0]
    if isinstance(error, FieldProblem):
        named = dict.fromkeys((error.field, error.raised_as or "any", "any"))
        return tuple(f"{name}_{error.code}" for name in named)
    if isinstance(error, Conflict):
        return (f"conflict_{error.code}",)
    return ("too_many",) if isinstance(error, TooMany) else ()


def sentence_of(
    error: NotifierError | FieldProblem, *catalogues: Words, locale: str, **more: object
) -> str | None:
    """The closest sentence there is for it, filled with its values and, where it has none of that
    name, `more`; None without one. Of several problems the first."""
    for key in keys_of(error):
        for words in catalogues:
            if key in words:
                return fill(words[key], **{**more, **_values_of(error, locale)})
    return None


def _values_of(error: NotifierError | FieldProblem, locale: str) -> dict[str, object]:
    if isinstance(error, InvalidInput):
        error = error.problems[0]
    if isinstance(error, TooMany):
        return {"wait": duration_words(error.retry_after, locale)}
    values = error.values if isinstance(error, (FieldProblem, Conflict)) else {}
    return {name: _said(value, locale) for name, value in values.items()}


def _said(value: object, locale: str) -> object:
    if isinstance(value, date):
        return format_date(value, locale)
    if isinstance(value, int) and value >= _LARGE:
        return format_number(value, locale)
    if isinstance(value, float):
        digits = len(f"{value:g}".partition(".")[2])
        return format_number(value, locale, digits=digits)
    return duration_words(value, locale) if isinstance(value, timedelta) else value

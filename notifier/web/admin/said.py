"""How does the admin say what was refused, in the language of who works there?

The sentences are in locales/admin/errors.toml, under the keys of web/refusal.py; those about
addresses are the shoppers' own. What a channel or a source of strangers says about its own settings
is theirs, as their help is, and stays so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from notifier.errors import ConfigError, Conflict, FieldProblem, InvalidInput, TooMany
from notifier.i18n import section
from notifier.log import log
from notifier.web.admin.page import locale, words_of
from notifier.web.pages import fill
from notifier.web.refusal import sentence_of


def said_of(error: Exception | FieldProblem) -> str:
    """A sentence; for several problems one each."""
    if isinstance(error, InvalidInput):
        return " ".join(dict.fromkeys(said_of(one) for one in error.problems))
    words = words_of("errors", locale())
    if isinstance(error, (FieldProblem, Conflict, TooMany)):
        found = sentence_of(error, words, section(locale(), "error"), locale=locale())
        if found is not None:
            return found
        if isinstance(error, FieldProblem):
            return fill(words["any_said"], said=error.message)
        log.warning("no sentence for an error", code=getattr(error, "code", ""), why=str(error))
        return words["else"]
    if isinstance(error, ConfigError) and error.problems:
        return " ".join(said_of(one) for one in error.problems)
    return str(error)


def finding_words(found: Any) -> str:
    """What is wrong with a template; where there is no sentence for it, as it was found."""
    words = words_of("errors", locale())
    text = words.get(f"template_{found.code}", "")
    if not text:
        return str(found.message)
    said = fill(text, **found.values)
    return f"{said} {fill(words['template_sample'], sample=found.sample)}" if found.sample else said


def by_field(error: InvalidInput) -> Mapping[str, str]:
    """What is said beside each field."""
    return {one.field: said_of(one) for one in error.problems}

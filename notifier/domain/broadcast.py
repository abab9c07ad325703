"""What may a person of the shop write to all who wait, and what of it does each reader get?

Plain text in the languages of those who wait. `{product}` stands for what they wait for; everything
else is printed as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from notifier.domain.message_context import MAX_LIST
from notifier.domain.one_line import one_line
from notifier.errors import FieldProblem

PRODUCT = "{product}"
MAX_SUBJECT = 150
MAX_TEXT = 5_000
MAX_SHORT = 240
TEXTS = "texts"  # among an event's facts: what was written, by language
OTHERWISE = "otherwise"  # …: the language of those who have none of their own
WHOLE = "whole_product"  # …: whether it goes to who waits for any of the product's variants
_PLACEHOLDER = re.compile(r"\{[^{}\s]{0,40}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What was written in one language. `short` '': the subject is the text message."""

    subject: str = ""
    text: str = ""
    short: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.subject.strip() or self.text.strip() or self.short.strip())


def problems(wording: Wording) -> Iterator[FieldProblem]:
    """What is wrong with it."""
    for field, most, needed in (
        ("subject", MAX_SUBJECT, True),
        ("text", MAX_TEXT, True),
        ("short", MAX_SHORT, False),
    ):
        said = str(getattr(wording, field))
        if needed and not said.strip():
            message = "is empty; write it, or empty the other fields too"
            yield FieldProblem(field=field, code="empty_text", message=message)
        if len(said) > most:
            message = f"has {len(said)} characters; {most} is the most"
            yield FieldProblem(field=field, code="too_long", message=message, values={"most": most})
        for found in _PLACEHOLDER.findall(said):
            if found != PRODUCT:
                message = f"holds {found}; only {PRODUCT} is filled in"
                yield FieldProblem(
                    field=field,
                    code="placeholder",
                    message=message,
                    values={"found": found, "known": PRODUCT},
                )
    if len(paragraphs(wording.text)) > MAX_LIST:
        message = f"has more than {MAX_LIST} lines"
        yield FieldProblem(
            field="text", code="too_many_lines", message=message, values={"most": MAX_LIST}
        )


def paragraphs(text: str) -> list[str]:
    """Each line with something on it."""
    return [line for line in (one_line(raw).strip() for raw in text.splitlines()) if line]


def chosen_language(texts: Mapping[str, Any], locale: str, *, otherwise: str) -> str:
    """In which of the written languages a reader of `locale` gets it; '' where in none."""
    for one in (locale, locale.partition("-")[0], otherwise):
        if one in texts:
            return one
    return ""


def filled(text: str, product: str) -> str:
    """`text` with the product's name put in."""
    return text.replace(PRODUCT, product)


def is_to_all_of_product(facts: Mapping[str, Any]) -> bool:
    """Whether the event with these facts is told to who waits for anything of the product."""
    return bool(facts.get(WHOLE))

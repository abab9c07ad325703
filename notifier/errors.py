"""Which kinds of trouble are there, and what does each tell the person who meets it?

Every message is a sentence that holds the offending value and says what to do, in English: for
programs, logs and the command line. What a person reads on a page is found by code and values in
the page's catalogue (web/refusal.py), in the page's language.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta


class NotifierError(Exception):
    """The root: everything this program raises on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """One thing wrong in what somebody sent: which field, a stable code, and what to do.
    `values`: what a sentence of a catalogue is filled with; `raised_as`: the field's first name,
    where `about` gave it another."""

    field: str
    code: str
    message: str
    values: Mapping[str, object] = dataclasses.field(default_factory=dict, compare=False)
    raised_as: str = dataclasses.field(default="", compare=False)


class ConfigError(NotifierError):
    """The configuration cannot be used as it stands. `problems`: of a channel's or a source's own
    settings, where it says them by field."""

    def __init__(self, message: str, *problems: FieldProblem) -> None:
        super().__init__(message)
        self.problems = problems

    @classmethod
    def of(cls, field: str, code: str, message: str, **values: object) -> ConfigError:
        problem = FieldProblem(field=field, code=code, message=message, values=values)
        return cls(f"{field}: {message}", problem)


class BadValue(ValueError):
    """A text is not the value that is meant by it. What reads configuration asks for ValueError."""

    def __init__(self, code: str, message: str, **values: object) -> None:
        super().__init__(message)
        self.code = code
        self.values = values


class InvalidInput(NotifierError):
    """A request, file or form is wrong in itself. Carries at least one FieldProblem."""

    def __init__(self, *problems: FieldProblem) -> None:
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in problems))
        self.problems = problems

    @classmethod
    def of(cls, field: str, code: str, message: str, **values: object) -> InvalidInput:
        return cls(FieldProblem(field=field, code=code, message=message, values=values))

    def about(self, field: str) -> InvalidInput:
        """The same, said of another field: the one that the asker knows it by."""
        return InvalidInput(
            *(replace(one, field=field, raised_as=one.field) for one in self.problems)
        )


class NotFound(NotifierError):
    """What was asked for does not exist, or not for the one who asks. `field`: which part of the
    request named it, where one did."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class Conflict(NotifierError):
    """The request is sound, but the state of things does not allow it now. `field`: which part of
    the request it is about, where it is about one. `values`: as of a FieldProblem."""

    def __init__(self, code: str, message: str, *, field: str = "", **values: object) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.values = values


class TooMany(NotifierError):
    """A limit was reached. `retry_after` says when it is worth another try."""

    def __init__(self, message: str, *, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LookFailed(NotifierError):
    """A source or a provider could not be read, or what it gave cannot be trusted and is not.

    `code` is stable (`http_403`, `truncated`, `login_page`, `too_big`, `not_xml` …);
    `retry_after` is what the source asked for, when it did.
    """

    def __init__(self, code: str, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


class TemplateProblem(NotifierError):
    """A message template cannot be used. `where` names file or part, `line` is 1-based; `code` and
    `values`, where it has them, are those of its sentence in the admin."""

    def __init__(
        self,
        message: str,
        *,
        where: str = "",
        line: int | None = None,
        code: str = "",
        values: Mapping[str, object] | None = None,
    ) -> None:
        place = f"{where}, line {line}: " if where and line else f"{where}: " if where else ""
        super().__init__(place + message)
        self.message = message
        self.where = where
        self.line = line
        self.code = code
        self.values = values or {}


class BadToken(NotifierError):
    """A link is wrong, expired, used or meant for something else. Never says which to strangers."""


class StoreBusy(NotifierError):
    """The database cannot take this now (locked, full, gone). Worth another try shortly."""

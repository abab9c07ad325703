"""What does a failing template tell the person who wrote it?

Jinja and Python raise a whole zoo for a bad template (trust L12). Here each becomes one
TemplateProblem: a sentence, the part and the line.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from jinja2 import TemplateError, TemplateSyntaxError, UndefinedError

from notifier.errors import TemplateProblem

TEMPLATE_FAILURES: tuple[type[BaseException], ...] = (
    TemplateError,
    SyntaxError,  # more than 20 nested blocks; IndentationError is one too
    RecursionError,
    MemoryError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
)
_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (RecursionError, "it is nested too deeply; use fewer brackets and blocks"),
    (MemoryError, "it needs too much memory"),
    (ZeroDivisionError, "it divides by zero"),
    (OverflowError, "a number in it is too large"),
)


@contextmanager
def as_template_problem(where: str) -> Iterator[None]:
    """Turn whatever a template raises inside into a TemplateProblem about `where`."""
    try:
        yield
    except TemplateProblem:
        raise
    except TEMPLATE_FAILURES as error:
        code = "syntax" if isinstance(error, TemplateSyntaxError) else ""
        said = sentence(error)
        line = _line(error, where)
        values = {"said": said}
        raise TemplateProblem(said, where=where, line=line, code=code, values=values) from error


def sentence(error: BaseException) -> str:
    """What went wrong, for the author of the template."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    if isinstance(error, TemplateSyntaxError):
        return error.message or "the syntax is wrong"
    if isinstance(error, SyntaxError):
        return "too many blocks are nested in each other"
    if isinstance(error, UndefinedError):
        return f"unknown variable: {error.message}"
    return f"{error}" or type(error).__name__


def _line(error: BaseException, where: str) -> int | None:
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    if isinstance(error, SyntaxError):
        return None  # a line of the generated code, which helps nobody
    return _line_in(error.__traceback__, where)


def _line_in(traceback: TracebackType | None, where: str) -> int | None:
    """The innermost line of the template `where` in a traceback; Jinja maps it to the source."""
    line = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == where:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line

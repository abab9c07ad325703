"""What is wrong with the fields of a request: which one, what it held, and what to give instead?

pydantic finds it; its words are for programmers and leave the value out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from notifier.errors import FieldProblem

__all__ = ["problems_of"]

MOST = 20
LONGEST_SHOWN = 40

_INSTANT = "a time with its zone such as 2027-01-15T09:00:00Z"
_WANTED = {
    "string_type": "a text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "none_required": "null",
    "enum": "{expected}",
    "literal_error": "{expected}",
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "timezone_aware": _INSTANT,
    "greater_than": "a number above {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "a number below {lt}",
    "less_than_equal": "{le} or less",
}
_SENTENCES = {
    "missing": "This is missing. Give it.",
    "extra_forbidden": "There is no such field here. Check its spelling, or leave it out.",
    "string_too_long": "This is too long. Give at most {max_length} characters.",
    "string_too_short": "This is too short. Give {min_length} or more characters.",
    "too_long": "There are {actual_length} of them. Give at most {max_length} at a time.",
    "too_short": "There are {actual_length} of them. Give at least {min_length}.",
}


def problems_of(error: ValidationError, value: Any, *, where: str = "") -> list[FieldProblem]:
    """One problem for each field of `value` that is wrong, at most 20. `where`: what the fields'
    names begin with."""
    wrong: dict[str, list[Any]] = {}
    for problem in error.errors():
        place = ".".join([where, *_place(problem, value)]).strip(".")
        wrong.setdefault(place, []).append(problem)
    return [
        FieldProblem(field=place, code=found[0]["type"], message=_sentence(found))
        for place, found in list(wrong.items())[:MOST]
    ]


def _place(problem: Any, value: Any) -> list[str]:
    """The steps to the field. Where one of several types was possible, pydantic adds its name."""
    steps: list[str] = []
    last = len(problem["loc"]) - 1
    for number, step in enumerate(problem["loc"]):
        if _holds(value, step):
            value = value[step]
        elif number < last or problem["type"] != "missing":
            continue
        steps.append(str(step))
    return steps


def _holds(value: Any, step: Any) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, Mapping) and step in value


def _sentence(found: list[Any]) -> str:
    """One sentence for all that one field could have been."""
    first = found[0]
    context = first.get("ctx", {})
    if first["type"] in _SENTENCES:
        return _SENTENCES[first["type"]].format(**context)
    wanted = [
        _WANTED[one["type"]].format(**one.get("ctx", {})) for one in found if one["type"] in _WANTED
    ]
    if first["type"] not in _WANTED:
        return str(first["msg"]).removeprefix("Value error, ")
    return f"Give {' or '.join(dict.fromkeys(wanted))}, not {_shown(first['input'])}."


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"

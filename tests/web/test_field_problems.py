"""Does what is said about a wrong field name it, show what it held, and say what to give?"""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from notifier.errors import InvalidInput
from notifier.web.read_json import as_model


class Inner(BaseModel):
    name: str


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field("", min_length=1, max_length=5)
    either: str | int = ""
    yes: bool = False
    units: int = Field(1, ge=1, le=9)
    word: Literal["email", "sms"] = "sms"
    rows: list[Inner] = Field(default=[], min_length=1, max_length=2)
    one: str | Inner = ""


@pytest.mark.parametrize(
    ("said", "field", "code", "message"),
    [
        ({"yes": "no"}, "yes", "bool_type", 'Give true or false, not "no".'),
        ({"units": 1.5}, "units", "int_type", "Give a whole number, not 1.5."),
        ({"units": 0}, "units", "greater_than_equal", "Give 1 or more, not 0."),
        ({"units": 10}, "units", "less_than_equal", "Give 9 or less, not 10."),
        ({"text": None}, "text", "string_type", "Give a text, not null."),
        ({"text": "x" * 6}, "text", "string_too_long", "This is too long. Give at most 5"),
        ({"either": [1]}, "either", "string_type", "Give a text or a whole number, not a list."),
        ({"word": "f" * 99}, "word", "literal_error", "Give 'email' or 'sms', not \"ffffffff"),
        ({"rows": []}, "rows", "too_short", "There are 0 of them. Give at least 1."),
        ({"rows": [{}]}, "rows.0.name", "missing", "This is missing. Give it."),
        ({"rows": {"a": 1}}, "rows", "list_type", "Give a list, not an object."),
        ({"one": {}}, "one", "string_type", "Give a text, not an object."),
        ({"colour": 1}, "colour", "extra_forbidden", "There is no such field here. Check its"),
    ],
)
def test_each_wrong_field_is_named_with_what_it_held_and_what_to_give(
    said: dict[str, Any], field: str, code: str, message: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        as_model(Given, said)
    first = raised.value.problems[0]
    assert (first.field, first.code) == (field, code)
    assert first.message.startswith(message)
    assert len(first.message) < 100

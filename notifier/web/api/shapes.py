"""What do the fields of the API have in common?

`Shape` refuses unknown fields. `Key` is an id of the shop's own, text without blanks around it; a
number is taken as text, since many shops keep numbers. `Amount` is money as `"12.34"`,
`"12.34 EUR"` or 12.34.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

LONGEST_KEY = 255


class Shape(BaseModel):
    """What goes in or out. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)


class Nothing(Shape):
    """Nothing is needed."""


class FieldTrouble(Shape):
    """One thing that is wrong."""

    field: str
    code: str
    message: str


class Trouble(FieldTrouble):
    """`code` is stable, `message` is a sentence for people. `details` when several are wrong."""

    details: list[FieldTrouble] = []


class ErrorAnswer(Shape):
    """Every answer from 400 on."""

    error: Trouble


def _as_text(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Key = Annotated[
    str,
    BeforeValidator(_as_text),
    Field(max_length=LONGEST_KEY),
    WithJsonSchema({"anyOf": [{"type": "string", "maxLength": LONGEST_KEY}, {"type": "integer"}]}),
]
Amount = str | int | float
BIGGEST_ID = 2**63 - 1
Id = Annotated[int, Field(ge=0, le=BIGGEST_ID)]
MOST_ON_A_PAGE = 200


class Page(Shape):
    """Which part of a list."""

    after: Id = Field(0, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=MOST_ON_A_PAGE)

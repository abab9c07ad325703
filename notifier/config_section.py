"""What do the parts of the configuration have in common?"""

from __future__ import annotations

from typing import Any, get_origin

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """A part. Nobody changes it while the program runs, and a misspelt setting is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, given: Any) -> Any:
        """A single text where several may stand, as a variable or a secret's file holds it."""
        if not isinstance(given, dict):
            return given
        return {
            name: (value,) if isinstance(value, str) and cls._holds_several(name) else value
            for name, value in given.items()
        }

    @classmethod
    def _holds_several(cls, name: str) -> bool:
        field = cls.model_fields.get(name)
        return field is not None and get_origin(field.annotation) is tuple

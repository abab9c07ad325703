"""What do the parts of the configuration have in common?"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part. Nobody changes it while the program runs, and a misspelt setting is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

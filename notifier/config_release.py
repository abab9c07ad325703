"""How is a restock told: how many at a time, in which order, with or without a reservation?"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from notifier.config_section import Section
from notifier.config_values import Length, SomeTime


class ReleaseRules(Section):
    strategy: Literal["adaptive", "all", "per_unit", "fixed"] = Field(
        "adaptive",
        description="adaptive (as many as what is left can serve, learned from who looks and "
        "buys) | all | per_unit (rate people a unit) | fixed (size people a wave).",
    )
    cautious: float = Field(
        1, ge=0, le=2, description="adaptive: 0 rather sell faster … 2 rather disappoint nobody."
    )
    rate: float = Field(3, gt=0, description="per_unit: people told for each unit in stock.")
    size: int = Field(50, ge=1, description="fixed: people told in each wave.")
    interval: SomeTime = Field(timedelta(minutes=30), description="Time between two waves.")
    order: Literal["first_come", "lottery"] = Field(
        "first_come",
        description="Who is told first: first_come (in the order of asking) | lottery (drawn by "
        "lot when the release starts; who asks later comes after).",
    )
    first_tags: tuple[str, ...] = Field(
        (), description="Tags of those who are told before all others, such as vip."
    )
    hold_for: Length = Field(
        timedelta(0),
        description="Each who is told may buy until then, and nobody else is told of that unit. "
        "0s: no reservations.",
    )
    show_position: bool = Field(
        False, description="Say on the page behind the link about how many wait in front."
    )
    reminder_after: Length = Field(
        timedelta(0), description="Remind once when told and not clicked. 0s: never."
    )

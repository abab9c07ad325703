"""When do a shop's alerts wait for a person, because too many came back or were called spam?"""

from __future__ import annotations

from pydantic import Field

from notifier.config_section import Section


class BrakeRules(Section):
    bounce_share: float = Field(
        0.05, ge=0, le=1, description="Alerts wait when this share of them came back. 0: never."
    )
    complaint_share: float = Field(
        0.001, ge=0, le=1, description="… or this share was called spam. 0: never."
    )
    sends: int = Field(
        1000, ge=1, le=100_000, description="Of so many alerts by mail that left last."
    )
    least_sends: int = Field(100, ge=1, description="With fewer than these nothing is reckoned.")
    least_complaints: int = Field(
        2, ge=1, description="… nor with fewer complaints: one click of one person says little."
    )

"""Of what does the merchant hear without asking, and where?"""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from notifier.config_section import Section
from notifier.errors import BadValue

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKLY = re.compile(rf"({'|'.join(DAYS)}) ([01][0-9]|2[0-3]):([0-5][0-9])\Z")
_URL = re.compile(r"[a-zA-Z][-a-zA-Z0-9+.]*://\S+\Z")


class AlertRules(Section):
    low_stock: int = Field(
        0, ge=0, description="Tell when a variant falls to so many units, once. 0: do not."
    )
    low_stock_days: float = Field(
        0,
        ge=0,
        description="… or to what is sold in so many days, at the pace of the last four weeks. "
        "0: do not.",
    )
    high_demand: int = Field(
        0, ge=0, description="Tell when so many people wait for a product, once. 0: do not."
    )
    weekly: str = Field(
        "",
        description="When the weekly report goes out by mail, in the shop's time: mon 08:00. "
        "Empty: never.",
    )
    mail_to: tuple[str, ...] = Field(
        (), description="Who gets alerts and the report. Empty: service.operator_email."
    )
    apprise: tuple[str, ...] = Field(
        (),
        repr=False,
        description="Where alerts go besides, such as slack://…, as the library Apprise writes it. "
        "Secret. Needs the extra `alerts`.",
    )

    @field_validator("weekly")
    @classmethod
    def _is_moment(cls, value: str) -> str:
        if value and not _WEEKLY.match(value):
            message = f"{value!r} is not a day and a time; write e.g. mon 08:00"
            raise BadValue("weekly", message, typed=value)
        return value

    @field_validator("mail_to")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not re.fullmatch(r"[^@\s,;]+@[^@\s,;]+", one):
                raise BadValue("address", f"{one!r} is not an e-mail address", typed=one)
        return value

    @field_validator("apprise")
    @classmethod
    def _are_urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for number, one in enumerate(value, 1):
            if not _URL.match(one):  # it may hold a password: not repeated here
                message = f"number {number} is no address; write e.g. slack://…"
                raise BadValue("apprise", message, number=number)
        return value

    @property
    def weekly_at(self) -> tuple[int, int, int] | None:
        """Day of the week (Monday 0), hour and minute; None: no report."""
        found = _WEEKLY.match(self.weekly)
        return (DAYS.index(found[1]), int(found[2]), int(found[3])) if found else None

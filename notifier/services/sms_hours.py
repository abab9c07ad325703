"""When is the next moment at which a shop may text an alert to this number?"""

from __future__ import annotations

from datetime import datetime, timedelta

from notifier.domain.business_days import is_us_federal_holiday
from notifier.domain.phone import normalise_phone
from notifier.domain.quiet_hours import next_allowed, places_and_rules
from notifier.domain.quiet_hours_us import rules_for
from notifier.services.env import ShopRef

ALWAYS = "always"  # of a shop's `sms_hours`


def text_allowed_at(
    shop: ShopRef,
    address: str,
    *,
    declared_zone: str,
    now: datetime,
    jitter: timedelta = timedelta(0),
) -> datetime | None:
    """`now` where it may be texted at once; None: never, as its places have no hour in common.

    By the recipient's zones and the shop's `sms_hours` (trust SM-13). See next_allowed.
    """
    if shop.config.sms_hours == ALWAYS:
        return now
    phone = normalise_phone(address, allow_test_numbers=True)
    rules = rules_for(phone.region, state=phone.state, detailed=shop.config.sms_hours == "by_state")
    zones, rules = places_and_rules(
        phone.zones, declared_zone=declared_zone, shop_zone=shop.config.time_zone, rules=rules
    )
    return next_allowed(
        now, zones=zones, rules=rules, holidays=is_us_federal_holiday, jitter=jitter
    )

"""The two ways into the rules: where does a line stand, and which rules govern it?"""

from __future__ import annotations

from datetime import datetime

from notifier.domain.order_delay.course import Rules
from notifier.domain.order_delay.days import day_of, in_utc
from notifier.domain.order_delay.delivery import DeliveryRules
from notifier.domain.order_delay.line import Line
from notifier.domain.order_delay.packs import Looks, pack_for
from notifier.domain.order_delay.shipment import ShipmentRules
from notifier.domain.order_delay.standing import Standing, stand


def assess(line: Line, now: datetime) -> Standing:
    """Where `line` stands at the instant `now`.

    Looks only at events up to `now`. Says the same whenever it is asked: what lapsed while nobody
    looked lapsed on its own day (trust OD-17, case F39). Raises InvalidInput only for a `now`
    without time zone or outside the years 2000 to 2100.
    """
    now = in_utc(now, field="now")
    rules = rules_for(line)
    return stand(rules, rules.follow(now), now=now)


def rules_for(line: Line) -> Rules:
    """The law of the ship-to country, as it was on the day of the order."""
    pack = pack_for(line.country, day_of(line.completed_at, line.zone))
    if pack.looks is Looks.AT_DELIVERY:
        return DeliveryRules(line, pack)
    return ShipmentRules(line, pack)

"""Which states has a subscription, and how does it move between them?

unconfirmed → waiting → told, or paused, or ended(reason). Told and ended are final: a new sign-up
is a new subscription.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class SubscriptionState(StrEnum):
    UNCONFIRMED = "unconfirmed"
    WAITING = "waiting"
    TOLD = "told"
    PAUSED = "paused"
    ENDED = "ended"


ACTIVE = (
    SubscriptionState.UNCONFIRMED,
    SubscriptionState.WAITING,
    SubscriptionState.PAUSED,
)


class EndedReason(StrEnum):
    CUSTOMER = "customer"  # unsubscribed or cancelled by link
    EXPIRED = "expired"
    DISCONTINUED = "discontinued"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    STOPPED = "stopped"  # STOP by SMS
    ERASED = "erased"
    ADMIN = "admin"
    REPLACED = "replaced"  # changed into another subscription


class Origin(StrEnum):
    WIDGET = "widget"
    FORM = "form"
    API = "api"
    IMPORT = "import"


class EtaNews(IntEnum):
    """By how many days a date must have moved for a waiting person to hear of it, where that person
    chose; who did not hears of it as the shop chose."""

    NEVER = -1
    EVERY = 0
    OVER_A_WEEK = 8

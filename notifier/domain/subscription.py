"""Which states has a subscription, and how does it move between them?

unconfirmed → waiting → told, or paused, or ended(reason). Told and ended are final: a new sign-up
is a new subscription.
"""

from __future__ import annotations

from enum import StrEnum


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

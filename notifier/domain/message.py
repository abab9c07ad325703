"""Which messages exist, by which channels, and how urgent is each?"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from notifier.domain.subscription import SubscriptionState


class MessageKind(StrEnum):
    # to customers who wait
    CONFIRM = "confirm"
    WAITING = "waiting"
    BACK_IN_STOCK = "back_in_stock"
    REMINDER = "reminder"
    ETA_REVISED = "eta_revised"
    PREORDER_OPEN = "preorder_open"
    DISCONTINUED = "discontinued"
    STILL_WAITING = "still_waiting"
    BROADCAST = "broadcast"
    MANAGE_LINK = "manage_link"
    # to customers who bought
    ORDER_BACKORDERED = "order_backordered"
    DELAY_NOTICE = "delay_notice"
    DELAY_RENEWED = "delay_renewed"
    ORDER_ETA_BETTER = "order_eta_better"
    ORDER_READY = "order_ready"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_CHECKING = "order_checking"
    # to the merchant
    SOURCE_TROUBLE = "source_trouble"
    LOW_STOCK = "low_stock"
    HIGH_DEMAND = "high_demand"
    REPORT = "report"


class Priority(IntEnum):
    """Lower leaves first. Law before confirmations, confirmations before alerts (trust RL-27)."""

    LEGAL = 0
    CONFIRM = 1
    ALERT = 2
    MERCHANT = 3


class Medium(StrEnum):
    """What kind of text a channel carries, whatever its provider."""

    EMAIL = "email"
    SMS = "sms"
    WEBHOOK = "webhook"


class MessageState(StrEnum):
    DUE = "due"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    REFUSED = "refused"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    FAILED = "failed"
    HELD = "held"  # only after a restore: a person must say whether it was sent (trust RL-34)


OPEN_STATES = (MessageState.DUE, MessageState.SENDING, MessageState.UNKNOWN)

ABOUT_ORDERS = frozenset(
    {
        MessageKind.ORDER_BACKORDERED,
        MessageKind.DELAY_NOTICE,
        MessageKind.DELAY_RENEWED,
        MessageKind.ORDER_ETA_BETTER,
        MessageKind.ORDER_READY,
        MessageKind.ORDER_CANCELLED,
        MessageKind.ORDER_CHECKING,
    }
)
"""About something bought: no unsubscribe link, no advertising (trust OD-15)."""

TO_MERCHANT = frozenset(
    {
        MessageKind.SOURCE_TROUBLE,
        MessageKind.LOW_STOCK,
        MessageKind.HIGH_DEMAND,
        MessageKind.REPORT,
    }
)
"""To who looks after the shop: no customer is behind it, nothing is asked of it."""

ALERTS = frozenset(
    {
        MessageKind.BACK_IN_STOCK,
        MessageKind.REMINDER,
        MessageKind.ETA_REVISED,
        MessageKind.PREORDER_OPEN,
        MessageKind.DISCONTINUED,
        MessageKind.STILL_WAITING,
        MessageKind.BROADCAST,
    }
)
"""Nobody is owed one: these keep quiet hours, and wait while the shop's alerts are braked."""

LEGAL_NOTICES = frozenset({MessageKind.DELAY_NOTICE, MessageKind.DELAY_RENEWED})
"""Options the law asks for: without its sentences and both choices none is sent (trust OD-14)."""

NEEDED_STATES = {
    MessageKind.CONFIRM: SubscriptionState.UNCONFIRMED,
    MessageKind.REMINDER: SubscriptionState.TOLD,
}
"""In which state a subscription has to be for a message about it to be sent; others: waiting."""

PRIORITY = {
    **dict.fromkeys(ABOUT_ORDERS, Priority.LEGAL),
    MessageKind.CONFIRM: Priority.CONFIRM,
    MessageKind.MANAGE_LINK: Priority.CONFIRM,
    MessageKind.WAITING: Priority.CONFIRM,
    **dict.fromkeys(TO_MERCHANT, Priority.MERCHANT),
}


def priority_of(kind: MessageKind) -> Priority:
    return PRIORITY.get(kind, Priority.ALERT)

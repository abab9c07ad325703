"""Which states, next steps, choices and reasons does an order line that waits have?

The states of the USA are those of trust 3.2, the others follow art. 18 of Directive 2011/83/EU.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    OPEN = "open"  # no delay is known
    NOTICE_DUE = "notice_due"  # a delay is known that no valid notice covers yet
    CONSENTED = "consented"  # the customer agreed to a date
    CONSENTED_INDEFINITE = "consented_indefinite"  # the customer waits without a date
    SHIPPED = "shipped"
    REFUND_DUE = "refund_due"
    REFUNDED = "refunded"
    MANUAL_REVIEW = "manual_review"  # cancelled and shipped at the same instant
    NOT_COVERED = "not_covered"  # no timer runs; courtesy only
    # USA
    OPTION_SHORT = "option_short"  # first notice; silence is consent until the new date
    OPTION_LONG = "option_long"  # first notice; silence cancels
    RENEWED_OPTION = "renewed_option"  # a further delay; silence cancels when the old date ends
    # EU and UK
    DATE_PROPOSED = "date_proposed"  # a new date was offered; silence changes nothing
    DELIVERY_MISSED = "delivery_missed"  # the customer may set an additional period
    EXTRA_PERIOD = "extra_period"
    MAY_TERMINATE = "may_terminate"
    DELIVERED = "delivered"


CLOSED = frozenset(
    {State.SHIPPED, State.DELIVERED, State.REFUND_DUE, State.REFUNDED, State.MANUAL_REVIEW}
)
"""Lines in these states wait for no goods any more."""

OPEN = tuple(sorted(state.value for state in State if state not in CLOSED))
"""The states of lines that still wait for their goods, as stored."""


class NextStep(StrEnum):
    """What the merchant, or this program for him, does next."""

    SHIP = "ship"
    UPDATE_ESTIMATE = "update_estimate"  # the expected day is over and nothing was shipped
    OFFER_OPTION = "offer_option"
    OFFER_RENEWED_OPTION = "offer_renewed_option"
    PROPOSE_DATE = "propose_date"
    REACH_ANOTHER_WAY = "reach_another_way"  # a notice did not arrive; a person must see to it
    AWAIT_ANSWER = "await_answer"
    UPDATE_CUSTOMER = "update_customer"  # 30 days of an open-ended wait without a word
    CONFIRM_DELIVERY = "confirm_delivery"  # shipped, but not known to have arrived in time
    SEND_REFUND = "send_refund"
    REVIEW = "review"
    NOTHING = "nothing"


class ChoiceKind(StrEnum):
    WAIT = "wait"
    CANCEL = "cancel"
    WITHDRAW = "withdraw"  # EU, UK: without giving a reason
    SET_PERIOD = "set_period"
    TERMINATE = "terminate"


class Why(StrEnum):
    """Why the line stands where it stands. Each has its paragraph in the pack."""

    TIME_STATED = "time_stated"
    TIME_NOT_STATED = "time_not_stated"
    TIME_WITH_CREDIT = "time_with_credit"
    EXCLUDED = "excluded"

    DELAY_KNOWN = "delay_known"
    DATE_WITHOUT_BASIS = "date_without_basis"
    ESTIMATE_OVER = "estimate_over"
    NOTICE_UNDELIVERED = "notice_undelivered"
    NOTICE_INADEQUATE = "notice_inadequate"
    NOTICE_OF_WRONG_KIND = "notice_of_wrong_kind"
    NOTICE_TOO_LATE = "notice_too_late"
    OPTION_SHORT_OFFERED = "option_short_offered"
    OPTION_LONG_OFFERED = "option_long_offered"
    RENEWED_OPTION_OFFERED = "renewed_option_offered"
    DATE_PROPOSED = "date_proposed"

    CONSENTED = "consented"
    CONSENTED_TO_FURTHER_DELAY = "consented_to_further_delay"
    CONSENTED_INDEFINITELY = "consented_indefinitely"
    CONSENT_NOT_ASKED_FOR = "consent_not_asked_for"
    CONSENT_CHANGES_NOTHING = "consent_changes_nothing"
    ANSWER_TOO_LATE = "answer_too_late"

    NO_OPTION_OFFERED = "no_option_offered"
    LONG_OPTION_LAPSED = "long_option_lapsed"
    NO_RENEWED_OPTION_OFFERED = "no_renewed_option_offered"
    RENEWED_OPTION_LAPSED = "renewed_option_lapsed"
    CANCELLED = "cancelled"
    CANCELLED_BY_POLICY = "cancelled_by_policy"
    CANCELLED_AFTER_SHIPMENT = "cancelled_after_shipment"
    SELLER_DECLINED = "seller_declined"

    SHIPPED = "shipped"
    SHIPPED_AFTER_END = "shipped_after_end"
    SHIPPED_AS_CANCELLED = "shipped_as_cancelled"
    REVIEWED = "reviewed"

    DELIVERY_MISSED = "delivery_missed"
    ESSENTIAL_DATE_MISSED = "essential_date_missed"
    PERIOD_SET = "period_set"
    PERIOD_NOT_OPEN = "period_not_open"
    PERIOD_MISSED = "period_missed"
    DELIVERED = "delivered"
    WITHDRAWN = "withdrawn"
    WITHDRAWN_AFTER_SHIPMENT = "withdrawn_after_shipment"
    WITHDRAWN_TOO_LATE = "withdrawn_too_late"
    TERMINATED = "terminated"

    REFUND_BLOCKED = "refund_blocked"
    REFUND_SENT = "refund_sent"
    REFUND_LATE = "refund_late"
    REFUND_NEARLY_OVERDUE = "refund_nearly_overdue"
    REFUND_OVERDUE = "refund_overdue"


ALARMS = frozenset(
    {
        Why.NO_OPTION_OFFERED,  # "missed legal deadline" of case F39
        Why.NO_RENEWED_OPTION_OFFERED,
        Why.SHIPPED_AFTER_END,
        Why.SHIPPED_AS_CANCELLED,
        Why.REFUND_LATE,
        Why.REFUND_NEARLY_OVERDUE,
        Why.REFUND_OVERDUE,
    }
)
"""Reasons that a person should hear of."""

"""Which paragraph stands behind each reason?

"policy" marks what this program does beyond the law, or where the law is silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from notifier.domain.order_delay.states import ChoiceKind, Why

_POLICY = dict.fromkeys(Why, "policy")

BEHIND: Mapping[ChoiceKind, Why] = MappingProxyType(
    {
        ChoiceKind.WAIT: Why.CONSENTED,
        ChoiceKind.CANCEL: Why.CANCELLED,
        ChoiceKind.WITHDRAW: Why.WITHDRAWN,
        ChoiceKind.SET_PERIOD: Why.PERIOD_SET,
        ChoiceKind.TERMINATE: Why.TERMINATED,
    }
)
"""What the line stands there for once the customer has chosen so."""

US: Mapping[Why, str] = MappingProxyType(
    _POLICY
    | {
        Why.TIME_STATED: "16 CFR 435.2(a)(1)(i)",
        Why.TIME_NOT_STATED: "16 CFR 435.2(a)(1)(ii)",
        Why.TIME_WITH_CREDIT: "16 CFR 435.2(a)(1)(ii)",
        Why.EXCLUDED: "16 CFR 435.3(a)",
        Why.DELAY_KNOWN: "16 CFR 435.2(b)(1)",
        Why.DATE_WITHOUT_BASIS: "16 CFR 435.2(a)(2)",
        Why.ESTIMATE_OVER: "16 CFR 435.2(a)(2)",
        Why.NOTICE_UNDELIVERED: "16 CFR 435.2(b)(1)",
        Why.NOTICE_INADEQUATE: "16 CFR 435.2(b)(1)(i)",
        Why.NOTICE_OF_WRONG_KIND: "16 CFR 435.2(b)(1)-(2)",
        Why.NOTICE_TOO_LATE: "16 CFR 435.2(b)(1)",
        Why.OPTION_SHORT_OFFERED: "16 CFR 435.2(b)(1)(ii)",
        Why.OPTION_LONG_OFFERED: "16 CFR 435.2(b)(1)(iii)",
        Why.RENEWED_OPTION_OFFERED: "16 CFR 435.2(b)(2)(ii)",
        Why.CONSENTED: "16 CFR 435.2(b)(1)-(2)",
        Why.CONSENTED_TO_FURTHER_DELAY: "16 CFR 435.2(b)(1)(iv)",
        Why.CONSENTED_INDEFINITELY: "16 CFR 435.2(b)(1)(iii)(B), (b)(2)(iii)",
        Why.CONSENT_NOT_ASKED_FOR: "16 CFR 435.2(b)(1)",
        Why.ANSWER_TOO_LATE: "16 CFR 435.2(c)",
        Why.NO_OPTION_OFFERED: "16 CFR 435.2(c)(5)",
        Why.LONG_OPTION_LAPSED: "16 CFR 435.2(c)(2)",
        Why.NO_RENEWED_OPTION_OFFERED: "16 CFR 435.2(c)(3)",
        Why.RENEWED_OPTION_LAPSED: "16 CFR 435.2(c)(3)",
        Why.CANCELLED: "16 CFR 435.2(c)(1)",
        Why.CANCELLED_AFTER_SHIPMENT: "16 CFR 435.2(c)(1)",
        Why.SELLER_DECLINED: "16 CFR 435.2(c)(4)",
        Why.SHIPPED: "16 CFR 435.1(e)",
        Why.SHIPPED_AFTER_END: "16 CFR 435.2(c)",
        Why.SHIPPED_AS_CANCELLED: "16 CFR 435.2(c)(1)",
        Why.REFUND_BLOCKED: "16 CFR 435.1(b)(1)",
        Why.REFUND_SENT: "16 CFR 435.1(b)",
        Why.REFUND_LATE: "16 CFR 435.1(b)",
        Why.REFUND_OVERDUE: "16 CFR 435.1(b)",
    }
)

EU: Mapping[Why, str] = MappingProxyType(
    _POLICY
    | {
        Why.TIME_STATED: "Directive 2011/83/EU art. 18(1)",
        Why.TIME_NOT_STATED: "Directive 2011/83/EU art. 18(1)",
        Why.DATE_PROPOSED: "Directive 2011/83/EU art. 18(1)",
        Why.CONSENTED: "Directive 2011/83/EU art. 18(1)",
        Why.CONSENTED_INDEFINITELY: "Directive 2011/83/EU art. 18(1)",
        Why.DELIVERY_MISSED: "Directive 2011/83/EU art. 18(2)",
        Why.ESSENTIAL_DATE_MISSED: "Directive 2011/83/EU art. 18(2)",
        Why.PERIOD_SET: "Directive 2011/83/EU art. 18(2)",
        Why.PERIOD_NOT_OPEN: "Directive 2011/83/EU art. 18(2)",
        Why.PERIOD_MISSED: "Directive 2011/83/EU art. 18(2)",
        Why.TERMINATED: "Directive 2011/83/EU art. 18(2)-(3)",
        Why.SELLER_DECLINED: "Directive 2011/83/EU art. 18(2)-(3)",
        Why.WITHDRAWN: "Directive 2011/83/EU art. 9, 13",
        Why.WITHDRAWN_AFTER_SHIPMENT: "Directive 2011/83/EU art. 9, 13",
        Why.WITHDRAWN_TOO_LATE: "Directive 2011/83/EU art. 9(2)",
        Why.REFUND_SENT: "Directive 2011/83/EU art. 13(1), 18(3)",
        Why.REFUND_LATE: "Directive 2011/83/EU art. 13(1), 18(3)",
        Why.REFUND_OVERDUE: "Directive 2011/83/EU art. 13(1), 18(3)",
    }
)

UK: Mapping[Why, str] = MappingProxyType(
    _POLICY
    | {
        Why.TIME_STATED: "Consumer Rights Act 2015 s.28(3)",
        Why.TIME_NOT_STATED: "Consumer Rights Act 2015 s.28(3)",
        Why.DATE_PROPOSED: "Consumer Rights Act 2015 s.28(3)",
        Why.CONSENTED: "Consumer Rights Act 2015 s.28(3)",
        Why.CONSENTED_INDEFINITELY: "Consumer Rights Act 2015 s.28(3)",
        Why.DELIVERY_MISSED: "Consumer Rights Act 2015 s.28(7)",
        Why.ESSENTIAL_DATE_MISSED: "Consumer Rights Act 2015 s.28(6)",
        Why.PERIOD_SET: "Consumer Rights Act 2015 s.28(7)",
        Why.PERIOD_NOT_OPEN: "Consumer Rights Act 2015 s.28(7)",
        Why.PERIOD_MISSED: "Consumer Rights Act 2015 s.28(8)",
        Why.TERMINATED: "Consumer Rights Act 2015 s.28(6), (8), (9)",
        Why.SELLER_DECLINED: "Consumer Rights Act 2015 s.28(6), (9)",
        Why.WITHDRAWN: "SI 2013/3134 reg. 30, 34",
        Why.WITHDRAWN_AFTER_SHIPMENT: "SI 2013/3134 reg. 30, 34",
        Why.WITHDRAWN_TOO_LATE: "SI 2013/3134 reg. 30",
        Why.REFUND_SENT: "SI 2013/3134 reg. 34; Consumer Rights Act 2015 s.28(9)",
        Why.REFUND_LATE: "SI 2013/3134 reg. 34; Consumer Rights Act 2015 s.28(9)",
        Why.REFUND_OVERDUE: "SI 2013/3134 reg. 34; Consumer Rights Act 2015 s.28(9)",
    }
)

STRICTEST: Mapping[Why, str] = MappingProxyType(
    dict(US)
    | {
        why: EU[why]
        for why in (Why.WITHDRAWN, Why.WITHDRAWN_AFTER_SHIPMENT, Why.WITHDRAWN_TOO_LATE)
    }
)

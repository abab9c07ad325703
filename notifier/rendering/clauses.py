"""In which words does a message about an order say what the law wants said?

One sentence for each clause of a plan (domain/order_delay/notices.py), from the section `clause` of
the phrases. They are locked: a template prints them as they are (see locked.py), and a person can
edit what is around them only (trust OD-4, OD-14). Two clauses are kept by links instead: the means
to answer and the withdrawal function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from notifier.domain.order_delay import Clause, NoticePlan, RulePack
from notifier.domain.order_delay.packs import Looks
from notifier.errors import TemplateProblem
from notifier.i18n import section

BY_LINK = frozenset({Clause.MEANS_TO_ANSWER, Clause.WITHDRAWAL_FUNCTION})
"""Clauses that a link keeps, not a sentence: it must be in both parts of the mail."""

_IN_READING_ORDER = (
    Clause.DEFINITE_DATE,
    Clause.NO_DATE,
    Clause.REASON,
    Clause.CHOICE,
    Clause.DEEMED_CONSENT,
    Clause.AUTOMATIC_CANCELLATION,
    Clause.SILENCE_REJECTS,
    Clause.SILENCE_CHANGES_NOTHING,
    Clause.PROMPT_REFUND,
    Clause.CONTINUING_RIGHT,
    Clause.RIGHT_TO_WITHDRAW,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseValues:
    """What the sentences name. Dates in words of the language; `reason` in the merchant's own."""

    date: str = ""
    answer_by: str = ""
    reason: str = ""
    seller_is_creditor: bool = False


def always(pack: RulePack) -> frozenset[Clause]:
    """What every message about an order that is not over has to hold (trust 3.5, case E7)."""
    clauses = set()
    if pack.withdrawal_days is not None:
        clauses.add(Clause.RIGHT_TO_WITHDRAW)
    if pack.withdrawal_function:
        clauses.add(Clause.WITHDRAWAL_FUNCTION)
    return frozenset(clauses)


def clause_sentences(
    plan: NoticePlan | None, *, pack: RulePack, locale: str, values: ClauseValues
) -> tuple[tuple[Clause, str], ...]:
    """The sentences of a plan's clauses and of those every message has, in reading order.

    `plan` None: a message that tells of no delay. Raises TemplateProblem when a sentence needs a
    value that is not known: it would say nothing.
    """
    wanted = always(pack) | (plan.clauses if plan else frozenset())
    words = section(locale, "clause")
    return tuple(
        (clause, _sentence(words, _key(clause, pack, values), values))
        for clause in _IN_READING_ORDER
        if clause in wanted
    )


def _key(clause: Clause, pack: RulePack, values: ClauseValues) -> str:
    """Which wording: laws differ in shipping or delivery, in refunds, in what withdrawing is."""
    at_delivery = pack.looks is Looks.AT_DELIVERY
    if clause is Clause.REASON:
        return "reason" if values.reason else "reason_unknown"
    if clause is Clause.RIGHT_TO_WITHDRAW:
        return "right_to_withdraw" if _is_eu(pack) else "right_to_withdraw_uk"
    if clause is Clause.PROMPT_REFUND and pack.refund.by_billing_cycle:
        return "prompt_refund_credit" if values.seller_is_creditor else "prompt_refund"
    if clause in _DIFFER_AT_DELIVERY and at_delivery:
        return f"{clause.value}_delivery"
    return clause.value


_DIFFER_AT_DELIVERY = frozenset({Clause.DEFINITE_DATE, Clause.NO_DATE, Clause.PROMPT_REFUND})


def _is_eu(pack: RulePack) -> bool:
    return pack.name != "uk-cra-28"


def _sentence(words: Mapping[str, str], key: str, values: ClauseValues) -> str:
    said = words[key]
    for name in ("date", "answer_by", "reason"):
        mark, value = f"{{{name}}}", str(getattr(values, name))
        if mark in said and not value:
            raise TemplateProblem(f"the sentence {key} needs {name}, and it is not known")
        said = said.replace(mark, value)
    return said


def withdrawal_label(pack: RulePack, locale: str) -> str:
    """What the link of the withdrawal function says: the words of CRD art. 11a; '' without one."""
    if pack.withdrawal_days is None:
        return ""
    return section(locale, "order_mail")["withdraw" if _is_eu(pack) else "withdraw_uk"]

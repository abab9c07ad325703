"""Does every message about an order say, word for word, what the law wants said? (trust OD-4)"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from notifier import i18n
from notifier.domain.message import ABOUT_ORDERS, LEGAL_NOTICES, Medium, MessageKind
from notifier.domain.message_samples import sample_context
from notifier.domain.order_delay import PACKS, Clause, Line, NoticePlan, RulePack, plan_notice
from notifier.domain.order_delay.assess import rules_for
from notifier.errors import TemplateProblem
from notifier.rendering import Rendered, Renderer, shipped_renderer
from notifier.rendering.clauses import (
    BY_LINK,
    ClauseValues,
    always,
    clause_sentences,
    withdrawal_label,
)
from notifier.rendering.finished import read_visible
from tests.unit.order_delay.scenes import at, eu, expects, nowhere, short, uk, us

LOCALES = i18n.available_locales()
REASON = "The glaze had flaws & is made anew."


def law(line: Line, ship_by: str | None) -> tuple[NoticePlan, RulePack]:
    now = at("03-20")
    return plan_notice(line, expects("03-20", ship_by), now=now), rules_for(line).pack


US_SHORT = law(us(), "04-10")
US_LONG = law(us(), "05-02")
US_NO_DATE = law(us(), None)
US_RENEWED = law(us(short("03-10", "04-20")), "04-28")
US_RENEWED_NO_DATE = law(us(short("03-10", "04-20")), None)
EU_DATED = law(eu(), "04-10")
EU_NO_DATE = law(eu(), None)
UK_DATED = law(uk(), "04-10")
UNKNOWN = law(nowhere(), "04-10")
EU_WITH_FUNCTION = (EU_DATED[0], PACKS["eu-crd-18"][-1])
LAWS = {
    "us-short": US_SHORT,
    "us-long": US_LONG,
    "us-no-date": US_NO_DATE,
    "us-renewed": US_RENEWED,
    "us-renewed-no-date": US_RENEWED_NO_DATE,
    "eu": EU_DATED,
    "eu-no-date": EU_NO_DATE,
    "eu-since-11a": EU_WITH_FUNCTION,
    "uk": UK_DATED,
    "unknown": UNKNOWN,
}

SAYS = [
    (US_SHORT, Clause.DEFINITE_DATE, "The revised shipping date for this item is DATE."),
    (EU_DATED, Clause.DEFINITE_DATE, "The new delivery date for this item is DATE."),
    (
        US_NO_DATE,
        Clause.NO_DATE,
        "We are unable to say when we can ship this item and how long the delay will be.",
    ),
    (
        EU_NO_DATE,
        Clause.NO_DATE,
        "We are unable to say when we can deliver this item and how long the delay will be.",
    ),
    (US_NO_DATE, Clause.REASON, f"Reason for the delay: {REASON}"),
    (
        US_SHORT,
        Clause.CHOICE,
        "You have a choice: you can agree to this delay, or you can cancel your order for this item"
        " and receive a prompt refund.",
    ),
    (
        US_SHORT,
        Clause.DEEMED_CONSENT,
        "Unless we receive your cancellation before the item ships and before the end of BY, you"
        " will be deemed to have agreed that it ships on or before DATE.",
    ),
    (
        US_LONG,
        Clause.AUTOMATIC_CANCELLATION,
        "Your order for this item will be cancelled and refunded automatically unless, by the end"
        " of BY, we have shipped it and received no cancellation from you before that, or we have"
        " received your express consent to the delay.",
    ),
    (
        US_RENEWED,
        Clause.SILENCE_REJECTS,
        "Unless we receive your consent to this further delay by the end of BY, you will be deemed"
        " to have rejected it: your order for this item will then be cancelled and refunded"
        " automatically, unless it has shipped by then.",
    ),
    (
        UK_DATED,
        Clause.SILENCE_CHANGES_NOTHING,
        "If you do not answer, you have agreed to nothing: the date promised before stays binding"
        " on us, and you keep all your rights.",
    ),
    (
        US_SHORT,
        Clause.PROMPT_REFUND,
        "If you cancel, we send back all you paid for this item within seven working days.",
    ),
    (
        UNKNOWN,
        Clause.PROMPT_REFUND,
        "If you cancel, we send back all you paid for this item within seven working days.",
    ),
    (
        EU_DATED,
        Clause.PROMPT_REFUND,
        "If you cancel, we refund all you paid for this item, by the means you paid with, without"
        " undue delay and within 14 days at the latest.",
    ),
    (
        US_RENEWED_NO_DATE,
        Clause.CONTINUING_RIGHT,
        "If you agree to wait without a date, you can still cancel at any time before we ship the"
        " item.",
    ),
    (
        EU_DATED,
        Clause.RIGHT_TO_WITHDRAW,
        "You may withdraw from the contract for this item without giving any reason, at any time"
        " until 14 days after you have received it.",
    ),
    (
        UK_DATED,
        Clause.RIGHT_TO_WITHDRAW,
        "You may cancel the contract for this item without giving any reason, at any time until 14"
        " days after you have received it.",
    ),
]


def sentences(
    of: tuple[NoticePlan | None, RulePack], locale: str = "en", **values: Any
) -> dict[Clause, str]:
    plan, pack = of
    given = ClauseValues(**{"date": "DATE", "answer_by": "BY", "reason": REASON, **values})
    return dict(clause_sentences(plan, pack=pack, locale=locale, values=given))


@pytest.mark.parametrize(("of", "clause", "said"), SAYS)
def test_od4_each_clause_says_exactly_this(
    of: tuple[NoticePlan, RulePack], clause: Clause, said: str
) -> None:
    assert sentences(of)[clause] == said


def test_every_clause_is_in_the_table_or_kept_by_a_link() -> None:
    assert {clause for _, clause, _ in SAYS} | BY_LINK == set(Clause)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("of", LAWS.values(), ids=LAWS)
def test_every_clause_of_a_plan_has_one_whole_sentence(
    of: tuple[NoticePlan, RulePack], locale: str
) -> None:
    said = sentences(of, locale)

    assert set(said) == (of[0].clauses | always(of[1])) - BY_LINK
    assert len(set(said.values())) == len(said)
    for sentence in said.values():
        assert len(sentence) > 20
        assert not set("{}") & set(sentence)


def test_a_seller_who_is_the_creditor_credits_within_one_billing_cycle() -> None:
    said = sentences(US_SHORT, seller_is_creditor=True)

    assert said[Clause.PROMPT_REFUND].endswith("to your account within one billing cycle.")
    elsewhere = sentences(EU_DATED, seller_is_creditor=True)
    assert "14 days" in elsewhere[Clause.PROMPT_REFUND]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_delay_without_a_date_has_a_reason_even_if_the_merchant_gave_none(locale: str) -> None:
    said = sentences(US_NO_DATE, locale, reason="")[Clause.REASON]

    assert said == i18n.section(locale, "clause")["reason_unknown"]


@pytest.mark.parametrize(("of", "missing"), [(US_SHORT, "date"), (US_LONG, "answer_by")])
def test_a_sentence_without_its_date_is_refused(
    of: tuple[NoticePlan, RulePack], missing: str
) -> None:
    with pytest.raises(TemplateProblem, match=f"needs {missing}"):
        sentences(of, **{missing: ""})


def test_a_message_that_tells_of_no_delay_still_tells_of_the_right_to_withdraw() -> None:
    """E7"""
    assert set(sentences((None, EU_DATED[1]))) == {Clause.RIGHT_TO_WITHDRAW}
    assert sentences((None, US_SHORT[1])) == {}


@pytest.mark.parametrize(
    ("locale", "label"),
    [
        ("en", "withdraw from contract here"),
        ("de", "Vertrag widerrufen"),
        ("es", "desistir del contrato aquí"),
    ],
)
def test_e7_the_withdrawal_function_bears_the_words_of_the_law(locale: str, label: str) -> None:
    assert withdrawal_label(PACKS["eu-crd-18"][-1], locale) == label
    assert withdrawal_label(PACKS["us-ftc-435"][-1], locale) == ""


@cache
def renderer() -> Renderer:
    return shipped_renderer()


def mail(kind: MessageKind, locale: str, of: tuple[NoticePlan | None, RulePack]) -> Rendered:
    context = sample_context(kind, locale)
    context["clauses"] = [{"text": one} for one in sentences(of, locale).values()]
    label = withdrawal_label(of[1], locale)
    context["labels"]["withdraw"] = label
    context["links"]["withdraw"] = context["links"]["withdraw"] if label else ""
    return renderer().render(kind, medium=Medium.EMAIL, shop="", locale=locale, context=context)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("of", LAWS.values(), ids=LAWS)
@pytest.mark.parametrize("kind", sorted(LEGAL_NOTICES))
def test_both_parts_of_a_notice_hold_every_sentence_and_both_choices(
    kind: MessageKind, of: tuple[NoticePlan, RulePack], locale: str
) -> None:
    message = mail(kind, locale, of)
    page = read_visible(message.html)
    links = sample_context(kind, locale)["links"]

    for sentence in sentences(of, locale).values():
        assert f"{sentence}\n" in message.text
        assert sentence in page.text
    for name in ("wait", "cancel"):
        assert links[name] in page.links
        assert f"\n{links[name]}\n" in message.text
    assert (links["withdraw"] in page.links) is (of[1].withdrawal_days is not None)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", sorted(ABOUT_ORDERS - {MessageKind.ORDER_CANCELLED}))
def test_e7_every_message_about_an_eu_order_links_the_withdrawal_function(
    kind: MessageKind, locale: str
) -> None:
    message = mail(kind, locale, (None if kind not in LEGAL_NOTICES else EU_DATED[0], EU_DATED[1]))
    withdraw = sample_context(kind, locale)["links"]["withdraw"]

    assert withdraw in read_visible(message.html).links
    assert f"\n{withdraw}\n" in message.text
    assert withdrawal_label(EU_DATED[1], locale) in read_visible(message.html).text

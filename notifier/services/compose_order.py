"""What does a message say to somebody who has bought something that is not there?

Turns an order line, its history and the law's plan into the plain values that templates are given
(domain/message_context.py). The locked sentences come with it; a plan that no sentence or link
keeps is refused, so that nothing is sent that is no offer (trust OD-4, OD-14).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from notifier.domain.message import LEGAL_NOTICES, MessageKind
from notifier.domain.order_delay import ChoiceKind, Clause, NoticePlan, Refund, Why
from notifier.domain.order_delay.packs import Looks
from notifier.domain.order_history import Happened, came_back
from notifier.errors import TemplateProblem
from notifier.i18n import (
    available_locales,
    choose_locale,
    eta_words,
    format_date,
    format_moment,
    locale_chain,
    section,
)
from notifier.rendering.clauses import (
    BY_LINK,
    ClauseValues,
    always,
    clause_sentences,
    withdrawal_label,
)
from notifier.services.env import Env
from notifier.services.order_answer import BY_CUSTOMER
from notifier.services.order_matter import OrderMatter
from notifier.services.product_words import money, product_title, variant_title
from notifier.services.read_eta import read_iso
from notifier.signing import Purpose
from notifier.store.catalogue import VariantRow
from notifier.store.outbox import MessageRow

_PLANNED = frozenset({*LEGAL_NOTICES, MessageKind.ORDER_BACKORDERED, MessageKind.ORDER_ETA_BETTER})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """One message in the making."""

    kind: MessageKind
    matter: OrderMatter
    locale: str

    @property
    def plan(self) -> NoticePlan | None:
        """The plan behind a date that is told."""
        wanted = self.matter.wanted
        return wanted.plan if wanted and self.kind in _PLANNED else None

    @property
    def arrives(self) -> bool:
        return self.matter.standing.pack.looks is Looks.AT_DELIVERY


def order_context(
    env: Env, shop: dict[str, Any], message: MessageRow, matter: OrderMatter
) -> dict[str, Any]:
    """The values for a template. `shop`: the group of that name.

    Raises TemplateProblem when the message is not what the line's history asks for, or a clause of
    its plan cannot be said.
    """
    kind, wanted = MessageKind(message.kind), matter.wanted
    if kind is not MessageKind.ORDER_READY and (wanted is None or wanted.kind is not kind):
        raise TemplateProblem(
            f"order line {matter.case.line.id} does not ask for a {kind} message now", where=kind
        )
    told = _Told(kind=kind, matter=matter, locale=_spoken(message.locale))
    case, line = matter.case, matter.case.line
    return {
        "kind": kind.value,
        "shop": shop,
        "product": _product(told),
        "quantity": line.quantity,
        "order": {
            "ref": case.order.ref,
            "placed_on": format_date(
                case.order.completed_at.astimezone(ZoneInfo(case.order.zone)).date(), told.locale
            ),
            "preorder": line.sold_as == "preorder",
        },
        "eta": _eta(told, today=env.now().astimezone(ZoneInfo(case.order.zone)).date()),
        "promised": {"text": _promised(told)},
        "notice": _notice(told),
        "clauses": [{"text": sentence} for _, sentence in _clauses(told)],
        **_links(env, told),
        "choices": _choices(told),
        "checking": {"about": wanted.about if wanted else ""},
        "cancellation": _cancellation(told),
        "alternatives": [_alternative(one, told.locale) for one in matter.alternatives],
        "incentive": _incentive(line.incentive),
    }


def _spoken(locale: str) -> str:
    """The language the sentences will be in: no French date within an English sentence."""
    spoken = choose_locale(locale, available_locales())
    return locale if locale_chain(spoken)[-1] == locale_chain(locale)[-1] else spoken


def _clauses(told: _Told) -> tuple[tuple[Clause, str], ...]:
    """The locked sentences. What is over needs none: nothing is left to be withdrawn from."""
    if told.kind is MessageKind.ORDER_CANCELLED:
        return ()
    plan, pack, locale = told.plan, told.matter.standing.pack, told.locale
    values = ClauseValues(
        date=_day(plan.revised if plan else None, locale),
        answer_by=_day(plan.answer_by if plan else None, locale),
        reason=told.matter.case.why_late,
        seller_is_creditor=told.matter.case.order.seller_is_creditor,
    )
    said = clause_sentences(plan, pack=pack, locale=locale, values=values)
    missing = (plan.clauses if plan else always(pack)) - {clause for clause, _ in said} - BY_LINK
    if missing:
        raise TemplateProblem(
            f"there is no sentence in {locale!r} for {', '.join(sorted(missing))}", where=told.kind
        )
    return said


def _day(day: date | None, locale: str) -> str:
    return format_date(day, locale) if day else ""


def _by(day: date | None, locale: str) -> str:
    """`by 20 April 2026`; empty when there is no day."""
    return (
        section(locale, "order_mail")["by_day"].replace("{day}", _day(day, locale)) if day else ""
    )


def _product(told: _Told) -> dict[str, Any]:
    line, variant, locale = told.matter.case.line, told.matter.variant, told.locale
    name = variant_title(variant, locale) if variant else ""
    is_said = name.casefold() in line.title.casefold()
    return {
        "title": line.title,
        "variant": "" if is_said else name,
        "url": variant.page_url if variant else "",
        "image_url": variant.picture_url if variant else "",
        "price": money(line.price, line.currency, locale),
    }


def _eta(told: _Told, *, today: date) -> dict[str, Any]:
    """A date that may be told, or none; what was told before; whether the day is over."""
    plan, locale = told.plan, told.locale
    revised = plan.revised if plan else None
    if told.kind is MessageKind.ORDER_BACKORDERED and revised is None and _is_as_promised(told):
        revised = told.matter.standing.promised
    was = _told_before(told)
    return {
        "text": _as_precise_as_given(told, revised, today=today) or _by(revised, locale),
        "was": "" if was == revised else _by(was, locale),
        "overdue": any(one.why is Why.ESTIMATE_OVER for one in told.matter.standing.reasons),
        "arrives": told.arrives,
    }


def _is_as_promised(told: _Told) -> bool:
    """Nobody has said anything but the promise, and that is not over."""
    case = told.matter.case
    return case.line.promise is not None and case.latest(Happened.ESTIMATE) is None


def _as_precise_as_given(told: _Told, revised: date | None, *, today: date) -> str:
    """`in February 2027` where news has the month only. The law's notices need the last day."""
    estimate = told.matter.case.latest(Happened.ESTIMATE)
    if told.kind in LEGAL_NOTICES or revised is None or estimate is None:
        return ""
    eta = read_iso(str(estimate.facts.get("eta") or ""))
    if eta is None or eta.latest != revised or eta.earliest == eta.latest:
        return ""
    return eta_words(eta, told.locale, today)


def _told_before(told: _Told) -> date | None:
    """The date the customer heard last, else the one that was promised with the order."""
    case = told.matter.case
    lost = came_back(case.events)
    notices = [
        one
        for one in case.events
        if one.kind == Happened.NOTICE and one.facts.get("message") not in lost
    ]
    if notices:
        last = max(notices, key=lambda one: (one.at, one.id)).facts.get("revised")
        return date.fromisoformat(last) if last else None
    return told.matter.standing.promised if case.line.promise is not None else None


def _promised(told: _Told) -> str:
    """The day that was missed, or the one that was promised with the order."""
    standing, wanted = told.matter.standing, told.matter.wanted
    if wanted is not None and wanted.about == "missed":
        return _by(standing.limit, told.locale)
    return _by(standing.promised, told.locale) if told.matter.case.line.promise else ""


def _notice(told: _Told) -> dict[str, Any]:
    plan = told.plan
    return {
        "reason": told.matter.case.why_late,
        "answer_by": _day(plan.answer_by if plan else None, told.locale),
        "silence": plan.silence.value if plan else "nothing",
        "renewed": told.kind is MessageKind.DELAY_RENEWED,
        "legal": told.kind in LEGAL_NOTICES,
    }


def _links(env: Env, told: _Told) -> dict[str, Any]:
    decide = env.token_link("o", Purpose.ORDER, told.matter.case.line.id)
    is_over = told.kind is MessageKind.ORDER_CANCELLED
    label = "" if is_over else withdrawal_label(told.matter.standing.pack, told.locale)
    return {
        "links": {
            "decide": decide,
            "wait": f"{decide}?choose=wait",
            "cancel": f"{decide}?choose=cancel",
            "withdraw": f"{decide}?choose=withdraw" if label else "",
        },
        "labels": {"withdraw": label},
    }


def _choices(told: _Told) -> dict[str, bool]:
    kinds = {one.kind for one in told.matter.standing.choices}
    return {
        "wait": ChoiceKind.WAIT in kinds or told.kind in LEGAL_NOTICES,
        "cancel": told.matter.standing.may_ship,
        "withdraw": ChoiceKind.WITHDRAW in kinds,
        "period": ChoiceKind.SET_PERIOD in kinds,
        "terminate": ChoiceKind.TERMINATE in kinds,
    }


def _cancellation(told: _Told) -> dict[str, Any]:
    refund = told.matter.standing.refund
    if refund is None:
        return {}
    zone = told.matter.case.order.zone
    return {
        "at": format_moment(refund.vested_at, zone, told.locale),
        "by": _ended_by(refund),
        "ground": section(told.locale, "order_mail")[f"ground_{refund.ground.value}"],
        "refund_by": format_date(refund.by, told.locale),
        "partly": told.matter.goes_on,
    }


def _ended_by(refund: Refund) -> str:
    if refund.ground in BY_CUSTOMER:
        return "customer"
    return "shop" if refund.ground is Why.SELLER_DECLINED else "time"


def _alternative(variant: VariantRow, locale: str) -> dict[str, str]:
    name = variant_title(variant, locale)
    title = product_title(variant, locale)
    return {
        "title": f"{title} ({name})" if name and name != title else title,
        "url": variant.page_url,
        "image_url": variant.picture_url,
        "price": money(variant.price, variant.currency, locale),
    }


def _incentive(stored: dict[str, Any] | None) -> dict[str, str]:
    return {name: str((stored or {}).get(name) or "") for name in ("code", "text")}

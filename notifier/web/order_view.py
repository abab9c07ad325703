"""What stands on the page of something bought: how things are, and what can be chosen?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from notifier.domain.order_delay import ChoiceKind, Clause, State, Until, Why
from notifier.domain.order_history import Happened
from notifier.i18n import (
    available_locales,
    choose_locale,
    format_date,
    format_moment,
    section,
)
from notifier.rendering.clauses import withdrawal_label
from notifier.services.order_answer import BY_CUSTOMER, days_of_period
from notifier.services.order_swap import SOURCE as IN_STOCK
from notifier.services.product_words import money, product_title, variant_title
from notifier.services.show_order import Shown, load_shown
from notifier.web.here import env
from notifier.web.order_facts import facts_of, money_of
from notifier.web.order_timeline import Entry, last_moment, timeline
from notifier.web.pages import fill, picture_url, speak, web_url
from notifier.web.product_card import Card, masked

_STATES = {
    State.MANUAL_REVIEW: "review",
    State.DELIVERED: "delivered",
    State.SHIPPED: "shipped",
    State.DELIVERY_MISSED: "missed",
    State.EXTRA_PERIOD: "period",
    State.MAY_TERMINATE: "terminate",
}
_AGREED = (State.CONSENTED, State.CONSENTED_INDEFINITE)
_OF_SILENCE = frozenset(
    {
        Clause.DEEMED_CONSENT,
        Clause.AUTOMATIC_CANCELLATION,
        Clause.SILENCE_REJECTS,
        Clause.SILENCE_CHANGES_NOTHING,
    }
)
_A_MINUTE = timedelta(minutes=1)
OPEN_END = "open"  # how a form says "as long as it takes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing to choose. `act` and `until` are posted; `name` is unique on the page."""

    act: str
    label: str
    note: str
    name: str
    until: str = ""
    is_chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The date field of an additional period, ISO days."""

    first: str
    usual: str
    last: str


class OrderView:
    """One line in its customer's language. Texts are ready to be shown, not yet escaped."""

    def __init__(self, shown: Shown, *, locale: str, choose: str = "") -> None:
        self.shown = shown
        self.locale = locale
        self.words: Mapping[str, str] = section(locale, "order_page")
        self._choose = choose

    # ---- how things stand ----

    @cached_property
    def key(self) -> str:
        """Which heading: review, cancelled, withdrawn, terminated, lapsed, declined, delivered,
        shipped, missed, period, terminate, ready, late, agreed, open."""
        standing = self.shown.standing
        refund = standing.refund
        if refund is not None and standing.state is not State.MANUAL_REVIEW:
            if refund.ground not in BY_CUSTOMER:
                return "declined" if refund.ground is Why.SELLER_DECLINED else "lapsed"
            if refund.ground is Why.TERMINATED:
                return "terminated"
            return "withdrawn" if refund.ground in _WITHDRAWN else "cancelled"
        if standing.state in _STATES:
            return _STATES[standing.state]
        estimate = self.shown.case.latest(Happened.ESTIMATE)
        if estimate is not None and estimate.facts.get("source") == IN_STOCK:
            return "ready"
        if self.shown.offer is not None:
            return "late"
        return "agreed" if standing.state in _AGREED else "open"

    @property
    def title(self) -> str:
        return self.words[f"{self.key}_title"]

    @property
    def lead(self) -> str:
        key = f"{self.key}_lead"
        if self.key == "agreed" and self.shown.standing.limit is None:
            key += "_open"
        if self.key == "late" and self.needs_confirming:
            key += "_two"
        said = self.say(key, day=self.shown.standing.limit, moment=self.moment)
        if self.key == "lapsed" and self.shown.standing.refund is not None:
            ground = self.shown.standing.refund.ground.value
            said = f"{said} {section(self.locale, 'order_mail')[f'ground_{ground}']}"
        return said

    def say(self, key: str, *, day: Until = None, **values: object) -> str:
        """A phrase with its values; `day` in words."""
        if day is not None:
            values["day"] = self.day(day)
        return fill(self.words[key], **values)

    def day(self, day: date) -> str:
        return format_date(day, self.locale)

    @cached_property
    def moment(self) -> str:
        """When it ended, left or arrived; empty while it waits."""
        refund = self.shown.standing.refund
        at = refund.vested_at if refund else None
        if at is None and self.shown.standing.state is State.DELIVERED:
            at = last_moment(self.shown, Happened.DELIVERED)
        if at is None:
            at = last_moment(self.shown, Happened.SHIPPED)
        return format_moment(at, self.shown.case.order.zone, self.locale) if at else ""

    @property
    def card(self) -> Card:
        line, variant = self.shown.case.line, self.shown.variant
        return self._card(
            title=line.title,
            variant=variant_title(variant, self.locale) if variant else "",
            picture=variant.picture_url if variant else "",
            price=money(line.price, line.currency, self.locale),
            url=variant.page_url if variant else "",
            quantity=line.quantity,
        )

    def _card(self, *, title: str, variant: str, picture: str, url: str, **more: Any) -> Card:
        """`variant` is left out where the title says it."""
        usual = {"eta": "", "is_there": False, "since": "", "quantity": 1, "sign_up": ""}
        return Card(
            id=self.shown.id,
            title=title,
            variant="" if variant.casefold() in title.casefold() else variant,
            picture=picture_url(picture),
            url=web_url(url),
            shop=self.shown.shop.config.name,
            **{**usual, **more},
        )

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Label and value, in reading order."""
        return facts_of(self.shown, self.words, locale=self.locale)

    @property
    def about_money(self) -> list[tuple[str, str]]:
        """What is sent back, and when; nothing where nothing is owed."""
        return money_of(self.shown, self.words, locale=self.locale)

    # ---- what can be chosen ----

    @property
    def needs_confirming(self) -> bool:
        """Whether ending it takes a second page: the law's withdrawal function does."""
        kinds = {one.kind for one in self.shown.standing.choices}
        return ChoiceKind.WITHDRAW in kinds and ChoiceKind.CANCEL not in kinds

    @cached_property
    def choices(self) -> list[Choice]:
        """All that one press of a button says, waiting first."""
        made = [self._wait(until) for until in self.shown.dates]
        for one in self.shown.standing.choices:
            if one.kind in (ChoiceKind.CANCEL, ChoiceKind.WITHDRAW, ChoiceKind.TERMINATE):
                made.append(self._ending(one.kind))
        return made

    @property
    def asks(self) -> bool:
        """Whether an answer is asked for, not only possible."""
        return bool(self.shown.dates) or self.period is not None

    @property
    def withdraw_label(self) -> str:
        label = withdrawal_label(self.shown.standing.pack, self.locale)
        return label[:1].upper() + label[1:]

    @property
    def period(self) -> Period | None:
        """An additional period can be set."""
        if not any(one.kind is ChoiceKind.SET_PERIOD for one in self.shown.standing.choices):
            return None
        days = days_of_period(self.shown.case, self.shown.now)
        first, usual, last = (str(day) for day in days)
        return Period(first=first, usual=usual, last=last)

    @property
    def silence(self) -> str:
        """What happens without an answer, in the locked words; empty when none is asked for."""
        offer = self.shown.offer
        if offer is None:
            return ""
        said = [sentence for clause, sentence in self.shown.clauses if clause in _OF_SILENCE]
        plain = self.say(f"silence_{offer.plan.silence.value}", day=offer.until)
        return " ".join(said) or fill(plain, moment=self._answer_until)

    @property
    def answer_by(self) -> str:
        """Until when an answer counts; empty where silence changes nothing."""
        moment = self._answer_until
        return self.say("answer_by", moment=moment) if moment else ""

    @property
    def _answer_until(self) -> str:
        offer = self.shown.offer
        until = offer.plan.answer_until if offer else None
        zone = self.shown.case.order.zone
        return format_moment(until - _A_MINUTE, zone, self.locale) if until else ""

    @property
    def clauses(self) -> list[str]:
        """What the law wants said, but for what silence means: that stands apart."""
        apart = _OF_SILENCE if self.shown.offer else frozenset()
        return [sentence for clause, sentence in self.shown.clauses if clause not in apart]

    @property
    def chose(self) -> str:
        """A line for those who come from a button in a mail: nothing is decided yet."""
        chosen = next((one for one in self.choices if one.is_chosen), None)
        return self.say("chose", choice=chosen.label) if chosen else ""

    @property
    def may_reduce(self) -> bool:
        return self.shown.standing.may_ship and self.shown.case.line.quantity > 1

    @property
    def swaps(self) -> list[tuple[str, Card]]:
        """Key and card of what can be had at once instead."""
        return [
            (
                one.key,
                self._card(
                    title=product_title(one, self.locale),
                    variant=variant_title(one, self.locale),
                    picture=one.picture_url,
                    price=money(one.price, one.currency, self.locale),
                    url=one.page_url,
                    is_there=True,
                ),
            )
            for one in self.shown.swaps
        ]

    @property
    def has_left(self) -> bool:
        """Shipped, and nothing can be chosen here any more."""
        return self.key in ("shipped", "delivered") and not self.choices

    @property
    def history(self) -> tuple[Entry, ...]:
        return timeline(self.shown, self.words, locale=self.locale)

    @property
    def place(self) -> str:
        """Whose clocks the times on the page are read from."""
        return self.shown.case.order.zone.rpartition("/")[2].replace("_", " ")

    @property
    def address(self) -> str:
        """Where written confirmations go, masked; empty when nothing is stored any more."""
        contact = self.shown.contact
        return masked(contact.medium, contact.address) if contact else ""

    def _wait(self, until: Until) -> Choice:
        first = self.shown.dates[0] if self.shown.dates else None
        return Choice(
            act="wait",
            label=self.say("wait", day=until) if until else self.words["wait_open"],
            note=self.words["wait_note"],
            name=f"wait-{until or OPEN_END}",
            until=until.isoformat() if until else OPEN_END,
            is_chosen=self._choose == "wait" and until == first,
        )

    def _ending(self, kind: ChoiceKind) -> Choice:
        withdraws = kind is ChoiceKind.WITHDRAW
        key = f"{kind.value}_note"
        if withdraws and not self.shown.standing.may_ship:
            key += "_sent"
        wanted = {"cancel": ChoiceKind.CANCEL, "withdraw": ChoiceKind.WITHDRAW}.get(self._choose)
        kinds = {one.kind for one in self.shown.standing.choices}
        if wanted not in kinds and wanted is not None:  # one of the two does for the other
            wanted = ChoiceKind.WITHDRAW if wanted is ChoiceKind.CANCEL else ChoiceKind.CANCEL
        return Choice(
            act=kind.value,
            label=self.withdraw_label if withdraws else self.words[kind.value],
            note=self.say(key, day=self.shown.refund_by),
            name=kind.value,
            is_chosen=kind is wanted,
        )


_WITHDRAWN = (Why.WITHDRAWN, Why.WITHDRAWN_AFTER_SHIPMENT)


def open_order(line_id: int, *, choose: str = "") -> OrderView:
    """Raises errors.NotFound for what is not stored."""
    shown = load_shown(env(), line_id)
    locale = choose_locale(shown.case.order.locale, available_locales())
    speak(locale)
    if locale != shown.case.order.locale:
        shown = load_shown(env(), line_id, locale=locale)
    return OrderView(shown, locale=locale, choose=choose)

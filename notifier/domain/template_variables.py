"""Which variables has a message of a kind, of which type, what does each mean, and for example?

Told to those who write templates: the editor completes from it, docs/templates.md is written from
it. A test holds that every variable has its sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from notifier.domain.message import MessageKind
from notifier.domain.message_context import REQUIRED, Value, complete_context, schema_of
from notifier.domain.message_samples import sample_context

TYPES: Mapping[Value, str] = {
    Value.TEXT: "text",
    Value.URL: "link",
    Value.COLOUR: "colour",
    Value.FLAG: "true or false",
    Value.COUNT: "whole number",
    Value.MAYBE_COUNT: "whole number or none",
}

MEANINGS: Mapping[str, str] = {
    "kind": "The name of this message.",
    "shop.name": "The shop's name.",
    "shop.url": "The shop's front page.",
    "shop.support_email": "Where customers may write to.",
    "shop.postal_address": "The postal address; the layout prints it in every mail.",
    "shop.logo_url": "The picture at the top.",
    "shop.accent": "The colour of buttons.",
    "shop.accent_ink": "Black or white, whichever can be read on the accent.",
    "shop.discreet": "Whether subjects and text messages must not name the product.",
    "product.title": "What the product is called.",
    "product.name": "The title, with the variant in brackets where there is one.",
    "product.variant": "The variant; empty where any will do.",
    "product.url": "The product's page. In alerts the visit is counted.",
    "product.image_url": "A picture.",
    "product.price": "The price, as the reader's language writes it.",
    "product.regular_price": "The price before, where it was reduced.",
    "variant.title": "The variant that is meant.",
    "any_variant": "Whether the person waits for any variant.",
    "quantity": "How many the person wants.",
    "stock.quantity": "How many there are; none where nobody knows.",
    "stock.limited": "Whether fewer are there than are waited for.",
    "availability": "in_stock, backorder, preorder, out_of_stock, discontinued or unknown.",
    "eta.text": "The expected date in words; empty where there is none or it is over.",
    "eta.was": "The date told before; empty where none was.",
    "eta.overdue": "Whether the expected date is over.",
    "eta.arrives": "Whether the date is that of delivery, not of shipping.",
    "links.confirm": "Confirms the sign-up.",
    "links.cancel": "Cancels: the sign-up in a confirmation, the order line in an order's message.",
    "links.unsubscribe": "Ends this one; the layout prints it in every alert.",
    "links.manage": "Everything this address waits for.",
    "links.keep": "Says: still interested.",
    "links.decide": "The page of the order line, where one decides.",
    "links.wait": "The same page, with waiting in view.",
    "links.withdraw": "The same page, with withdrawal in view; empty where the law knows none.",
    "links.release": "Tells those who wait after all.",
    "links.drop": "Drops what was held.",
    "held_until": "Until when the units are kept for this person; empty where they are not.",
    "asked_on": "The day of the sign-up.",
    "expires_in": "How long the link works, in words.",
    "waiting_since": "The day of the sign-up.",
    "incentive.code": "A code for early orders.",
    "incentive.text": "What early orders get, in words.",
    "news.subject": "The subject you wrote.",
    "news.short": "What you wrote for text messages.",
    "paragraphs": "What you wrote, line by line.",
    "paragraphs[].text": "One line of it.",
    "total": "How many products it is about.",
    "products": "The products it is about, or the most wanted.",
    "products[].title": "A product, with its variant.",
    "products[].count": "Units left, or people waiting.",
    "products[].days": "For how many days it lasts; 0 where nobody knows.",
    "period.first": "The first day of the report.",
    "period.last": "The last day of the report.",
    "figures.new": "Sign-ups that were confirmed.",
    "figures.new_before": "Those of the seven days before.",
    "figures.released": "Restocks that were told.",
    "figures.told": "Messages that providers took.",
    "figures.clicked": "How many of them were followed.",
    "figures.orders_due": "Order lines with a deadline in the next seven days.",
    "figures.bought_share": "The median share of those told who bought; empty where not known.",
    "figures.waiting_since": "Since when the longest wait lasts; empty where nobody waits.",
    "links.admin": "The page of the admin about it; empty where it has an address of its own.",
    "source.sort": "source, order, alerts or other: what the trouble is about.",
    "source.name": "The source's name.",
    "source.problem": "What is wrong.",
    "source.since": "Since when.",
    "source.advice": "What to do.",
    "source.held": "How many announcements are held.",
    "order.ref": "The order's number.",
    "order.placed_on": "The day of the order.",
    "order.preorder": "Whether it was sold as a pre-order.",
    "promised.text": "The date that was promised, or missed.",
    "notice.reason": "Why it is late, in your words.",
    "notice.answer_by": "By when an answer is needed.",
    "notice.silence": "What no answer means: consents, cancels or nothing.",
    "notice.renewed": "Whether it is a second delay.",
    "notice.legal": "Whether the law asks for this message.",
    "labels.withdraw": "What the law wants written on the withdrawal link.",
    "choices.wait": "Whether one may wait.",
    "choices.cancel": "Whether one may cancel.",
    "choices.withdraw": "Whether one may withdraw.",
    "choices.period": "Whether one may set an additional period.",
    "choices.terminate": "Whether one may end the contract.",
    "checking.about": "review, no_news or missed: what is being looked into.",
    "cancellation.at": "When it ended.",
    "cancellation.by": "customer, time or shop: who or what ended it.",
    "cancellation.ground": "Why it ended, as a sentence.",
    "cancellation.refund_by": "By when the money is sent back.",
    "cancellation.partly": "Whether the rest of the order goes on.",
    "clauses": "The sentences the law wants; they cannot be changed or left out.",
    "clauses[].text": "One of these sentences.",
    "alternatives": "Products offered instead.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable. `path` holds `[]` where it is inside a list; `needed`: the message cannot go
    out without it."""

    path: str
    type: str
    meaning: str
    sample: str
    needed: bool = False


def variables_of(kind: MessageKind, *, locale: str = "en") -> tuple[Variable, ...]:
    """Every variable of a kind in the order of its schema, with the value of the first sample."""
    context = complete_context(kind, sample_context(kind, locale))
    needed = {path for path in REQUIRED[kind] if path}
    return tuple(
        Variable(
            path=path,
            type=what,
            meaning=meaning_of(path),
            sample=_said(value),
            needed=path in needed,
        )
        for path, what, value in _walk(schema_of(kind), context, "")
    )


def meaning_of(path: str) -> str:
    """The sentence for a variable. Those of an alternative are those of the product."""
    return MEANINGS.get(path.replace("alternatives[].", "product."), "")


def _walk(schema: Mapping[str, Any], values: Any, before: str) -> Iterator[tuple[str, str, Any]]:
    for name, what in schema.items():
        path = before + name
        value = values.get(name) if isinstance(values, dict) else None
        if isinstance(what, Value):
            yield path, TYPES[what], value
        elif isinstance(what, tuple):
            yield path, "list", None
            first = value[0] if value else {}
            yield from _walk(what[0], first, f"{path}[].")
        else:
            yield from _walk(what, value, f"{path}.")


def _said(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)

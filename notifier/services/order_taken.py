"""What is an order that was taken, and who can be reached about it?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from notifier.domain.order_delay import Standing
from notifier.domain.order_history import Happened
from notifier.errors import FieldProblem, InvalidInput
from notifier.services.contacts import contact_at
from notifier.services.env import Env, ShopRef
from notifier.services.order_follow import New, estimate_facts
from notifier.services.order_given import GivenEta, GivenOrder
from notifier.services.read_address import Address, read_address
from notifier.store.session import Transaction

CREATED, CHANGED, UNCHANGED = "created", "changed", "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenLine:
    """`outcome`: created, changed or unchanged."""

    id: int
    ref: str
    outcome: str
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOrder:
    """What became of an order. `warnings`: it was taken, but not all that it said."""

    ref: str
    outcome: str
    zone: str
    lines: tuple[TakenLine, ...]
    warnings: tuple[FieldProblem, ...] = ()


@dataclass(slots=True)
class Reached:
    """The addresses of an order, as far as they can be used."""

    email: Address | None = None
    phone: Address | None = None
    warnings: list[FieldProblem] = field(default_factory=list)


def read_addresses(env: Env, shop: ShopRef, given: GivenOrder) -> Reached:
    """A phone that cannot be used is left out where there is an e-mail address, and said so."""
    reached = Reached()
    if given.email is not None:
        reached.email = read_address(env, shop, email=given.email)
    if given.phone is not None:
        try:
            reached.phone = read_address(env, shop, phone=given.phone)
        except InvalidInput as error:
            if reached.email is None:
                raise
            reached.warnings += error.problems
    return reached


def contact_id(env: Env, tx: Transaction, address: Address | None) -> int | None:
    """No time zone of theirs is known: where an order is sent to need not be where they are."""
    return contact_at(env, tx, address).id if address is not None else None


def estimate(given: GivenEta, *, number: int, at: datetime, actor: str) -> New:
    facts = estimate_facts(given.eta, source=given.source, scope="line", reason=given.reason)
    return New(
        kind=Happened.ESTIMATE,
        at=at,
        key=f"order_eta:{number}",
        facts={**facts, "evidence": given.evidence},
        actor=actor,
    )

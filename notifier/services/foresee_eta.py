"""What would a new expected date mean, before it is saved?

Who would be told what, and what the law then requires by when. Nothing is stored by asking.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from notifier.domain.eta import Eta
from notifier.domain.order_delay import Consequence, EstimateChanged, consequences
from notifier.domain.order_delay.states import OPEN
from notifier.domain.order_history import Happened
from notifier.domain.stock import Level
from notifier.errors import Conflict
from notifier.services.env import Env, ShopRef
from notifier.services.eta_notice import wants_eta
from notifier.services.known_variant import known_variant
from notifier.services.order_case import Case, load_cases
from notifier.services.order_follow import GOODS_ARE_KEPT_FOR
from notifier.services.order_wanted import FROM_STOCK
from notifier.services.set_eta import refuse_eta
from notifier.store import etas, orders, people
from notifier.store.catalogue import VariantRow
from notifier.store.session import Transaction

CHUNK = 500
SHOWN = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenLine:
    """One line: where it stands, where it would stand, and what its customer would be told.

    `message` None: nothing. `answer_by`: the last day on which an answer counts; `silence`: what
    happens without one. `notice_by`: before which instant the law wants the notice offered.
    """

    order: str
    ref: str
    before: str
    after: str
    message: str | None
    revised: date | None
    silence: str
    answer_by: date | None
    notice_by: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """`messages`: how many lines' customers get which message. `first_notice_by`: the earliest
    instant by which a notice of the law must have been offered, None when it asks for none.
    `lines`: at most 500 of the `lines_concerned`. `subscribers`: how many who wait are told."""

    variant: str
    before: str | None
    after: str | None
    messages: Mapping[str, int]
    first_notice_by: datetime | None
    lines_concerned: int
    lines: tuple[ForeseenLine, ...]
    subscribers: int


def foresee_eta(env: Env, shop: ShopRef, variant: str, eta: Eta | None, *, source: str) -> Foreseen:
    """What `set_eta` with the same date would lead to. Raises as that does."""
    refuse_eta(env, shop, eta, source=source)
    now = env.now()
    with env.db.read() as tx:
        found = known_variant(tx, shop, variant)
        known = etas.expected(tx, found.id)
        if known is not None and known.level is Level.THERE:
            raise Conflict("available", "This can be bought now, so it needs no expected date.")
        before = known.eta.iso() if known and known.eta else None
        after = eta.iso() if eta else None
        news = before != after
        cases = [case for case in _open(tx, found.id) if news and _is_concerned(case, eta, now=now)]
        subscribers = _subscribers(tx, shop, found, eta=eta, now=now) if news else 0
    estimate = EstimateChanged(
        at=now, ship_by=eta.latest if eta else None, has_basis=bool(eta and source.strip())
    )
    preview = consequences((case.facts for case in cases), estimate, now=now)
    return Foreseen(
        variant=found.key,
        before=before,
        after=after,
        messages={kind.value: count for kind, count in preview.messages.items()},
        first_notice_by=preview.first_notice_by,
        lines_concerned=len(cases),
        lines=tuple(
            _line(case, one) for case, one in zip(cases[:SHOWN], preview.lines, strict=False)
        ),
        subscribers=subscribers,
    )


def _open(tx: Transaction, variant_id: int) -> Iterator[Case]:
    after = 0
    while rows := orders.lines_of_variant(tx, variant_id, states=OPEN, after=after, limit=CHUNK):
        yield from load_cases(tx, [row.id for row in rows]).values()
        after = rows[-1].id


def _is_concerned(case: Case, eta: Eta | None, *, now: datetime) -> bool:
    """A date taken back says nothing about a line that has its own, or never had one; and no date
    about a line whose goods are there."""
    latest = case.latest(Happened.ESTIMATE)
    if latest is not None and latest.facts.get("scope") == FROM_STOCK:
        return eta is not None and now >= latest.at + GOODS_ARE_KEPT_FOR
    if eta is not None:
        return True
    return latest is not None and latest.facts.get("scope") == "variant"


def _subscribers(
    tx: Transaction, shop: ShopRef, variant: VariantRow, *, eta: Eta | None, now: datetime
) -> int:
    """How many people who wait would hear of it; one message a person."""
    iso = eta.iso() if eta else None
    if not iso:
        return 0
    told: set[int] = set()
    place: tuple[datetime, int] | None = None
    while line := people.line_for(
        tx, product_id=variant.product_id, variant_id=variant.id, after=place, limit=CHUNK
    ):
        told.update(one.contact_id for one in line if wants_eta(shop, one, eta=iso, now=now))
        place = (line[-1].created_at, line[-1].id)
    return len(told)


def _line(case: Case, one: Consequence) -> ForeseenLine:
    plan = one.plan
    return ForeseenLine(
        order=case.order.ref,
        ref=case.line.ref,
        before=one.before.state.value,
        after=one.after.state.value,
        message=plan.message.value if plan.message else None,
        revised=plan.revised,
        silence=plan.silence.value,
        answer_by=plan.answer_by,
        notice_by=plan.due.by if plan.due else None,
    )

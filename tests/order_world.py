"""Orders that wait, for tests: bought on backorder, dates that move, notices that went out.

    world = OrderWorld(env, clock)              # any Env with a shop "kettle"
    world.at("2026-03-02")                      # ten in the morning at the ship-to place
    order = world.order(country="US")           # Ann buys one copper kettle
    world.expect(order.line, "2026-04-10")      # Olga's supplier names a date
    world.tell()                                # what is due leaves: ["delay_notice"]
    client.get(world.path(order.line))

Notices are taken over by a provider that always says yes, without being written: what a letter
says is tested elsewhere. What follows from it is the service's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from notifier.channels.base import Outcome, Result
from notifier.domain.availability import Availability
from notifier.domain.message import MessageState
from notifier.domain.observation import Observation
from notifier.domain.order_delay import Promise, Standing, assess
from notifier.domain.order_history import Happened
from notifier.services.env import Env, ShopRef
from notifier.services.observe import observe
from notifier.services.order_case import Case, load_case, promise_as_row
from notifier.services.order_follow import New, follow, follow_due, record
from notifier.services.order_sent import did_not_arrive, plan_of, was_accepted, why_not
from notifier.services.order_wanted import what_to_tell
from notifier.signing import Purpose
from notifier.store import catalogue, notices, orders, outbox, people, receipts
from notifier.store.session import Transaction
from notifier.store.tables.telling import messages
from tests.timing import SettableClock

ANN = "ann@example.com"
ZONES = {"US": "America/New_York", "DE": "Europe/Berlin", "GB": "Europe/London", "": "UTC"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """An order: its id, the shop's number for it, the ids of its lines."""

    id: int
    ref: str
    lines: tuple[int, ...]

    @property
    def line(self) -> int:
        """The first, where there is one."""
        return self.lines[0]


class OrderWorld:
    """See the top of this file."""

    def __init__(self, env: Env, clock: SettableClock, *, shop: str = "kettle") -> None:
        self.env = env
        self.clock = clock
        self._slug = shop
        self._bought = 0

    @property
    def shop(self) -> ShopRef:
        return self.env.shop(self._slug)

    def at(self, when: str, *, zone: str = "America/New_York") -> datetime:
        """Moves the clock to a local time there; a day alone means ten in the morning."""
        local = datetime.fromisoformat(when if len(when) > 10 else f"{when}T10:00")
        self.clock.set(local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC))
        return self.clock.now

    # ---- what customers and Olga do ----

    def order(
        self,
        *,
        lines: Sequence[Mapping[str, Any]] = ({},),
        country: str = "US",
        zone: str = "",
        ref: str = "",
        email: str | None = ANN,
        phone: str | None = None,
        locale: str = "en",
        **more: Any,
    ) -> Bought:
        """Somebody buys now. Each line: `variant` (its key), `title`, `quantity`, `price`, and
        whatever columns of order_lines; `promise` may be a Promise."""
        self._bought += 1
        ref = ref or f"#{1000 + self._bought}"
        now = self.env.now()

        def work(tx: Transaction) -> Bought:
            order_id = orders.add_order(
                tx,
                shop_id=self.shop.id,
                ref=ref,
                email_id=self._contact(tx, "email", email),
                phone_id=self._contact(tx, "sms", phone),
                locale=locale,
                country=country,
                zone=zone or ZONES[country],
                **{"completed_at": now, "created_at": now, **more},
            )
            assert order_id is not None, f"there is an order {ref} already"
            made = [self._line(tx, order_id, n, spec) for n, spec in enumerate(lines, 1)]
            for line_id in made:
                follow(self.env, tx, line_id)
            return Bought(id=order_id, ref=ref, lines=tuple(made))

        return self.env.db.retry(work)

    def _contact(self, tx: Transaction, medium: str, address: str | None) -> int | None:
        if address is None:
            return None
        return people.ensure_contact(
            tx,
            medium=medium,
            address=address,
            address_hash=self.env.signer.hash_address(medium, address),
            time_zone="",
            now=self.env.now(),
        ).id

    def _line(self, tx: Transaction, order_id: int, n: int, spec: Mapping[str, Any]) -> int:
        values = dict(spec)
        key = values.pop("variant", None)
        variant = catalogue.find_variant(tx, self.shop.id, key) if key else None
        assert variant is not None or not key, f"there is no variant {key}"
        promise = values.pop("promise", None)
        stored = promise_as_row(promise) if isinstance(promise, Promise) else promise
        now = self.env.now()
        line_id = orders.add_line(
            tx,
            order_id=order_id,
            shop_id=self.shop.id,
            variant_id=variant.id if variant else None,
            promise=stored,
            **{
                "ref": str(n),
                "title": "Copper kettle",
                "quantity": 1,
                "price": Decimal("49.90"),
                "currency": "USD",
                "sold_as": "backorder",
                "created_at": now,
                "assessed_at": now,
                **values,
            },
        )
        assert line_id is not None
        return line_id

    def stock(self, key: str, quantity: int, **said: Any) -> None:
        """A look shows so many units of a variant: what `variant=` and alternatives name."""
        there = Availability.IN_STOCK if quantity else Availability.OUT_OF_STOCK
        values = {
            "title": f"Copper {key.lower()}",
            "url": f"https://kettle.example/{key.lower()}",
            "image_url": "https://kettle.example/shirt.jpg",
            "price": Decimal("49.90"),
            "currency": "USD",
            "availability": there,
            **said,
        }
        observe(self.env, self.shop, [Observation(key=key, quantity=quantity, **values)])

    def expect(
        self, line_id: int, ship_by: date | str | None, *, source: str = "supplier"
    ) -> Standing:
        """Olga says of one line when it ships; None: nobody knows. No source: no basis."""
        facts: dict[str, Any] = {
            "scope": "line",
            "ship_by": str(ship_by) if ship_by else None,
            "eta": str(ship_by) if ship_by else None,
            "has_basis": bool(ship_by and source),
            "source": source if ship_by else "",
        }
        return self.happens(line_id, Happened.ESTIMATE, **facts)

    def happens(
        self, line_id: int, kind: Happened, *, at: datetime | None = None, **facts: Any
    ) -> Standing:
        """Something is reported now, that took effect `at` (now, if nothing is said)."""
        when = at or self.env.now()
        number = len(self.case(line_id).events)
        new = New(kind=kind, at=when, key=f"test:{number}", facts=facts, actor="olga")
        return self.env.db.retry(lambda tx: record(self.env, tx, line_id, new))

    def ship(self, line_id: int, *, at: datetime | None = None) -> Standing:
        return self.happens(line_id, Happened.SHIPPED, at=at, carrier="DHL", tracking="JD0146")

    # ---- what the service does ----

    def look(self) -> None:
        """The job that sees what has run out, until nothing is due."""
        while follow_due(self.env):
            continue

    def tell(self) -> list[str]:
        """Whatever is due about orders is handed over and taken; the kinds, in order."""
        told: list[str] = []
        while ids := self._due():
            for message_id in ids:
                told += self.env.db.retry(partial(self._hand_over, message_id))
        return told

    def _due(self) -> list[int]:
        query = (
            select(messages.c.id)
            .where(
                messages.c.order_line_id.is_not(None),
                messages.c.finished_at.is_(None),
                messages.c.due_at <= self.env.now(),
            )
            .order_by(messages.c.priority, messages.c.id)
        )
        with self.env.db.read() as tx:
            return list(tx.execute(query).scalars())

    def _hand_over(self, message_id: int, tx: Transaction) -> list[str]:
        message = outbox.find_message(tx, message_id=message_id)
        assert message is not None
        assert message.order_line_id is not None
        now = self.env.now()
        why = why_not(self.env, tx, message)
        if why:
            outbox.skip(tx, [message_id], reason=why, now=now)
            return []
        wanted = what_to_tell(load_case(tx, message.order_line_id), now=now)
        body = {"address": "", "subject": message.kind, "text": message.kind, "html": ""}
        row = {
            "line_id": message.order_line_id,
            "message_id": message_id,
            "attempt_no": 1,
            "kind": message.kind,
            "medium": message.medium,
            "locale": message.locale,
            "template_version": "",
            "plan": plan_of(message, wanted),
            "digest": notices.digest_of(**body),
            "written_at": now,
            **body,
        }
        notices.keep(tx, [row])
        _settle(tx, message_id, state=MessageState.ACCEPTED, now=now)
        result = Result(outcome=Outcome.ACCEPTED, code="250", provider_id=f"p{message_id}")
        was_accepted(self.env, tx, message, 1, result)
        return [message.kind]

    def bounce(self, line_id: int, *, kind: str = "%") -> None:
        """The last mail about the line, or the last of a kind, comes back."""

        def work(tx: Transaction) -> None:
            query = (
                "SELECT id FROM messages WHERE order_line_id = :line AND medium = 'email' "
                "AND state = 'accepted' AND kind LIKE :kind ORDER BY id DESC LIMIT 1"
            )
            message_id = tx.execute(text(query), {"line": line_id, "kind": kind}).scalar_one()
            _settle(tx, message_id, state=MessageState.BOUNCED, now=self.env.now())
            message = outbox.find_message(tx, message_id=message_id)
            assert message is not None
            did_not_arrive(self.env, tx, message)

        self.env.db.retry(work)

    # ---- what can be seen ----

    def path(self, line_id: int) -> str:
        """The link of one line, as mails and texts carry it."""
        return f"/o/{self.env.signer.make(Purpose.ORDER, line_id)}"

    def case(self, line_id: int) -> Case:
        with self.env.db.read() as tx:
            return load_case(tx, line_id)

    def standing(self, line_id: int) -> Standing:
        return assess(self.case(line_id).facts, self.env.now())

    def kinds(self, line_id: int) -> list[str]:
        """What happened to a line, without what only machines heard."""
        inner = (Happened.HOOK, Happened.ALARM)
        return [one.kind for one in self.case(line_id).events if one.kind not in inner]

    def messages(self, line_id: int) -> list[tuple[str, str, str]]:
        """Kind, medium and state of every message about a line, oldest first."""
        query = "SELECT kind, medium, state FROM messages WHERE order_line_id = :line ORDER BY id"
        with self.env.db.read() as tx:
            return [tuple(row) for row in tx.execute(text(query), {"line": line_id})]

    def hooks(self, event: str = "") -> list[dict[str, Any]]:
        """What the shop's software is told, of one event; needs a webhook in the configuration."""
        query = "SELECT facts FROM messages WHERE medium = 'webhook' ORDER BY id"
        with self.env.db.read() as tx:
            rows = [_plain(row[0]) for row in tx.execute(text(query))]
        return [row for row in rows if not event or row["type"] == event]

    def book(self) -> list[dict[str, Any]]:
        """The ledger's entries about orders, oldest first."""
        query = "SELECT act, facts, personal, at FROM ledger WHERE book = 'notice' ORDER BY id"
        with self.env.db.read() as tx:
            rows = [dict(row._mapping) for row in tx.execute(text(query))]
        return [
            {**row, "facts": _plain(row["facts"]), "personal": _plain(row["personal"])}
            for row in rows
        ]


def _settle(tx: Transaction, message_id: int, *, state: MessageState, now: datetime) -> None:
    """As a provider's receipt would."""
    said = {"reason": "", "code": "", "detail": "", "provider_id": ""}
    receipts.settle_message(tx, message_id, state=state.value, now=now, **said)


def _plain(stored: Any) -> Any:
    """JSON columns come as text from SQLite."""
    return json.loads(stored) if isinstance(stored, str) else stored

"""Orders that wait, from the shop's word to the customer's inbox, with a real mail server.

desk = Desk(world)
desk.at("2026-03-02")                          # ten in the morning at the ship-to place
desk.buy()                                     # Ann buys one shirt; the shop's server says so
desk.expect("2026-04-10")                      # the supplier names a date
desk.run()                                     # jobs and senders, until nothing is due
assert desk.told() == ["order_backordered", "delay_notice"]
assert desk.line().state is State.OPTION_SHORT
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from notifier.domain.dates import read_eta
from notifier.domain.order_delay import Standing, assess
from notifier.domain.order_history import Happened
from notifier.services.consent import Circumstances
from notifier.services.decide_order import Decided, decide
from notifier.services.order_answer import Answer, AnswerKind
from notifier.services.order_case import Case, load_case
from notifier.services.order_follow import AT_ONCE, follow_due
from notifier.services.order_given import EtaSaid, LineSaid, OrderSaid, read_order
from notifier.services.order_taken import TakenOrder
from notifier.services.report_order import Reported, Shipment, expect_line, report_shipments
from notifier.services.set_eta import EtaChange, set_eta
from notifier.services.take_orders import find_order, take_order
from notifier.store import orders
from tests.fakes.smtp_server import StoredMessage
from tests.world import ANN, World

OLGA = "api:kettle/server"
NEW_YORK = "America/New_York"


class Desk:
    """See the top of this file. A `ref` is the order's, a `line` its ref within it."""

    def __init__(self, world: World, *, zone: str = NEW_YORK) -> None:
        self.world = world
        self.zone = zone
        self.at("2026-03-02")
        world.see("SHIRT-S", 0)

    def at(self, when: str, *, zone: str = "") -> datetime:
        """Moves the clock to a local time at the ship-to place; a day alone: ten in the morning."""
        local = datetime.fromisoformat(when if len(when) > 10 else f"{when}T10:00")
        self.world.clock.set(local.replace(tzinfo=ZoneInfo(zone or self.zone)).astimezone(UTC))
        return self.world.clock.now

    # ---- the shop ----

    def buy(
        self,
        ref: str = "#1001",
        *,
        lines: list[dict[str, Any]] | None = None,
        completed_at: str = "",
        country: str = "US",
        email: str | None = ANN,
        **more: Any,
    ) -> TakenOrder:
        """The shop's server hands an order over; it was completed now unless said otherwise."""
        said = OrderSaid(
            ref=ref,
            completed_at=completed_at or self.world.env.now().isoformat(),
            country=country or None,
            zone=more.pop("zone", self.zone),
            email=email,
            lines=[
                LineSaid(**{"ref": str(number), "variant": "SHIRT-S", "quantity": 1, **line})
                for number, line in enumerate(lines or [{}], 1)
            ],
            **more,
        )
        config = self.world.shop.config
        given = read_order(
            said, shop_zone=config.time_zone, currency=config.currency, now=self.world.env.now()
        )
        return take_order(self.world.env, self.world.shop, given, source=OLGA)

    def expect(
        self, day: str | None, *, variant: str = "SHIRT-S", source: str = "supplier"
    ) -> EtaChange:
        """The variant is expected then, for everybody."""
        env, shop = self.world.env, self.world.shop
        return set_eta(env, shop, variant, read_eta(day), source=source, actor="olga")

    def expect_line(
        self, ref: str, day: str | None, *, line: str = "1", source: str = "supplier"
    ) -> Reported:
        """One line is expected then, whatever its variant's date."""
        said = EtaSaid(date=day, source=source)
        return expect_line(self.world.env, self.world.shop, ref, line, said, actor=OLGA)

    def ship(self, when: str = "", *, ref: str = "#1001", line: str = "1") -> Reported:
        """The shop's server reports a parcel; `when` is a local time at the ship-to place."""
        at = self.world.env.now()
        if when:
            at = datetime.fromisoformat(when).replace(tzinfo=ZoneInfo(self.zone))
        parcel = [Shipment(ref=line, shipped_at=at.isoformat(), carrier="DHL", tracking="JD0146")]
        env, shop = self.world.env, self.world.shop
        return report_shipments(env, shop, ref, parcel, actor=OLGA)[0]

    # ---- the customer ----

    def answer(
        self, kind: AnswerKind, *, ref: str = "#1001", line: str = "1", **more: Any
    ) -> Decided:
        """What the page behind the link posts."""
        line_id = self.case(ref, line).line.id
        answer = Answer(kind=kind, **more)
        return decide(self.world.env, line_id, answer, circumstances=Circumstances(), link="a link")

    def waits_until(self, day: str | None, **which: Any) -> Decided:
        until = date.fromisoformat(day) if day else None
        return self.answer(AnswerKind.WAIT, until=until, **which)

    def cancels(self, **which: Any) -> Decided:
        return self.answer(AnswerKind.CANCEL, **which)

    # ---- the service ----

    def run(self) -> None:
        """The job for order lines, announcing and sending, until nothing is due at this instant."""
        for _ in range(20):
            while follow_due(self.world.env) == AT_ONCE:
                continue
            self.world.announce()
            if not self.world.deliver():
                return
        raise AssertionError("there is always something due")

    # ---- what can be seen ----

    def told(self, to: str = ANN) -> list[str]:
        """The kinds of the mails that reached an inbox, in order."""
        kinds = self.world._kinds()
        return [kinds[_uid(mail)] for mail in self.world.mails(to)]

    def text(self, kind: str, *, to: str = ANN) -> str:
        """The text of the last mail of a kind, on one line."""
        mail = self.world.mails(to, kind)[-1]
        body = mail.parsed.get_body(("plain",))
        assert body is not None
        return " ".join(str(body.get_content()).split())

    def case(self, ref: str = "#1001", line: str = "1") -> Case:
        with self.world.db.read() as tx:
            order = find_order(tx, self.world.shop, ref)
            found = {one.ref: one.id for one in orders.lines_of_order(tx, order.id)}
            return load_case(tx, found[line])

    def line(self, ref: str = "#1001", line: str = "1") -> Standing:
        """Where a line stands, reckoned now."""
        return assess(self.case(ref, line).facts, self.world.env.now())

    def happened(self, kind: Happened, ref: str = "#1001", line: str = "1") -> list[dict[str, Any]]:
        return [one.facts for one in self.case(ref, line).events if one.kind == kind]

    def alarms(self) -> list[str]:
        rows = self.world.rows("SELECT code FROM alarms WHERE cleared_at IS NULL ORDER BY id")
        return [row["code"] for row in rows]

    def hooks(self, event: str) -> list[dict[str, Any]]:
        """What the shop's software is told of one event; needs a webhook in the configuration."""
        query = "SELECT facts FROM messages WHERE medium = 'webhook' ORDER BY id"
        facts = [row["facts"] for row in self.world.rows(query)]
        found = [json.loads(one) if isinstance(one, str) else one for one in facts]
        return [one["data"] for one in found if one["type"] == event]


def _uid(mail: StoredMessage) -> str:
    return str(mail.parsed["Message-ID"]).strip("<>").partition("@")[0]

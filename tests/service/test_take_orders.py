"""What happens to an order that is sent again, changed, or wrong?"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifier.domain.order_delay import State
from notifier.domain.order_history import Happened
from notifier.domain.ship_zone import ship_zone
from notifier.errors import Conflict, InvalidInput
from notifier.services.order_answer import AnswerKind
from notifier.services.order_given import EtaSaid
from notifier.services.report_order import Shipment, report_deliveries, report_shipments
from notifier.store import preorders
from tests.fakes.smtp_server import Fault
from tests.order_desk import OLGA, Desk
from tests.world import ANN, BEN, World


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


AT = "2026-03-02T10:00:00-05:00"


def again(desk: Desk, **more: Any) -> Any:
    return desk.buy(completed_at=AT, **more)


def test_the_same_order_again_changes_nothing_and_says_so(desk: Desk) -> None:
    line = {"quantity": 2, "price": "49.00", "promise": "ships in 3-5 business days"}
    first = again(desk, lines=[{**line, "eta": None}])
    before = desk.world.count("order_events"), desk.world.count("messages")
    desk.world.clock.advance(timedelta(hours=1))
    second = again(desk, lines=[line])
    assert (first.outcome, second.outcome) == ("created", "unchanged")
    assert second.lines[0].outcome == "unchanged"
    assert (desk.world.count("order_events"), desk.world.count("messages")) == before


def test_two_servers_that_send_the_same_order_at_once_make_one(desk: Desk) -> None:
    outcomes: list[str] = []

    def send() -> None:
        outcomes.append(again(desk).outcome)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["created", "unchanged", "unchanged", "unchanged"]
    assert desk.world.count("order_lines") == 1


def test_new_lines_are_added(desk: Desk) -> None:
    again(desk)
    desk.world.see("SHIRT-M", 0)
    more = again(desk, lines=[{}, {"variant": "SHIRT-M"}])
    assert more.outcome == "changed"
    assert [line.outcome for line in more.lines] == ["unchanged", "created"]


@pytest.mark.parametrize(
    ("field", "order", "line"),
    [
        ("completed_at", {"completed_at": "2026-03-01T10:00:00-05:00"}, {}),
        ("country", {"country": "DE"}, {}),
        ("zone", {"zone": "America/Denver"}, {}),
        ("credit_application", {"credit_application": True}, {}),
        ("seller_is_creditor", {"seller_is_creditor": True}, {}),
        ("billing_cycle_days", {"billing_cycle_days": 30}, {}),
        ("lines.0.quantity", {}, {"quantity": 3}),
        ("lines.0.price", {}, {"price": "50.00"}),
        ("lines.0.promise", {}, {"promise": "ships in 2 weeks"}),
        ("lines.0.variant", {}, {"variant": "SHIRT-M"}),
        ("lines.0.title", {}, {"title": "Another"}),
        ("lines.0.sold_as", {}, {"sold_as": "preorder"}),
        ("lines.0.transit_days", {}, {"transit_days": 3}),
        ("lines.0.essential_date", {}, {"essential_date": True}),
        ("lines.0.excluded", {}, {"excluded": "service"}),
        ("lines.0.incentive", {}, {"incentive": {"code": "X", "text": ""}}),
    ],
)
def test_a_fact_that_deadlines_were_reckoned_from_may_not_change(
    desk: Desk, field: str, order: dict[str, Any], line: dict[str, Any]
) -> None:
    desk.world.see("SHIRT-M", 0)
    usual = {"quantity": 2, "price": "49.00", "promise": "ships in 3 days"}
    again(desk, lines=[usual])
    with pytest.raises(Conflict) as error:
        desk.buy(**{"completed_at": AT, "lines": [{**usual, **line}], **order})
    assert (error.value.code, error.value.field) == ("changed", field)


def test_fewer_units_are_taken_over_and_more_are_not(desk: Desk) -> None:
    again(desk, lines=[{"quantity": 3}])
    assert again(desk, lines=[{"quantity": 2}]).outcome == "changed"
    assert desk.case().line.quantity == 2
    assert again(desk, lines=[{"quantity": 3}]).outcome == "unchanged"  # an old word, come late
    assert desk.case().line.quantity == 2
    [fact] = desk.happened(Happened.CHANGED)
    assert (fact["was"], fact["quantity"]) == (3, 2)


def test_what_the_customer_changed_on_the_page_stands(desk: Desk) -> None:
    again(desk, lines=[{"quantity": 3}])
    desk.run()
    desk.answer(AnswerKind.QUANTITY, quantity=1)
    assert again(desk, lines=[{"quantity": 3}]).outcome == "unchanged"
    assert desk.case().line.quantity == 1


def test_a_new_address_gets_what_did_not_reach_the_old_one(desk: Desk) -> None:
    desk.world.smtp.misbehave(Fault(at="rcpt", rcpt=ANN, reply="550 5.1.1 Unknown", times=9))
    again(desk)
    desk.run()
    assert desk.told(ANN) == []
    assert again(desk, email=BEN).outcome == "changed"
    desk.run()
    assert desk.told(BEN) == ["order_backordered"]


def test_a_date_that_came_with_the_order_gives_way_to_newer_ones_and_is_not_repeated(
    desk: Desk,
) -> None:

    eta = {"eta": EtaSaid(date="2026-03-20", source="supplier", evidence="PO 7")}
    again(desk, lines=[eta])
    desk.run()
    [fact] = desk.happened(Happened.ESTIMATE)
    assert (fact["ship_by"], fact["evidence"], fact["scope"]) == ("2026-03-20", "PO 7", "line")
    desk.world.clock.advance(timedelta(hours=1))
    desk.expect("2026-04-20")
    desk.run()
    again(desk, lines=[eta])  # a server that was slow
    assert desk.happened(Happened.ESTIMATE)[-1]["ship_by"] == "2026-04-20"
    assert desk.told() == ["order_backordered", "delay_notice"]


def test_a_lines_own_date_counts_until_its_variant_gets_a_newer_one(desk: Desk) -> None:
    desk.expect("2026-03-20")
    again(desk)
    desk.run()
    desk.world.clock.advance(timedelta(hours=1))
    done = desk.expect_line("#1001", "2026-03-25")
    assert done.changed
    assert not desk.expect_line("#1001", "2026-03-25").changed
    desk.run()
    assert desk.happened(Happened.ESTIMATE)[-1]["ship_by"] == "2026-03-25"
    with pytest.raises(InvalidInput, match="is over"):
        desk.expect_line("#1001", "2026-03-01")
    with pytest.raises(InvalidInput, match="needs its source"):
        desk.expect_line("#1001", "2026-05-01", source="")


def test_an_order_that_comes_when_its_time_is_over_is_taken_and_said(desk: Desk) -> None:
    taken = desk.buy(completed_at="2026-01-02T10:00:00-05:00")
    [warning] = taken.warnings
    assert (warning.code, warning.field) == ("lapsed", "lines.0")
    assert taken.lines[0].standing.state is State.REFUND_DUE


def test_a_phone_that_cannot_be_used_is_left_out_beside_an_address(desk: Desk) -> None:
    taken = again(desk, phone="12")
    assert [one.field for one in taken.warnings] == ["phone"]
    with pytest.raises(InvalidInput):
        desk.buy("#2", email=None, phone="12")


def test_a_preorder_gets_what_the_merchant_offers_to_those_who_order_early(desk: Desk) -> None:
    variant = desk.world.rows("SELECT id FROM variants WHERE key = 'SHIRT-S'")[0]["id"]
    desk.world.db.retry(
        lambda tx: preorders.put_preorder(
            tx,
            variant,
            incentive={"code": "EARLY", "text": "10 % off"},
            changed_at=desk.world.clock.now,
            source="",
            actor="",
        )
    )
    again(desk, lines=[{"sold_as": "preorder", "promise": "2026-06-30"}, {}])
    assert desk.case().line.incentive == {"code": "EARLY", "text": "10 % off"}
    assert desk.case(line="2").line.incentive is None


def test_delivery_is_reported_once_and_not_contradicted(desk: Desk) -> None:
    again(desk)
    desk.at("2026-03-05")
    desk.ship()
    at = desk.at("2026-03-07")
    world = desk.world

    def arrived(when: datetime) -> bool:
        lines = [("1", when.isoformat())]
        return report_deliveries(world.env, world.shop, "#1001", lines, actor=OLGA)[0].changed

    assert arrived(at)
    assert not arrived(at)
    with pytest.raises(Conflict) as error:
        arrived(at - timedelta(hours=1))
    assert error.value.code == "contradiction"


def test_a_parcel_is_stored_whole_or_not_at_all(desk: Desk) -> None:

    again(desk, lines=[{}, {}])
    desk.at("2026-03-10")
    desk.cancels(line="2")
    at = desk.at("2026-03-10T12:00").isoformat()
    world = desk.world
    parcel = [Shipment(ref=line, shipped_at=at) for line in ("1", "2")]
    with pytest.raises(Conflict) as error:
        report_shipments(world.env, world.shop, "#1001", parcel, actor=OLGA)
    assert (error.value.code, error.value.field) == ("cancelled", "lines.1.ref")
    assert desk.line().state is State.OPEN


@pytest.mark.parametrize(
    ("country", "at", "zone"),
    [
        ("US", "2026-03-02T15:00", "America/New_York"),  # the same day everywhere: its end first
        ("US", "2026-03-02T06:00", "America/Denver"),  # past midnight in Chicago, not in Denver
        ("DE", "2026-03-02T15:00", "Europe/Berlin"),
        ("UK", "2026-03-02T15:00", "Europe/London"),
        ("", "2026-03-02T15:00", "Asia/Tokyo"),
    ],
)
def test_days_are_counted_where_no_deadline_comes_a_day_too_late(
    country: str, at: str, zone: str
) -> None:
    when = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert ship_zone(country, when, unknown="Asia/Tokyo") == zone


def test_a_click_and_a_scan_at_the_same_moment_never_pass_each_other_unseen(desk: Desk) -> None:
    refs = [f"#{number}" for number in range(6)]
    for ref in refs:
        desk.buy(ref)
    desk.at("2026-03-10")
    for ref in refs:
        clicked: list[bool] = []

        def click(ref: str = ref, clicked: list[bool] = clicked) -> None:
            try:
                desk.cancels(ref=ref)
            except Conflict:
                clicked.append(False)
            else:
                clicked.append(True)

        customer = threading.Thread(target=click)
        customer.start()
        desk.ship(ref=ref)
        customer.join()
        expected = State.MANUAL_REVIEW if clicked == [True] else State.SHIPPED
        assert desk.line(ref).state is expected

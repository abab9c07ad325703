"""Orders in the admin: listed by deadline, shown whole, a date looked at before it is saved."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifier.domain.order_delay import PACKS, ChoiceKind, Why
from notifier.domain.rights import Role
from notifier.services.order_follow import AT_ONCE, follow_due
from notifier.services.order_given import LineSaid, OrderSaid, read_order
from notifier.services.take_orders import take_order
from notifier.web.admin.page import words_of
from tests.web.admin.visitor import Admin
from tests.web.storefront import Storefront

PATH = "/kettle/orders/%23101"


@pytest.fixture
def ordered(store: Storefront) -> str:
    """Ann has bought a shirt that is not there; the order's number."""
    env, shop = store.env, store.shop
    store.stock("S", 0)
    said = OrderSaid(
        ref="#101",
        completed_at=(env.now() - timedelta(days=1)).isoformat(),
        country="US",
        zone="America/New_York",
        email="ann@example.com",
        lines=[LineSaid(ref="1", variant="S", quantity=1)],
    )
    given = read_order(
        said, shop_zone=shop.config.time_zone, currency=shop.config.currency, now=env.now()
    )
    take_order(env, shop, given, source="api:kettle/server")
    store.send()
    return "#101"


def test_an_order_is_listed_by_its_deadline_and_shown_whole(admin: Admin, ordered: str) -> None:
    assert ordered in admin.get("/kettle/orders").said
    assert admin.get("/kettle/orders?ref=%23101").location.endswith(PATH)
    seen = admin.get(PATH)
    assert seen.heading == "Order #101"
    assert "ann@example.com" in seen.said
    assert "16 CFR 435.2" in seen.said


def test_a_viewer_sees_no_address_and_gets_no_evidence(admin: Admin, ordered: str) -> None:
    viewer = admin.as_(Role.VIEWER)
    assert "ann@example.com" not in viewer.get(PATH).text
    assert viewer.get("/kettle/evidence.json?ref=%23101").status == 403
    assert viewer.post(PATH, {"variant": "S", "date": "2027-02-01", "wish": "save"}).status == 403


def test_what_a_date_means_is_shown_before_it_is_saved(
    admin: Admin, store: Storefront, ordered: str
) -> None:
    asked = {"variant": "S", "date": "2027-02-01", "source": "supplier"}
    before = len(store.letters())

    preview = admin.post(PATH, {**asked, "wish": "preview"})

    assert "1 × Notice of delay" in preview.said
    assert store.send() == []
    assert admin.post(PATH, {**asked, "wish": "save"}).status == 303
    while follow_due(store.env) == AT_ONCE:
        pass
    store.send()
    told = [letter["kind"] for letter in store.letters()[before:]]
    assert told == ["delay_notice"]
    seen = admin.get(PATH).said
    assert "A date was given 1 February 2027" in seen
    assert "May choose" in seen
    assert "to cancel, and be refunded · 16 CFR 435.2(c)(1)" in seen
    assert "16 CFR part 435, USA" in seen
    assert "time_not_stated" not in seen.replace(" ", "_")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"variant": "S", "date": "31/02/2027"}, "“31/02/2027” is not a date."),
        ({"variant": "S", "date": "soon"}, "“soon” is not a date."),
        ({"variant": "S", "date": "1999-01-01"}, ""),
        ({"variant": "M", "date": "2027-02-01", "source": "x"}, "no such variant here"),
        ({"variant": "S", "date": "2027-02-01"}, "source"),
        ({}, "no such variant here"),
    ],
)
def test_a_date_that_cannot_be_is_refused(
    admin: Admin, ordered: str, asked: dict[str, str], says: str
) -> None:
    seen = admin.post(PATH, {**asked, "wish": "save"})
    assert seen.status == 422
    assert says in seen.said


def test_evidence_asks_for_a_fresh_password_and_is_a_file(
    admin: Admin, store: Storefront, ordered: str
) -> None:
    answer = admin.get("/kettle/evidence.json?ref=%23101").answer
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.get_json()["order"]["ref"] == "#101"
    assert admin.get("/cups/evidence.json?ref=%23101").status == 404
    admin.env.clock.advance(timedelta(minutes=6))  # type: ignore[attr-defined]
    stale = admin.get("/kettle/evidence.json?ref=%23101")
    assert stale.status == 303
    assert "confirm" in stale.location


def test_every_reason_choice_and_law_has_its_words() -> None:
    words = words_of("orders", "en")
    named = [f"why_{one.value}" for one in Why] + [f"choice_{one.value}" for one in ChoiceKind]
    named += [f"law_{name}" for name in PACKS]
    assert [name for name in named if name not in words] == []

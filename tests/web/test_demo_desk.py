"""Does the demo's order desk do what its buttons say, and does its clock take the product along?"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from notifier.demo.checkout import place_order
from notifier.demo.clock import DemoClock
from notifier.demo.desk_words import MESSAGES, STATES, STEPS
from notifier.demo.run import open_demo
from notifier.demo.stage import Stage
from notifier.demo.story import source_state
from notifier.demo.travel import go_to, settle
from notifier.domain.availability import Availability
from notifier.domain.message import ABOUT_ORDERS
from notifier.domain.order_delay import NextStep, State
from notifier.errors import InvalidInput
from tests.timing import wait_until

PATIENCE = 20
ANN = "ann@waits.example"
STEEL = "HERON-STEEL"

Visit = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_demo(tmp_path_factory.mktemp("desk")) as made:
        yield made


@pytest.fixture
def visit(stage: Stage) -> Visit:
    return visitor(stage)


def visitor(stage: Stage) -> Visit:
    """GET, or POST when there is a form: status and body of the page one ends at, as plain text."""

    def visit(path: str, form: dict[str, Any] | None = None) -> tuple[int, str]:
        data = urlencode(form).encode() if form is not None else None
        asked = urllib.request.Request(
            stage.places.storefront + path, data=data, headers={"Accept": "text/html"}
        )
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return answer.status, unescape(answer.read().decode())
        except urllib.error.HTTPError as refused:
            return refused.code, unescape(refused.read().decode())

    return visit


def buy(stage: Stage, *, variant: str = STEEL, country: str = "US", email: str = ANN) -> str:
    return place_order(stage, variant, email=email, country=country, locale="en")


def about(ref: str, **more: str) -> dict[str, str]:
    return {"order": ref, "line": "1", **more}


def case_of(visit: Visit, ref: str) -> str:
    status, body = visit(f"/desk?order={ref}")
    assert status == 200
    return body[body.index('class="case-head"') :]


def wait_for_mail(stage: Stage, words: str, *, to: str = ANN) -> int:
    def numbers() -> list[int]:
        return [mail.number for mail in stage.mailbox.newest(to=to) if words in mail.subject]

    return int(wait_until(numbers, PATIENCE, every=0.05)[0])


def test_from_the_order_to_the_refund_a_deadline_passes_by_itself(tmp_path: Path) -> None:
    with open_demo(tmp_path) as stage:
        visit = visitor(stage)
        # given an empty desk, which says how to begin
        assert "Nobody has ordered ahead yet" in visit("/desk")[1]
        # when Ann orders the kettle on the shop's page
        bought = {"variant": STEEL, "email": ANN, "country": "US"}
        status, page = visit("/order", bought)
        assert status == 200
        ref = re.search(r"K-\d+", page)
        assert ref
        wait_for_mail(stage, "Your order of Heron gooseneck kettle")
        # and Olga moves the date beyond what silence can agree to, then turns the clock
        date = about(ref[0], later="45", source="supplier")
        visit("/desk/date", {**date, "sure": "yes"})
        wait_for_mail(stage, "Your order is delayed")
        status, page = visit("/desk/clock", about(ref[0], to="deadline"))
        assert status == 200
        # then the order has ended, Ann knows it, and the shop's software was told
        wait_for_mail(stage, "Cancelled")
        shown = case_of(visit, ref[0])
        assert "Ended, refund owed" in shown
        assert "No yes came by the promised day" in shown
        wait_until(lambda: [n for n in stage.notes if "refund.required" in n.text], PATIENCE)
        wait_until(lambda: "Verified: 4 entries" in case_of(visit, ref[0]), PATIENCE)
        assert shown.count("Read the mail<") == 3
        # and when the refund was sent, nothing is left to do
        visit("/desk/goods", about(ref[0], act="refund"))
        assert "Refunded" in case_of(visit, ref[0])


def test_a_look_at_what_a_date_would_mean_saves_nothing(stage: Stage, visit: Visit) -> None:
    stage.shop.set_eta(STEEL, (stage.clock() + timedelta(days=18)).date().isoformat())
    ref = buy(stage)
    before = stage.shop.shelf(STEEL)
    _, page = visit("/desk/date", about(ref, later="10", source="supplier"))
    assert "is told: “Notice of delay”" in page
    assert "Silence means yes." in page
    assert stage.shop.shelf(STEEL) == before
    assert "(supplier)" not in case_of(visit, ref)


def test_a_date_is_refused_with_the_apis_own_sentence(stage: Stage, visit: Visit) -> None:
    ref = buy(stage)
    yesterday = (stage.clock() - timedelta(days=1)).date().isoformat()
    for sure in ({}, {"sure": "yes"}):
        status, page = visit("/desk/date", about(ref, eta=yesterday, source="supplier", **sure))
        assert status == 422
        assert "is over. Give a date to come" in page
    status, page = visit("/desk/date", about(ref, later="10", source=""))
    assert (status, "needs its source" in page) == (422, True)


def test_what_was_said_at_the_desk_stands_on_the_shops_page(stage: Stage, visit: Visit) -> None:
    ref = buy(stage)
    day = (stage.clock() + timedelta(days=25)).date()
    visit("/desk/date", about(ref, eta=day.isoformat(), source="supplier", sure="yes"))
    assert f"expected around {day.day} " in visit(f"/p/heron-gooseneck?variant={STEEL}")[1]

    def is_taken_back() -> bool:
        # a look at the feed that was under way may bring the old date back: then it is said again
        visit("/desk/date", about(ref, when="unknown", source="supplier", sure="yes"))
        return "Nobody knows when it comes" in case_of(visit, ref)

    wait_until(is_taken_back, PATIENCE, every=2)
    assert stage.shop.shelf(STEEL).eta == ""


def test_goods_that_arrive_are_told_to_who_ordered_them(stage: Stage, visit: Visit) -> None:
    ref = buy(stage, variant="DARJ-250", email="ben@waits.example")
    wait_for_mail(stage, "First flush", to="ben@waits.example")
    visit("/desk/goods", about(ref, act="arrive"))
    assert stage.shop.shelf("DARJ-250").availability is Availability.IN_STOCK
    wait_until(lambda: "The goods for it are here" in case_of(visit, ref), PATIENCE, every=0.2)
    visit("/desk/goods", about(ref, act="ship"))
    shown = case_of(visit, ref)
    assert "Shipped, by Post" in shown
    assert "When will it come?" not in shown
    # and what has left cannot be declined
    status, page = visit("/desk/goods", about(ref, act="decline"))
    assert status == 409
    assert "Ended" not in page[page.index('class="case-head"') :]


def test_european_lines_are_kept_by_arriving(stage: Stage, visit: Visit) -> None:
    ref = buy(stage, variant="CADDY-MOON", country="DE")
    assert "Directive 2011/83/EU" in case_of(visit, ref)
    visit("/desk/goods", about(ref, act="ship"))
    visit("/desk/goods", about(ref, act="deliver"))
    assert "It arrived." in case_of(visit, ref)


def test_a_declined_line_owes_its_refund(stage: Stage, visit: Visit) -> None:
    ref = buy(stage, variant="DARJ-100", country="GB")
    visit("/desk/goods", about(ref, act="decline"))
    shown = case_of(visit, ref)
    assert "The shop will not ship it." in shown
    assert "The refund was sent" in shown


def test_a_turned_clock_moves_everything_and_sends_nothing_twice(tmp_path: Path) -> None:
    with open_demo(tmp_path) as stage:
        buy(stage)
        wait_for_mail(stage, "Your order of")
        before = stage.env.now()
        # when a month goes by, in which the order ends and its refund falls due
        go_to(stage, before + timedelta(days=30))
        assert settle(stage)
        assert stage.env.now() - before > timedelta(days=30)
        seen = [str(mail.parsed["Message-ID"]) + mail.to for mail in stage.mailbox.newest()]
        assert len(seen) == len(set(seen))
        # then the mails came at their days, not all at the end
        wait_for_mail(stage, "Cancelled")
        days = {mail.subject.partition(":")[0]: mail.at for mail in stage.mailbox.newest(to=ANN)}
        assert timedelta(days=17) < days["Cancelled"] - before < timedelta(days=20)
        # and the product goes on: the feed is fresh, a sign-up gets its mail
        assert source_state(stage)["age"] < 60
        stage.add_guests("BOWL-CLOUD", 1)
        mail = wait_until(lambda: stage.mailbox.newest(to="ada@guests.example"), PATIENCE)[0]
        assert mail.at - before > timedelta(days=30)


@pytest.mark.parametrize("days", [-1, 0, 400])
def test_the_clock_goes_forward_by_a_year_at_most(stage: Stage, days: int) -> None:
    with pytest.raises(InvalidInput):
        go_to(stage, stage.clock() + timedelta(days=days) - timedelta(seconds=1))


def test_a_kept_demo_is_as_far_ahead_as_it_was(tmp_path: Path) -> None:
    clock = DemoClock(tmp_path / "clock.txt")
    clock.turn_to(clock() + timedelta(days=40))
    clock.turn_to(clock() - timedelta(days=5))
    again = DemoClock(tmp_path / "clock.txt")
    assert timedelta(days=39) < again.ahead < timedelta(days=41)


def is_sealed(page: str) -> bool:
    return "Verified:" in page and "Verified: 0" not in page and "not sealed" not in page


def test_an_entry_changed_behind_its_back_is_found(stage: Stage, visit: Visit) -> None:
    ref = buy(stage, email="chain@waits.example")
    wait_for_mail(stage, "Your order of", to="chain@waits.example")
    # the letter's entry is written when what became of it is booked, and sealed after that
    wait_until(lambda: is_sealed(case_of(visit, ref)), PATIENCE)
    change = "UPDATE ledger SET act = :act WHERE id = (SELECT min(id) FROM ledger)"
    with stage.env.db.read() as tx:
        act = tx.execute(text("SELECT act FROM ledger ORDER BY id LIMIT 1")).scalar_one()
    stage.env.db.retry(lambda tx: tx.execute(text(change), {"act": "forged"}))
    try:
        assert "entries do not hold" in case_of(visit, ref)
    finally:
        stage.env.db.retry(lambda tx: tx.execute(text(change), {"act": act}))


def test_the_evidence_of_an_order_opens_as_json_and_pdf(stage: Stage, visit: Visit) -> None:
    ref = buy(stage)
    document = json.loads(visit(f"/desk/evidence.json?order={ref}")[1])
    assert document["order"]["ref"] == ref
    url = f"{stage.places.storefront}/desk/evidence.pdf?order={ref}"
    with urllib.request.urlopen(url, timeout=20) as answer:
        assert answer.read(5) == b"%PDF-"


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/order", {"variant": "SAMOVAR", "email": ANN, "country": "US"}, 404),
        ("/order", {"variant": "WHISK-80", "email": ANN, "country": "US"}, 422),
        ("/order", {"variant": STEEL, "email": ANN, "country": "XX"}, 422),
        ("/order", {"variant": STEEL, "email": "no address", "country": "US"}, 422),
        ("/desk/clock", {"to": "yesterday"}, 422),
        ("/desk/goods", {"order": "K-1", "line": "1", "act": "ship"}, 404),
        ("/desk/date", {"order": "K-1", "line": "1", "later": "10"}, 404),
        ("/desk?order=K-1", None, 404),
        ("/desk/evidence.json?order=K-1", None, 404),
        ("/hooks/orders", {"type": "refund.required"}, 401),
    ],
)
def test_what_cannot_be_done_is_said(
    visit: Visit, path: str, form: dict[str, str] | None, status: int
) -> None:
    assert visit(path, form)[0] == status


def test_every_state_step_and_message_has_words() -> None:
    assert set(STATES) == set(State)
    assert set(STEPS) == set(NextStep)
    assert set(MESSAGES) == ABOUT_ORDERS

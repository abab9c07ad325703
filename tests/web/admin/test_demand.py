"""Demand in the admin: most wanted in every order, drawn day by day, what came of releases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from notifier.domain.rights import Role
from notifier.services.count_demand import count
from notifier.services.read_demand import SORTS
from notifier.store import demand_counts
from tests.web.admin.visitor import Admin, Seen
from tests.web.storefront import Storefront
from tests.web.stories import Tell


@pytest.fixture
def wanted(tell: Tell, store: Storefront) -> Storefront:
    """Three wait for S since long, one for seven kettles; a lid was released and told."""
    tell(_wanted)
    return store


def _wanted(store: Storefront) -> None:
    for key in ("S", "KETTLE", "LID"):
        store.stock(key, 0)
    for name in ("ann", "ben", "cem"):
        store.wait("S", f"{name}@example.com")
    store.wait("LID", "dan@example.com")
    store.env.clock.advance(timedelta(days=3))  # type: ignore[attr-defined]
    store.wait("KETTLE", "dan@example.com", quantity=7)
    store.stock("LID", 2)
    store.send()


def titles(seen: Seen) -> list[str]:
    return [one.text_content() for one in seen.tree.xpath("//tbody/tr/th/a")]


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("people", "Linen shirt"),
        ("units", "Copper kettle"),
        ("money", "Copper kettle"),
        ("waiting_since", "Linen shirt"),
    ],
)
def test_what_is_wanted_is_listed_in_the_order_asked_for(
    wanted: Storefront, admin: Admin, sort: str, first: str
) -> None:
    seen = admin.as_(Role.VIEWER).get(f"/kettle/demand?sort={sort}")
    listed = seen.tree.xpath("//section[@class='card flush']//tbody/tr/th/a/bdi/text()")
    assert listed[0] == first


@pytest.mark.parametrize("large", [False, True])
def test_a_counted_shop_shows_the_same_page_by_page(
    wanted: Storefront, admin: Admin, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        monkeypatch.setattr(demand_counts, "SMALL", 2)
        assert count(wanted.env, wanted.shop) == 3
        assert count(wanted.env, wanted.shop) == 3  # in place of the one before
    for sort in SORTS:
        path, listed = f"/kettle/demand?sort={sort}&limit=1", []
        while path:
            seen = admin.get(path)
            listed += seen.tree.xpath("//section[@class='card flush']//tbody/tr/th/a/bdi/text()")
            path = "".join(seen.tree.xpath("//a[@rel='next']/@href")).removeprefix("/admin")
        # of the lid nobody waits any more, so it has no date of the first
        assert len(listed) == len(set(listed)) == (2 if sort == "waiting_since" else 3), sort


def test_sign_ups_are_drawn_for_every_day_also_those_without(
    wanted: Storefront, admin: Admin
) -> None:
    seen = admin.get("/kettle/demand?days=30")
    drawn = seen.tree.xpath("//figure//td/text()")
    assert len(drawn) == 30
    assert drawn[-4:] == ["4", "0", "0", "1"]


def test_the_file_and_the_json_hold_the_same(wanted: Storefront, admin: Admin) -> None:
    rows: list[dict[str, Any]] = admin.get("/kettle/demand.json").answer.get_json()["wanted"]
    assert rows[0]["people"] == 3
    assert rows[0]["suggested_units"] >= 1
    assert rows[1]["money"] == "349.30"
    file = admin.get("/kettle/demand.csv").text
    assert file.count("\r\n") == 1 + len(rows)


def test_what_came_of_a_release_is_shown_with_medians(wanted: Storefront, admin: Admin) -> None:
    seen = admin.get("/kettle/demand/releases")
    assert titles(seen) == ["Copper lid"]
    assert "Median: Looked" in seen.said
    assert "Nothing was released" in admin.get("/cups/demand/releases").said


def test_what_is_sold_out_is_there_for_a_shop_to_sort_by(wanted: Storefront, admin: Admin) -> None:
    gone = admin.get("/kettle/sold-out.json").answer.get_json()["products"]
    assert "LID" not in gone
    assert len(gone) == 2


@pytest.mark.parametrize(
    "query", ["sort=luck", "days=7", "after=abc", "sort=money&after=WyJ4IiwxXQ", "limit=0"]
)
def test_what_the_page_did_not_offer_is_refused(
    wanted: Storefront, admin: Admin, query: str
) -> None:
    assert admin.get(f"/kettle/demand?{query}").status == 422

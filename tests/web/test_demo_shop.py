"""Does the demo's shop behave as a shop does, and does its feed say what stands on its shelves?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from notifier.connectors.feed import Settings, Source
from notifier.demo.goods import GOODS
from notifier.demo.made_up_year import EndOfDay, SignUpPlan, StockPlan, plan_year
from notifier.demo.merchant_feed import FeedDesk, Mischief
from notifier.demo.shop import Act, Shop
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.errors import InvalidInput, LookFailed, NotFound
from tests.timing import SettableClock

ORIGIN = "http://localhost:8026"
YEAR_BEGINS = datetime(2026, 1, 5, tzinfo=UTC)
YEAR_ENDS = datetime(2027, 1, 5, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path, clock: SettableClock) -> Shop:
    return Shop(tmp_path / "shop.json", clock=clock)


@pytest.fixture
def desk(shop: Shop) -> FeedDesk:
    return FeedDesk(shop, origin=lambda: ORIGIN)


def look(desk: FeedDesk, folder: Path) -> dict[str, Observation]:
    """What the real feed connector reads in the demo's feed."""
    file = folder / "feed.xml"
    file.write_bytes(desk.fetch().body)
    seen = Source(Settings(path=str(file))).look({})
    return {one.key: one for one in seen.observations}


def test_at_first_every_kind_of_availability_is_on_the_shelves(shop: Shop) -> None:
    words = {shelf.availability for shelf in shop.shelves().values()}
    assert words == set(Availability) - {Availability.UNKNOWN}
    assert len(GOODS) == 12
    teapots = [shop.shelf(kind.key).can_be_bought for kind in GOODS[1].kinds]
    assert sorted(teapots) == [False, True, True]


def test_who_buys_the_last_one_leaves_it_sold_out(shop: Shop) -> None:
    assert shop.buy("INFUSER-30")
    assert shop.buy("INFUSER-30")
    assert not shop.buy("INFUSER-30")
    assert shop.shelf("INFUSER-30").availability is Availability.OUT_OF_STOCK


def test_a_restock_ends_every_other_word_and_takes_the_promise_back(shop: Shop) -> None:
    for key in ("KETTLE-12", "CADDY-MOON", "HERON-STEEL", "TUMBLER-1"):
        after = shop.act(key, Act.RESTOCK)
        assert (after.availability, after.quantity, after.eta) == (Availability.IN_STOCK, 5, "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2027-01", "2027-02"),
        ("2026-12", "2027-01"),
        ("2027-01-31", "2027-02-28"),
        ("2027-01-07/2027-01-16", "2027-02-07/2027-02-16"),
    ],
)
def test_a_delay_moves_a_promise_by_a_month_and_keeps_its_precision(
    shop: Shop, before: str, after: str
) -> None:
    shop.act("KETTLE-12", Act.PREORDER, eta=before)
    assert shop.act("KETTLE-12", Act.DELAY).eta == after


@pytest.mark.parametrize(
    ("act", "eta"),
    [
        (Act.DELAY, ""),
        (Act.SELL, ""),
        (Act.PREORDER, ""),
        (Act.PREORDER, "2026-11"),
        (Act.PREORDER, "2031-01"),
        (Act.PREORDER, "soon"),
        (Act.PREORDER, "2027-13"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(shop: Shop, act: Act, eta: str) -> None:
    before = shop.shelf("KETTLE-12")
    with pytest.raises(InvalidInput):
        shop.act("KETTLE-12", act, eta=eta)
    assert shop.shelf("KETTLE-12") == before


def test_a_variant_the_shop_does_not_sell_is_not_found(shop: Shop) -> None:
    with pytest.raises(NotFound):
        shop.act("SAMOVAR", Act.RESTOCK)


def test_the_shelves_outlive_the_process(shop: Shop, tmp_path: Path, clock: SettableClock) -> None:
    shop.act("KETTLE-12", Act.RESTOCK, units=3)
    assert Shop(tmp_path / "shop.json", clock=clock).shelf("KETTLE-12").quantity == 3


def test_the_feed_connector_reads_in_the_feed_what_stands_on_the_shelves(
    shop: Shop, desk: FeedDesk, tmp_path: Path
) -> None:
    shop.act("DARJ-250", Act.RESTOCK, units=8)
    seen = look(desk, tmp_path)
    assert set(seen) == set(shop.shelves())
    for key, shelf in shop.shelves().items():
        eta = seen[key].eta
        assert seen[key].availability is shelf.availability, key
        assert seen[key].quantity == shelf.quantity, key
        assert ((eta.iso() or "") if eta else "") == shelf.eta, key
    assert seen["TUMBLER-1"].alternatives == ("FLASK-SAND", "INFUSER-30")
    assert seen["TEAPOT-INK"].product_key == "TEAPOT"
    assert seen["TEAPOT-INK"].variant_title == "Ink"


@pytest.mark.parametrize(
    ("mischief", "code"),
    [
        (Mischief.TRUNCATED, "truncated"),
        (Mischief.EMPTY, "no_items"),
        (Mischief.LOGIN, "login_page"),
    ],
)
def test_a_damaged_feed_is_no_look_at_all(
    desk: FeedDesk, tmp_path: Path, mischief: Mischief, code: str
) -> None:
    desk.mischief = mischief
    with pytest.raises(LookFailed) as failed:
        look(desk, tmp_path)
    assert failed.value.code == code


def test_a_shrunken_feed_is_sound_but_short(desk: FeedDesk, tmp_path: Path) -> None:
    desk.mischief = Mischief.SHRUNKEN
    assert len(look(desk, tmp_path)) == 4


def test_the_feed_stands_still_while_the_shop_pushes(shop: Shop, desk: FeedDesk) -> None:
    before = desk.fetch()
    desk.pushes = True
    shop.act("KETTLE-12", Act.RESTOCK)
    assert desk.fetch(etag=before.etag).status == 304
    desk.pushes = False
    assert desk.fetch(etag=before.etag).status == 200


def test_the_made_up_year_is_the_same_every_time_and_in_order(shop: Shop) -> None:
    plans = [plan_year(YEAR_BEGINS, until=YEAR_ENDS, at_last=shop.shelves()) for _ in range(2)]
    assert plans[0] == plans[1]
    assert [step.at for step in plans[0]] == sorted(step.at for step in plans[0])
    kinds = [type(step.what) for step in plans[0]]
    assert kinds.count(SignUpPlan) > 300
    assert kinds.count(StockPlan) > 50
    assert kinds.count(EndOfDay) > 100


def test_nobody_of_the_made_up_year_has_an_address_of_somebody_real(shop: Shop) -> None:
    steps = plan_year(YEAR_BEGINS, until=YEAR_ENDS, at_last=shop.shelves())
    for step in steps:
        if isinstance(step.what, SignUpPlan):
            address = step.what.address
            assert address[5:10] == "55501" if step.what.by_sms else address.endswith(".example")

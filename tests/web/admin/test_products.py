"""Products in the admin: found, shown with their past, switched off, dated."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifier.domain.rights import Role
from notifier.errors import NotifierError
from tests.web.admin.visitor import Admin
from tests.web.storefront import Storefront


@pytest.fixture
def stocked(store: Storefront) -> Storefront:
    """A shirt of which S is out and two wait for it, and a kettle that is there."""
    for size, count in (("S", 3), ("M", 5)):
        store.stock(size, count)
    store.stock("KETTLE", 4)
    store.env.clock.advance(timedelta(days=2))  # type: ignore[attr-defined]
    store.stock("S", 0)
    store.wait("S")
    store.wait("S", "ben@example.com")
    return store


def test_products_are_found_by_title_key_and_sku(stocked: Storefront, admin: Admin) -> None:
    assert len(admin.get("/kettle/products").tree.xpath("//tbody/tr")) == 3
    assert len(admin.get("/kettle/products?q=kettle").tree.xpath("//tbody/tr")) == 1
    assert "Nothing found" in admin.get("/kettle/products?q=%25").said
    assert "No product yet" in admin.get("/cups/products").said


def test_a_product_without_a_name_is_called_by_its_key(admin: Admin, store: Storefront) -> None:
    store.stock("BARE", 0, title="", url="", image_url="", price=None, currency="")
    assert admin.get("/kettle/products/BARE").heading == "BARE"


def test_a_product_of_very_many_variants_says_that_not_all_are_shown(
    admin: Admin, store: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.services.browse_products.VARIANTS", 2)
    for size in ("S", "M"):
        store.stock(size, 1)
    assert "first 2 variants" not in admin.get("/kettle/products/SHIRT").said
    store.stock("L", 1)
    assert "first 2 variants" in admin.get("/kettle/products/SHIRT").said


def test_what_is_out_is_listed_with_how_many_wait(stocked: Storefront, admin: Admin) -> None:
    seen = admin.get("/kettle/products?view=out")
    [row] = seen.tree.xpath("//tbody/tr")
    assert row.xpath("string(td[last()])").strip() == "2"


def test_long_lists_go_on(stocked: Storefront, admin: Admin) -> None:
    for view, rows in (("all", 3), ("out", 1)):
        path, found = f"/kettle/products?view={view}&limit=1", 0
        while path:
            seen = admin.get(path)
            found += len(seen.tree.xpath("//tbody/tr"))
            path = "".join(seen.tree.xpath("//a[@rel='next']/@href")).removeprefix("/admin")
        assert found == rows


def test_a_product_shows_its_stock_over_time_and_its_promises(
    stocked: Storefront, admin: Admin
) -> None:
    asked = {"variant": "S", "date": "2027-02-01", "source": "supplier", "wish": "save"}
    assert (
        "2 people who wait are told."
        in admin.post("/kettle/products/SHIRT", {**asked, "wish": "preview"}).said
    )
    assert admin.post("/kettle/products/SHIRT", asked).status == 303
    seen = admin.get("/kettle/products/SHIRT")
    assert seen.heading == "Linen shirt"
    assert "One date promised" in seen.said
    drawn = seen.tree.xpath("(//figure)[1]//table//td/text()")
    assert drawn[-1] == "0"
    assert "3" in drawn


def test_nobody_waits_for_what_is_switched_off(stocked: Storefront, admin: Admin) -> None:
    path = "/kettle/products/SHIRT"
    assert admin.post(path, {"wish": "alerts_off"}).status == 303
    with pytest.raises(NotifierError):
        stocked.ask("S", "eve@example.com")
    assert "Nobody can wait" in admin.get(path).said
    admin.post(path, {"wish": "alerts_on"})
    assert stocked.ask("S", "eve@example.com")


def test_who_only_looks_changes_nothing(stocked: Storefront, admin: Admin) -> None:
    viewer = admin.as_(Role.VIEWER)
    assert viewer.post("/kettle/products/SHIRT", {"wish": "alerts_off"}).status == 403
    assert viewer.get("/kettle/products/SHIRT").status == 200
    assert viewer.get("/kettle/products/NONE").status == 404
    assert viewer.get("/cups/products/SHIRT").status == 404


@pytest.mark.parametrize("query", ["view=gone", "limit=0", "after=WzFd&view=out", "after=e30"])
def test_a_list_refuses_what_it_did_not_offer(
    stocked: Storefront, admin: Admin, query: str
) -> None:
    assert admin.get(f"/kettle/products?{query}").status == 422

"""What people do in the admin, from beginning to end, in a browser: let go what was held, look at a
date before it is told, and meet a button that is not theirs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.domain.rights import Role
from notifier.services.observe import observe
from notifier.services.order_follow import AT_ONCE, follow_due

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.e2e.admin_site import AdminSite

pytestmark = pytest.mark.e2e


def cups(site: AdminSite, quantity: int) -> None:
    """The source shows thirty cups at once."""
    there = Availability.IN_STOCK if quantity else Availability.OUT_OF_STOCK
    seen = [
        Observation(key=f"CUP{n}", availability=there, quantity=quantity, title=f"Cup {n}")
        for n in range(30)
    ]
    observe(site.env, site.store.shop, seen)


def told(site: AdminSite, kind: str) -> int:
    return sum(letter["kind"] == kind for letter in site.store.letters())


def test_what_was_held_is_looked_at_and_let_go(admin_site: AdminSite, olga: Page) -> None:
    cups(admin_site, 0)
    admin_site.store.wait("CUP3", "ann@example.com")
    cups(admin_site, 9)
    admin_site.store.send()
    assert told(admin_site, "back_in_stock") == 0

    olga.goto(admin_site.url("/kettle/"))
    olga.get_by_role("link", name="Decide").click()
    expect(olga.locator("main")).to_contain_text("People waiting for it")
    olga.get_by_role("button", name="It is right: tell them").click()
    olga.get_by_role("dialog").get_by_text("People who are told: 1.").wait_for()
    olga.get_by_role("dialog").get_by_role("button", name="It is right: tell them").click()
    olga.get_by_role("status").get_by_text("30 announcements are released").wait_for()

    admin_site.store.send()
    assert told(admin_site, "back_in_stock") == 1
    olga.reload()
    olga.get_by_role("link", name="Cup 3").click()
    expect(olga.locator("main")).to_contain_text("Wave 1: 1 told")


def test_a_date_is_looked_at_then_told(admin_site: AdminSite, olga: Page) -> None:
    admin_site.store.stock("S", 0)
    admin_site.store.wait("S")
    admin_site.store.send()
    day = (admin_site.env.now() + timedelta(days=40)).date().isoformat()

    olga.goto(admin_site.url("/kettle/products/SHIRT"))
    olga.get_by_text("A new date for S").click()
    olga.get_by_label("Expected").fill(day)
    olga.get_by_label("Who says so").fill("supplier")
    olga.get_by_role("button", name="What would it mean?").click()
    olga.get_by_text("One person who waits is told.").wait_for()
    admin_site.store.send()
    assert told(admin_site, "eta_revised") == 0
    olga.get_by_role("button", name="Save and tell them").click()
    olga.get_by_role("status").get_by_text("Saved.").wait_for()

    while follow_due(admin_site.env) == AT_ONCE:
        pass
    admin_site.store.send()
    assert told(admin_site, "eta_revised") == 1


def test_an_editor_finds_no_button_to_send(admin_site: AdminSite, olga: Page) -> None:
    cups(admin_site, 0)
    admin_site.store.wait("CUP3", "ann@example.com")
    cups(admin_site, 9)
    admin_site.sign_in(olga, Role.EDITOR)

    olga.goto(admin_site.url("/kettle/"))
    olga.get_by_role("link", name="Decide").click()

    expect(olga.locator("main")).to_contain_text("People waiting for it")
    expect(olga.locator("main").get_by_role("button")).to_have_count(0)
    # and what is sent all the same is refused
    status = olga.evaluate(
        """async () => (await fetch(location.href, {
             method: 'POST', body: new URLSearchParams({wish: 'released'}),
           })).status"""
    )
    assert status == 403
    admin_site.store.send()
    assert told(admin_site, "back_in_stock") == 0

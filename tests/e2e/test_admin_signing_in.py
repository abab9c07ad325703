"""From the first link to a second factor, by keyboard and on a phone: can everyone get in?"""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import pyotp
import pytest

from notifier.services import people
from notifier.services.people import Wanted
from tests.e2e.faults import OF_PAGES, find_faults_light_and_dark

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.e2e.admin_site import AdminSite

pytestmark = pytest.mark.e2e

GOOD = "tundra-velvet-anchor"


class Walk:
    """Goes on from page to page, and looks at each."""

    def __init__(self, page: Page, *, every: int) -> None:
        self.page = page
        self.every = every
        self.numbers = count()
        self.wrong: list[str] = []

    def look(self, heading: str) -> None:
        self.page.get_by_role("heading", name=heading, level=1).wait_for()
        read_by_axe = next(self.numbers) % self.every == 0
        if read_by_axe and (report := find_faults_light_and_dark(self.page)):
            self.wrong.append(f"{heading}: {report}")
        if (width := self.page.evaluate("document.documentElement.scrollWidth")) > 360:
            self.wrong.append(f"{heading}: {width} px wide")

    def type(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).fill(text)
        self.page.keyboard.press("Enter")


@OF_PAGES
def test_one_comes_in_by_a_link_turns_codes_on_and_signs_in_with_them(
    admin_site: AdminSite, olga: Page, every: int
) -> None:
    # given an invitation, a phone's narrow screen and nobody signed in
    olga.context.clear_cookies()
    olga.set_viewport_size({"width": 360, "height": 740})
    _, link = people.invite(
        admin_site.env,
        email="ben@kettle.example",
        name="Ben",
        wanted=Wanted(role="owner"),
        by=None,
    )
    walk = Walk(olga, every=every)

    # when Ben chooses a password
    olga.goto(link.url)
    olga.get_by_label("New password").fill("short-but-good")
    walk.type("The same once more", "something else")
    olga.get_by_role("alert").get_by_text("The two passwords differ").wait_for()
    walk.look("Welcome")
    olga.get_by_label("New password").fill(GOOD)
    walk.type("The same once more", GOOD)
    olga.wait_for_url("**/kettle/")

    # and turns codes on
    olga.goto(admin_site.url("/-/account"))
    walk.look("My account")
    olga.get_by_role("button", name="Turn on").click()
    walk.look("Turn codes on")
    phone = pyotp.TOTP(olga.locator("code").inner_text().replace(" ", ""))
    walk.type("The six digits it shows now", phone.at(admin_site.env.now()))
    walk.look("Recovery codes")
    spare = olga.locator("ol li").first.inner_text()

    # and signs out, mistypes, and signs in with a code
    olga.get_by_text("Ben", exact=False).first.click()
    olga.get_by_role("button", name="Sign out").click()
    olga.get_by_label("Mail address").fill("ben@kettle.example")
    walk.type("Password", "not the password")
    olga.get_by_role("alert").get_by_text("do not fit together").wait_for()
    walk.look("Sign in")
    walk.type("Password", GOOD)
    admin_site.clock.advance(timedelta(seconds=30))
    walk.look("Your code")
    walk.type("Code", phone.at(admin_site.env.now()))

    # then he is in, and asked again before what is dangerous
    olga.wait_for_url("**/kettle/")
    admin_site.clock.advance(timedelta(minutes=6))
    olga.goto(admin_site.url("/-/people/invite"))
    walk.look("Is it you?")
    walk.type("Password", GOOD)
    olga.get_by_label("Mail address").fill("carla@kettle.example")
    olga.get_by_role("button", name="Invite").click()
    walk.look("A one-time link")

    # and what he types is not lost when his session ends meanwhile
    olga.goto(admin_site.url("/-/account"))
    olga.get_by_label("Name", exact=True).fill("Ben, who was away")
    admin_site.clock.advance(timedelta(minutes=31))
    olga.get_by_role("button", name="Save").click()
    walk.look("Sign in")
    olga.get_by_label("Mail address").fill("ben@kettle.example")
    walk.type("Password", GOOD)
    walk.look("Your code")
    walk.type("Code", phone.at(admin_site.env.now()))
    walk.look("Not sent yet")
    olga.get_by_role("button", name="Send it now").click()
    walk.look("My account")
    assert olga.get_by_label("Name", exact=True).input_value() == "Ben, who was away"

    # nor when he is asked again who he is
    olga.goto(admin_site.url("/-/people/invite"))
    olga.get_by_label("Mail address").fill("dora@kettle.example")
    admin_site.clock.advance(timedelta(minutes=6))
    olga.get_by_role("button", name="Invite").click()
    walk.look("Is it you?")
    walk.type("Password", GOOD)
    walk.look("A one-time link")

    # and without his phone a recovery code lets him in
    olga.context.clear_cookies()
    olga.goto(admin_site.url("/-/sign-in"))
    olga.get_by_label("Mail address").fill("ben@kettle.example")
    walk.type("Password", GOOD)
    walk.type("Code", spare)
    olga.wait_for_url("**/kettle/")

    # and the pages for who is lost are as good
    olga.context.clear_cookies()
    olga.goto(admin_site.url("/-/forgot"))
    walk.look("A new password")
    walk.type("Mail address", "nobody@kettle.example")
    olga.get_by_text("a link is on its way").wait_for()
    olga.goto(link.url)
    walk.look("This link does not work")
    assert walk.wrong == []

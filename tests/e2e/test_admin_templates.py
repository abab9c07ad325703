"""Can a person in a shop change a message, break it, mend it, publish it, and see it sent?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from notifier.app import make_renderer
from notifier.config import ChannelSection
from notifier.domain.rights import Role
from notifier.services.deliver import Sender
from tests.browser_pages import Pages
from tests.e2e.admin_site import AdminSite
from tests.fakes.smtp_server import SmtpServer
from tests.timing import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator, Page

pytestmark = pytest.mark.e2e

HERE = "/kettle/templates/back_in_stock/en/"


@pytest.fixture
def smtp(admin_site: AdminSite) -> Iterator[SmtpServer]:
    """A real mail server, and the shop's mails go through it."""
    with SmtpServer() as server:
        admin_site.env.config.channels["mail"] = ChannelSection.model_validate(
            {
                "kind": "email_smtp",
                "host": server.host,
                "port": server.port,
                "security": "none",
                "from_address": "Kettle & Co <hello@kettle.example>",
            }
        )
        yield server


def write(page: Page, part: str, text: str) -> None:
    """All of a part anew, by keyboard."""
    page.get_by_role("tab", name=part, exact=True).click()
    page.locator(".part:not([hidden]) .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def shown(page: Page) -> FrameLocator:
    return page.frame_locator(".frame-of-mail iframe:not(.coming)")


def test_a_text_is_edited_broken_mended_published_and_sent(
    admin_site: AdminSite, olga: Page, smtp: SmtpServer
) -> None:
    site = admin_site
    faults: list[str] = []
    olga.on("pageerror", lambda error: faults.append(str(error)))
    olga.goto(site.url(HERE))
    shown(olga).get_by_role("heading", name="It is back").wait_for()

    write(olga, "Subject", "Hurrah, {{ product.titel }}")
    olga.locator("#findings").get_by_text("unknown variable product.titel").wait_for()
    assert olga.locator(".cm-lintRange-error").first.inner_text() == "product.titel"
    olga.keyboard.press("Control+s")
    olga.get_by_text("Not saved: it would not render").wait_for()

    olga.get_by_role("link", name="subject.txt, line 1").click()
    write(olga, "Subject", "Hurrah, {{ product.title }} is here")
    olga.locator("#subject").get_by_text("Hurrah, Stovetop kettle “Dawn” is here").wait_for()
    write(olga, "HTML", "<h1>Here it is again</h1>{{ button(product.url, 'Have a look') }}")
    shown(olga).get_by_role("heading", name="Here it is again").wait_for()
    olga.keyboard.press("Control+s")
    olga.get_by_text("Saved as draft.").wait_for()
    olga.get_by_role("button", name="Send me a test").click()
    olga.get_by_text("A test was sent to owner@kettle.example.").wait_for()
    [trial] = smtp.wait_for(1)
    assert list(trial.rcpt_to) == ["owner@kettle.example"]
    assert "[Test] Hurrah, Stovetop kettle" in trial.parsed["Subject"]

    olga.get_by_role("button", name="Publish", exact=True).click()
    olga.get_by_text("Published as version 1. It is used from now on.").wait_for()
    site.store.stock("M", 0)
    site.store.wait("M", "ann@example.com")
    site.store.stock("M", 5)
    from notifier.services.announce import announce

    while announce(site.env):
        continue
    sender = Sender(site.env, make_renderer(site.env))
    while sender.send_due():
        continue
    sender.close()
    alerts = [mail for mail in smtp.messages if "is here" in str(mail.parsed["Subject"])]
    [alert] = [mail for mail in alerts if list(mail.rcpt_to) == ["ann@example.com"]]
    assert alert.parsed["Subject"] == "Hurrah, Linen shirt is here"
    assert "Here it is again" in alert.parsed.get_body(("html",)).get_content()
    assert faults == []


def test_two_people_edit_the_same_text(
    admin_site: AdminSite, olga: Page, browser_pages: Pages
) -> None:
    ben = browser_pages.take(alone=True)
    try:
        admin_site.sign_in(ben, Role.EDITOR)
        for page in (olga, ben):
            page.goto(admin_site.url(HERE))
            shown(page).get_by_role("heading", name="It is back").wait_for()
        write(ben, "Subject", "Ben says: {{ product.name }}")
        ben.keyboard.press("Control+s")
        ben.get_by_text("Saved as draft.").wait_for()
        write(olga, "Subject", "Olga says: {{ product.name }}")
        olga.keyboard.press("Control+s")

        olga.get_by_role("heading", name="Editor saved meanwhile").wait_for()
        assert olga.locator("del").inner_text() == "Ben"
        assert olga.locator("ins").inner_text() == "Olga"
        olga.get_by_role("tab", name="Subject").click()
        kept = olga.locator(".part:not([hidden]) .cm-content").inner_text()
        assert kept.strip() == "Olga says: {{ product.name }}"
        olga.keyboard.press("Control+s")
        olga.get_by_text("Saved as draft.").wait_for()
    finally:
        browser_pages.give_back(ben)


def test_the_editor_completes_is_left_by_keyboard_and_warns_of_what_is_not_saved(
    admin_site: AdminSite, olga: Page
) -> None:
    olga.goto(admin_site.url(HERE))
    shown(olga).get_by_role("heading", name="It is back").wait_for()
    write(olga, "Subject", "")
    olga.keyboard.type("{{ product.ti")
    olga.locator(".cm-tooltip-autocomplete").get_by_text("product.title").wait_for()
    olga.wait_for_timeout(600)  # CodeMirror takes no Enter in the first moment
    olga.keyboard.press("Enter")
    written = olga.locator("[name='subject.txt']")
    wait_until(lambda: "{{ product.title" in written.input_value())
    olga.keyboard.press("Escape")
    olga.keyboard.press("Tab")
    assert not olga.evaluate("document.activeElement.closest('.cm-editor') !== null")

    asked: list[str] = []
    olga.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    olga.goto(admin_site.url("/kettle/templates/"))
    assert asked == ["beforeunload"]


def test_without_javascript_the_editor_is_a_form_with_a_preview(
    admin_site: AdminSite, browser_pages: Pages
) -> None:
    page = browser_pages.take(alone=True, java_script_enabled=False)
    try:
        admin_site.sign_in(page)
        page.goto(admin_site.url(HERE))
        page.locator("[name='email.html']").fill("<h1>Plain</h1>{{ button(product.url, 'Go') }}")
        page.get_by_role("button", name="Show", exact=True).click()
        page.frame_locator("iframe").get_by_role("heading", name="Plain").wait_for()
        page.get_by_role("button", name="Save draft").click()
        page.get_by_text("Saved as draft.").wait_for()
        wait_until(lambda: page.get_by_text("Version 1").count() == 1)
    finally:
        browser_pages.give_back(page)

"""Does somebody who has just typed `make demo` see it all work, in a browser and at a terminal?"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from notifier.demo.checkout import place_order
from notifier.demo.run import open_demo
from notifier.demo.stage import Stage
from tests.e2e.faults import find_faults_light_and_dark

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser_pages import Pages

pytestmark = pytest.mark.e2e

PATIENCE = 30_000
MINUTE = 60
ANN = "ann@waits.example"
BEN = "+1 212 555 0177"
# One restock is gone through in `make test`. What else one can do in a demo is in `make soak`, and
# without a browser in tests/web/test_demo_*.py.
MORE_STORIES = pytest.mark.soak
PAGES = ("/", "/shop", "/p/kumo-bowl", "/p/first-flush", "/phone", "/dial", "/inbox")
START = "import sys, notifier.cli; sys.argv[0] = 'notifier'; notifier.cli.main()"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A demo of each test's own: it is ready within a second or two."""
    folder = tmp_path / "demo"
    folder.mkdir()
    with open_demo(folder) as made:
        yield made


@pytest.fixture
def page(browser_pages: Pages, stage: Stage) -> Iterator[Page]:
    """A page of a browser in which nothing may be said on the console."""
    made = browser_pages.take(alone=True, base_url=stage.places.storefront, locale="en-GB")
    made.context.set_default_timeout(PATIENCE)
    said: list[str] = []
    made.context.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    made.context.on("weberror", lambda error: said.append(str(error.error)))
    yield made
    browser_pages.give_back(made)
    assert [one for one in said if one.startswith(("error", "warning")) or "rror" in one] == []


def open_mail(page: Page, subject: str, *, to: str = ANN) -> None:
    """Waits in the inbox for a mail, and opens it."""
    page.goto("/inbox")
    row = page.locator(".rows a", has_text=subject).filter(has_text=to).first
    row.click(timeout=PATIENCE)
    expect(page.locator(".read h2")).to_contain_text(subject)


def follow(page: Page, link_path: str, *, inside: str = "iframe.paper") -> Page:
    """Clicks the link in the mail; it opens in a tab of its own."""
    with page.context.expect_page() as opened:
        page.frame_locator(inside).locator(f"a[href*='{link_path}']").first.click()
    return opened.value


def turn(page: Page, key: str, button: str) -> None:
    page.goto("/dial")
    page.locator(f"[data-key={key}]").get_by_role("button", name=button, exact=True).click()


def test_from_tell_me_to_the_product_page_takes_under_a_minute(page: Page, stage: Stage) -> None:
    # given the kettle is sold out, Ann asks in the widget
    page.goto("/p/ember-kettle")
    began = time.monotonic()
    page.get_by_role("button", name="Tell me when it is back").click()
    page.get_by_label("Your e-mail address").fill(ANN)
    page.get_by_role("button", name="Tell me", exact=True).click()
    expect(page.get_by_text("Almost done")).to_be_visible()
    # when she confirms by the link in her mail and Olga restocks
    open_mail(page, "Please confirm")
    confirm = follow(page, "/c/")
    confirm.get_by_role("button").first.click()
    expect(confirm.locator("h1")).to_contain_text("on the list")
    turn(page, "KETTLE-12", "+5")
    # then a mail leads her to the product, which can be bought
    open_mail(page, "is back in stock")
    product = follow(page, "/r/")
    product.wait_for_url(re.compile(r"/p/ember-kettle\?variant=KETTLE-12"))
    took = time.monotonic() - began
    expect(product.get_by_role("button", name="Buy")).to_be_visible()
    assert took < MINUTE, f"{took:.0f} s"
    page.goto("/")
    expect(page.locator("[data-step].done")).to_have_count(4)


@MORE_STORIES
def test_the_same_by_text_message_and_stop_ends_it(page: Page, stage: Stage) -> None:
    page.goto("/p/morning-teapot?variant=TEAPOT-RUST")
    page.get_by_role("button", name="Tell me when it is back").click()
    page.get_by_label("By text message").check()
    page.get_by_label("Your mobile number").fill(BEN)
    page.get_by_role("button", name="Tell me", exact=True).click()
    expect(page.get_by_text("Almost done")).to_be_visible()
    # when Ben opens the link in the text and Olga restocks
    page.goto("/phone")
    with page.context.expect_page() as opened:
        page.locator(".bubbles a[href*='/c/']").click()
    opened.value.get_by_role("button").first.click()
    expect(opened.value.locator("h1")).to_contain_text("on the list")
    turn(page, "TEAPOT-RUST", "+5")
    # then a text tells him, and its delivery was reported
    page.goto("/phone")
    bubble = page.locator(".bubbles li", has_text="is back in stock")
    expect(bubble).to_contain_text("delivered")
    # and after STOP the network and the notifier both leave him alone
    page.get_by_role("button", name="STOP").click()
    expect(page.locator(".bubbles .network")).to_contain_text("unsubscribed")
    assert BEN.replace(" ", "") in stage.phones.opted_out
    page.goto("/dial")
    expect(page.locator("[data-story]")).to_contain_text("“STOP”; the hook answered 20")


@MORE_STORIES
def test_by_keyboard_alone_one_can_ask_and_restock(page: Page) -> None:
    page.goto("/p/kumo-bowl")
    button = page.get_by_role("button", name="Tell me when it is back")
    expect(button).to_be_visible()
    for _ in range(30):
        page.keyboard.press("Tab")
        if button.evaluate("node => node.getRootNode().activeElement === node"):
            break
    page.keyboard.press("Enter")
    page.keyboard.type("keys@waits.example")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Almost done")).to_be_visible()
    page.goto("/dial")
    plus = page.locator("[data-key=BOWL-CLOUD] button[value=restock]")
    for _ in range(200):
        page.keyboard.press("Tab")
        if plus.evaluate("node => document.activeElement === node"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("[data-key=BOWL-CLOUD] [data-thinks]")).to_contain_text("in stock")
    assert plus.evaluate("node => document.activeElement === node"), "focus was lost"


@MORE_STORIES
def test_the_widget_follows_the_glaze_and_wears_the_shops_colour(page: Page) -> None:
    page.goto("/p/heron-gooseneck?variant=HERON-BLACK")
    expect(page.get_by_role("button", name="Buy")).to_be_visible()
    page.locator("label", has=page.locator("input[value=HERON-STEEL]")).click()
    expect(page.get_by_role("button", name="Buy")).to_be_hidden()
    page.get_by_role("button", name="Tell me when it is in stock").click()
    submit = page.get_by_role("button", name="Tell me", exact=True)
    expect(submit).to_have_css("background-color", "rgb(31, 95, 74)")


@MORE_STORIES
def test_a_mail_program_unsubscribes_with_one_click(page: Page, stage: Stage) -> None:
    stage.add_guests("FLASK-SEA", 1)
    page.goto("/inbox")
    page.locator(".rows a", has_text="You are on the list").filter(has_text="guests").first.click()
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_text("Unsubscribed with one click")).to_be_visible()
    page.goto("/dial")
    expect(page.locator("[data-key=FLASK-SEA] [data-waits]")).to_have_text("0")


@MORE_STORIES
def test_everything_back_at_once_waits_for_olgas_word(page: Page, stage: Stage) -> None:
    stage.add_guests("CADDY-MOON", 2)
    page.goto("/dial")
    page.get_by_role("button", name="Everything back at once").click()
    open_mail(page, "announcements are held", to="olga@kettle.example")
    before = {mail.number for mail in stage.mailbox.newest()}
    hold = follow(page, "/h/")
    hold.get_by_role("button").first.click()
    page.goto("/inbox")
    row = page.locator(".rows a", has_text="Moon tea caddy").filter(has_text="is back in stock")
    expect(row.first).to_be_visible()
    assert {mail.number for mail in stage.mailbox.newest()} > before
    page.goto("/dial")
    page.get_by_role("button", name="As it was at first").click()


@MORE_STORIES
def test_the_four_places_stand_side_by_side_where_there_is_room(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 1000})
    page.goto("/")
    for name in ("shop", "inbox", "dial", "phone"):
        frame = page.frame_locator(f"iframe[name={name}]")
        expect(frame.locator("main")).to_be_visible()
        expect(frame.locator("nav.bar")).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 800})
    expect(page.locator("iframe").first).to_be_hidden()


@MORE_STORIES
def test_a_backorder_moves_twice_and_ends_when_its_deadline_passes(page: Page) -> None:
    # given Ann in the USA orders what is on backorder
    page.goto("/p/heron-gooseneck?variant=HERON-STEEL")
    page.locator(".ahead input[type=email]").fill(ANN)
    page.get_by_role("button", name="Order now, arrives later").click()
    page.get_by_role("link", name="See it at the order desk").click()
    desk = page.url
    state = page.locator(".case-head .state")
    expect(state).to_have_text("On time")
    page.locator(".beats").get_by_role("link", name="Read the mail").click()
    expect(page.locator(".read h2")).to_contain_text("Your order of Heron gooseneck kettle")
    # when Olga moves the date, by little and then by much, and sees each time what follows
    page.goto(desk)
    for days, silence, after in (
        ("10", "means yes", "Told; silence means yes"),
        ("45", "ends the order", "Told again; needs a yes"),
    ):
        page.get_by_role("button", name=f"{days} days later").click()
        expect(page.locator(".foreseen")).to_contain_text(f"Silence {silence}")
        page.get_by_role("button", name="Save it and tell them").click()
        expect(state).to_have_text(after)
    page.locator(".beats").get_by_role("link", name="Read the mail").first.click()
    answers = follow(page, "/o/")
    expect(answers.get_by_role("button", name="Cancel").first).to_be_visible()
    # and the deadline passes without an answer
    page.goto(desk)
    page.get_by_role("button", name="To the next deadline").click()
    # then the order has ended, Ann knows it, and every word of it holds in the ledger
    expect(state).to_have_text("Ended, refund owed")
    expect(page.locator("[data-chain]")).to_contain_text("Verified: 6 entries")
    page.get_by_role("button", name="The refund was sent").click()
    expect(state).to_have_text("Refunded")
    open_mail(page, "Cancelled")
    expect(page.locator("[data-day]")).to_be_visible()


@MORE_STORIES
def test_by_keyboard_alone_one_can_order_and_turn_the_clock(page: Page) -> None:
    page.goto("/p/moon-caddy")
    page.locator(".ahead input[type=email]").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="See it at the order desk").focus()
    page.keyboard.press("Enter")
    week = page.get_by_role("button", name="A week later")
    expect(week).to_be_visible()
    for _ in range(30):
        page.keyboard.press("Tab")
        if week.evaluate("node => document.activeElement === node"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("The clock was turned")).to_be_visible()
    expect(page.locator(".clock-ahead")).to_have_text("7 days ahead of your own clock")


@MORE_STORIES
def test_every_page_is_accessible_and_fits_a_small_phone(page: Page, stage: Stage) -> None:
    stage.add_guests("KETTLE-12", 1)
    ordered = place_order(stage, "HERON-STEEL", email=ANN, country="US", locale="en")
    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size({"width": 360, "height": 740})
    for path in (*PAGES, f"/desk?order={ordered}", "/desk"):
        page.goto(path)
        expect(page.locator("main")).to_be_visible()
        if path.startswith("/p/"):
            expect(page.locator("notify-me")).to_have_attribute("state", "idle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        assert find_faults_light_and_dark(page) == "", path


class Terminal:
    """`notifier demo` as somebody runs it, with a folder for temporary files of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        environ = {**os.environ, "TMPDIR": str(self.temporary), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, "demo", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env=environ,
        )
        self.said: list[str] = []

    def wait_for(self, words: str) -> str:
        """Reads on until a line holds these words."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line)
            if words in line:
                return line
        raise AssertionError(f"ended without {words!r}: {''.join(self.said)}")

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=MINUTE)
        self.said.append(rest)
        return self.process.returncode


def test_where_its_port_is_busy_it_takes_others_says_where_it_is_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        terminal = Terminal(tmp_path, "--port", str(port))
        assert str(port) in terminal.wait_for("is in use")
        url = terminal.wait_for("Start here").split()[-1]
        terminal.wait_for("Ctrl-C stops it")
        with urllib.request.urlopen(url, timeout=30) as answer:
            assert b"See somebody be told" in answer.read()
        assert list(terminal.temporary.iterdir())
        assert terminal.end(signal.SIGTERM) == 0, terminal.said
    assert list(terminal.temporary.iterdir()) == []
    assert list(tmp_path.iterdir()) == [terminal.temporary]
    assert "Traceback" not in "".join(terminal.said)


@MORE_STORIES
def test_a_kept_folder_passes_the_programs_own_check_and_goes_on(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    terminal = Terminal(tmp_path, "--port", "0", "--folder", str(kept))
    terminal.wait_for("Ctrl-C stops it")
    done = subprocess.run(
        [sys.executable, "-c", START, "--config", str(kept / "config.toml"), "check"],
        capture_output=True,
        text=True,
        timeout=MINUTE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert terminal.end(signal.SIGINT) == 0
    assert {"config.toml", "notifier.db", "shop.json"} <= {one.name for one in kept.iterdir()}
    assert oct((kept / "config.toml").stat().st_mode)[-3:] == "600"

"""Can everyone read and reach the widget: axe in each state, target sizes, motion, zoom, looks?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.faults import find_faults, find_faults_light_and_dark
from tests.e2e.widget_page import WIDGET, Shopper
from tests.e2e.widget_stub import Answer
from tests.e2e.widget_texts import TEXTS

pytestmark = pytest.mark.e2e

EVERYTHING = WIDGET.replace(">", " quantity any-variant physical-only>", 1)


def idle(ann: Shopper) -> None:
    ann.visit()
    expect(ann.trigger).to_be_visible()


def opened(ann: Shopper) -> None:
    ann.api.dials.channels = ["email", "sms"]
    ann.api.dials.overrides = {"texts": TEXTS["en"] | {"marketing_label": "News, too"}}
    ann.visit(EVERYTHING).open()


def wrong(ann: Shopper) -> None:
    ann.visit().subscribe("ann")
    expect(ann.field).to_have_attribute("aria-invalid", "true")


def answered(state: str, *posts: Answer) -> Callable[[Shopper], None]:
    def act(ann: Shopper) -> None:
        ann.api.dials.posts = list(posts)
        ann.visit().subscribe()
        ann.expect_state(state)

    return act


def sending(ann: Shopper) -> None:
    ann.visit().open()
    ann.api.dials.delay = 20
    ann.field.fill("ann@example.com")
    ann.submit.click()
    ann.expect_state("sending")


def closed(ann: Shopper) -> None:
    ann.api.dials.availability = {"SHIRT-M": "discontinued"}
    ann.api.dials.overrides = {"alternatives": [{"title": "Long-sleeved", "url": "/long"}]}
    ann.visit()
    ann.expect_state("closed")


def unreachable(ann: Shopper) -> None:
    ann.api.dials.gets = [(503, {}, {"Retry-After": "0.1"}), (503, {}, {"Retry-After": "99"})]
    ann.visit()
    ann.expect_state("unreachable")


STATES: dict[str, Callable[[Shopper], None]] = {
    "idle": idle,
    "open": opened,
    "wrong": wrong,
    "sending": sending,
    "done": answered("done"),
    "available": answered("available", (409, {"error": {"code": "available"}}, {})),
    "failed": answered("failed", (503, {}, {"Retry-After": "99"})),
    "closed": closed,
    "unreachable": unreachable,
}


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_no_fault_in_light_or_dark(ann: Shopper, state: str) -> None:
    ann.use(reduced_motion="reduce")
    STATES[state](ann)

    assert find_faults_light_and_dark(ann.page) == ""


def test_axe_would_find_a_fault_inside_the_widget(ann: Shopper) -> None:
    ann.visit().open()
    ann.run("() => document.querySelector('notify-me').shadowRoot.querySelector('label').remove()")

    results = find_faults(ann.page)

    assert "label" in [violation["id"] for violation in results.response["violations"]]


@pytest.mark.parametrize("state", STATES)
def test_a_thumb_reaches_everything_on_the_smallest_phone(ann: Shopper, state: str) -> None:
    ann.use(viewport={"width": 280, "height": 800}, has_touch=True, reduced_motion="reduce")
    STATES[state](ann)

    assert ann.page.evaluate("document.documentElement.scrollWidth") <= 280

    sizes = ann.widget.evaluate("""(host) => [...host.shadowRoot.querySelectorAll(
        'button, .text, label.tick, .chips a')].map((one) => {
          const { width, height } = one.getBoundingClientRect();
          return [one.textContent || one.id, width, height];
        })""")

    assert sizes
    assert [one for one in sizes if one[1] < 44 or one[2] < 44] == [], "under 44 px"


@pytest.mark.parametrize(("habit", "moving"), [("reduce", 0), ("no-preference", 1)])
def test_nothing_turns_for_those_who_asked_for_less_motion(
    ann: Shopper, habit: str, moving: int
) -> None:
    ann.use(reduced_motion=habit)
    sending(ann)

    running = "(host) => host.shadowRoot.getAnimations().filter((a) => a.animationName).length"
    if moving:
        assert ann.widget.evaluate(running) >= 1
    else:
        assert ann.widget.evaluate(running) == 0
    expect(ann.submit).to_have_text("Sending…")


def test_the_shop_sets_the_looks_by_properties_and_parts(ann: Shopper) -> None:
    ann.visit(
        style="notify-me{--notify-me-accent:rgb(10,80,200);--notify-me-on-accent:#fff;"
        "--notify-me-radius:3px;--notify-me-font:Georgia}"
        "notify-me::part(trigger){text-transform:uppercase}"
    )
    expect(ann.trigger).to_be_visible()

    expect(ann.trigger).to_have_css("background-color", "rgb(10, 80, 200)")
    expect(ann.trigger).to_have_css("border-top-left-radius", "3px")
    expect(ann.trigger).to_have_css("text-transform", "uppercase")
    expect(ann.trigger).to_have_css("font-family", "Georgia")


@pytest.mark.parametrize(
    ("scheme", "surface"), [("light dark", "rgb(28, 31, 37)"), ("light", "rgb(255, 255, 255)")]
)
def test_dark_is_for_pages_that_go_dark(ann: Shopper, scheme: str, surface: str) -> None:
    ann.use(color_scheme="dark")
    ann.visit(scheme=scheme).open()

    expect(ann.widget.locator("[part=card]")).to_have_css("background-color", surface)


def test_buttons_keep_their_edges_in_forced_colours(ann: Shopper) -> None:
    ann.use(forced_colors="active")
    ann.visit().open()

    for part in (ann.submit, ann.field):
        edge = part.evaluate("(one) => getComputedStyle(one).borderTopColor")
        ground = ann.widget.locator("[part=card]").evaluate(
            "(one) => getComputedStyle(one).backgroundColor"
        )
        assert edge != ground

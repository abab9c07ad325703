"""Does the widget fit into a shop's page: its variants, its other scripts, its layout?"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.widget_host import RESERVE
from tests.e2e.widget_page import WIDGET, Shopper
from tests.e2e.widget_texts import TEXTS
from tests.timing import wait_until

pytestmark = pytest.mark.e2e

EN = TEXTS["en"]
TALL = "<p id=below>Linen, made in Portugal.</p>" * 12


def last_variant(ann: Shopper, variant: str) -> bool:
    """True once the widget has asked about `variant` last."""
    return wait_until(lambda: bool(ann.api.asked) and ann.api.asked[-1].get("variant") == variant)


# ---- which variant -----------------------------------------------------------------------------


def test_the_widget_follows_the_pages_variant_selector(ann: Shopper) -> None:
    ann.api.dials.availability = {"SHIRT-S": "in_stock", "SHIRT-L": "preorder"}
    ann.visit()
    expect(ann.trigger).to_have_text("Notify me when it is back")

    ann.page.get_by_label("Size").select_option("SHIRT-L")
    expect(ann.trigger).to_have_text("Tell me when it can be ordered")
    ann.subscribe()
    ann.expect_state("done")
    assert ann.api.signups[0]["variant"] == "SHIRT-L"

    ann.page.get_by_label("Size").select_option("SHIRT-S")
    ann.expect_state("hidden")
    expect(ann.trigger).to_have_count(0)
    ann.page.get_by_label("Size").select_option("SHIRT-M")
    expect(ann.trigger).to_be_visible()


RADIOS = """<form action="/cart/add">
<label><input type=radio name=variant value=SHIRT-M checked> M</label>
<label><input type=radio name=variant value=SHIRT-L> L</label></form>"""


def test_radio_buttons_are_followed(ann: Shopper) -> None:
    ann.visit(before=RADIOS)
    expect(ann.trigger).to_be_visible()

    ann.page.get_by_label("L").check()

    assert last_variant(ann, "SHIRT-L")


def test_a_hidden_field_is_followed_though_the_theme_fires_no_event(ann: Shopper) -> None:
    ann.visit(before='<form action="/cart/add"><input type=hidden name=id value=SHIRT-M></form>')
    expect(ann.trigger).to_be_visible()

    ann.run("() => { document.querySelector('[name=id]').value = 'SHIRT-L' }")

    assert last_variant(ann, "SHIRT-L")


def test_a_form_the_theme_draws_anew_is_followed(ann: Shopper) -> None:
    ann.visit()
    expect(ann.trigger).to_be_visible()

    ann.run("""() => {
      const field = document.createElement('input');
      Object.assign(field, { type: 'hidden', name: 'id', value: 'SHIRT-S' });
      document.querySelector('select').replaceWith(field);
    }""")

    assert last_variant(ann, "SHIRT-S")


def test_the_shops_own_selector_is_read_at_once(ann: Shopper) -> None:
    ann.visit(
        '<notify-me key="pk_test" selector="#choice"></notify-me>',
        before="<select id=choice><option>SHIRT-L<option>SHIRT-M</select>",
    )

    assert last_variant(ann, "SHIRT-L")
    ann.page.locator("#choice").select_option("SHIRT-M")
    assert last_variant(ann, "SHIRT-M")


def test_a_field_that_counts_in_other_ids_is_left_alone(ann: Shopper) -> None:
    ann.visit(before="<label>Size <select name=id><option>4711<option>4712</select></label>")
    expect(ann.trigger).to_be_visible()

    ann.page.get_by_label("Size").select_option("4712")
    ann.subscribe()

    ann.expect_state("done")
    assert ann.api.signups[0]["variant"] == "SHIRT-M"


def test_the_page_sets_the_variant_by_attribute_or_by_event(ann: Shopper) -> None:
    ann.visit()
    expect(ann.trigger).to_be_visible()

    ann.run("() => document.querySelector('notify-me').setAttribute('variant', 'SHIRT-L')")
    assert last_variant(ann, "SHIRT-L")
    ann.run("""() => document.dispatchEvent(
      new CustomEvent('notify-me:variant', { detail: { variant: 'SHIRT-S' } }))""")
    assert last_variant(ann, "SHIRT-S")

    # The selector still shows M: only a change of it counts.
    ann.subscribe()
    ann.expect_state("done")
    assert ann.api.signups[0]["variant"] == "SHIRT-S"


def test_a_product_is_asked_about_until_a_variant_is_chosen(ann: Shopper) -> None:
    ann.visit(
        '<notify-me key="pk_test" product="SHIRT" selector="select"></notify-me>',
        before="<label>Size <select><option value=''>Choose<option>SHIRT-L</select></label>",
    )
    expect(ann.trigger).to_be_visible()
    assert ann.api.asked[-1]["product"] == "SHIRT"
    assert "variant" not in ann.api.asked[-1]

    ann.page.get_by_label("Size").select_option("SHIRT-L")

    assert last_variant(ann, "SHIRT-L")


def test_each_of_several_widgets_follows_its_own_form(ann: Shopper) -> None:
    card = """<section><select name=id><option>{0}-M<option>{0}-L</select>
      <notify-me key="pk_test" variant="{0}-M"></notify-me></section>"""
    ann.visit(card.format("SHIRT") + card.format("HAT"), before="")
    expect(ann.trigger).to_have_count(2)

    ann.page.locator("select").nth(1).select_option("HAT-L")

    assert last_variant(ann, "HAT-L")
    expect(ann.widget.nth(1)).to_have_attribute("variant", "HAT-L")
    expect(ann.widget.nth(0)).to_have_attribute("variant", "SHIRT-M")


def test_a_variant_changed_in_mid_send_is_not_what_ann_signed_up_for(ann: Shopper) -> None:
    ann.visit().open()
    ann.field.fill("ann@example.com")
    ann.api.dials.delay = 20
    ann.submit.click()
    ann.page.get_by_label("Size").select_option("SHIRT-L")

    expect(ann.widget).to_have_attribute("variant", "SHIRT-L")
    ann.api.dials.delay = 0
    ann.expect_state("open")
    expect(ann.widget).to_contain_text("Linen shirt, SHIRT-L")
    expect(ann.field).to_have_value("ann@example.com")
    wait_until(lambda: ann.api.signups)
    assert [one["variant"] for one in ann.api.requests] == ["SHIRT-M"]


# ---- when there is nothing to offer -----------------------------------------------------------


@pytest.mark.parametrize("variant", ["SHIRT-S", "UNKNOWN-1"])
def test_in_stock_or_unknown_the_widget_is_not_to_be_seen(ann: Shopper, variant: str) -> None:
    ann.api.dials.availability = {"SHIRT-S": "in_stock"}
    ann.visit(WIDGET.replace("SHIRT-M", variant), before="")

    ann.expect_state("hidden")
    assert ann.widget.evaluate("(host) => host.shadowRoot.textContent").strip() == ""


def test_below_the_fold_and_in_stock_the_widget_gives_its_room_back(ann: Shopper) -> None:
    ann.api.dials.availability = {"SHIRT-M": "in_stock"}
    ann.visit(before="<p>Linen.</p>" * 60)

    ann.expect_state("hidden")
    assert ann.widget.evaluate("(host) => host.offsetHeight") == 0
    assert ann.shifts() == 0


def test_a_discontinued_product_offers_others_and_no_form(ann: Shopper) -> None:
    ann.api.dials.availability = {"SHIRT-M": "discontinued"}
    ann.api.dials.overrides = {
        "eta": None,
        "texts": EN | {"headline": "No longer made"},
        "alternatives": [
            {"title": "Long-sleeved shirt", "url": "/products/long"},
            {"title": "Trap", "url": "javascript:alert(1)"},
        ],
    }
    ann.visit()

    expect(ann.widget).to_contain_text("No longer made")
    expect(ann.widget.get_by_role("link")).to_have_count(1)
    expect(ann.widget.get_by_role("link")).to_have_attribute("href", "/products/long")
    expect(ann.widget.get_by_role("button")).to_have_count(0)


def test_with_no_answer_at_all_the_widget_says_so_in_the_pages_language(ann: Shopper) -> None:
    ann.api.dials.hang_up = True
    ann.use(alone=True).clock.install()
    ann.visit(lang="es")
    ann.expect_trouble("ERR_EMPTY_RESPONSE")
    ann.page.clock.run_for(3_000)
    expect(ann.widget).to_contain_text("Los avisos no están disponibles ahora.")

    ann.api.dials.hang_up = False
    ann.widget.get_by_role("button", name="Reintentar").click()

    ann.expect_state("idle")


def test_an_availability_call_that_failed_is_repeated_unasked(ann: Shopper) -> None:
    ann.api.dials.gets = [(503, {}, {"Retry-After": "1"})]

    ann.visit()

    expect(ann.trigger).to_be_visible()
    assert len(ann.api.asked) == 2


# ---- other people's pages ---------------------------------------------------------------------


def test_what_a_server_says_is_shown_as_text(ann: Shopper) -> None:
    evil = "<img src=x onerror=alert(1)><b>bold</b>"
    ann.api.dials.overrides = {"title": evil, "button": evil, "privacy_url": "javascript:alert(1)"}
    ann.visit()
    expect(ann.trigger).to_have_text(evil)

    ann.open()

    expect(ann.widget.locator("[part=product]")).to_have_text(evil)
    expect(ann.widget.locator("img")).to_have_count(0)
    expect(ann.widget.get_by_role("link")).to_have_count(0)
    assert ann.troubles == []


def test_a_script_loaded_twice_defines_one_widget(ann: Shopper) -> None:
    ann.visit(scripts=2)

    expect(ann.trigger).to_have_count(1)
    ann.subscribe()
    ann.expect_state("done")
    assert len(ann.api.signups) == 1
    assert ann.troubles == []


def test_a_widget_put_in_later_by_the_page_works_and_may_be_moved(ann: Shopper) -> None:
    ann.visit("")
    ann.run("""() => {
      const widget = document.createElement('notify-me');
      widget.setAttribute('key', 'pk_test');
      widget.variant = 'SHIRT-M';
      document.querySelector('main').append(widget);
      document.querySelector('main').prepend(widget);
    }""")

    ann.subscribe()

    ann.expect_state("done")
    assert ann.troubles == []


def test_without_javascript_there_is_the_link_to_the_plain_form(ann: Shopper) -> None:
    ann.use(java_script_enabled=False)
    form = f"{ann.api.origin}/f/pk_test?variant=SHIRT-M"
    ann.visit(WIDGET.replace("></", f'><noscript><a href="{form}">Notify me</a></noscript></'))

    expect(ann.page.get_by_role("link", name="Notify me")).to_have_attribute("href", form)


def test_an_origin_that_is_not_registered_gets_no_widget_and_no_exception(ann: Shopper) -> None:
    ann.api.allowed_origins.clear()

    ann.visit()

    ann.expect_trouble("CORS")
    expect(ann.trigger).to_have_count(0)
    assert not [trouble for trouble in ann.troubles if trouble.startswith("thrown")]


@pytest.mark.parametrize(
    "overrides",
    [
        {"pow": {"algorithm": "SHA-256"}},
        {"texts": None, "channels": None, "alternatives": None},
        {"eta": {"text": None}, "checked": {}, "title": 12},
    ],
)
def test_an_odd_answer_throws_nothing_into_the_page(
    ann: Shopper, overrides: dict[str, object]
) -> None:
    ann.api.dials.overrides = overrides
    ann.visit().open()
    expect(ann.field).to_be_visible()
    ann.field.fill("ann@example.com")
    ann.submit.click()

    expect(ann.widget).to_have_attribute("state", "failed" if "pow" in overrides else "done")
    assert not [trouble for trouble in ann.troubles if trouble.startswith("thrown")]


def test_an_answer_that_makes_no_sense_hides_the_widget(ann: Shopper) -> None:
    ann.api.dials.overrides = {"can_subscribe": False, "alternatives": 7}

    ann.visit()

    ann.expect_state("hidden")
    assert not [trouble for trouble in ann.troubles if trouble.startswith("thrown")]


def test_a_selector_that_is_none_leaves_the_widget_with_its_variant(ann: Shopper) -> None:
    ann.visit(WIDGET.replace(">", ' selector="[[">', 1))

    expect(ann.trigger).to_be_visible()
    assert "is not a CSS selector" in ann.troubles[0]
    assert not [trouble for trouble in ann.troubles if trouble.startswith("thrown")]


# ---- layout -----------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_moves_while_script_and_answer_are_on_their_way(ann: Shopper, width: int) -> None:
    ann.use(viewport={"width": width, "height": 800})
    ann.api.dials.widget_delay = 0.4
    ann.api.dials.delay = 0.4
    ann.visit(style=RESERVE, after=TALL)
    expect(ann.trigger).to_be_visible()

    top = ann.page.locator("#below").first.bounding_box()
    assert ann.shifts() == 0
    assert top is not None


@pytest.mark.parametrize("availability", ["in_stock", "discontinued"])
def test_nothing_moves_when_there_is_nothing_to_offer(ann: Shopper, availability: str) -> None:
    ann.api.dials.delay = 0.3
    ann.api.dials.availability = {"SHIRT-M": availability}
    links = [{"title": f"Shirt {number}", "url": f"/{number}"} for number in range(9)]
    ann.api.dials.overrides = {"alternatives": links}
    ann.visit(style=RESERVE, after=TALL)

    ann.expect_state("hidden" if availability == "in_stock" else "closed")
    ann.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert ann.shifts() == 0


OUTCOMES = {
    "done": [],
    "available": [(409, {"error": {"code": "available", "message": "?"}}, {})],
    "failed": [(503, {}, {"Retry-After": "999"})],
    "open": [(422, {"error": {"code": "invalid", "field": "email", "message": "Hm. " * 12}}, {})],
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_nothing_moves_when_the_answer_comes_long_after_the_click(
    ann: Shopper, outcome: str
) -> None:
    ann.api.dials.posts = list(OUTCOMES[outcome])  # type: ignore[call-overload]
    ann.visit(style=RESERVE, after=TALL).open()
    ann.field.fill("ann@example.com")
    ann.api.dials.delay = 60

    ann.submit.click()
    ann.expect_state("sending")
    ann.page.wait_for_timeout(700)  # input excuses what moves within half a second
    ann.api.dials.delay = 0

    ann.expect_state(outcome)
    ann.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert ann.shifts() == 0

"""Which pages with status 200 are no product pages, and which only look like it?"""

from __future__ import annotations

import pytest

from notifier.connectors.page_reading.reading import read_page
from notifier.connectors.page_reading.rule import Rule
from notifier.connectors.page_reading.walls import refuse_detour
from notifier.errors import LookFailed

# It would hit on every page below.
EAGER = Rule(out_of_stock=":: /./")


def html(title: str, body: str = "") -> bytes:
    return f"<html><head><title>{title}</title></head><body>{body}</body></html>".encode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (html("Just a moment..."), "bot_wall"),
        (html("Attention Required! | Cloudflare", "<h1>Sorry, you have been blocked"), "bot_wall"),
        (html("Robot Check", "Enter the characters you see below"), "bot_wall"),
        (html("shop.example", "<div id=px-captcha></div>"), "bot_wall"),
        (html("shop", "<h1>Please verify you are a human</h1>"), "bot_wall"),
        (html("", "<p>Please complete the CAPTCHA to go on."), "bot_wall"),
        (html("403 Forbidden", "<h1>Forbidden</h1>"), "bot_wall"),
        (html("Request Rejected"), "bot_wall"),
        (html("One moment, please..."), "bot_wall"),
        (html("", "Request unsuccessful. Incapsula incident ID: 1"), "bot_wall"),
        (html("Error 1015"), "bot_wall"),
        (html("429 Too Many Requests", "<h1>Too Many Requests"), "throttled"),
        (html("Waiting Room", "You are in line"), "throttled"),
        (html("", "Rate limit exceeded"), "throttled"),
        (html("Maintenance", "Briefly unavailable for scheduled maintenance."), "maintenance"),
        (html("Opening soon"), "maintenance"),
        (html("503 Service Unavailable", "<h1>nginx"), "maintenance"),
        (html("404 Not Found", "<h1>Not found"), "not_found_page"),
        (html("Kettle & Co", "<h1>Page not found</h1>"), "not_found_page"),
        (html("Page introuvable"), "not_found_page"),
        (html("Страница не найдена"), "not_found_page"),
        (html("Log in – Kettle & Co", "<form><input type=password></form>"), "login_page"),
        (html("Anmelden"), "login_page"),
        (html("Kettle & Co", "<form>Password <input type=password></form>"), "login_page"),
        (b"", "empty"),
        (b"  \n ", "empty"),
    ],
)
def test_a_wall_is_a_failure_and_never_out_of_stock(body: bytes, code: str) -> None:
    with pytest.raises(LookFailed) as caught:
        read_page(body, rule=EAGER)

    assert caught.value.code == code


def test_a_product_with_a_name_like_a_wall_is_a_product() -> None:
    markup = """<script type="application/ld+json">{"@type":"Product","name":"Access Denied",
      "offers":{"availability":"InStock"}}</script>"""

    (seen,) = read_page(html("Access Denied: the board game", markup)).observations

    assert seen.availability == "in_stock"


@pytest.mark.parametrize(
    "title",
    ["Maintenance kit for kettles", "Shure 404 microphone", "Password book"],
)
def test_short_pages_of_things_with_such_names_are_product_pages(title: str) -> None:
    body = html(title, "<h1>Kettle & Co</h1><button class=add>Add to cart</button>")

    (seen,) = read_page(body, rule=Rule(in_stock=".add")).observations

    assert seen.availability == "in_stock"


def test_a_page_with_the_products_own_part_is_a_product_page_whatever_its_title() -> None:
    body = html("Captcha, the card game", "<main><button class=add>Add</button></main>")

    (seen,) = read_page(body, rule=Rule(within="main", in_stock=".add")).observations

    assert seen.availability == "in_stock"


def test_a_hidden_login_form_does_not_make_a_login_page() -> None:
    body = html(
        "Mug", "<div hidden><input type=password></div><button class=add>Add to cart</button>"
    )

    (seen,) = read_page(body, rule=Rule(in_stock=".add")).observations

    assert seen.availability == "in_stock"


@pytest.mark.parametrize(
    ("to", "kind", "code"),
    [
        ("https://shop.example/", "text/html", "redirected"),
        ("https://shop.example/de/", "text/html", "redirected"),
        ("https://shop.example/index.php", "text/html", "redirected"),
        ("https://shop.example/account/login?next=/mug", "text/html", "login_page"),
        ("https://shop.example/password", "text/html", "login_page"),
        ("https://shop.example/mug", "application/json", "not_html"),
        ("https://shop.example/mug", "image/png", "not_html"),
    ],
)
def test_a_detour_away_from_the_product_is_a_failure(to: str, kind: str, code: str) -> None:
    with pytest.raises(LookFailed) as caught:
        refuse_detour("https://shop.example/mug", to=to, content_type=kind)

    assert caught.value.code == code


@pytest.mark.parametrize(
    "to",
    ["https://shop.example/mug", "https://shop.example/en/mug", "https://shop.example/login-mug"],
)
def test_another_address_of_the_same_product_is_no_detour(to: str) -> None:
    refuse_detour("https://shop.example/mug", to=to, content_type="text/html")

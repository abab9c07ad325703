"""Where may this program go by robots.txt (RFC 9309)?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.connectors.robots import read_robots, robots_url

HOST = "https://shop.example"


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("", "/mug", True),
        ("User-agent: *\nDisallow: /", "/mug", False),
        ("User-agent: *\nDisallow:", "/mug", True),
        ("User-agent: *\nDisallow: /cart", "/mug", True),
        ("User-agent: *\nDisallow: /mu", "/mug", False),
        ("user-agent:*\r\ndisallow:/mug # no mugs", "/mug", False),
        # our own group, and only that, once there is one
        ("User-agent: *\nDisallow: /\nUser-agent: notifier\nAllow: /", "/mug", True),
        ("User-agent: Notifier/1.0\nDisallow: /mug\n\nUser-agent: *\nAllow: /", "/mug", False),
        ("User-agent: notifierbot\nDisallow: /", "/mug", True),
        ("User-agent: googlebot\nUser-agent: notifier\nDisallow: /mug", "/mug", False),
        ("User-agent: notifier\nAllow: /a\nUser-agent: x\nUser-agent: notifier\nDisallow: /mug",
         "/mug", False),
        # the longest rule wins, and "allow" a tie
        ("User-agent: *\nDisallow: /p\nAllow: /p/mug", "/p/mug", True),
        ("User-agent: *\nAllow: /p\nDisallow: /p/mug", "/p/mug", False),
        ("User-agent: *\nDisallow: /mug\nAllow: /mug", "/mug", True),
        # wildcards
        ("User-agent: *\nDisallow: /*?variant=", "/mug?variant=3", False),
        ("User-agent: *\nDisallow: /*?variant=", "/mug", True),
        ("User-agent: *\nDisallow: /*.php$", "/mug.php", False),
        ("User-agent: *\nDisallow: /*.php$", "/mug.php?x=1", True),
        ("User-agent: *\nDisallow: /mug$", "/mug", False),
        ("User-agent: *\nDisallow: /mug$", "/mugs", True),
        ("User-agent: *\nDisallow: /a*b*c", "/a-b-c-d", False),
        ("User-agent: *\nDisallow: /a*b*c$", "/a-c-b", True),
        ("User-agent: *\nDisallow: *mug", "/the/mug", False),
        # percent-encoding
        ("User-agent: *\nDisallow: /a%20b", "/a b", False),
        ("User-agent: *\nDisallow: /größe", "/gr%C3%B6%C3%9Fe", False),
        ("User-agent: *\nDisallow: /a%2Fb", "/a/b", True),
        ("User-agent: *\nDisallow: /a%2fb", "/a%2Fb", False),
        # what is not understood
        ("Disallow: /\n<html>", "/mug", True),
        ("User-agent: *\nNoindex: /mug\nSitemap: /mug", "/mug", True),
    ],
)  # fmt: skip
def test_rules_mean_what_the_rfc_says(rules: str, path: str, allowed: bool) -> None:
    robots = read_robots(rules.encode())

    assert (robots.why_not(HOST + path) == "") is allowed


def test_the_reason_names_the_rule() -> None:
    robots = read_robots(b"User-agent: *\nDisallow: /products/*")

    assert robots.why_not(f"{HOST}/products/mug") == ("its robots.txt says `Disallow: /products/*`")


@pytest.mark.parametrize(
    ("written", "seconds"), [("5", 5.0), ("0.5", 0.5), ("86400", 60.0), ("soon", 0.0), ("-3", 0.0)]
)
def test_the_wished_pace_is_obeyed_within_reason(written: str, seconds: float) -> None:
    robots = read_robots(f"User-agent: *\nCrawl-delay: {written}".encode())

    assert robots.delay == seconds


def test_robots_txt_stands_at_the_root_of_the_host() -> None:
    assert robots_url("https://shop.example:8443/a/b?c#d") == "https://shop.example:8443/robots.txt"


@given(st.binary(max_size=500), st.text(max_size=50))
def test_any_robots_txt_gives_an_answer(body: bytes, path: str) -> None:
    prefix = b"User-agent: *\nDisallow: /"

    assert isinstance(read_robots(prefix + body).why_not(f"{HOST}/{path}"), str)

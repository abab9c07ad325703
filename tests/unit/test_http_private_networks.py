"""Can a merchant's URL make this server knock on doors inside its own network? (5.G 208–212)"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from notifier.domain.outbound import UrlRules, read_target, why_not_dial
from notifier.errors import InvalidInput
from notifier.http import Outbound, OutboundFailed
from tests.fakes.feed_server import Reply, serving

_PRIVATE = (
    "127.0.0.1 localhost [::1] 0 2130706433 0x7f000001 0177.0.0.1 127.1 [::ffff:127.0.0.1] "
    "[64:ff9b::7f00:1] [2002:7f00:1::] [::127.0.0.1] 169.254.169.254 metadata.google.internal "
    "10.0.0.1 100.64.0.1 192.168.1.1 [fd00::1] [fe80::1%25eth0] 224.0.0.1 255.255.255.255 "
    "0.0.0.0 127.0.0.1. １２７.０.０.１ intranet printer.local shop.localhost "
    "nas.home.arpa shop.ｌｏｃａｌｈｏｓｔ"
)
PRIVATE_HOSTS = _PRIVATE.split()

CLEVER_URLS = [
    ("https://user:pw@shop.example/", "userinfo"),
    ("https://ok.com@127.0.0.1/", "userinfo"),
    ("https://127.0.0.1#@ok.com/", "fragment"),
    ("https://ok.com\\@127.0.0.1/", "bad_url"),
    ("https://ok\t.com/", "bad_url"),
    ("https://ok.com\n.evil.com/", "bad_url"),
    ("https://ok.com /feed", "bad_url"),
    ("https://ok.com\0/", "bad_url"),
    ("https://ok.com/#", "fragment"),
    ("https://ok.com\x7f/", "bad_url"),
    ("https://ok.com\x1b[2J/", "bad_url"),
    ("https://[::1", "bad_url"),
    ("https:///feed", "no_host"),
    ("", "bad_url"),
    ("file:///etc/passwd", "bad_scheme"),
    ("ftp://shop.example/feed", "bad_scheme"),
    ("gopher://shop.example/", "bad_scheme"),
    ("shop.example/feed", "bad_scheme"),
    ("http://shop.example/feed", "not_https"),
    ("https://shop.example:22/", "bad_port"),
    ("https://shop.example:25/", "bad_port"),
    ("https://shop.example:6379/", "bad_port"),
    ("https://shop.example:99999/", "bad_port"),
    ("https://" + "a" * 3000, "bad_url"),
    ("https://ok.com/" + "a" * 1986, "bad_url"),
]


class Knocks:
    """Counts what is looked up and what is connected to, instead of doing it."""

    def __init__(self) -> None:
        self.looked_up: list[str] = []
        self.dialled: list[tuple[str, int]] = []


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Knocks]:
    knocks = Knocks()

    def dial(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        knocks.dialled.append(address)
        raise OSError("no packet leaves this test")

    monkeypatch.setattr(socket, "create_connection", dial)
    yield knocks


def client(knocks: Knocks, *addresses: str) -> Outbound:
    def resolve(host: str, port: int) -> list[str]:
        knocks.looked_up.append(host)
        return list(addresses)

    return Outbound(resolve=resolve, allow_http=True)


@pytest.mark.parametrize("host", PRIVATE_HOSTS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_208_private_hosts_are_refused_without_a_packet(
    monkeypatch: pytest.MonkeyPatch, scheme: str, host: str
) -> None:
    with watched(monkeypatch) as knocks:
        with pytest.raises(OutboundFailed) as caught:
            client(knocks, "127.0.0.1").get(f"{scheme}://{host}/feed.xml")

        assert caught.value.code == "bad_url"
        assert not knocks.looked_up
        assert not knocks.dialled


@pytest.mark.parametrize(("url", "code"), CLEVER_URLS)
def test_209_211_clever_urls_are_refused_with_a_reason(url: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_target(url, rules=UrlRules())

    assert caught.value.problems[0].code == code
    assert caught.value.problems[0].field == "url"
    assert str(caught.value).isprintable(), "it is shown, also in a terminal"


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/feed.xml",
        "https://shop.example:8443/a?b=c&d=%20",
        "https://xn--exmple-cua.de/",
        "https://jörg.example/feed",
        "HTTPS://Shop.Example/Feed",
    ],
)
def test_ordinary_urls_are_allowed(url: str) -> None:
    assert read_target(url, rules=UrlRules()).scheme == "https"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1",
        "169.254.169.254", "10.0.0.1", "100.64.0.1", "172.16.0.1", "192.168.1.1", "fd00::1",
        "fe80::1", "fe80::1%eth0", "fec0::1", "224.0.0.1", "ff02::1", "255.255.255.255", "0.0.0.0",
        "::", "4000::1", "240.0.0.1", "198.18.0.1", "192.0.2.1", "2001:db8::1", "64:ff9b:1::1",
        "2001::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "no address",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_never_dialled(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    with watched(monkeypatch) as knocks:
        with pytest.raises(OutboundFailed) as caught:
            client(knocks, address).get("https://shop.example/feed")

        assert caught.value.code == "private_address"
        assert not caught.value.sent
        assert not knocks.dialled


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"]
)
def test_public_addresses_are_dialled_as_they_were_checked(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    assert why_not_dial(address) == ""
    with watched(monkeypatch) as knocks:
        with pytest.raises(OutboundFailed):
            client(knocks, address).get("https://shop.example/feed")

        assert knocks.dialled == [(address, 443)]


def test_212_one_private_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with watched(monkeypatch) as knocks:
        with pytest.raises(OutboundFailed) as caught:
            client(knocks, "93.184.216.34", "127.0.0.1").get("https://shop.example/feed")

        assert caught.value.code == "private_address"
        assert not knocks.dialled


def test_a_name_that_changes_its_address_after_the_check_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """FI-49: public at the first look-up, loopback at the second. There is no second."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    with watched(monkeypatch) as knocks:
        outbound = Outbound(resolve=lambda host, port: next(answers))
        with pytest.raises(OutboundFailed):
            outbound.get("https://rebind.example/feed")

        assert knocks.dialled == [("93.184.216.34", 443)]


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("http://169.254.169.254/latest/meta-data/", "bad_url"),
        ("http://localhost/", "bad_url"),
        ("http://inside.example/", "private_address"),
        ("file:///etc/passwd", "bad_url"),
        ("http://shop.example:6379/", "bad_url"),
    ],
)
def test_a_redirect_is_checked_like_a_first_address(
    monkeypatch: pytest.MonkeyPatch, target: str, code: str
) -> None:
    """FI-50. The first hop is a real server that the test lets through."""
    addresses = {"outside.example": "93.184.216.34", "inside.example": "10.0.0.1"}
    checked: list[str] = []
    with serving() as server:
        server.replies["/feed"] = Reply(status=302, headers={"Location": target})
        dial = socket.create_connection

        def to_test_server(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
            checked.append(address[0])
            return dial(("127.0.0.1", server.server_port), *args, **kwargs)

        monkeypatch.setattr(socket, "create_connection", to_test_server)
        outbound = Outbound(resolve=lambda host, port: [addresses[host]], allow_http=True)
        with pytest.raises(OutboundFailed) as caught:
            outbound.get("http://outside.example/feed")

    assert caught.value.code == code
    assert checked == ["93.184.216.34"]
    assert server.seen[0].headers["host"] == "outside.example"


def test_the_switch_for_trials_opens_loopback_and_nothing_opens_userinfo() -> None:
    rules = UrlRules(allow_private=True)

    assert read_target("http://127.0.0.1:8025/feed", rules=rules).port == 8025
    with pytest.raises(InvalidInput):
        read_target("http://ann:secret@127.0.0.1/", rules=rules)

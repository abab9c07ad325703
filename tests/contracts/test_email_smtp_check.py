"""Does `check` find what would bite later, say what to do, and send nothing?"""

# ruff: noqa: F401, F811 - fixtures are imported by name
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from notifier.channels.base import Finding
from notifier.channels.email_smtp import Channel, Settings
from notifier.channels.smtp.sender_dns import NoDns, check_sender_dns
from tests.contracts.mail_channel import Connect, Key, authority, connect, key, server
from tests.fakes.certificates import Authority
from tests.fakes.smtp_server import Fault, SmtpServer
from tests.timing import wait_until


def bad(findings: list[Finding]) -> Finding:
    [finding] = [finding for finding in findings if finding.level == "bad"]
    assert finding.advice
    return finding


def levels(findings: list[Finding]) -> dict[str, str]:
    return {finding.about: finding.level for finding in findings}


@pytest.fixture
def secure(authority: Authority) -> Iterator[SmtpServer]:
    certificate = authority.issue("localhost")
    users = {"olga": "secret"}
    with SmtpServer(security="starttls", certificate=certificate, users=users) as server:
        yield server


@pytest.fixture
def login(authority: Authority) -> dict[str, Any]:
    return {
        "host": "localhost",
        "security": "starttls",
        "username": "olga",
        "password": "secret",
        "ca_file": str(authority.ca_file),
        "dot_timeout": 600,
    }


def test_a_good_set_up_is_found_good_and_nothing_is_sent(
    secure: SmtpServer, connect: Connect, login: dict[str, Any]
) -> None:
    findings = connect(secure, **login).check()

    found = levels(findings)
    assert (found["connection"], found["login"], found["sender"]) == ("ok", "ok", "ok")
    assert "bad" not in found.values()
    assert secure.messages == []
    wait_until(lambda: secure.commands[-1][1] == "QUIT")
    verbs = [line.split(" ")[0] for _, line in secure.commands]
    assert verbs == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RSET", "QUIT"]


def test_a_wrong_password_is_named(
    secure: SmtpServer, connect: Connect, login: dict[str, Any]
) -> None:
    finding = bad(connect(secure, **(login | {"password": "wrong"})).check())

    assert finding.about == "login"
    assert "535" in finding.message
    assert "password" in finding.advice


def test_a_certificate_for_another_name_is_named(
    authority: Authority, connect: Connect, login: dict[str, Any]
) -> None:
    certificate = authority.issue("mail.other.example")
    with SmtpServer(security="starttls", certificate=certificate) as server:
        finding = bad(connect(server, **login).check())

    assert finding.about == "certificate"
    assert "localhost" in finding.message
    assert "host" in finding.advice


def test_a_server_without_starttls_is_named(
    server: SmtpServer, connect: Connect, login: dict[str, Any]
) -> None:
    finding = bad(connect(server, **login).check())

    assert finding.about == "encryption"
    assert "STARTTLS" in finding.message


def test_a_port_that_wants_tls_at_once_is_named(
    secure: SmtpServer, connect: Connect, login: dict[str, Any]
) -> None:
    finding = bad(connect(secure, **(login | {"security": "tls"})).check())

    assert "starttls" in finding.advice


def test_a_refused_sender_is_named(server: SmtpServer, connect: Connect) -> None:
    server.misbehave(Fault(at="mail", reply="550 5.7.1 Not yours"))

    finding = bad(connect(server).check())

    assert finding.about == "sender"
    assert "hello@kettle.example" in finding.message


def test_a_missing_login_is_advised(connect: Connect) -> None:
    with SmtpServer(users={"olga": "secret"}) as server:
        finding = bad(connect(server).check())

    assert finding.about == "sender"
    assert "username" in finding.advice


def test_an_unreachable_server_is_named(server: SmtpServer, connect: Connect) -> None:
    server.refuse_connections()

    finding = bad(connect(server).check())

    assert finding.about == "connection"
    assert str(server.port) in finding.message
    assert "port" in finding.advice


def test_an_unknown_name_is_named(server: SmtpServer, connect: Connect) -> None:
    finding = bad(connect(server, host="no-such-host.invalid").check())

    assert "no-such-host.invalid" in finding.message


def test_a_server_without_pipelining_is_good_enough(connect: Connect) -> None:
    with SmtpServer(pipelining=False) as server:
        findings = connect(server).check()

    assert levels(findings)["speed"] == "ok"


def test_a_short_patience_after_the_text_is_warned_of(server: SmtpServer, connect: Connect) -> None:
    found = levels(connect(server, dot_timeout=20).check())

    assert found["dot_timeout"] == "warn"


def dns(**changes: list[str]) -> dict[str, list[str]]:
    good = {
        "kettle.shop": ["some other record", "v=spf1 include:relay.example ~all"],
        "_dmarc.kettle.shop": ["v=DMARC1; p=none"],
    }
    return good | changes


def check_dns(records: dict[str, list[str]], **changes: Any) -> list[Finding]:
    settings = {"host": "localhost", "from_address": "hello@kettle.shop"}
    return check_sender_dns(
        Settings(**(settings | changes)), sign=None, lookup_txt=lambda name: records.get(name, [])
    )


def test_a_sender_with_spf_and_dmarc_is_found_good() -> None:
    assert {finding.level for finding in check_dns(dns())} == {"ok"}


def test_a_policy_of_the_parent_domain_counts() -> None:
    records = dns(**{"mail.kettle.shop": ["v=spf1 -all"]})

    findings = check_dns(records, from_address="hello@mail.kettle.shop")

    assert {finding.level for finding in findings} == {"ok"}


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"kettle.shop": []}, "no SPF"),
        ({"kettle.shop": ["v=spf1 a", "v=spf1 mx"]}, "2 SPF"),
        ({"_dmarc.kettle.shop": []}, "no DMARC"),
    ],
)
def test_an_unsigned_sender_is_warned_of(missing: dict[str, list[str]], words: str) -> None:
    [warning] = [finding for finding in check_dns(dns(**missing)) if finding.level == "warn"]

    assert warning.about == "unsigned sender"
    assert words in warning.message
    assert "TXT record" in warning.advice


def test_without_dns_it_says_what_to_look_at() -> None:
    def lookup(name: str) -> list[str]:
        raise NoDns("DNS did not answer")

    settings = Settings(host="localhost", from_address="hello@kettle.shop")

    [warning] = check_sender_dns(settings, sign=None, lookup_txt=lookup)

    assert (warning.level, warning.about) == ("warn", "unsigned sender")
    assert "SPF, DKIM and DMARC" in warning.advice


def test_a_made_up_domain_is_not_asked_for() -> None:
    settings = Settings(host="localhost", from_address="hello@kettle.example")

    [warning] = check_sender_dns(settings, sign=None, lookup_txt=lambda name: 1 / 0)  # type: ignore[arg-type, return-value]

    assert "made-up" in warning.message


@pytest.mark.parametrize(
    ("record", "level", "words"),
    [
        ("right", "ok", "verify"),
        ("other", "bad", "does not belong"),
        ("none", "bad", "no TXT record"),
        ("v=DKIM1; p=garbage", "bad", "does not belong"),
    ],
)
def test_our_own_signature_is_checked_against_dns(
    record: str, level: str, words: str, key: Key, clock: Any
) -> None:
    pytest.importorskip("dkim", reason="needs the extra dkim")
    other = key[1][:60] + ("A" if key[1][60] != "A" else "B") + key[1][61:]
    published = {"right": [key[1]], "other": [other], "none": []}.get(record, [record])
    name = "s1._domainkey.kettle.shop"
    settings = Settings(
        host="127.0.0.1",
        port=1,
        security="none",
        from_address="hello@kettle.shop",
        dkim_domain="kettle.shop",
        dkim_selector="s1",
        dkim_key_file=str(key[0]),
    )
    records = dns(**{name: published})
    channel = Channel(settings, clock=clock, lookup_txt=lambda name: records.get(name, []))

    [finding] = [finding for finding in channel.check() if finding.about == "DKIM"]

    assert finding.level == level
    assert words in finding.message

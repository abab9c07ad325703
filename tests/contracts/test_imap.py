"""Is a folder on a server read as it is, whatever the server does, and never changed?"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from notifier.errors import LookFailed
from notifier.imap import LARGEST, NOT_GIVEN, ImapLogin, open_folder
from tests.fakes.certificates import Authority
from tests.fakes.imap_server import Folder, ImapServer

LONG_AGO = date(2020, 1, 1)
AT_MOST = 20.0


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with ImapServer() as server:
        yield server


def login(server: ImapServer, **other: Any) -> ImapLogin:
    values: dict[str, Any] = {
        "host": server.host,
        "port": server.port,
        "security": server.security,
        "username": "bounces",
        "password": "secret",
        "ca_file": "",
        "folder": "INBOX",
    }
    return ImapLogin(**(values | other))


def everything(to: ImapLogin, *, at_most: float = AT_MOST) -> list[bytes | None]:
    with open_folder(to, at_most=at_most) as folder:
        uids = folder.uids(1, folder.next_uid - 1, since=LONG_AGO) if folder.next_uid > 1 else []
        return [folder.mail(uid) for uid in uids]


def refused(to: ImapLogin, *, at_most: float = AT_MOST) -> tuple[str, str]:
    with pytest.raises(LookFailed) as caught:
        everything(to, at_most=at_most)
    assert to.password not in str(caught.value)
    return caught.value.code, str(caught.value)


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_mails_are_read_octet_for_octet_and_nothing_is_changed(
    authority: Authority, security: Literal["none", "starttls", "tls"]
) -> None:
    certificate = None if security == "none" else authority.issue("localhost")
    mails = [b"Subject: one\r\n\r\nbody\r\n", b"\xff\x00{5}\r\n)\r\na1 OK\r\n* BYE\r\n", b""]
    with ImapServer(security=security, certificate=certificate) as server:
        for mail in mails:
            server.deliver(mail)
        to = login(server, ca_file=str(authority.ca_file) if certificate else "")
        assert everything(to) == mails
        assert server.changed == []
        assert [one for one in server.commands if "FETCH" in one] == [
            f"FETCH {uid} (BODY.PEEK[]<0.{LARGEST + 1}>)" for uid in (1, 2, 3)
        ]


def test_uids_are_those_asked_for_and_a_mail_that_is_gone_is_none(server: ImapServer) -> None:
    for day in (1, 5, 9):
        server.deliver(b"x", at=datetime(2026, 12, day, tzinfo=UTC))
    with open_folder(login(server), at_most=AT_MOST) as folder:
        assert (folder.mails, folder.validity, folder.next_uid) == (3, 1000, 4)
        assert folder.uids(1, 3, since=date(2026, 12, 5)) == [2, 3]
        assert folder.uids(1, 2, since=LONG_AGO) == [1, 2]
        assert folder.uids(3, 3, since=date(2026, 12, 10)) == []
        del server.folders["INBOX"].mails[1]
        assert folder.mail(2) is None


def test_after_a_mail_that_is_not_given_the_line_goes_on(server: ImapServer) -> None:
    first, second = server.deliver(b"first"), server.deliver(b"second")
    server.withhold(first, reply=b"{tag} NO [SERVERBUG] Cannot open\r\n")
    with open_folder(login(server), at_most=AT_MOST) as folder:
        with pytest.raises(LookFailed) as caught:
            folder.mail(first)
        assert caught.value.code == NOT_GIVEN
        assert folder.mail(second) == b"second"


def test_a_long_mail_is_read_up_to_where_it_is_too_long(server: ImapServer) -> None:
    server.deliver(b"x" * (LARGEST + 500_000))
    [mail] = everything(login(server))
    assert mail == b"x" * (LARGEST + 1)


@pytest.mark.parametrize(
    ("capabilities", "name", "password"),
    [
        (("AUTH=PLAIN",), "bounces@kettle.example", "pass wörd €"),
        ((), "bounces@kettle.example", 'quote " and \\ back'),
        (("LOGINDISABLED", "AUTH=PLAIN"), "bounces", "secret"),  # PLAIN may stand for itself
    ],
)
def test_every_name_and_password_gets_in(
    capabilities: tuple[str, ...], name: str, password: str
) -> None:
    with ImapServer(capabilities=capabilities, users={name: password}) as server:
        if "LOGINDISABLED" in capabilities:
            code, said = refused(login(server, username=name, password=password))
            assert (code, "starttls" in said) == ("plaintext_refused", True)
            return
        assert everything(login(server, username=name, password=password)) == []


def test_a_folder_is_found_by_the_name_that_people_give_it(server: ImapServer) -> None:
    server.folders["R&APw-ckl&AOQ-ufer & mehr".replace(" & ", " &- ")] = Folder()
    server.deliver(b"x", folder="R&APw-ckl&AOQ-ufer &- mehr")
    assert everything(login(server, folder="Rückläufer & mehr")) == [b"x"]
    code, said = refused(login(server, folder="Bounces"))
    assert code == "no_folder"
    assert "There are: INBOX, Rückläufer & mehr." in said


@pytest.mark.parametrize(
    ("at", "fault", "code"),
    [
        ("greeting", {"reply": b"* BYE Too many connections\r\n", "drop": 0}, "broken"),
        ("greeting", {"reply": b"* BYE Too many connections\r\n"}, "broken"),
        ("greeting", {"reply": b"220 mail.kettle.example ESMTP\r\n"}, "broken"),
        ("greeting", {"reply": b"\xff\xfe\x00\x01\r\n"}, "broken"),
        ("greeting", {"stall": True}, "timeout"),
        ("authenticate", {"reply": b"{tag} NO [AUTHENTICATIONFAILED] No\r\n"}, "login_refused"),
        ("authenticate", {"reply": b"{tag} NO [UNAVAILABLE] Later\r\n"}, "unavailable"),
        ("authenticate", {"reply": b"{tag} NO [PRIVACYREQUIRED] No\r\n"}, "plaintext_refused"),
        ("authenticate", {"reply": b"* BYE Go away\r\n", "drop": 100}, "broken"),
        ("authenticate", {"stall": True}, "timeout"),
        ("examine", {"reply": b"{tag} NO No such mailbox\r\n"}, "no_folder"),
        ("examine", {"reply": b"* 1 EXISTS\r\n{tag} OK Done\r\n"}, "broken"),
        ("examine", {"reply": b"* x EXISTS\r\n* OK [UIDNEXT 99]\r\n{tag} OK\r\n"}, "broken"),
        ("search", {"reply": b"* SEARCH one two\r\n{tag} OK Done\r\n"}, "broken"),
        ("search", {"reply": b"* SEARCH \xff\r\n{tag} OK Done\r\n"}, "broken"),
        ("search", {"reply": b"{tag} BAD What?\r\n"}, "broken"),
        ("search", {"reply": b"* SEARCH" + b" 1" * 600_000}, "too_big"),
        ("fetch", {"drop": 0}, "broken"),
        ("fetch", {"drop": 70}, "broken"),
        ("fetch", {"reply": b"* 1 FETCH (BODY[] {9999999999}\r\nabc"}, "too_big"),
        ("fetch", {"reply": b"* 1 FETCH (BODY[] {" + b"9" * 5000 + b"}\r\nabc"}, "broken"),
        ("fetch", {"reply": b"* 2 FETCH (BODY[] {3}\r\n"}, "timeout"),
        ("fetch", {"reply": (b"* OK" + b" x" * 5_000 + b"\r\n") * 1_000}, "too_big"),
        ("fetch", {"reply": b"* BYE Shutting down\r\n"}, "broken"),
        ("fetch", {"reply": b"{tag} NO [SERVERBUG] Cannot open\r\n"}, "not_given"),
        ("fetch", {"reply": b"* 1 FETCH (UID 1 BODY[]<0> NIL)\r\n{tag} OK Done\r\n"}, "not_given"),
        ("fetch", {"stall": True}, "timeout"),
    ],
)
def test_whatever_the_server_does_ends_in_time_and_is_told(
    server: ImapServer, at: str, fault: dict[str, Any], code: str
) -> None:
    server.deliver(b"Subject: one\r\n\r\n" + b"body " * 50)
    server.misbehave(at, **fault)
    waits = code == "timeout"
    assert refused(login(server), at_most=0.3 if waits else AT_MOST)[0] == code


def test_a_server_that_drips_has_no_more_time_than_one_that_is_silent(server: ImapServer) -> None:
    server.deliver(b"x")
    server.misbehave("fetch", drip=True)
    assert refused(login(server), at_most=0.3)[0] == "timeout"


@pytest.mark.parametrize(
    ("issued_to", "days", "security", "trusts", "code"),
    [
        ("localhost", 10, "tls", False, "certificate"),  # signed by nobody we know
        ("mail.other.example", 10, "tls", True, "certificate"),
        ("localhost", -1, "starttls", True, "certificate"),
        ("localhost", 10, "plain at the port for tls", True, "tls"),
    ],
)
def test_a_login_goes_only_to_whom_the_certificate_names(
    authority: Authority, issued_to: str, days: int, security: str, trusts: bool, code: str
) -> None:
    certificate = authority.issue(issued_to, days=days)
    spoken: Any = security if security in ("tls", "starttls") else "none"
    with ImapServer(security=spoken, certificate=certificate) as server:
        to = login(
            server,
            security="tls" if spoken == "none" else spoken,
            ca_file=str(authority.ca_file) if trusts else "",
        )
        assert refused(to)[0] == code
        assert server.logins == 0


def test_what_is_said_before_starttls_is_not_believed(authority: Authority) -> None:
    """CVE-2011-0411 and its kin: a stranger writes into the line before it is encrypted."""
    with ImapServer(security="starttls", certificate=authority.issue("localhost")) as server:
        server.misbehave("starttls", reply=b"{tag} OK Begin\r\n* OK [ALERT] injected\r\n")
        code, _ = refused(login(server, ca_file=str(authority.ca_file)))
        assert (code, server.logins) == ("no_tls", 0)
        server.misbehave("starttls", reply=b"{tag} NO Not today\r\n")
        assert refused(login(server, ca_file=str(authority.ca_file)))[0] == "no_tls"
        server.misbehave("greeting", reply=b"* PREAUTH You are in\r\n")  # nothing to encrypt then
        assert refused(login(server, ca_file=str(authority.ca_file)))[0] == "broken"


def test_a_place_where_nobody_listens_and_a_missing_authority_are_told(
    server: ImapServer, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert refused(login(server, port=port))[0] == "unreachable"
    assert refused(login(server, host="no-such-host.invalid"))[0] == "unreachable"
    missing = str(tmp_path / "none.pem")
    assert refused(login(server, security="tls", ca_file=missing))[0] == "ca_file"


def test_rubbish_never_gets_further_than_a_plain_word(server: ImapServer) -> None:
    """Answers of the server with octets changed: read, or refused as LookFailed."""
    server.deliver(b"Subject: one\r\n\r\nbody")
    chance = random.Random(7)
    answers = {
        "greeting": b"* OK [CAPABILITY IMAP4rev1] Ready\r\n",
        "capability": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK Done\r\n",
        "examine": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 1]\r\n* OK [UIDNEXT 2]\r\n{tag} OK Done\r\n",
        "search": b"* SEARCH 1\r\n{tag} OK Done\r\n",
        "fetch": b"* 1 FETCH (UID 1 BODY[]<0> {4}\r\nbody)\r\n{tag} OK Done\r\n",
    }
    said = []
    for _ in range(100):
        at, answer = chance.choice(list(answers.items()))
        changed = bytearray(answer)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.choice(b'\x00\xff{}()* \r\n"9[]OKa+')
        server.behave()
        server.misbehave(at, reply=bytes(changed), drop=10_000)
        try:
            everything(login(server))
        except LookFailed as error:
            said.append(str(error))
    assert len(said) > 50
    assert all(one.isprintable() for one in said)

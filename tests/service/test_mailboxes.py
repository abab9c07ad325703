"""Is what comes back to a mailbox heard by itself, and once? (trust EM-14, EM-15, EM-27)"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from notifier.config import Config
from notifier.services import mailbox_run, read_imap
from notifier.services import read_mailboxes as reading
from notifier.services.check import check_all
from notifier.services.env import use_config
from notifier.services.mailbox_run import LOOK_BACK
from notifier.services.read_imap import AGAIN_AFTER, ASKED_FOR, MOST_WITHHELD
from notifier.services.read_mailboxes import (
    PATIENCE,
    UNBOOKED,
    UNREAD,
    WITHHELD,
    read_mailboxes,
)
from notifier.signing import Purpose
from notifier.store import leases
from tests.fakes.imap_server import ImapServer
from tests.timing import SettableClock
from tests.world import ANN, BEN, World

DOMAIN = "bounces.kettle.example"
STOPS = "stop@kettle.example"
ON_ONE = pytest.mark.parametrize("engine_name", ["sqlite"])  # no SQL of its own


@pytest.fixture
def imap(clock: SettableClock) -> Iterator[ImapServer]:
    with ImapServer(clock=clock) as server:
        yield server


@pytest.fixture
def told(make_world: Callable[..., World], imap: ImapServer) -> World:
    """Ann and Ben were told that the shirt is back; bounces come to the mailbox."""
    world = make_world(release={"strategy": "all"})
    configure(world, bounces=on(imap))
    return tell(world)


def tell(world: World) -> World:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.waits(BEN)
    world.see("SHIRT-S", 5)
    world.run()
    assert len(world.mails(kind="back_in_stock")) == 2
    return world


def on(imap: ImapServer, **other: Any) -> dict[str, Any]:
    return {
        "host": imap.host,
        "port": imap.port,
        "security": "none",
        "username": "bounces",
        "password": "secret",
        **other,
    }


def configure(world: World, *, by: str = "bounce_domain", **mailboxes: dict[str, Any]) -> None:
    """Olga writes it into the file and restarts. `by` what our own address is known."""
    tree = world.config.model_dump(exclude_unset=True)
    tree["channels"]["mail"][by] = DOMAIN if by == "bounce_domain" else STOPS
    tree["mailboxes"] = mailboxes
    use_config(world.env, Config.model_validate(tree), change=0)


def run(world: World, owner: str = "one") -> int:
    """The job runs, five minutes after the last time."""
    world.clock.advance(timedelta(minutes=5))
    return read_mailboxes(world.env, owner=owner)


def letter(world: World, address: str) -> Any:
    [mail] = world.mails(address, "back_in_stock")
    return mail


def report(to: str, *, recipient: str = ANN, about: str = "", extra: str = "") -> bytes:
    """As Postfix writes it (RFC 3464)."""
    return f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.waits.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Message-Id: <{about or to}@mx.waits.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

I'm sorry to have to inform you.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.waits.example

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <{recipient}>: User unknown{extra}

--B--
""".replace("\n", "\r\n").encode("utf-8", "surrogateescape")


def complaint(about: Any) -> bytes:
    """As mailbox providers send it (RFC 5965), with our letter in it."""
    head = f"""\
From: <abuse@mailbox.example>
To: <abuse@kettle.example>
Subject: FW: The shirt is back
Message-Id: <complaint@mailbox.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="C"

--C
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1

--C
Content-Type: message/rfc822

Return-Path: <{about.mail_from}>
"""
    return head.replace("\n", "\r\n").encode() + about.raw + b"\r\n--C--\r\n"


def stop(world: World, address: str) -> bytes:
    """As a mail program writes it that takes the mailto: of List-Unsubscribe."""
    header = letter(world, address).parsed["List-Unsubscribe"]
    [mailto] = [one.strip(" <>") for one in header.split(",") if "mailto:" in one]
    to, _, subject = unquote(mailto.removeprefix("mailto:")).partition("?subject=")
    return (
        f"From: {address}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-Id: <stop@waits>\r\n\r\n"
    ).encode()


def state_of(world: World, address: str) -> tuple[str, str]:
    """Of the message that said it is back."""
    uid = letter(world, address).parsed["Message-ID"].strip("<>").partition("@")[0]
    id_ = world.env.signer.read(uid, purpose=Purpose.MESSAGE, now=world.clock()).subject
    [row] = world.rows("SELECT state, reason FROM messages WHERE id = :id", id=id_)
    return row["state"], row["reason"]


def suppressed(world: World) -> list[str]:
    rows = world.rows("SELECT reason FROM suppressions WHERE lifted_at IS NULL ORDER BY reason")
    return [row["reason"] for row in rows]


def alarms(world: World) -> dict[str, str]:
    rows = world.rows("SELECT code, message FROM alarms WHERE cleared_at IS NULL")
    return {row["code"]: row["message"] for row in rows}


def everything(world: World) -> list[Any]:
    """What hearing a mail may change."""
    tables = ("messages", "subscriptions", "suppressions", "receipts", "ledger")
    return [world.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


def test_a_bounce_in_the_mailbox_shuts_the_address_and_is_read_once(
    told: World, imap: ImapServer
) -> None:
    imap.deliver(b"Subject: Best wishes from Eve\r\n\r\nBuy my rings")
    imap.deliver(report(letter(told, ANN).mail_from))
    forged = report(letter(told, BEN).mail_from.replace("+", "+x"), recipient=BEN)
    imap.deliver(forged)
    assert run(told) == 1
    assert state_of(told, ANN) == ("bounced", "receipt_bounced")
    assert state_of(told, BEN) == ("accepted", "")
    assert suppressed(told) == ["bounced"]
    assert imap.asked("FETCH") == 3

    before = everything(told)
    assert run(told) == 0
    assert (imap.asked("FETCH"), imap.asked("SEARCH")) == (3, 1)  # nothing new: not even searched
    imap.deliver(report(letter(told, BEN).mail_from, recipient=BEN))
    assert run(told) == 1
    assert imap.asked("FETCH") == 4
    assert before != everything(told)
    assert imap.changed == []
    assert alarms(told) == {}


@ON_ONE
def test_a_complaint_and_a_mail_that_says_stop_are_obeyed(told: World, imap: ImapServer) -> None:
    told.clock.advance(timedelta(minutes=1))
    told.see("SHIRT-M", 0)
    told.waits(BEN, "SHIRT-M")
    imap.deliver(complaint(letter(told, ANN)))
    imap.deliver(stop(told, BEN))
    imap.deliver(stop(told, BEN).replace(b"u+", b"u+x"))  # Eve made it up
    assert run(told) == 2
    assert state_of(told, ANN)[0] == "complained"
    assert suppressed(told) == ["complained"]
    book = told.rows("SELECT facts FROM ledger WHERE act = 'withdrawn' ORDER BY id")
    assert "mailbox:stopped" in str(book[-1]["facts"])
    # what the notice was about has ended; the other wish stands
    states = {row["state"] for row in told.rows("SELECT state FROM subscriptions")}
    assert "waiting" in states or "paused" in states
    assert (run(told), imap.asked("FETCH")) == (0, 3)


@ON_ONE
def test_a_mail_to_the_one_address_for_stopping_is_known_by_its_subject(
    make_world: Callable[..., World], imap: ImapServer
) -> None:
    world = make_world(release={"strategy": "all"})
    configure(world, by="unsubscribe_address", bounces=on(imap))
    tell(world)
    said = stop(world, BEN)
    assert f"To: {STOPS}\r\nSubject: unsubscribe u+".encode() in said
    imap.deliver(said)
    imap.deliver(b"Auto-Submitted: auto-replied\r\n" + said.replace(b"<stop@", b"<away@"))
    imap.deliver(stop(world, ANN).replace(b"Subject: unsubscribe u+", b"Subject: unsubscribe u+x"))
    assert (run(world), run(world)) == (1, 0)
    assert world.count("ledger", "act = 'withdrawn'") == 1


@ON_ONE
def test_a_line_that_breaks_loses_nothing_and_the_next_run_goes_on(
    told: World, imap: ImapServer
) -> None:
    imap.deliver(report(letter(told, ANN).mail_from))
    imap.deliver(report(letter(told, BEN).mail_from, recipient=BEN))
    imap.misbehave("fetch", drop=200, after=1)
    assert run(told) == 1
    assert [state_of(told, one)[0] for one in (ANN, BEN)] == ["bounced", "accepted"]
    imap.misbehave("greeting", reply=b"* BYE Too many connections\r\n", drop=100)
    assert run(told) == 0
    imap.behave()
    assert run(told) == 1
    assert state_of(told, BEN)[0] == "bounced"
    assert imap.asked("FETCH 1 ") == 1  # what was heard was not asked for again
    assert alarms(told) == {}  # it was not for long


REFUSED = {"reply": b"{tag} NO [SERVERBUG] Cannot open this message\r\n"}
HUNG_UP = {"drop": 0}


@pytest.mark.parametrize("how", [REFUSED, HUNG_UP], ids=["refused", "hung up"])
def test_a_mail_that_is_never_given_holds_up_no_other_and_is_named(
    told: World, imap: ImapServer, how: dict[str, Any]
) -> None:
    bad = [imap.deliver(report(letter(told, BEN).mail_from, about=one)) for one in "ab"]
    imap.deliver(report(letter(told, ANN).mail_from))
    for uid in bad:
        imap.withhold(uid, **how)
    started = told.clock()
    heard = [run(told) for _ in range(3)]
    assert sum(heard) == 1
    assert state_of(told, ANN)[0] == "bounced"
    assert alarms(told) == {}  # it may pass
    while told.clock() - started < PATIENCE + timedelta(minutes=10):
        run(told)
    assert set(alarms(told)) == {WITHHELD}
    assert "(UID 1, UID 2)" in alarms(told)[WITHHELD]
    told.deliver()
    assert told.mails("olga@kettle.example")
    assert {imap.asked(f"FETCH {uid} ") for uid in bad} != {1}  # each is asked for again
    assert all(imap.asked(f"FETCH {uid} ") > 2 for uid in bad)
    assert imap.asked("FETCH 3 ") == 1

    told.clock.advance(ASKED_FOR)
    for _ in range(2):
        run(told)
    assert set(alarms(told)) == {UNBOOKED}  # given up
    assert told.count("spent", "kind = 'mailbox_withheld'") == 0
    asked = imap.asked("FETCH")
    assert (run(told), imap.asked("FETCH")) == (0, asked)


@ON_ONE
def test_a_mail_that_is_given_at_last_is_heard_and_the_alarm_ends(
    told: World, imap: ImapServer
) -> None:
    uid = imap.deliver(report(letter(told, ANN).mail_from))
    imap.withhold(uid, **REFUSED)
    started = told.clock()
    while told.clock() - started < PATIENCE + timedelta(minutes=5):
        run(told)
    assert set(alarms(told)) == {WITHHELD}
    imap.behave()
    assert (run(told), alarms(told)) == (1, {})
    assert state_of(told, ANN)[0] == "bounced"
    asked = imap.asked("FETCH")
    assert (run(told), imap.asked("FETCH")) == (0, asked)


@ON_ONE
@pytest.mark.parametrize("how", [REFUSED, HUNG_UP], ids=["refused", "hung up"])
def test_of_a_server_that_gives_nothing_no_mail_is_lost(
    told: World, imap: ImapServer, how: dict[str, Any]
) -> None:
    count = MOST_WITHHELD + 5
    for number in range(count - 1):
        imap.deliver(report(letter(told, ANN).mail_from, about=str(number)))
    imap.deliver(report(letter(told, BEN).mail_from, recipient=BEN))
    imap.misbehave("fetch", **how)
    for _ in range(MOST_WITHHELD + 10):
        run(told)
    assert set(alarms(told)) >= {UNREAD}
    assert told.count("spent", "kind = 'mailbox_withheld'") == MOST_WITHHELD
    imap.behave()
    assert run(told) == count
    assert alarms(told) == {}
    assert [state_of(told, one)[0] for one in (ANN, BEN)] == ["bounced", "bounced"]


@ON_ONE
@pytest.mark.parametrize("change", ["renumber", "put_back", "forget"])
def test_a_mailbox_with_other_numbers_is_read_anew_without_harm(
    told: World, imap: ImapServer, change: str
) -> None:
    imap.deliver(b"Subject: gone by then\r\n\r\n")
    imap.deliver(report(letter(told, ANN).mail_from))
    assert run(told) == 1
    before = everything(told)
    del imap.folders["INBOX"].mails[0]
    if change == "renumber":
        imap.renumber()
    elif change == "put_back":  # from a backup, by a server that does not say so
        imap.renumber()
        imap.folders["INBOX"].validity -= 1
    else:  # our own memory of it is gone
        with told.db.write() as tx:
            tx.exec_driver_sql("DELETE FROM spent")
    assert run(told) == 0
    assert everything(told) == before
    imap.deliver(report(letter(told, BEN).mail_from, recipient=BEN))
    assert run(told) == 1
    assert (run(told), alarms(told)) == (0, {})


@ON_ONE
def test_a_run_reads_only_so_many_and_nothing_that_is_too_old(
    told: World, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox_run, "MOST", 3)
    monkeypatch.setattr(read_imap, "WINDOW", 2)
    old = told.clock() - LOOK_BACK - timedelta(days=2)
    for _ in range(3):
        imap.deliver(report(letter(told, ANN).mail_from), at=old)
    imap.folders["INBOX"].next_uid = 40  # many were deleted
    for number in range(7):
        imap.deliver(report(letter(told, ANN).mail_from, about=str(number)))
    assert [run(told) for _ in range(4)] == [3, 3, 1, 0]
    assert imap.asked("FETCH") == 7
    monkeypatch.setattr(mailbox_run, "AT_MOST", 0.0)
    imap.deliver(report(letter(told, BEN).mail_from, recipient=BEN))
    assert run(told) == 0  # no time left: not a fault
    monkeypatch.undo()
    assert (run(told), alarms(told)) == (1, {})


@ON_ONE
def test_of_two_schedulers_one_reads_a_mailbox(told: World, imap: ImapServer) -> None:
    configure(told, bounces=on(imap), again=on(imap, host="127.0.0.1"))  # the same one twice
    imap.deliver(report(letter(told, ANN).mail_from))
    key = reading._key_of(told.env.config.mailboxes["bounces"])
    now = told.clock() + timedelta(minutes=5)
    with told.db.write() as tx:
        leases.take_lease(tx, f"mailbox:{key}", owner="two", now=now, lease=reading.LEASE)
    assert (run(told, owner="one"), imap.connections) == (0, 0)
    assert run(told, owner="one") == 1  # whoever had it died
    assert imap.asked("FETCH") == 1
    assert told.count("leases", "name LIKE 'mailbox:%'") == 0


@ON_ONE
def test_a_refused_login_is_told_of_and_not_tried_until_the_account_is_locked(
    told: World, imap: ImapServer
) -> None:
    configure(told, bounces=on(imap, password="wrong"))
    imap.deliver(report(letter(told, ANN).mail_from))
    started = told.clock()
    while told.clock() - started <= PATIENCE + timedelta(minutes=5):
        assert run(told) == 0
    assert imap.logins == 1
    said = alarms(told)[UNREAD]
    assert "'bounces'" in said
    assert "Correct username and password" in said
    assert "wrong" not in said.replace("what is wrong", "")
    told.deliver()
    assert told.mails("olga@kettle.example")
    told.clock.advance(AGAIN_AFTER)
    assert (run(told), imap.logins) == (0, 2)
    configure(told, bounces=on(imap))  # at once, as soon as it is another one
    assert (run(told), alarms(told)) == (1, {})
    assert told.count("spent", "kind = 'mailbox_failing'") == 0


@ON_ONE
def test_a_server_that_is_away_is_told_of_after_half_an_hour_until_it_is_back(
    told: World, imap: ImapServer
) -> None:
    imap.misbehave("examine", drop=0)
    for _ in range(6):
        run(told)
        assert alarms(told) == {}
    run(told)
    assert UNREAD in alarms(told)
    imap.behave()
    run(told)
    assert alarms(told) == {}
    imap.misbehave("examine", drop=0)
    run(told)  # counted anew
    assert alarms(told) == {}
    for _ in range(6):
        run(told)
    assert UNREAD in alarms(told)
    configure(told)  # Olga gives it up
    run(told)
    assert alarms(told) == {}


@pytest.mark.parametrize("engine_name", ["postgres"])  # which keeps no NUL
def test_rubbish_in_a_mail_that_is_ours_keeps_no_other_from_being_heard(
    told: World, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NUL, halves of characters, and octets of no character set."""
    ours = letter(told, ANN).mail_from
    imap.deliver(b"\x00\xff\xfe" * 1_000)
    imap.deliver(report(ours, extra=" \x00 \udcff \udcfe=?utf-8?q?=00=ED=A0=80?="))
    imap.deliver(report(letter(told, BEN).mail_from, recipient=BEN))
    assert run(told) == 2
    assert [state_of(told, one)[0] for one in (ANN, BEN)] == ["bounced", "bounced"]

    def breaks(*_args: Any) -> None:
        raise KeyError("a fault of ours")

    imap.deliver(report(ours, about="again"))
    monkeypatch.setattr(mailbox_run, "book_mail", breaks)
    imap.deliver(b"")
    imap.misbehave("fetch", drop=0, after=1)  # and then the line breaks
    assert run(told) == 0
    assert "UID 4" in alarms(told)[UNBOOKED]
    imap.behave()
    monkeypatch.undo()
    imap.deliver(report(ours, about="a third time"))
    run(told)
    assert alarms(told) == {}


@ON_ONE
def test_a_maildir_is_read_as_a_server_is(told: World, tmp_path: Path, imap: ImapServer) -> None:
    maildir = tmp_path / "Maildir"
    configure(told, here={"path": str(maildir)})
    assert run(told) == 0
    assert "There is no folder" in findings(told)["mailboxes.here"]
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True)
    first = put(maildir, "1.M1.mx", report(letter(told, ANN).mail_from), told)
    put(maildir, "0.M0.mx", report(letter(told, BEN).mail_from), told, days=LOOK_BACK.days + 1)
    assert "can be read" in findings(told)["mailboxes.here"]
    assert run(told) == 1
    assert suppressed(told) == ["bounced"]
    first.rename(maildir / "cur" / f"{first.name}:2,S")  # somebody has looked at it
    before = everything(told)
    put(maildir, "2.M2.mx", b"Subject: stop\r\n\r\nstop", told)
    assert run(told) == 0
    assert everything(told) == before
    assert told.count("spent", "kind = 'mailbox_file'") == 2
    assert (len(list(maildir.glob("*/*"))), imap.connections) == (3, 0)
    assert alarms(told) == {}


@ON_ONE
def test_a_file_that_cannot_be_read_holds_up_no_other_and_is_named(
    told: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir = tmp_path / "Maildir"
    configure(told, here={"path": str(maildir)})
    (maildir / "new").mkdir(parents=True)
    put(maildir, "1.M1.mx", report(letter(told, BEN).mail_from, recipient=BEN), told)
    put(maildir, "2.M2.mx", report(letter(told, ANN).mail_from), told)

    def start_of(file: Path) -> bytes:
        if file.name == "1.M1.mx":
            raise PermissionError(13, "Permission denied")
        return file.read_bytes()

    with monkeypatch.context() as broken:
        broken.setattr(reading, "start_of", start_of)
        assert (run(told), run(told)) == (1, 0)
        assert state_of(told, ANN)[0] == "bounced"
        assert "1.M1.mx" in alarms(told)[WITHHELD]
    assert (run(told), alarms(told)) == (1, {})


def put(maildir: Path, name: str, raw: bytes, world: World, *, days: int = 0) -> Path:
    file = maildir / "new" / name
    file.write_bytes(raw)
    at = (world.clock() - timedelta(days=days)).timestamp()
    os.utime(file, (at, at))
    return file


def findings(world: World) -> dict[str, str]:
    return {one.about: f"{one.message} {one.advice}" for one in check_all(world.env)}


@ON_ONE
@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({}, "can be read: INBOX of bounces at 127.0.0.1, 1 mails"),
        ({"password": "wrong"}, "refuses the login of 'bounces'"),
        ({"folder": "Returned"}, "There are: INBOX."),
        ({"security": "tls"}, "does not speak TLS as it should"),
    ],
)
def test_check_logs_in_and_says_what_to_do(
    told: World, imap: ImapServer, other: dict[str, str], said: str
) -> None:
    configure(told, bounces=on(imap, **other))
    imap.deliver(b"x")
    assert said in findings(told)["mailboxes.bounces"]
    assert (imap.changed, imap.asked("FETCH")) == ([], 0)


@ON_ONE
def test_check_says_that_nothing_would_be_known_as_ours(told: World, imap: ImapServer) -> None:
    tree = told.config.model_dump(exclude_unset=True) | {"mailboxes": {"bounces": on(imap)}}
    use_config(told.env, Config.model_validate(tree), change=0)
    assert any("no channel has a bounce_domain" in one.message for one in check_all(told.env))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({}, "needs a host, or the path"),
        ({"host": "imap.x", "path": "/var/mail"}, "and not both"),
        ({"host": "imap.x", "username": "olga"}, "add the password"),
        ({"host": "imaps://imap.x", "username": "o", "password": "p"}, "is not a server name"),
        ({"host": "imap.x", "username": "o\r\na1 DELETE", "password": "p"}, "control character"),
        (
            {"host": "imap.x", "username": "o", "password": "p", "security": "none"},
            "never sent unencrypted",
        ),
        ({"path": "/var/mail", "folders": "x"}, "Extra inputs"),
    ],
)
def test_a_mailbox_that_cannot_be_one_is_refused(written: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Config.model_validate({"mailboxes": {"bounces": written}})

"""What follows from what providers say later? (trust SM-3, EM-14, EM-15, EM-23; FI-15)"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from notifier.channels.base import Blame, Receipt, ReceiptKind
from notifier.channels.smtp.verp import ReturnPurpose, make_address
from notifier.services.env import Env, open_env
from notifier.services.receive import receive
from notifier.services.receive_mail import receive_mail, receive_mailbox
from notifier.services.tidy import tidy
from notifier.signing import Purpose
from notifier.store import switches
from notifier.store.session import Database
from tests.timing import SettableClock
from tests.told_kettle import say, tell_of_kettle, uid
from tests.web.storefront import Storefront, config
from tests.web.stories import Stories

STORIES = Stories()


@pytest.fixture
def env(database: Database, clock: SettableClock, tmp_path: Path) -> Env:
    return open_env(config(tmp_path), clock=clock, db=database)


@pytest.fixture
def store(env: Env, tmp_path: Path) -> Storefront:
    return Storefront(env=env, folder=tmp_path)


@pytest.fixture
def told(store: Storefront, clock: SettableClock) -> int:
    """Ann was told that the kettle is back and waits for a shirt; the message's id."""
    return STORIES.tell(tell_of_kettle, store=store, clock=clock)


def state_of(store: Storefront, message: int) -> str:
    return str(store.one("SELECT state FROM messages WHERE id = :id", id=message))


def shirt_of_ann(store: Storefront) -> dict[str, Any]:
    return store.rows("SELECT * FROM subscriptions ORDER BY id")[1]


@pytest.mark.fault("FI-15")
def test_a_receipt_has_its_effect_once(env: Env, store: Storefront, told: int) -> None:
    first = say(env, told, ReceiptKind.DELIVERED, event_id="one")
    again = say(env, told, ReceiptKind.DELIVERED, event_id="one")
    assert (first, again) == (True, False)
    assert state_of(store, told) == "delivered"
    assert store.one("SELECT count(*) FROM receipts") == 1


@pytest.mark.parametrize("year", [1970, 2024, 2031, 9999])
def test_a_receipt_is_remembered_though_the_clock_of_its_bearer_stands_wrong(
    env: Env, store: Storefront, told: int, clock: SettableClock, year: int
) -> None:
    """And forgotten in its time."""
    at = datetime(year, 1, 1, tzinfo=UTC)
    assert say(env, told, ReceiptKind.STOPPED, event_id="stop", at=at)
    tidy(env)
    assert not say(env, told, ReceiptKind.STOPPED, event_id="stop", at=at)
    clock.advance(env.config.retention.receipts + timedelta(days=1))
    tidy(env)
    assert store.one("SELECT count(*) FROM receipts") == 0


@pytest.mark.fault("FI-15")
@pytest.mark.parametrize(
    "order", list(itertools.permutations(["accepted", "delivered", "delayed"]))
)
def test_receipts_in_any_order_end_as_the_one_that_says_most(
    env: Env, store: Storefront, told: int, order: tuple[str, ...]
) -> None:
    for kind in order * 3:
        say(env, told, ReceiptKind(kind), event_id=kind)
    assert state_of(store, told) == "delivered"


def test_an_unknown_outcome_is_settled_by_the_first_receipt(
    env: Env, store: Storefront, told: int
) -> None:
    with env.db.write() as tx:
        tx.exec_driver_sql(
            f"UPDATE messages SET state = 'unknown', finished_at = NULL WHERE id = {told}"
        )
        tx.exec_driver_sql(
            "UPDATE subscriptions SET state = 'waiting', told_at = NULL WHERE id = 1"
        )
    say(env, told, ReceiptKind.ACCEPTED)
    assert state_of(store, told) == "accepted"
    assert store.state(1) == "told"
    assert store.send() == []  # no second copy


def test_the_sender_that_is_at_it_books_its_own_answer(
    env: Env, store: Storefront, told: int
) -> None:
    with env.db.write() as tx:
        tx.exec_driver_sql(
            f"UPDATE messages SET state = 'sending', finished_at = NULL WHERE id = {told}"
        )
    say(env, told, ReceiptKind.ACCEPTED)
    assert state_of(store, told) == "sending"
    say(env, told, ReceiptKind.DELIVERED)
    assert state_of(store, told) == "delivered"


def test_a_bad_address_is_never_written_to_again(env: Env, store: Storefront, told: int) -> None:
    say(env, told, ReceiptKind.BOUNCED, blame=Blame.ADDRESS, code="5.1.1")
    assert state_of(store, told) == "bounced"
    assert (shirt_of_ann(store)["state"], shirt_of_ann(store)["ended_reason"]) == (
        "ended",
        "bounced",
    )
    store.stock("S", 5)
    assert store.send() == []
    assert store.one("SELECT reason FROM suppressions") == "bounced"


@pytest.mark.parametrize(
    "kind", [ReceiptKind.SOFT_BOUNCED, ReceiptKind.FAILED, ReceiptKind.DELAYED]
)
def test_trouble_that_passes_is_not_held_against_the_address(
    env: Env, store: Storefront, told: int, kind: ReceiptKind
) -> None:
    say(env, told, kind, blame=Blame.MAILBOX, code="5.2.2")
    assert store.rows("SELECT * FROM suppressions") == []
    assert shirt_of_ann(store)["state"] == "waiting"


def test_who_complains_is_left_in_peace_and_it_is_written_down(
    env: Env, store: Storefront, told: int
) -> None:
    say(env, told, ReceiptKind.COMPLAINED, code="abuse")
    assert state_of(store, told) == "complained"
    assert shirt_of_ann(store)["ended_reason"] == "complained"
    assert store.one("SELECT reason FROM suppressions") == "complained"
    withdrawn = store.rows("SELECT * FROM ledger WHERE act = 'withdrawn'")
    assert len(withdrawn) == 1
    store.stock("S", 5)
    assert store.send() == []


def test_a_mail_that_says_stop_ends_what_its_notice_was_about(
    env: Env, store: Storefront, told: int
) -> None:
    ben = store.wait("S", "ben@example.com")
    store.send()
    about_shirt = store.one(
        "SELECT id FROM messages WHERE subscription_id = 2 AND kind = 'waiting'"
    )
    say(env, about_shirt, ReceiptKind.STOPPED, blame=Blame.OPTED_OUT)
    assert shirt_of_ann(store)["ended_reason"] == "customer"
    assert store.state(1) == "told"
    assert store.state(ben) == "waiting"
    assert store.one("SELECT count(*) FROM ledger WHERE act = 'withdrawn'") == 1


def test_a_receipt_about_our_set_up_stops_the_channel_and_calls_somebody(
    env: Env, store: Storefront, told: int
) -> None:
    say(env, told, ReceiptKind.FAILED, blame=Blame.CONFIG, code="twilio 30034")
    with env.db.read() as tx:
        assert "channel:mail" in switches.all_off(tx, now=env.now())
    assert store.one("SELECT code FROM alarms") == "channel.trouble"


@pytest.mark.parametrize("name", ["", "forged", "confirm"])
def test_what_names_no_message_of_ours_is_stored_and_does_nothing(
    env: Env, store: Storefront, told: int, name: str
) -> None:
    if name == "confirm":
        name = env.signer.make(Purpose.UNSUBSCRIBE, told)
    receipt = Receipt(
        provider="test", event_id="e", kind=ReceiptKind.BOUNCED, uid=name, blame=Blame.ADDRESS
    )
    assert receive(env, receipt)
    assert state_of(store, told) == "accepted"
    assert store.rows("SELECT * FROM suppressions") == []
    assert store.one("SELECT message_id FROM receipts") is None


def a_bounce(
    env: Env, message: int, *, secret: bytes | None = None, status: str = "5.1.1"
) -> bytes:
    secret = secret or env.signer.secret_for("mail")
    to = make_address(
        ReturnPurpose.BOUNCE, uid(env, message), domain="bounces.kettle.example", secret=secret
    )
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nMessage-ID: <b{message}@mx.example>\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/plain\r\n\r\nNo such user.\r\n"
        "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        "Final-Recipient: rfc822; ann@example.com\r\nAction: failed\r\n"
        f"Status: {status}\r\n\r\n--x--\r\n"
    ).encode()


def test_a_genuine_bounce_shuts_the_address_and_a_forged_one_does_nothing(
    env: Env, store: Storefront, told: int
) -> None:
    assert receive_mail(env, a_bounce(env, told, secret=b"eve's own secret")) is None
    assert state_of(store, told) == "accepted"
    assert receive_mail(env, a_bounce(env, told)) is not None
    assert state_of(store, told) == "bounced"


def test_bounces_of_mail_from_before_a_key_change_still_count(
    env: Env, store: Storefront, told: int, clock: SettableClock, tmp_path: Path
) -> None:
    bounce = a_bounce(env, told)
    tree = config(tmp_path).model_dump()
    tree["service"]["secret_keys"] = [
        "another secret key, the newest",
        *tree["service"]["secret_keys"],
    ]
    later = open_env(type(env.config).model_validate(tree), clock=clock, db=env.db)
    assert receive_mail(later, bounce) is not None
    assert state_of(store, told) == "bounced"


def maildir(folder: Path, raw: bytes) -> Path:
    for name in ("new", "cur", "tmp"):
        (folder / "box" / name).mkdir(parents=True)
    (folder / "box" / "new" / "1.mx").write_bytes(raw)
    (folder / "box" / "cur" / "2.mx:2,S").write_bytes(b"From: eve@example.com\r\n\r\nHello\r\n")
    return folder / "box"


def mbox(folder: Path, raw: bytes) -> Path:
    hello = b"From eve Tue Dec  1 10:00:00 2026\nFrom: eve@example.com\n\nHello\n\n"
    path = folder / "mbox"
    path.write_bytes(hello + b"From mx Tue Dec  1 10:00:00 2026\n" + raw.replace(b"\r\n", b"\n"))
    return path


def eml_files(folder: Path, raw: bytes) -> Path:
    (folder / "mails").mkdir()
    (folder / "mails" / "a.eml").write_bytes(raw)
    (folder / "mails" / "b.eml").write_bytes(b"Subject: hello\r\n\r\nHello\r\n")
    return folder / "mails"


@pytest.mark.parametrize("kept_as", [maildir, mbox, eml_files])
def test_a_mailbox_is_read_as_often_as_one_likes(
    env: Env, store: Storefront, told: int, tmp_path: Path, kept_as: Callable[[Path, bytes], Path]
) -> None:
    path = kept_as(tmp_path, a_bounce(env, told))
    first, again = receive_mailbox(env, path), receive_mailbox(env, path)
    assert (first.read, first.ours, first.news) == (2, 1, 1)
    assert (again.read, again.ours, again.news) == (2, 1, 0)
    assert state_of(store, told) == "bounced"

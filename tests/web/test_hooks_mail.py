"""What do we believe of the relays that carry our mail? (trust EM-13, EM-16, EM-23, 2.1.2; bad
inputs 175 to 190; FI-15, FI-17 to FI-19)"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient

from notifier.channels.base import Receipt, ReceiptKind
from notifier.config import Config
from notifier.domain.order_delay import Promise
from notifier.http import Outbound
from notifier.metrics import HOOKS_REFUSED, MAIL_EVENTS
from notifier.services import hear_mail_events
from notifier.services.certificates import (
    MOST_ASKED,
    MOST_OF_ONE,
    WITHIN,
    Certificates,
)
from notifier.services.env import Env, open_env
from notifier.services.receive import receive as really_receive
from notifier.signing import Purpose
from notifier.store.session import Database
from tests.fakes.feed_server import FeedServer, Reply, serving
from tests.fakes.mail_relays import Call, Mailgun, Postmark, Sendgrid, Ses, self_signed
from tests.fakes.smtp_server import SmtpServer
from tests.order_world import ANN, OrderWorld
from tests.timing import START, SettableClock
from tests.web.storefront import Storefront, config
from tests.web.stories import Tell

Relay = Mailgun | Postmark | Sendgrid | Ses
OTHER_CERTIFICATE = "/SimpleNotificationService-Another1.pem"
RELAYS = ("ses", "sendgrid", "postmark", "mailgun")
OLD_KEYS = {
    "ses": "arn:aws:sns:eu-west-1:123456789012:before-that",
    "sendgrid": Sendgrid().key,
    "postmark": "the header's value, as it was",
    "mailgun": "00112233445566778899aabbccddeeff",
}


@pytest.fixture(scope="module")
def relays() -> dict[str, Relay]:
    """Their keys are made once; to make one of Amazon's size takes a while."""
    made = (Ses(at=START), Sendgrid(), Postmark(), Mailgun())
    return {one.name: one for one in made}


@pytest.fixture(params=RELAYS)
def relay(request: pytest.FixtureRequest, relays: dict[str, Relay]) -> Relay:
    return relays[request.param]


@pytest.fixture
def ses(relays: dict[str, Relay]) -> Ses:
    found = relays["ses"]
    assert isinstance(found, Ses)
    return found


@pytest.fixture(autouse=True)
def amazon(relays: dict[str, Relay], monkeypatch: pytest.MonkeyPatch) -> Iterator[FeedServer]:
    """What is fetched from Amazon comes from a server on this machine."""
    with serving() as server:
        found = relays["ses"]
        assert isinstance(found, Ses)
        server.replies[urlsplit(found.certificate_url).path] = Reply(body=found.certificate)
        server.replies["/?" + urlsplit(found.confirm_url).query] = Reply(body=b"<ok/>")

        class ToThisMachine(Outbound):
            def __init__(self, **settings: Any) -> None:
                super().__init__(**{**settings, "allow_private": True, "allow_http": True})

            def get(self, url: str, **more: Any) -> Any:
                parts = urlsplit(url)
                query = f"?{parts.query}" if parts.query else ""
                return super().get(server.url(parts.path + query, "127.0.0.1"), **more)

        monkeypatch.setattr(hear_mail_events, "Outbound", ToThisMachine)
        monkeypatch.setattr(hear_mail_events, "_certificates", Certificates())
        yield server


def settings(relays: dict[str, Relay], tmp_path: Path, *, old: bool = True) -> dict[str, Any]:
    tree = config(tmp_path).model_dump()
    for name, relay in relays.items():
        tree["channels"][f"by_{name}"] = {
            "kind": "email_smtp",
            "host": "mail.example",
            "from_address": "hello@kettle.example",
            "provider": name,
            "callback_keys": [relay.key, OLD_KEYS[name]] if old else [relay.key],
        }
    return tree


@pytest.fixture
def env(database: Database, clock: SettableClock, tmp_path: Path, relays: dict[str, Relay]) -> Env:
    made = Config.model_validate(settings(relays, tmp_path))
    return open_env(made, clock=clock, db=database)


@pytest.fixture
def told(tell: Tell) -> int:
    """Ann was told by mail that the kettle is back, and waits for a shirt; the message's id."""
    return tell(_told)


def _told(store: Storefront) -> int:
    for key in ("KETTLE", "S"):
        store.stock(key, 0)
        store.wait(key)
    store.stock("KETTLE", 5)
    store.send()
    return int(store.one("SELECT id FROM messages WHERE kind = 'back_in_stock'"))


def names(env: Env, message: int) -> dict[str, str]:
    """As what a relay knows our message."""
    own = env.signer.make(Purpose.MESSAGE, message)
    return {"name": f"<{own}@kettle.example>", "own": own}


def post(client: FlaskClient, relay: Relay, call: Call) -> Any:
    body, headers = call
    return client.post(relay.path, data=body, headers=headers)


def say(client: FlaskClient, relay: Relay, event: Any, clock: SettableClock) -> dict[str, int]:
    answer = post(client, relay, relay.call(event, at=clock.now))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return {name: count for name, count in answer.json.items() if count}


def state(store: Storefront, message: int) -> str:
    return str(store.one("SELECT state FROM messages WHERE id = :id", id=message))


@pytest.mark.fault("FI-15")
@pytest.mark.parametrize(
    ("what", "wanted", "suppressed", "shirt"),
    [
        ("delivered", "delivered", None, "waiting"),
        ("delayed", "accepted", None, "waiting"),
        ("bounce", "bounced", "bounced", "ended"),
        ("complaint", "complained", "complained", "ended"),
        ("unsubscribe", "accepted", "unsubscribed", "ended"),
    ],
)
def test_what_a_relay_reports_moves_the_message_once(
    client: FlaskClient,
    env: Env,
    store: Storefront,
    clock: SettableClock,
    told: int,
    relay: Relay,
    what: str,
    wanted: str,
    suppressed: str | None,
    shirt: str,
) -> None:
    event = relay.event(what, **names(env, told))

    assert say(client, relay, event, clock) == {"news": 1}

    reasons = [row["reason"] for row in store.rows("SELECT reason FROM suppressions")]
    ends = store.rows("SELECT state FROM subscriptions ORDER BY id")[1]
    assert (state(store, told), reasons) == (wanted, [suppressed] if suppressed else [])
    assert ends["state"] == shirt
    clock.advance(timedelta(minutes=10))
    assert say(client, relay, event, clock) == {"known": 1}  # and signed anew
    store.stock("S", 5)
    assert bool(store.send()) == (shirt == "waiting")


@pytest.mark.fault("FI-15")
@pytest.mark.fault("FI-18")
def test_reports_in_the_wrong_order_and_again_the_next_day_leave_the_one_that_says_most(
    client: FlaskClient,
    env: Env,
    store: Storefront,
    clock: SettableClock,
    told: int,
    relay: Relay,
) -> None:
    calls = [
        relay.call(relay.event(what, **names(env, told)), at=clock.now)
        for what in ("bounce", "delivered", "accepted")
    ]
    for _ in range(2):
        for call in calls:
            assert post(client, relay, call).status_code == 200
        assert state(store, told) == "bounced"
        kept = store.rows("SELECT count(*) AS n FROM receipts")
        clock.advance(timedelta(hours=23))
    assert kept[0]["n"] == 3
    assert store.one("SELECT count(*) FROM suppressions") == 1
    clock.advance(timedelta(hours=4))
    late = post(client, relay, calls[0])
    # Postmark signs no time; the others' is more than a day ago
    assert late.status_code == (200 if relay.name == "postmark" else relay.refusal)


@pytest.mark.parametrize("name", RELAYS)
def test_from_a_letter_to_a_suppressed_address(
    client: FlaskClient,
    env: Env,
    store: Storefront,
    clock: SettableClock,
    relays: dict[str, Relay],
    tmp_path: Path,
    name: str,
) -> None:
    """The relay learns our name for a message from nothing but the mail it was given."""
    relay = relays[name]
    with SmtpServer() as server:
        tree = settings(relays, tmp_path)
        tree["channels"]["mail"] = {
            **tree["channels"][f"by_{name}"],
            "host": server.host,
            "port": server.port,
            "security": "none",
        }
        env.config = Config.model_validate(tree)
        message = _told(store)
        [mail] = [one for one in server.messages if one.message_id == names(env, message)["name"]]
        headers = mail.parsed
        own = str(headers.get("X-PM-Metadata-notifier", ""))
        if wrapped := headers.get("X-SMTPAPI"):
            own = json.loads(str(wrapped))["unique_args"]["notifier"]
        assert bool(own) == (name in ("postmark", "sendgrid"))
        known = {"own": own} if own else {"name": mail.message_id}
        assert state(store, message) == "accepted"

        say(client, relay, relay.event("bounce", **known), clock)

        assert state(store, message) == "bounced"
        store.stock("S", 5)
        count = len(server.messages)
        store.send()
        assert len(server.messages) == count


@pytest.mark.parametrize("name", ["ses", "sendgrid", "postmark"])
def test_a_message_is_found_by_the_name_the_relay_gave_it_where_ours_is_left_out(
    client: FlaskClient,
    env: Env,
    store: Storefront,
    clock: SettableClock,
    told: int,
    relays: dict[str, Relay],
    name: str,
) -> None:
    relay = relays[name]
    with env.db.write() as tx:
        tx.exec_driver_sql(
            f"UPDATE messages SET provider_id = '0102017f2c4b-aa-00' WHERE id = {told}"
        )
    foreign = relay.event("delivered", relay_id="0102017f2c4b-bb-00")
    assert say(client, relay, foreign, clock) == {"not_ours": 1}
    ours = relay.event("delivered", relay_id="0102017f2c4b-aa-00")
    assert say(client, relay, ours, clock) == {"news": 1}
    assert state(store, told) == "delivered"


@pytest.mark.parametrize("first", ["bounce", "listed"])
@pytest.mark.parametrize(
    ("words", "wanted", "reasons"),
    [
        ("smtp;550 5.7.1 Refused by a filter", "failed", []),
        ("smtp;550 5.1.1 No such mailbox", "bounced", ["bounced"]),
    ],
)
def test_postmarks_list_shuts_no_address_that_its_bounce_spares(
    client: FlaskClient,
    env: Env,
    store: Storefront,
    clock: SettableClock,
    told: int,
    first: str,
    words: str,
    wanted: str,
    reasons: list[str],
) -> None:
    """It tells a hard bounce twice, in either order; only one of the two says why."""
    relay = Postmark()
    own = names(env, told)
    change = relay.event("unsubscribe", **own, SuppressionReason="HardBounce")
    events = [relay.event("bounce", **own, Details=words), change]
    for event in events if first == "bounce" else reversed(events):
        assert say(client, relay, event, clock) == {"news": 1}
    assert state(store, told) == wanted
    assert [row["reason"] for row in store.rows("SELECT reason FROM suppressions")] == reasons
    assert say(client, relay, change, clock) == {"known": 1}


def test_what_is_not_ours_or_of_no_matter_is_taken_counted_and_not_kept(
    client: FlaskClient, store: Storefront, clock: SettableClock, told: int, relay: Relay
) -> None:
    """188, and EM-23 for types nobody has heard of."""
    counted = MAIL_EVENTS.labels(provider=relay.name, result="not_ours")
    before = counted._value.get()
    other = {"name": "<news@kettle.example>", "own": "somebody-elses"}
    assert say(client, relay, relay.event("bounce", **other), clock) == {"not_ours": 1}
    assert counted._value.get() == before + 1
    for what in ("opened", "unheard of"):
        assert say(client, relay, relay.event(what), clock) == {"ignored": 1}
    assert store.one("SELECT count(*) FROM receipts") == 0
    assert state(store, told) == "accepted"


@pytest.mark.fault("FI-17")
def test_what_is_not_known_to_come_from_the_relay_is_refused_and_counted(
    client: FlaskClient,
    env: Env,
    store: Storefront,
    clock: SettableClock,
    told: int,
    relay: Relay,
    amazon: FeedServer,
) -> None:
    """175, 176, 178, 179."""
    event = relay.event("bounce", **names(env, told))
    body, headers = relay.call(event, at=clock.now)
    changed = body.replace(b"ann@example.com", b"eve@example.com")
    forged: list[Call] = [
        (body, {}) if relay.name in ("sendgrid", "postmark") else (b"[]", headers),
        (b"", headers) if relay.name != "postmark" else (b"", {}),
        (b"\xff\x00garbage", {}),
        (b"[" * 200_000, {}),
        (json.dumps(event).encode(), {}),  # as SNS sends in raw delivery: nothing is signed
    ]
    if relay.name in ("ses", "sendgrid"):  # the others' signatures do not cover what is said
        forged.append((changed, headers))
    if relay.name != "postmark":
        moments = (timedelta(seconds=301), timedelta(hours=-26), timedelta(days=-10_000))
        forged += [relay.call(event, at=clock.now + away) for away in moments]
    forged += list(_badly_signed(relay, event, clock))
    counted = HOOKS_REFUSED.labels(hook=relay.name)
    before = counted._value.get()
    for call in forged:
        answer = post(client, relay, call)
        assert answer.status_code == relay.refusal, call
        assert "provider of ours" in answer.get_data(as_text=True)
    assert counted._value.get() == before + len(forged)
    assert state(store, told) == "accepted"
    assert store.rows("SELECT * FROM suppressions") == []
    assert len(amazon.seen) <= 1  # its certificate, once


def _badly_signed(relay: Relay, event: Any, clock: SettableClock) -> Iterator[Call]:
    body, headers = relay.call(event, at=clock.now)
    if isinstance(relay, Sendgrid):
        signature, stamp = list(headers)[:2]
        good = headers[signature]
        yield Sendgrid().call(event, at=clock.now)
        for written in ("", "v1", "garbage!", "AAAA", f"{good},{good}", good[:-4], good * 50):
            yield body, {**headers, signature: written}
        for time in ("abc", "-1", "1" * 12, "1e9", "", "\u0661" * 10):
            yield body, {**headers, stamp: time}
    elif isinstance(relay, Postmark):
        for key in ("olga:another password of some length", "olga:", "", f"{relay.key}x"):
            yield relay.call(event, at=clock.now, key=key or ":")
        for written in ("Basic", "Basic ===", "Bearer x", "Basic " + "A" * 5000, "Basic /w=="):
            yield body, {"Authorization": written}
        yield body, {"X-Notifier-Secret": "eve's"}
    elif isinstance(relay, Mailgun):
        yield relay.call(event, at=clock.now, key="eve's key, which she made up")
        said = json.loads(body)
        for name, value in (
            ("signature", ""),
            ("signature", "zz"),
            ("signature", ["x"]),
            ("signature", None),
            ("timestamp", "abc"),
            ("timestamp", -1),
            ("timestamp", 10**12),
            ("timestamp", True),
            ("token", ""),
            ("token", "x" * 500),
            ("token", {"x": 1}),
        ):
            yield json.dumps({**said, "signature": {**said["signature"], name: value}}).encode(), {}
    else:
        yield Ses(at=clock.now).call(event, at=clock.now, SigningCertURL=relay.certificate_url)
        for value in ("", "garbage!", "AAAA", None, 7, ["x"]):
            yield relay.call(event, at=clock.now, after={"Signature": value})
        for value in ("abc", "", None, "1970-01-01T00:00:00Z"):
            yield relay.call(event, at=clock.now, after={"Timestamp": value})


@pytest.mark.parametrize(
    "changed",
    [
        {"TopicArn": "arn:aws:sns:eu-west-1:666666666666:kettle-mail"},  # 182
        {"TopicArn": f"{Ses.key}-2"},
        {"TopicArn": f"{Ses.key}\n"},
        {"TopicArn": ""},
        {"SignatureVersion": "3"},  # 184
        {"SignatureVersion": ""},
        {"Type": "Something"},
        *(
            {"SigningCertURL": url}  # 181
            for url in (
                "https://sns.eu-west-1.amazonaws.com.evil.com/SimpleNotificationService-a.pem",
                "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
                "https://sns.evil.com/SimpleNotificationService-a.pem",
                "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
                "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-a.pem",
                "https://eve@sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
                "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem/../x",
                "https://sns.eu-west-1.amazonaws.com/eve/SimpleNotificationService-a.pem",
                "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem?1",
                "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem;1",
                "https://sns.eu-west-1.amazonaws.com\\@evil.com/SimpleNotificationService-a.pem",
                "https://evil.com#sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
                "https://[::1/SimpleNotificationService-a.pem",
                "file:///etc/passwd",
                "",
            )
        ),
        {"Type": "SubscriptionConfirmation", "SubscribeURL": "https://evil.com/?Action=Confirm"},
        {"Type": "SubscriptionConfirmation", "SubscribeURL": f"{Ses.host}/?Action=DeleteTopic"},
        {"Type": "SubscriptionConfirmation", "SubscribeURL": Ses.confirm_url.replace("s:", ":", 1)},
        {"Type": "SubscriptionConfirmation"},
    ],
    ids=lambda changed: " ".join(map(str, changed.values()))[:60],
)
def test_nothing_is_fetched_for_a_notification_that_names_another_place(
    client: FlaskClient,
    clock: SettableClock,
    ses: Ses,
    amazon: FeedServer,
    changed: dict[str, str],
) -> None:
    answer = post(client, ses, ses.call(ses.event("bounce"), at=clock.now, **changed))
    assert answer.status_code == 403
    assert amazon.seen == []


def test_both_versions_of_amazons_signature_count_and_its_certificate_is_fetched_once(
    client: FlaskClient, clock: SettableClock, ses: Ses, amazon: FeedServer
) -> None:
    for version in ("1", "2", "1"):
        for subject in ("A subject", None):
            given = {"SignatureVersion": version, "Subject": subject}
            call = ses.call(ses.event("opened"), at=clock.now, **given)
            assert post(client, ses, call).status_code == 200, (version, subject)
    assert [one.path for one in amazon.seen] == [urlsplit(ses.certificate_url).path]


@pytest.mark.parametrize(
    ("made", "status"),
    [(timedelta(), 200), (timedelta(days=-31), 403), (timedelta(days=31), 403)],
    ids=["good", "over", "not yet good"],
)
def test_a_certificate_counts_while_it_is_good(
    client: FlaskClient,
    clock: SettableClock,
    ses: Ses,
    amazon: FeedServer,
    made: timedelta,
    status: int,
) -> None:
    amazon.replies[OTHER_CERTIFICATE] = Reply(body=ses.certify(at=clock.now + made))
    call = ses.call(
        ses.event("bounce"), at=clock.now, SigningCertURL=f"{ses.host}{OTHER_CERTIFICATE}"
    )
    assert post(client, ses, call).status_code == status


def test_a_certificate_of_another_sort_of_key_signs_nothing(
    client: FlaskClient, clock: SettableClock, ses: Ses, amazon: FeedServer
) -> None:
    of_eve = self_signed(ec.generate_private_key(ec.SECP256R1()), at=clock.now)
    amazon.replies[OTHER_CERTIFICATE] = Reply(body=of_eve)
    call = ses.call(
        ses.event("bounce"), at=clock.now, SigningCertURL=f"{ses.host}{OTHER_CERTIFICATE}"
    )
    assert post(client, ses, call).status_code == 403


def test_a_topic_is_confirmed_at_amazon_and_its_own_words_are_ignored(
    client: FlaskClient, clock: SettableClock, ses: Ses, amazon: FeedServer
) -> None:
    assert post(client, ses, ses.confirmation(at=clock.now)).status_code == 200
    assert [one.path for one in amazon.seen][1:] == ["/?" + urlsplit(ses.confirm_url).query]
    words = "Successfully validated SNS topic for Amazon SES event publishing."
    assert say(client, ses, words, clock) == {"ignored": 1}
    over = ses.confirmation(at=clock.now, Type="UnsubscribeConfirmation")
    assert post(client, ses, over).json["ignored"] == 1
    assert len(amazon.seen) == 2


def test_what_cannot_be_checked_now_may_come_again(
    client: FlaskClient, clock: SettableClock, ses: Ses, amazon: FeedServer
) -> None:
    """Whatever came instead of the certificate: it is asked for again after a while, no sooner, and
    by the next try of SNS."""
    path = urlsplit(ses.certificate_url).path
    call = ses.call(ses.event("opened"), at=clock.now)
    good = amazon.replies[path]
    for number, reply in enumerate((Reply(status=503), Reply(body=b"<p>Please log in"))):
        amazon.replies[path] = reply
        for _ in range(3):
            answer = post(client, ses, call)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert len(amazon.seen) == number + 1
        clock.advance(timedelta(seconds=20))
    amazon.replies[path] = good
    assert post(client, ses, call).status_code == 200


def test_forged_notifications_make_us_fetch_only_so_often_and_shut_nobody_out(
    client: FlaskClient, clock: SettableClock, ses: Ses, amazon: FeedServer
) -> None:
    """Eve has learned the name of the topic. Each of hers names another certificate."""
    numbers = iter(range(1000))

    def forge(ip: str) -> int:
        url = f"{ses.host}/SimpleNotificationService-{next(numbers)}.pem"
        body, headers = ses.call(ses.event("bounce"), at=clock.now, SigningCertURL=url)
        sent = client.post(ses.path, data=body, headers=headers, environ_base={"REMOTE_ADDR": ip})
        return int(sent.status_code)

    assert {forge("203.0.113.9") for _ in range(50)} == {503}
    assert len(amazon.seen) == MOST_OF_ONE
    true = ses.call(ses.event("opened"), at=clock.now)
    assert post(client, ses, true).status_code == 200

    for number in range(50):
        forge(f"198.51.{number}.9")
    assert len(amazon.seen) == MOST_ASKED
    assert post(client, ses, true).status_code == 200  # its certificate is known by now
    clock.advance(WITHIN)
    for _ in range(50):
        forge("203.0.113.9")
    assert len(amazon.seen) == MOST_ASKED + MOST_OF_ONE


def test_a_token_of_mailgun_works_once_whatever_is_said_with_it(
    client: FlaskClient, env: Env, store: Storefront, clock: SettableClock, told: int
) -> None:
    """187: the signature does not cover what is said."""
    relay = Mailgun()
    call = relay.call(relay.event("delivered", **names(env, told)), at=clock.now)
    assert post(client, relay, call).json["news"] == 1
    for minutes in (0, 10):
        clock.advance(timedelta(minutes=minutes))
        said = json.loads(call[0])
        said["event-data"] = relay.event("bounce", **names(env, told))
        answer = post(client, relay, (json.dumps(said).encode(), {}))
        assert (answer.status_code, answer.json["news"], answer.json["known"]) == (200, 0, 1)
    assert state(store, told) == "delivered"


def test_a_token_whose_event_could_not_be_stored_works_again(
    client: FlaskClient,
    env: Env,
    store: Storefront,
    clock: SettableClock,
    told: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    relay = Mailgun()
    call = relay.call(relay.event("delivered", **names(env, told)), at=clock.now)
    with monkeypatch.context() as broken:
        broken.setattr(hear_mail_events, "receive", lambda *_: 1 / 0)
        assert post(client, relay, call).status_code == 500
    clock.advance(timedelta(hours=7))  # a further try carries the token and time of the first
    assert post(client, relay, call).json["news"] == 1
    assert state(store, told) == "delivered"


def test_an_account_above_another_signs_for_it(
    client: FlaskClient, env: Env, clock: SettableClock, told: int
) -> None:
    relay = Mailgun()
    body, headers = relay.call(relay.event("delivered", **names(env, told)), at=clock.now)
    said = json.loads(body)
    said["signature"]["parent-signature"] = said["signature"]["signature"]
    said["signature"]["signature"] = "0" * 64
    assert post(client, relay, (json.dumps(said).encode(), headers)).json["news"] == 1


@pytest.mark.fault("FI-19")
def test_two_keys_count_while_one_is_changed_and_the_old_one_not_after_that(
    client: FlaskClient,
    env: Env,
    clock: SettableClock,
    relays: dict[str, Relay],
    tmp_path: Path,
) -> None:
    mailgun, postmark, ses = Mailgun(), Postmark(), relays["ses"]
    assert isinstance(ses, Ses)
    by_header = {"X-Notifier-Secret": OLD_KEYS["postmark"]}
    for old, wanted in ((True, (200, 200, 200)), (False, (401, 401, 403))):
        env.config = Config.model_validate(settings(relays, tmp_path, old=old))
        by_old = mailgun.call(mailgun.event("opened"), at=clock.now, key=OLD_KEYS["mailgun"])
        opened = json.dumps(postmark.event("opened")).encode()
        topic = ses.call(ses.event("opened"), at=clock.now, TopicArn=OLD_KEYS["ses"])
        codes = (
            post(client, mailgun, by_old).status_code,
            post(client, postmark, (opened, by_header)).status_code,
            post(client, ses, topic).status_code,
        )
        assert codes == wanted


def test_a_relay_that_no_mail_goes_through_is_refused(
    client: FlaskClient, env: Env, clock: SettableClock, tmp_path: Path, relay: Relay
) -> None:
    env.config = config(tmp_path)
    answer = post(client, relay, relay.call(relay.event("opened"), at=clock.now))
    assert answer.status_code == relay.refusal


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("sendgrid", b'{"event": "bounce"}', "array of events"),  # 185
        ("sendgrid", b'[{"event": "bounce"}', "not valid JSON"),
        ("sendgrid", b'[{"event": "a", "event": "b"}]', "appears twice"),
        ("sendgrid", b'[{"event": "\\u0000"}]', "NUL"),
        ("postmark", b"[]", "one JSON object"),
        ("postmark", b"RecordType=Bounce", "not valid JSON"),
        ("mailgun", b"", "event-data"),
    ],
)
def test_what_is_known_and_cannot_be_read_is_answered_with_what_is_wrong(
    client: FlaskClient,
    clock: SettableClock,
    relays: dict[str, Relay],
    name: str,
    body: bytes,
    words: str,
) -> None:
    relay = relays[name]
    if isinstance(relay, Mailgun):
        call = relay.call("no object", at=clock.now)
    else:
        call = relay.call({}, at=clock.now, body=body)  # type: ignore[union-attr]
    answer = post(client, relay, call)
    assert answer.status_code == 400
    assert words in answer.get_data(as_text=True)


def test_more_than_a_mebibyte_is_not_read(
    client: FlaskClient, clock: SettableClock, relay: Relay
) -> None:
    big = relay.event("opened", padding="x" * 1_100_000)
    assert post(client, relay, relay.call(big, at=clock.now)).status_code == 413


def test_of_many_events_each_has_its_own_effect(
    client: FlaskClient, env: Env, store: Storefront, clock: SettableClock, told: int
) -> None:
    sendgrid = Sendgrid()
    tree = env.config.model_dump()
    tree["channels"]["by_sendgrid"]["callback_keys"] = sendgrid.key
    env.config = Config.model_validate(tree)
    ours = names(env, told)
    events = [
        sendgrid.event("accepted", **ours),
        sendgrid.event("delivered", name="<news@kettle.example>"),
        "no event",
        sendgrid.event("opened", **ours),
        sendgrid.event("delivered", **ours),
        sendgrid.event("complaint", own=ours["own"]),
    ]
    answer = post(client, sendgrid, sendgrid.call(*events, at=clock.now))
    assert answer.json == {"news": 3, "known": 0, "not_ours": 1, "ignored": 2}
    assert state(store, told) == "complained"


def test_an_event_that_cannot_be_booked_keeps_no_other_from_being_heard(
    client: FlaskClient,
    env: Env,
    store: Storefront,
    clock: SettableClock,
    told: int,
    relays: dict[str, Relay],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It comes again with all the others, which have no effect then."""
    sendgrid = relays["sendgrid"]
    assert isinstance(sendgrid, Sendgrid)
    events = [sendgrid.event(what, **names(env, told)) for what in ("delivered", "bounce")]
    call = sendgrid.call(*events, at=clock.now)

    def receive(env: Env, receipt: Receipt) -> bool:
        if receipt.kind is ReceiptKind.DELIVERED:
            raise KeyError("a fault of ours")
        return really_receive(env, receipt)

    with monkeypatch.context() as broken:
        broken.setattr(hear_mail_events, "receive", receive)
        assert post(client, sendgrid, call).status_code == 500
    assert state(store, told) == "bounced"
    answer = post(client, sendgrid, call)
    assert (answer.status_code, answer.json["news"], answer.json["known"]) == (200, 1, 1)


@pytest.mark.parametrize(
    ("what", "after"),
    [
        (
            "complaint",
            [("delay_renewed", "email", "skipped"), ("delay_renewed", "sms", "accepted")],
        ),
        ("unsubscribe", [("delay_renewed", "email", "accepted")]),
    ],
)
def test_a_complaint_about_an_order_ends_alerts_and_not_what_the_law_wants_said(
    client: FlaskClient,
    env: Env,
    store: Storefront,
    clock: SettableClock,
    what: str,
    after: list[tuple[str, str, str]],
) -> None:
    """190, OD-18."""
    relay, orders = Mailgun(), OrderWorld(env, clock)
    orders.at("2026-03-02")
    store.stock("S", 0)
    store.wait("S", ANN)
    bought = orders.order(
        lines=[{"variant": "S", "promise": Promise(text="by April", by=date(2026, 4, 1))}],
        phone="+12125551234",
    )
    orders.at("2026-03-20")
    orders.expect(bought.line, "2026-04-10")
    store.send()
    notice = store.one("SELECT max(id) FROM messages WHERE order_line_id IS NOT NULL")
    say(client, relay, relay.event(what, **names(env, int(notice))), clock)

    assert store.state(1) == "ended"
    orders.at("2026-03-25")
    orders.expect(bought.line, "2026-05-20")
    store.send()
    clock.advance(timedelta(hours=2))
    orders.look()
    store.send()
    assert orders.messages(bought.line)[2:] == after

"""What do we believe that comes to the Twilio hooks? (trust SM-4, SM-7, SM-8; 191, 193; FI-15)"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from notifier.config import Config
from notifier.demo.twilio_wire import sign
from notifier.metrics import HOOKS_REFUSED
from notifier.services.env import Env, open_env
from notifier.signing import Purpose
from notifier.store.session import Database
from tests.timing import SettableClock
from tests.web.storefront import PUBLIC_URL, Storefront, config
from tests.web.stories import Tell

ACCOUNT = "AC" + "0" * 32
TOKEN = "the token of Olga's account"
OLD_TOKEN = "the token before that one"
SID = "SM" + "a1" * 16
ANN = "+491711234567"


@pytest.fixture
def env(database: Database, clock: SettableClock, tmp_path: Path) -> Env:
    tree = config(tmp_path).model_dump()
    tree["channels"]["twilio"] = {
        "kind": "sms_twilio",
        "account_sid": ACCOUNT,
        "auth_token": TOKEN,
        "previous_auth_token": OLD_TOKEN,
        "from_number": "+15005550006",
    }
    tree["shops"]["kettle"]["sms_hours"] = "always"
    return open_env(Config.model_validate(tree), clock=clock, db=database)


@pytest.fixture
def told(tell: Tell) -> int:
    """Ann was told by SMS that the kettle is back, and waits for a shirt; the message's id."""
    return tell(_told)


def _told(store: Storefront) -> int:
    for key in ("KETTLE", "S"):
        store.stock(key, 0)
        store.wait(key, email=None, phone=ANN)  # type: ignore[arg-type]
    store.stock("KETTLE", 5)
    store.send()
    return int(store.one("SELECT id FROM messages WHERE kind = 'back_in_stock'"))


def post(client: FlaskClient, path: str, token: str = TOKEN, **params: str) -> Any:
    form = {"AccountSid": ACCOUNT, "MessageSid": SID, **params}
    signature = sign(f"{PUBLIC_URL}{path}", form, token=token)
    return client.post(path, data=form, headers={"X-Twilio-Signature": signature})


def text(client: FlaskClient, body: str, number: int = 1, **params: str) -> str:
    sid = f"SM{number:032x}"
    said = {"MessageSid": sid, "From": ANN, "To": "+15005550006", "Body": body, **params}
    answer = post(client, "/hooks/twilio/inbound", **said)
    assert answer.status_code == 200, answer.json
    assert answer.mimetype == "text/xml"
    return str(answer.get_data(as_text=True))


def status_path(env: Env, message: int) -> str:
    return f"/hooks/twilio/status/{env.signer.make(Purpose.MESSAGE, message)}"


@pytest.mark.fault("FI-15")
def test_a_report_moves_the_message_however_often_and_in_whatever_order_it_comes(
    client: FlaskClient, env: Env, store: Storefront, told: int
) -> None:
    path = status_path(env, told)
    news = [
        post(client, path, MessageStatus=status).json["news"]
        for status in ("delivered", "sent", "queued", *["delivered"] * 5)
    ]
    assert news == [True, True, True, *[False] * 5]
    row = store.rows("SELECT state, provider_id FROM messages WHERE id = :id", id=told)[0]
    assert row["state"] == "delivered"


def test_a_report_without_our_name_for_the_message_is_found_by_twilios(
    client: FlaskClient, env: Env, store: Storefront, told: int
) -> None:
    with env.db.write() as tx:
        tx.exec_driver_sql(f"UPDATE messages SET provider_id = '{SID}' WHERE id = {told}")
    post(client, "/hooks/twilio/status", MessageStatus="delivered")
    assert store.one("SELECT state FROM messages WHERE id = :id", id=told) == "delivered"


def test_a_report_about_no_message_of_ours_is_taken_and_ignored(
    client: FlaskClient, store: Storefront, told: int
) -> None:
    for path in ("/hooks/twilio/status", "/hooks/twilio/status/nonsense"):
        answer = post(client, path, MessageStatus="undelivered", ErrorCode="30005")
        assert answer.status_code == 200
    assert store.one("SELECT state FROM messages WHERE id = :id", id=told) == "accepted"
    assert store.rows("SELECT * FROM suppressions") == []


def test_a_number_that_does_not_exist_is_not_written_to_again(
    client: FlaskClient, env: Env, store: Storefront, told: int
) -> None:
    post(client, status_path(env, told), MessageStatus="undelivered", ErrorCode="30005", To=ANN)
    assert store.one("SELECT state FROM messages WHERE id = :id", id=told) == "bounced"
    store.stock("S", 5)
    assert store.send() == []


def test_the_token_before_the_present_one_counts_while_it_is_changed(
    client: FlaskClient, env: Env, told: int
) -> None:
    path = status_path(env, told)
    assert post(client, path, OLD_TOKEN, MessageStatus="sent").status_code == 200


@pytest.mark.fault("FI-17")
@pytest.mark.parametrize("path", ["/hooks/twilio/status", "/hooks/twilio/inbound"])
def test_what_is_not_signed_by_our_account_is_refused_and_counted(
    client: FlaskClient, store: Storefront, path: str
) -> None:
    form = {"AccountSid": ACCOUNT, "MessageSid": SID, "MessageStatus": "sent", "From": ANN}
    hook = path[7:].replace("/", "_")
    before = HOOKS_REFUSED.labels(hook=hook)._value.get()
    good = sign(f"{PUBLIC_URL}{path}", form, token=TOKEN)
    attempts: list[dict[str, str]] = [
        {},
        {"X-Twilio-Signature": ""},
        {"X-Twilio-Signature": "garbage"},
        {"X-Twilio-Signature": sign(f"{PUBLIC_URL}{path}", form, token="eve's token")},
        {"X-Twilio-Signature": sign(f"http://evil.example{path}", form, token=TOKEN)},
        {"X-Twilio-Signature": sign(f"{PUBLIC_URL}{path}/", form, token=TOKEN)},
        {"X-Twilio-Signature": good, "X-Twilio-Webhooks-Signature-Settings": "algorithm=MD5"},
        {
            "X-Twilio-Signature": good,
            "X-Twilio-Webhooks-Signature-Settings": "key=KX,algorithm=HMAC_SHA256",
        },
    ]
    for headers in attempts:
        assert client.post(path, data=form, headers=headers).status_code == 403, headers
    changed = client.post(
        path, data={**form, "MessageStatus": "delivered"}, headers={"X-Twilio-Signature": good}
    )
    assert changed.status_code == 403
    other = {**form, "AccountSid": "AC" + "1" * 32}
    signature = sign(f"{PUBLIC_URL}{path}", other, token=TOKEN)
    answer = client.post(path, data=other, headers={"X-Twilio-Signature": signature})
    assert answer.status_code == 403
    assert HOOKS_REFUSED.labels(hook=hook)._value.get() == before + len(attempts) + 2
    assert store.rows("SELECT * FROM receipts") == []


def test_what_a_proxy_makes_of_the_address_does_not_matter(client: FlaskClient) -> None:
    form = {"AccountSid": ACCOUNT, "MessageSid": SID, "MessageStatus": "sent"}
    path = "/hooks/twilio/status"
    answer = client.post(
        path,
        data=form,
        headers={"X-Twilio-Signature": sign(f"{PUBLIC_URL}{path}", form, token=TOKEN)},
        base_url="http://127.0.0.1:8025",
    )
    assert answer.status_code == 200


def test_what_stands_behind_the_path_is_signed_as_well(
    client: FlaskClient, env: Env, told: int
) -> None:
    path = f"{status_path(env, told)}?from=kettle"
    assert post(client, path, MessageStatus="delivered").json == {"news": True}


def test_a_name_that_comes_twice_says_nothing(client: FlaskClient, env: Env, told: int) -> None:
    """Names and values are signed without marks between them: who saw one signature could divide
    what it covers anew."""
    path = status_path(env, told)
    form = {"AccountSid": ACCOUNT, "MessageSid": SID, "MessageStatus": "failedMessageStatussent"}
    answer = client.post(
        path,
        data={**form, "MessageStatus": ["failed", "sent"]},
        headers={"X-Twilio-Signature": sign(f"{PUBLIC_URL}{path}", form, token=TOKEN)},
    )
    assert (answer.status_code, answer.json["error"]["field"]) == (400, "MessageStatus")


@pytest.mark.parametrize("path", ["/hooks/twilio/status", "/hooks/twilio/inbound"])
def test_a_body_that_is_no_form_is_refused(client: FlaskClient, path: str) -> None:
    assert client.post(path, json={"MessageSid": SID}).status_code == 415


@pytest.mark.parametrize(
    "wrong",
    [
        {"MessageStatus": "hacked"},
        {"MessageStatus": ""},
        {"MessageStatus": "sent", "MessageSid": "x"},
    ],
)
def test_a_signed_report_of_no_known_shape_is_refused(
    client: FlaskClient, wrong: dict[str, str]
) -> None:
    assert post(client, "/hooks/twilio/status", **wrong).status_code == 400


def test_names_we_do_not_know_are_ignored(client: FlaskClient, env: Env, told: int) -> None:
    path = status_path(env, told)
    assert post(client, path, MessageStatus="sent", Whatever="1").status_code == 200


def test_without_a_twilio_channel_nothing_is_believed(
    client: FlaskClient, env: Env, told: int
) -> None:
    env.config = env.config.model_copy(update={"channels": {}})
    assert post(client, "/hooks/twilio/status", MessageStatus="sent").status_code == 403


@pytest.mark.parametrize("body", ["STOP", " Stop. ", "STOP ALL", "opt out", "pls stop texting me"])
def test_stop_ends_everything_at_once_and_is_confirmed_once(
    client: FlaskClient, store: Storefront, told: int, body: str
) -> None:
    store.stock("S", 5)  # a message is about to leave
    assert "START" in text(client, body)
    assert "<Message>" not in text(client, body)  # Twilio repeats its request
    assert "<Message>" not in text(client, body, number=2)  # Ann says it twice
    assert store.send() == []
    assert store.state(2) == "ended"
    assert store.one("SELECT reason FROM suppressions") == "stopped"
    assert store.one("SELECT count(*) FROM ledger WHERE act = 'withdrawn'") == 1


def test_stop_by_sms_leaves_mail_alone(client: FlaskClient, store: Storefront, told: int) -> None:
    by_mail = store.wait("S", "ann@example.com")
    text(client, "STOP")
    assert store.state(by_mail) == "waiting"


def test_stop_from_a_stranger_is_kept_for_the_day_he_is_none(
    client: FlaskClient, store: Storefront
) -> None:
    text(client, "STOP")
    store.stock("KETTLE", 0)
    store.ask("KETTLE", email=None, phone=ANN)  # type: ignore[arg-type]
    assert store.send() == []


def test_what_twilio_answered_itself_is_not_answered_twice(
    client: FlaskClient, store: Storefront, told: int
) -> None:
    assert "<Message>" not in text(client, "STOP", OptOutType="STOP")
    assert store.state(2) == "ended"


def test_start_asks_to_confirm_again_and_only_then_writes(
    client: FlaskClient, store: Storefront, told: int
) -> None:
    text(client, "STOP")
    text(client, "START", number=2)
    letters = store.send()
    assert [letter["kind"] for letter in letters] == ["confirm"]
    made = int(store.one("SELECT max(id) FROM subscriptions"))
    assert store.state(made) == "unconfirmed"
    store.stock("S", 5)
    assert store.send() == []
    assert store.one("SELECT lifted_by FROM suppressions") == "START by SMS"


def test_start_lifts_nothing_for_a_number_that_never_agreed(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("KETTLE", 0)
    text(client, "STOP")
    text(client, "START", number=2)
    assert store.one("SELECT lifted_at FROM suppressions") is None


def test_help_says_who_writes_and_how_to_stop(
    client: FlaskClient, store: Storefront, told: int
) -> None:
    answer = text(client, "help")
    assert "Kettle &amp; Co" in answer
    assert "STOP" in answer
    assert "help@kettle.example" in answer


@pytest.mark.parametrize("body", ["don't stop", "bus stop?"])
def test_what_may_mean_stop_goes_to_a_person_and_pauses_texts(
    client: FlaskClient, store: Storefront, told: int, body: str
) -> None:
    assert "<Message>" not in text(client, body)
    assert store.state(2) == "paused"
    assert store.rows("SELECT * FROM suppressions") == []
    alarm = store.rows("SELECT * FROM alarms")[0]
    assert alarm["code"] == "sms.review"
    assert ANN not in alarm["message"]
    store.stock("S", 5)
    assert [letter["kind"] for letter in store.send() if letter["kind"] != "source_trouble"] == []


def test_thanks_are_taken_in_silence(client: FlaskClient, store: Storefront, told: int) -> None:
    assert "<Message>" not in text(client, "thank you!")
    assert store.state(2) == "waiting"

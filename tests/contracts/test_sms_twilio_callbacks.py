"""What do we believe of what Twilio tells us later? (trust SM-3, SM-4, L7, L8; 191, 193)"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest
from werkzeug.datastructures import MultiDict

from notifier.channels.base import Blame, ReceiptKind
from notifier.channels.sms.errors import CODES, judge_answer
from notifier.channels.sms_twilio import (
    Channel,
    Settings,
    read_inbound,
    read_status_callback,
    status_callback_url,
    verify_signature,
)
from notifier.demo.twilio_wire import sign
from notifier.domain.sms_keywords import Wish
from notifier.errors import InvalidInput
from tests.contracts.test_sms_twilio import ANN, a_letter
from tests.fakes.twilio import FakeTwilio
from tests.timing import SettableClock

TOKEN = "the token of Olga's account"
URL = "https://notify.kettle.example/hooks/twilio/status/m1.k3y"
SID = "SM" + "a1" * 16
REPORT = {"MessageSid": SID, "MessageStatus": "delivered", "To": ANN, "AccountSid": "AC1"}


def signed(params: dict[str, str], *, url: str = URL, token: str = TOKEN) -> dict[str, Any]:
    """What a hook hands on for checking."""
    return {
        "url": url,
        "params": params,
        "header": sign(url, params, token=token),
        "auth_token": TOKEN,
    }


def test_what_twilio_signed_is_believed():
    assert verify_signature(**signed(REPORT))
    assert verify_signature(**(signed(REPORT) | {"params": MultiDict(REPORT)}))


@pytest.mark.parametrize(
    "changed",
    [
        {"header": None},
        {"header": ""},
        {"header": "garbage"},
        {"header": "Ünïcode"},
        {"header": ["list"]},
        {"header": "A" * 100_000},
        {"url": URL.replace("https", "http")},
        {"url": URL + "/"},
        {"url": "https://[::1"},
        {"url": "https://notify.kettle.example:port/x"},
        {"params": {**REPORT, "MessageStatus": "failed"}},
        {"params": {}},
        {"params": '{"json": true}'},
        {"params": None},
        {"auth_token": "another"},
        {"auth_token": ""},
        {"auth_token": []},
        {"settings_header": "key=k1,algorithm=HMAC_MD5"},
        {"settings_header": "algorithm=HMAC_SHA256"},
        {"settings_header": "key=unknown,algorithm=HMAC_SHA1"},
        {"settings_header": "key=Ü,,=,algorithm"},
        {"body": b'{"json": true}'},
        {"body": b"\xff\xfe"},
    ],
    ids=str,
)
def test_anything_else_is_refused_and_never_an_error(changed):
    assert verify_signature(**(signed(REPORT) | changed)) is False


def test_the_port_of_the_url_does_not_matter():
    with_port = URL.replace(".example/", ".example:443/")
    assert verify_signature(**(signed(REPORT, url=with_port) | {"url": URL}))


def test_while_the_token_is_changed_the_old_one_is_good_as_well():
    asked = signed(REPORT, token="the old token")
    assert not verify_signature(**asked)
    assert verify_signature(**(asked | {"auth_token": [TOKEN, "the old token"]}))


def test_a_signature_with_a_shared_key_and_sha_256_is_believed():
    text = URL + "".join(name + REPORT[name] for name in sorted(REPORT))
    digest = hmac.new(b"shared secret=", text.encode(), hashlib.sha256).digest()
    asked = {
        "url": URL,
        "params": REPORT,
        "header": base64.b64encode(digest).decode(),
        "auth_token": TOKEN,
        "settings_header": "key=webhooks_key_1,algorithm=HMAC_SHA256",
    }
    keys = ("webhooks_key_0=other", "webhooks_key_1=shared secret=")
    assert verify_signature(**asked, signing_keys=keys)
    assert not verify_signature(**asked, signing_keys=keys[:1])
    assert not verify_signature(**(asked | {"settings_header": None}), signing_keys=keys)


def test_a_json_body_is_believed_only_with_its_digest_in_the_url():
    body = b'{"type": "x"}'
    url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    asked = {"url": url, "params": {}, "header": sign(url, {}, token=TOKEN), "auth_token": TOKEN}
    assert verify_signature(**asked, body=body)
    assert not verify_signature(**asked, body=body + b" ")
    without = {**asked, "url": URL, "header": sign(URL, {}, token=TOKEN)}
    assert verify_signature(**without), "as for an empty form"
    assert not verify_signature(**without, body=body), "whatever stands in it"


@pytest.mark.parametrize(
    ("status", "code", "kind", "blame"),
    [
        ("queued", "", ReceiptKind.ACCEPTED, Blame.NOBODY),
        ("sent", "", ReceiptKind.ACCEPTED, Blame.NOBODY),
        ("delivered", "", ReceiptKind.DELIVERED, Blame.NOBODY),
        ("read", "", ReceiptKind.DELIVERED, Blame.NOBODY),
        ("undelivered", "30003", ReceiptKind.SOFT_BOUNCED, Blame.MAILBOX),
        ("undelivered", "30005", ReceiptKind.BOUNCED, Blame.ADDRESS),
        ("undelivered", "30006", ReceiptKind.BOUNCED, Blame.ADDRESS),
        ("undelivered", "30007", ReceiptKind.FAILED, Blame.POLICY),
        ("undelivered", "30008", ReceiptKind.FAILED, Blame.TRANSPORT),
        ("undelivered", "30034", ReceiptKind.FAILED, Blame.CONFIG),
        ("failed", "21610", ReceiptKind.STOPPED, Blame.OPTED_OUT),
        ("failed", "99999", ReceiptKind.FAILED, Blame.NOBODY),
        ("failed", "", ReceiptKind.FAILED, Blame.NOBODY),
        ("canceled", "", ReceiptKind.FAILED, Blame.NOBODY),
    ],
)
def test_a_report_becomes_a_receipt(status, code, kind, blame):
    params = {**REPORT, "MessageStatus": status, "ErrorCode": code}
    receipt = read_status_callback(params, uid="m1.k3y")
    assert (receipt.kind, receipt.blame) == (kind, blame)
    assert (receipt.uid, receipt.provider_id) == ("m1.k3y", SID)
    assert receipt.event_id == f"{SID}:{status}"
    assert (receipt.address == ANN) is (kind is ReceiptKind.STOPPED)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"MessageStatus": "hacked"}, "MessageStatus"),
        ({"MessageStatus": ""}, "MessageStatus"),
        ({"MessageStatus": "received"}, "MessageStatus"),
        ({"MessageSid": ""}, "MessageSid"),
        ({"MessageSid": "SM1"}, "MessageSid"),
        ({"MessageSid": SID + "B2"}, "MessageSid"),
        ({"MessageStatus": "failed", "ErrorCode": "1e9"}, "ErrorCode"),
        ({"MessageStatus": "failed", "ErrorCode": "21610", "To": "<b>"}, "To"),
    ],
)
def test_a_value_of_a_wrong_shape_is_refused_although_signed(changes, field):
    with pytest.raises(InvalidInput) as refused:
        read_status_callback({**REPORT, **changes})
    assert refused.value.problems[0].field == field


def test_a_path_that_is_not_ours_is_refused():
    with pytest.raises(InvalidInput):
        read_status_callback(REPORT, uid="../m1")


def test_unknown_fields_are_ignored_and_kept_out_of_the_record():
    receipt = read_status_callback({**REPORT, "Evil": "x" * 1000, "From": "+15005550006"})
    assert set(receipt.raw) == {"MessageSid", "MessageStatus"}


@pytest.mark.parametrize(
    ("params", "wish", "answered"),
    [
        ({"Body": " Stop. "}, Wish.STOP, False),
        ({"Body": "pls stop texting me"}, Wish.STOP, False),
        ({"Body": "bus stop?"}, Wish.REVIEW, False),
        ({"Body": "Stop", "OptOutType": "STOP"}, Wish.STOP, True),
        ({"Body": "whatever", "OptOutType": "HELP"}, Wish.HELP, True),
        ({"Body": "hello", "OptOutType": "HACKED"}, Wish.OTHER, False),
        ({}, Wish.OTHER, False),
    ],
)
def test_what_somebody_texts_us_is_read(params, wish, answered):
    text = read_inbound({"MessageSid": SID, "From": ANN, "To": "+15005550006", **params})
    assert (text.wish, text.answered_by_provider) == (wish, answered)
    assert (text.address, text.event_id) == (ANN, SID)


@pytest.mark.parametrize("changes", [{"From": "Eve"}, {"MessageSid": "x"}, {"Body": "a" * 1601}])
def test_what_is_no_sms_is_refused(changes):
    with pytest.raises(InvalidInput):
        read_inbound({"MessageSid": SID, "From": ANN, "To": "+1", "Body": "hi", **changes})


def test_every_code_of_the_table_has_a_meaning_and_a_5xx_is_never_certain():
    for code, verdict in CODES.items():
        assert verdict.meaning
        assert judge_answer(500, code).outcome == "unknown"


class Hook:
    """Our web hook in small: it verifies, reads and notes, as the real one must."""

    def __init__(self) -> None:
        self.receipts: list[Any] = []
        self.inbound: list[Any] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.send_response(hook.take(self.path, body, self.headers))
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, path: str, body: str, headers: Any) -> int:
        params = dict(parse_qsl(body, keep_blank_values=True))
        good = verify_signature(
            url=self.url + path,
            params=params,
            header=headers.get("X-Twilio-Signature"),
            auth_token="phone-network-token",
        )
        if not good:
            return 403
        try:
            if path.startswith("/hooks/twilio/status/"):
                uid = path.rpartition("/")[2]
                self.receipts.append(read_status_callback(params, uid=uid))
            else:
                self.inbound.append(read_inbound(params))
        except InvalidInput:
            return 400
        return 200


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.server.shutdown()
    hook.server.server_close()


def test_reports_and_answers_of_the_network_reach_us_signed(hook: Hook, clock: SettableClock):
    with FakeTwilio(clock=clock, inbound_url=f"{hook.url}/hooks/twilio/inbound") as twilio:
        settings = Settings(
            account_sid=twilio.account_sid,
            auth_token=twilio.auth_token,
            messaging_service_sid=twilio.services[0],
            status_callback_base=hook.url,
            base_url=twilio.url,
        )
        channel = Channel(settings, clock=clock)
        list(channel.send([a_letter()], note=lambda *_: None))
        [text] = twilio.messages
        assert text.callback == status_callback_url(hook.url, "m1.k3y")
        answers = twilio.report_in_order(text, ["delivered", "sent", "delivered", "hacked"])
        assert answers == [200, 200, 200, 400]
        kinds = [receipt.kind for receipt in hook.receipts]
        assert kinds == [ReceiptKind.DELIVERED, ReceiptKind.ACCEPTED, ReceiptKind.DELIVERED]
        assert len({receipt.event_id for receipt in hook.receipts}) == 2
        assert twilio.text_back(ANN, "Stop") == 200
        assert hook.inbound[0].wish is Wish.STOP
        assert hook.inbound[0].answered_by_provider
        twilio.auth_token = "Eve does not know it"
        assert twilio.report(text, "failed") == 403
        assert len(hook.receipts) == 3
        channel.close()

"""The relays that carry mail, as they call back: each makes and signs requests as its vendor does.

    relay = Sendgrid()
    channel["callback_keys"] = [relay.key]
    body, headers = relay.call(relay.event("bounce", name="<…@kettle.example>"), at=clock.now)

`name` is the Message-ID that a mail carried, `own` the name of ours that its header gave the relay,
`relay_id` the relay's own name for it. Payloads have the shape of the vendors' pages, which
the modules in notifier/channels/mail_events name.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

Call = tuple[bytes, dict[str, str]]
ANN = "ann@example.com"
_numbers = itertools.count(1)


def iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Sendgrid:
    """https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event.md"""

    name, path, refusal = "sendgrid", "/hooks/sendgrid", 401

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        self.key = public_der(self._private)

    def event(
        self, what: str, *, name: str = "", own: str = "", relay_id: str = "", **more: Any
    ) -> Any:
        shapes: dict[str, dict[str, Any]] = {
            "accepted": {"event": "processed"},
            "delivered": {"event": "delivered", "response": "250 OK"},
            "delayed": {"event": "deferred", "response": "400 try again later", "attempt": "5"},
            "bounce": {
                "event": "bounce",
                "type": "bounce",
                "status": "5.1.1",
                "reason": "550 5.1.1 The email account that you tried to reach does not exist.",
                "bounce_classification": "Invalid Address",
            },
            "complaint": {"event": "spamreport"},
            "unsubscribe": {"event": "unsubscribe"},
            "opened": {"event": "open", "useragent": "Mozilla/4.0", "ip": "255.255.255.255"},
            "unheard of": {"event": "teleported"},
        }
        event = {
            "email": ANN,
            "timestamp": 1_796_119_200,
            "sg_event_id": f"ZGVsaXZlcmVkLTA{next(_numbers)}",
            "sg_message_id": f"{relay_id or 'r4Nd0m'}.filterdrecv-5645d9c87f-78xgx-1-5F8.0",
        }
        if name:
            event["smtp-id"] = name
        if own:
            event["notifier"] = own
        return {**event, **shapes[what], **more}

    def call(self, *events: Any, at: datetime, body: bytes | None = None) -> Call:
        body = json.dumps(list(events)).encode() if body is None else body
        stamp = str(int(at.timestamp()))
        signature = self._private.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return body, {
            "X-Twilio-Email-Event-Webhook-Signature": b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
            "Content-Type": "application/json",
        }


class Mailgun:
    """https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads"""

    name, path, refusal = "mailgun", "/hooks/mailgun", 401
    key = "1f2e3d4c5b6a79881f2e3d4c5b6a7988"

    def event(
        self, what: str, *, name: str = "", own: str = "", relay_id: str = "", **more: Any
    ) -> Any:
        failed = {
            "event": "failed",
            "severity": "permanent",
            "reason": "bounce",
            "delivery-status": {
                "attempt-no": 1,
                "code": 550,
                "bounce-type": "hard",
                "enhanced-code": "5.1.1",
                "message": "5.1.1 The email account that you tried to reach does not exist.",
                "description": "",
            },
        }
        shapes: dict[str, dict[str, Any]] = {
            "accepted": {"event": "accepted"},
            "delivered": {"event": "delivered", "delivery-status": {"code": 250, "message": "OK"}},
            "delayed": {
                **failed,
                "severity": "temporary",
                "reason": "generic",
                "delivery-status": {"code": 452, "message": "4.2.2 The mailbox is full"},
            },
            "bounce": failed,
            "complaint": {"event": "complained"},
            "unsubscribe": {"event": "unsubscribed"},
            "opened": {"event": "opened", "ip": "50.56.129.169"},
            "unheard of": {"event": "teleported"},
        }
        headers = {"to": ANN, "subject": "It is back", "message-id": name.strip("<>")}
        return {
            "id": f"CPgfbmQMTCKtHW6uIWtuV{next(_numbers)}",
            "timestamp": 1796119200.937601,
            "recipient": ANN,
            "message": {"headers": headers, "size": 867},
            "user-variables": {},
            **shapes[what],
            **more,
        }

    def call(self, event: Any, *, at: datetime, token: str = "", key: str = "") -> Call:
        token = token or hashlib.sha256(str(next(_numbers)).encode()).hexdigest()[:50]
        stamp = str(int(at.timestamp()))
        made = hmac.new((key or self.key).encode(), f"{stamp}{token}".encode(), hashlib.sha256)
        signature = {"timestamp": stamp, "token": token, "signature": made.hexdigest()}
        body = json.dumps({"signature": signature, "event-data": event}).encode()
        return body, {"Content-Type": "application/json"}


class Postmark:
    """https://postmarkapp.com/email-webhooks"""

    name, path, refusal = "postmark", "/hooks/postmark", 401
    key = "olga:a password of some length"

    def event(
        self, what: str, *, name: str = "", own: str = "", relay_id: str = "", **more: Any
    ) -> Any:
        shapes: dict[str, dict[str, Any]] = {
            "delivered": {"RecordType": "Delivery", "DeliveredAt": "2026-12-01T10:00:00Z"},
            "delayed": {"RecordType": "Bounce", "Type": "Transient", "TypeCode": 2},
            "bounce": {
                "RecordType": "Bounce",
                "ID": 42,
                "Type": "HardBounce",
                "TypeCode": 1,
                "Name": "Hard bounce",
                "Details": "smtp;550 5.1.1 The email account that you tried to reach is not there",
                "BouncedAt": "2026-12-01T10:00:00.2735393-04:00",
                "Inactive": True,
            },
            "complaint": {"RecordType": "SpamComplaint", "Type": "SpamComplaint"},
            "unsubscribe": {
                "RecordType": "SubscriptionChange",
                "SuppressSending": True,
                "SuppressionReason": "ManualSuppression",
                "Origin": "Recipient",
                "ChangedAt": "2026-12-01T10:00:00Z",
            },
            "opened": {"RecordType": "Open", "FirstOpen": True},
            "unheard of": {"RecordType": "Teleported"},
        }
        shapes["accepted"] = shapes["delayed"]  # it does not tell of that
        return {
            "ServerID": 23,
            "MessageStream": "outbound",
            "MessageID": relay_id or "883953f4-6105-42a2-a16a-77a8eac79483",
            "Email": ANN,
            "Metadata": {"notifier": own} if own else {},
            **shapes[what],
            **more,
        }

    def call(self, event: Any, *, at: datetime, key: str = "", body: bytes | None = None) -> Call:
        written = b64encode((key or self.key).encode()).decode()
        headers = {"Authorization": f"Basic {written}", "Content-Type": "application/json"}
        return json.dumps(event).encode() if body is None else body, headers


class Ses:
    """https://docs.aws.amazon.com/ses/latest/dg/notification-examples.html, brought by SNS:
    https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html"""

    name, path, refusal = "ses", "/hooks/ses", 403
    key = "arn:aws:sns:eu-west-1:123456789012:kettle-mail"
    host = "https://sns.eu-west-1.amazonaws.com"
    confirm_url = f"{host}/?Action=ConfirmSubscription&TopicArn={key}&Token=2336412f37f"

    def __init__(self, *, at: datetime) -> None:
        self._private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate = self_signed(self._private, at=at)
        mark = hashlib.sha256(self.certificate).hexdigest()[:32]
        self.certificate_url = f"{self.host}/SimpleNotificationService-{mark}.pem"

    def certify(self, *, at: datetime) -> bytes:
        """Another certificate of the same key."""
        return self_signed(self._private, at=at)

    def event(
        self, what: str, *, name: str = "", own: str = "", relay_id: str = "", **more: Any
    ) -> Any:
        number = next(_numbers)
        bounce = {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "reportingMTA": "dns; email.example.com",
            "bouncedRecipients": [
                {
                    "emailAddress": ANN,
                    "status": "5.1.1",
                    "action": "failed",
                    "diagnosticCode": "smtp; 550 5.1.1 <ann@example.com>... User",
                }
            ],
            "timestamp": "2026-12-01T09:59:38.237Z",
            "feedbackId": f"00000138111222aa-{number}",
        }
        complaint = {
            "userAgent": "AnyCompany Feedback Loop (V0.01)",
            "complainedRecipients": [{"emailAddress": ANN}],
            "complaintFeedbackType": "abuse",
            "feedbackId": f"000001378603177f-{number}",
        }
        stop = {"contactList": "all", "newTopicPreferences": {"unsubscribeAll": True}}
        delivery = {"recipients": [ANN], "smtpResponse": "250 ok:  Message 64111812 accepted"}
        shapes: dict[str, dict[str, Any]] = {
            "accepted": {"eventType": "Send", "send": {}},
            "delivered": {"notificationType": "Delivery", "delivery": delivery},
            "delayed": {"eventType": "DeliveryDelay", "deliveryDelay": {"delayType": "General"}},
            "bounce": {"notificationType": "Bounce", "bounce": bounce},
            "complaint": {"notificationType": "Complaint", "complaint": complaint},
            "unsubscribe": {"eventType": "Subscription", "subscription": stop},
            "opened": {"eventType": "Open", "open": {"userAgent": "Mozilla/4.0"}},
            "unheard of": {"eventType": "Teleported"},
        }
        mail: dict[str, Any] = {
            "timestamp": "2026-12-01T09:59:38.237Z",
            "source": "hello@kettle.example",
            "messageId": relay_id or "0102017f2c4b-nobody-000000",
            "destination": [ANN],
        }
        if name:
            mail["headersTruncated"] = False
            mail["headers"] = [{"name": "Message-ID", "value": name}]
            mail["commonHeaders"] = {"from": ["hello@kettle.example"], "messageId": name}
        return {"mail": mail, **shapes[what], **more}

    def call(self, event: Any, *, at: datetime, **changed: Any) -> Call:
        """One notification; `changed` is laid over its fields before it is signed, `after` over
        them when it is."""
        after: Mapping[str, Any] = changed.pop("after", {})
        fields: dict[str, Any] = {
            "Type": "Notification",
            "MessageId": f"22b80b92-fdea-4c2c-8f9d-{next(_numbers):012}",
            "TopicArn": self.key,
            "Subject": "Amazon SES Email Event Notification",
            "Message": event if isinstance(event, str) else json.dumps(event),
            "Timestamp": iso(at),
            "SignatureVersion": "1",
            "SigningCertURL": self.certificate_url,
            "UnsubscribeURL": f"{self.host}/?Action=Unsubscribe",
            **changed,
        }
        fields = {name: value for name, value in fields.items() if value is not None}
        fields["Signature"] = b64encode(self._sign(fields)).decode()
        body = json.dumps({**fields, **after}).encode()
        return body, {"Content-Type": "text/plain; charset=UTF-8"}

    def confirmation(self, *, at: datetime, **changed: Any) -> Call:
        words = "You have chosen to subscribe to the topic."
        given = {
            "Type": "SubscriptionConfirmation",
            "Subject": None,
            "Token": "2336412f37f",
            "SubscribeURL": self.confirm_url,
            **changed,
        }
        return self.call(words, at=at, **given)

    def _sign(self, fields: Mapping[str, Any]) -> bytes:
        of_notification = "Message MessageId Subject Timestamp TopicArn Type"
        of_confirmation = "Message MessageId SubscribeURL Timestamp Token TopicArn Type"
        names = of_notification if fields["Type"] == "Notification" else of_confirmation
        text = "".join(f"{name}\n{fields[name]}\n" for name in names.split() if name in fields)
        digest = hashes.SHA1() if fields["SignatureVersion"] == "1" else hashes.SHA256()
        return self._private.sign(text.encode(), padding.PKCS1v15(), digest)


def public_der(key: ec.EllipticCurvePrivateKey) -> str:
    """The public half, as SendGrid's pages show it."""
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return b64encode(der).decode()


def self_signed(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, at: datetime) -> bytes:
    """A certificate for SNS that is good for a month either side of `at`, as PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=30))
        .not_valid_after(at + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)

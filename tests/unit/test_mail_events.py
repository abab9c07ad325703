"""What do the words of each mail relay mean in ours? (trust 2.1.1, 2.1.2; EM-16)"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from notifier.channels.base import Blame, FormLetter, Letter, Receipt, ReceiptKind
from notifier.channels.mail_events.base import moment_of, name_in, status_in, text_at
from notifier.channels.mail_events.providers import PROVIDERS
from notifier.channels.smtp.checkup import check_server
from notifier.channels.smtp.mime import build_mail
from notifier.channels.smtp.opening import make_tls_context, open_session
from notifier.channels.smtp.settings import Settings
from notifier.errors import ConfigError
from notifier.rendering import shipped_renderer
from notifier.services.write_letters import LetterWriter
from tests.contracts.mail_channel import a_letter
from tests.fakes.mail_relays import Mailgun, Sendgrid, Ses
from tests.fakes.smtp_server import SmtpServer
from tests.letters_world import make_env, make_rows

NOW = datetime(2026, 12, 1, 10, tzinfo=UTC)

ACCEPTED = (ReceiptKind.ACCEPTED, Blame.NOBODY)
BAD = (ReceiptKind.BOUNCED, Blame.ADDRESS)
SOFT = (ReceiptKind.SOFT_BOUNCED, Blame.MAILBOX)
POLICY = (ReceiptKind.FAILED, Blame.POLICY)
CONTENT = (ReceiptKind.FAILED, Blame.CONTENT)
OURS = (ReceiptKind.FAILED, Blame.NOBODY)
LATER = (ReceiptKind.DELAYED, Blame.NOBODY)
COMPLAINT = (ReceiptKind.COMPLAINED, Blame.POLICY)
STOP = (ReceiptKind.STOPPED, Blame.OPTED_OUT)


def read(provider: str, event: Any) -> tuple[Receipt, ...]:
    """The receipts of one event, put into what the provider wraps it in."""
    wrapped: Any = event
    if provider == "sendgrid":
        wrapped = [event]
    elif provider == "mailgun":
        wrapped = {"event-data": event}
    elif provider == "ses":
        wrapped = {"Type": "Notification", "Message": json.dumps({"mail": {}, **event})}
    return PROVIDERS[provider].read(wrapped, at=NOW).receipts


def bounce(sort: str, sub: str, status: str = "", words: str = "") -> dict[str, Any]:
    recipient = {"emailAddress": "ann@example.com", "status": status, "diagnosticCode": words}
    found = {"bounceType": sort, "bounceSubType": sub, "bouncedRecipients": [recipient]}
    return {"notificationType": "Bounce", "bounce": found}


def answered(**report: str) -> dict[str, Any]:
    """A bounce with no more of a delivery report than this."""
    event = bounce("Transient", "General")
    event["bounce"]["bouncedRecipients"] = [{"emailAddress": "ann@example.com", **report}]
    return event


def listed(why: str) -> dict[str, Any]:
    event = {"RecordType": "SubscriptionChange", "SuppressSending": True}
    return {**event, "SuppressionReason": why, "Origin": "Recipient"}


def failed(reason: str, *, code: int = 550, enhanced: str = "", words: str = "") -> dict[str, Any]:
    status = {"code": code, "enhanced-code": enhanced, "message": words}
    event = {"event": "failed", "severity": "permanent", "reason": reason}
    return {**event, "delivery-status": status}


@pytest.mark.parametrize(
    ("provider", "event", "wanted", "code"),
    [
        ("ses", bounce("Permanent", "General", "5.1.1"), [BAD], "5.1.1"),
        ("ses", bounce("Permanent", "General"), [BAD], "Permanent General"),
        ("ses", bounce("Permanent", "General", "5.0.0"), [BAD], "5.0.0"),
        ("ses", bounce("Permanent", "General", "5.2.1"), [BAD], "5.2.1"),
        ("ses", bounce("Permanent", "OnAccountSuppressionList"), [BAD], None),
        ("ses", bounce("Permanent", "Suppressed", "5.1.1"), [BAD], "5.1.1"),
        # the sender or the letter was refused, whatever it is called
        ("ses", bounce("Permanent", "General", "5.7.26", "550 5.7.26 no DMARC"), [POLICY], None),
        ("ses", bounce("Permanent", "General", "5.1.8"), [OURS], "5.1.8"),
        ("ses", bounce("Permanent", "General", "5.2.2"), [SOFT], "5.2.2"),
        ("ses", bounce("Permanent", "UnsubscribedRecipient"), [POLICY, STOP], None),
        ("ses", bounce("Transient", "General", "4.4.7"), [SOFT], "4.4.7"),
        ("ses", bounce("Transient", "General", "5.4.4"), [BAD], "5.4.4"),
        # an answering machine's letter: whoever could not deliver sends a report (RFC 3464)
        ("ses", answered(), [], None),
        ("ses", answered(action="failed"), [SOFT], "Transient General"),
        ("ses", answered(diagnosticCode="smtp; 451 later"), [SOFT], None),
        ("ses", answered(status="4.0.0", action="delayed"), [LATER], "4.0.0"),
        ("ses", bounce("Transient", "MailboxFull"), [SOFT], "5.2.2"),
        ("ses", bounce("Transient", "MessageTooLarge"), [CONTENT], "MessageTooLarge"),
        ("ses", bounce("Transient", "AttachmentRejected"), [CONTENT], "AttachmentRejected"),
        ("ses", bounce("Transient", "ContentRejected"), [CONTENT], "ContentRejected"),
        ("ses", bounce("Undetermined", "Undetermined"), [SOFT], "Undetermined Undetermined"),
        ("ses", {"notificationType": "Bounce"}, [SOFT], ""),
        ("ses", {"notificationType": "Complaint", "complaint": {}}, [COMPLAINT], "complaint"),
        (
            "ses",
            {
                "notificationType": "Complaint",
                "complaint": {"complaintSubType": "OnAccountSuppressionList"},
            },
            [POLICY, STOP],
            None,
        ),
        (
            "ses",
            {"eventType": "Complaint", "complaint": {"complaintFeedbackType": "not-spam"}},
            [],
            None,
        ),
        (
            "ses",
            {"eventType": "Complaint", "complaint": {"complaintFeedbackType": "auth-failure"}},
            [],
            None,
        ),
        ("ses", {"eventType": "Reject", "reject": {"reason": "Bad content"}}, [CONTENT], None),
        ("ses", {"eventType": "Subscription", "subscription": {}}, [], None),
        ("ses", {"eventType": "Rendering Failure"}, [], None),
        ("sendgrid", {"event": "bounce", "type": "bounce", "status": "5.0.0"}, [BAD], "5.0.0"),
        ("sendgrid", {"event": "bounce", "status": "5.2.2"}, [SOFT], "5.2.2"),
        ("sendgrid", {"event": "bounce", "reason": "550 5.7.1 spam"}, [POLICY], "5.7.1"),
        ("sendgrid", {"event": "bounce", "type": "blocked", "status": "5.1.1"}, [POLICY], None),
        (
            "sendgrid",
            {"event": "bounce", "type": "bounce", "bounce_classification": "Reputation"},
            [POLICY],
            "bounce",
        ),
        ("sendgrid", {"event": "dropped", "reason": "Bounced Address"}, [BAD], "dropped"),
        ("sendgrid", {"event": "dropped", "reason": "Invalid"}, [BAD], None),
        ("sendgrid", {"event": "dropped", "reason": "Spam Content"}, [POLICY], None),
        ("sendgrid", {"event": "dropped", "reason": "Unsubscribed Address"}, [POLICY, STOP], None),
        (
            "sendgrid",
            {"event": "dropped", "reason": "Spam Reporting Address"},
            [POLICY, STOP],
            None,
        ),
        ("sendgrid", {"event": "group_unsubscribe"}, [STOP], None),
        ("sendgrid", {"event": "group_resubscribe"}, [], None),
        ("sendgrid", {"event": ["bounce"]}, [], None),
        ("sendgrid", None, [], None),
        ("mailgun", failed("bounce"), [BAD], "bounce"),
        ("mailgun", failed("generic", words="550 5.1.1 No such user"), [BAD], "5.1.1"),
        # no more than "550", and Mailgun does not hold it against the address
        ("mailgun", failed("generic", words="550 rejected as spam"), [SOFT], "generic"),
        ("mailgun", failed("espblock", enhanced="5.7.1"), [POLICY], "5.7.1"),
        ("mailgun", failed("old", code=602), [SOFT], "old"),
        ("mailgun", failed("suppress-bounce", code=605), [BAD], "suppress-bounce"),
        ("mailgun", failed("suppress-complaint", code=607), [POLICY, STOP], None),
        ("mailgun", failed("suppress-unsubscribe", code=606), [POLICY, STOP], None),
        ("mailgun", {**failed("bounce"), "severity": "temporary"}, [LATER], "550"),
        ("mailgun", {"event": "rejected", "reject": {"reason": "Sandbox"}}, [CONTENT], None),
        ("mailgun", {"event": "accepted"}, [ACCEPTED], None),
        ("mailgun", {"event": "clicked"}, [], None),
        ("mailgun", {"event": None}, [], None),
        ("postmark", {"RecordType": "Bounce", "Type": "HardBounce"}, [BAD], "HardBounce"),
        (
            "postmark",
            {"RecordType": "Bounce", "Type": "HardBounce", "Details": "550 5.7.1 blocked"},
            [POLICY],
            "5.7.1",
        ),
        ("postmark", {"RecordType": "Bounce", "Type": "SoftBounce"}, [SOFT], None),
        ("postmark", {"RecordType": "Bounce", "Type": "BadEmailAddress"}, [BAD], None),
        ("postmark", {"RecordType": "Bounce", "Type": "ManuallyDeactivated"}, [BAD], None),
        ("postmark", {"RecordType": "Bounce", "Type": "DnsError"}, [LATER], None),
        ("postmark", {"RecordType": "Bounce", "Type": "Blocked"}, [POLICY], None),
        ("postmark", {"RecordType": "Bounce", "Type": "SpamNotification"}, [POLICY], None),
        ("postmark", {"RecordType": "Bounce", "Type": "VirusNotification"}, [CONTENT], None),
        ("postmark", {"RecordType": "Bounce", "Type": "AutoResponder"}, [], None),
        ("postmark", {"RecordType": "SubscriptionChange", "SuppressSending": False}, [], None),
        ("postmark", {"RecordType": "Bounce", "Type": "SMTPApiError"}, [POLICY], None),
        ("postmark", listed("SpamComplaint"), [COMPLAINT], None),
        ("postmark", listed("ManualSuppression"), [STOP], None),
        # its Bounce says whether it was the address
        ("postmark", listed("HardBounce"), [POLICY], "listed"),
    ],
    ids=lambda value: json.dumps(value)[:70] if isinstance(value, dict) else None,
)
def test_the_relays_words_are_told_in_ours(
    provider: str,
    event: Any,
    wanted: list[tuple[ReceiptKind, Blame]],
    code: str | None,
) -> None:
    found = read(provider, event)
    assert [(one.kind, one.blame) for one in found] == wanted
    assert code is None or found[0].code == code
    assert len({one.event_id for one in found}) == len(found)
    assert all(0 < len(one.event_id) <= 255 for one in found)


@pytest.mark.parametrize(
    ("provider", "event"),
    [
        ("ses", {"eventType": "Send", "mail": {"messageId": "9" * 300}}),
        ("sendgrid", {"event": "delivered", "sg_message_id": "9" * 300, "sg_event_id": "7" * 300}),
        ("postmark", {"RecordType": "Delivery", "MessageID": "9" * 300}),
    ],
)
def test_no_name_of_theirs_is_longer_than_a_database_takes(provider: str, event: Any) -> None:
    [found] = read(provider, event)
    assert (0 < len(found.event_id) <= 255, len(found.provider_id)) == (True, 0)


def test_a_status_is_no_address_and_no_version() -> None:
    assert status_in("", "smtp; 550-5.1.1 The mailbox") == "5.1.1"
    assert status_in("Relay 5.1.1.7 says 550", "#4.4.1#") == "4.4.1"
    assert status_in("550 no code at all") == ""


@pytest.mark.parametrize("message_id", ["<m7.k3y@kettle.example>", "m7.k3y@kettle.example"])
def test_our_name_is_what_stands_before_the_at(message_id: str) -> None:
    assert name_in(message_id) == "m7.k3y"


def test_times_are_read_as_each_relay_writes_them() -> None:
    at = datetime(2026, 12, 1, 14, 0, 0, 273539, tzinfo=UTC)
    assert moment_of("2026-12-01T10:00:00.2735393-04:00") == at
    assert moment_of("2026-12-01T14:00:00.273539Z") == at
    assert moment_of("1796133600.273539") == at
    assert [moment_of(text) for text in ("", "yesterday", "9" * 20, "-1")] == [None] * 4


def test_no_text_of_theirs_breaks_a_database() -> None:
    value = json.loads('{"a": {"b": "x\\u0000\\ud800"}, "n": 7, "t": true, "l": ["x"]}')
    assert text_at(value, "a", "b") == "x?"
    assert [text_at(value, name) for name in ("n", "t", "l", "a", "gone")] == ["7", "", "", "", ""]


def mail_settings(**given: Any) -> Settings:
    given = {"host": "mail.example", "from_address": "Kettle <hello@kettle.example>", **given}
    return Settings(**given)


@pytest.mark.parametrize(
    ("provider", "keys", "words"),
    [
        ("", ["a key of nobody's, alas"], "provider: callback_keys are those of a provider"),
        ("sendgrid", ["not base64!"], "number 1 of sendgrid: this is not the verification key"),
        ("sendgrid", [Sendgrid().key, "AAAA"], "number 2 of sendgrid"),
        ("ses", ["arn:aws:sqs:eu-west-1:123456789012:queue"], "number 1 of ses: write the topic"),
        ("mailgun", ["short"], "HTTP webhook signing key"),
        ("postmark", "olga:tea", "20 characters or more"),
    ],
)
def test_a_key_that_cannot_be_one_is_refused(provider: str, keys: Any, words: str) -> None:
    keys = tuple(keys) if isinstance(keys, list) else keys
    with pytest.raises(ConfigError, match=words) as refused:
        mail_settings(provider=provider, callback_keys=keys)
    assert "olga:tea" not in str(refused.value)


def test_the_check_says_by_how_many_keys_a_relay_is_believed() -> None:
    with SmtpServer() as server:

        def said(**given: Any) -> list[tuple[str, str]]:
            mail = mail_settings(host=server.host, port=server.port, security="none", **given)
            found = check_server(mail, open_session=lambda: _open(mail), secret=b"")
            return [(one.level, one.message) for one in found if one.about == "callbacks"]

        assert said() == []
        [(level, words)] = said(provider="ses", callback_keys=Ses.key)
        assert (level, words) == ("ok", "ses is believed at /hooks/ses by 1 key.")
        [(level, words)] = said(provider="mailgun", callback_keys=(Mailgun.key, Mailgun.key[::-1]))
        assert (level, words) == ("ok", "mailgun is believed at /hooks/mailgun by 2 keys.")
        [(level, words)] = said(provider="mailgun")
        assert (level, "no key is set" in words) == ("warn", True)


def _open(settings: Settings) -> Any:
    return open_session(settings, tls_context=make_tls_context(settings))


@pytest.mark.parametrize(
    ("provider", "header", "value"),
    [
        ("postmark", "X-PM-Metadata-notifier", "{uid}"),
        ("sendgrid", "X-SMTPAPI", '{{"unique_args":{{"notifier":"{uid}"}}}}'),
        ("ses", None, None),
        ("", None, None),
    ],
)
def test_a_letter_tells_its_relay_our_name_where_the_message_id_does_not(
    provider: str, header: str | None, value: str | None
) -> None:
    sent = a_letter()
    mails = [
        build_mail(sent, settings=mail_settings(provider=one), secret=b"x" * 32, now=NOW).content
        for one in (provider, "")
    ]
    named = f"{header}: {value.format(uid=sent.uid)}\r\n".encode() if value else b""
    assert mails[0].replace(named, b"") == mails[1]
    assert mails[0].count(named) == 1 or not named


@pytest.mark.parametrize("provider", ["postmark", "sendgrid"])
def test_letters_on_a_form_tell_it_as_those_written_in_full(provider: str) -> None:
    messages, batch = make_rows("back_in_stock", count=12)
    written = LetterWriter(make_env(), shipped_renderer()).write(messages, batch).letters
    settings = mail_settings(provider=provider)
    on_forms = [one for one in written if isinstance(one, FormLetter)]
    assert len(on_forms) > 1  # the first is written both ways
    for one in on_forms:
        plain = Letter(**{field.name: getattr(one, field.name) for field in fields(Letter)})
        on_form, whole = (
            build_mail(sent, settings=settings, secret=b"x" * 32, now=NOW) for sent in (one, plain)
        )
        assert on_form.content == whole.content
        assert on_form._wire is not None  # it was put together from its form
        assert on_form.content.count(one.uid.encode()) == whole.content.count(one.uid.encode()) == 2

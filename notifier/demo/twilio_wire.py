"""What do Twilio's answers look like on the wire?

Shapes and error codes of the REST API (2010-04-01) and of Messaging v1, as in Twilio's OpenAPI
files and https://www.twilio.com/docs/api/errors. Pure functions from records to JSON.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

__all__ = [
    "API",
    "Answer",
    "Asked",
    "SentText",
    "account_json",
    "error",
    "number_json",
    "pool_number_json",
    "service_json",
    "short_code_json",
    "sign",
    "text_json",
    "usage_json",
]

API = "/2010-04-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came in. `login` is Basic authentication's user and password."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    login: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back. `None` as body means the connection is cut instead."""

    status: int
    body: dict[str, Any] | str | None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class SentText:
    """One SMS in the network's books: sent by the account or, if `direction` says so, to it."""

    sid: str
    to: str
    sender: str
    body: str
    status: str
    created_at: datetime
    service_sid: str = ""
    segments: int = 1
    callback: str = ""
    validity: int = 36000
    sent_at: datetime | None = None
    error_code: int | None = None
    history: list[str] = field(default_factory=list)
    direction: str = "outbound-api"  # or inbound


def sign(url: str, params: Mapping[str, str], *, token: str) -> str:
    """X-Twilio-Signature: HMAC-SHA1 over the URL and the sorted parameters, in base64.

    https://www.twilio.com/docs/usage/security#validating-requests
    """
    text = url + "".join(name + params[name] for name in sorted(params))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def error(status: int, code: int, message: str, *, headers: dict[str, str] | None = None) -> Answer:
    body = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Answer(status=status, body=body, headers=headers or {})


def text_json(text: SentText, *, account: str) -> dict[str, Any]:
    path = f"{API}/Accounts/{account}/Messages/{text.sid}"
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": text.body,
        "date_created": _rfc2822(text.created_at),
        "date_sent": _rfc2822(text.sent_at),
        "date_updated": _rfc2822(text.sent_at or text.created_at),
        "direction": text.direction,
        "error_code": text.error_code,
        "error_message": None,
        "from": text.sender or None,
        "messaging_service_sid": text.service_sid or None,
        "num_media": "0",
        # A service has not chosen its sender yet, so it does not know.
        "num_segments": "0" if text.status == "accepted" else str(text.segments),
        "price": None,
        "price_unit": "USD",
        "sid": text.sid,
        "status": text.status,
        "subresource_uris": {"media": f"{path}/Media.json"},
        "to": text.to,
        "uri": f"{path}.json",
    }


def account_json(account: str, *, status: str, kind: str) -> dict[str, Any]:
    return {
        "sid": account,
        "friendly_name": "Phone network",
        "status": status,
        "type": kind,
        "owner_account_sid": account,
        "uri": f"{API}/Accounts/{account}.json",
    }


def number_json(number: str, *, sms: bool, inbound_url: str) -> dict[str, Any]:
    """A number of the account. Its SID is made from its digits."""
    return {
        "sid": f"PN{number[1:]:0>32}",
        "phone_number": number,
        "friendly_name": number,
        "capabilities": {"voice": True, "sms": sms, "mms": False, "fax": False},
        "sms_url": inbound_url,
        "sms_method": "POST",
    }


def pool_number_json(number: str, *, account: str, service: str) -> dict[str, Any]:
    """A number in a Messaging Service's sender pool."""
    sid = number_json(number, sms=True, inbound_url="")["sid"]
    return {
        "sid": sid,
        "account_sid": account,
        "service_sid": service,
        "phone_number": number,
        "country_code": "US",
        "capabilities": ["SMS"],
        "url": f"https://messaging.twilio.com/v1/Services/{service}/PhoneNumbers/{sid}",
    }


def short_code_json(code: str, *, account: str, service: str) -> dict[str, Any]:
    """A short code in a Messaging Service's sender pool. Its SID is made from its digits."""
    sid = f"SC{code:0>32}"
    return {
        "sid": sid,
        "account_sid": account,
        "service_sid": service,
        "short_code": code,
        "country_code": "US",
        "capabilities": ["SMS"],
        "url": f"https://messaging.twilio.com/v1/Services/{service}/ShortCodes/{sid}",
    }


def service_json(sid: str, *, account: str, inbound_url: str, registered: bool) -> dict[str, Any]:
    """A Messaging Service (messaging.twilio.com/v1)."""
    return {
        "sid": sid,
        "account_sid": account,
        "friendly_name": "Stock alerts",
        "inbound_request_url": inbound_url or None,
        "inbound_method": "POST",
        "status_callback": None,
        "smart_encoding": True,
        "sticky_sender": True,
        "validity_period": 36000,
        "usecase": "notifications",
        "us_app_to_person_registered": registered,
        "use_inbound_webhook_on_number": False,
        "url": f"https://messaging.twilio.com/v1/Services/{sid}",
    }


def usage_json(account: str, *, segments: int, price: float, day: str) -> dict[str, Any]:
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "category": "sms-outbound",
        "count": str(segments),
        "count_unit": "segments",
        "description": "Outbound SMS",
        "end_date": day,
        "price": price,
        "price_unit": "usd",
        "start_date": day,
        "usage": str(segments),
        "usage_unit": "messages",
    }


def _rfc2822(at: datetime | None) -> str | None:
    return None if at is None else format_datetime(at.astimezone(UTC))

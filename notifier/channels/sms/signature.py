"""Did Twilio sign this request?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from notifier.channels.sms.wire import UNREADABLE

__all__ = ["verify_signature"]


def verify_signature(
    *,
    url: str,
    params: Mapping[str, Any],
    header: str | None,
    auth_token: str | Sequence[str],
    body: bytes | str | None = None,
    settings_header: str | None = None,
    signing_keys: Sequence[str] = (),
) -> bool:
    """Whether Twilio signed this request. Never raises.

    `url` is the public URL as Twilio was given it, not what a proxy made of it. `params` are the
    form fields (werkzeug's MultiDict serves). `header` is X-Twilio-Signature, `settings_header`
    X-Twilio-Webhooks-Signature-Settings, which names a shared key of `signing_keys` (`id=secret`).
    `auth_token`: one, or several while they are changed. `body`: of a JSON request; it is covered
    only when the URL carries bodySHA256.
    https://www.twilio.com/docs/usage/security#validating-requests
    """
    from twilio.request_validator import RequestValidator, get_signature_algorithm

    if not isinstance(header, str) or not header or not header.isascii():
        return False
    tokens = [auth_token] if isinstance(auth_token, str) else list(auth_token)
    key_id = _named(settings_header, "key")
    if key_id:
        pairs = (key.partition("=") for key in signing_keys)
        tokens = [secret for name, _, secret in pairs if name == key_id]
    try:
        algorithm = get_signature_algorithm(settings_header)
        signed = body.decode() if isinstance(body, bytes) else body
        if signed is not None and "bodySHA256=" not in url:
            return False
        covered = params if signed is None else signed
        return any(
            RequestValidator(token).validate(url, covered, header, algorithm)
            for token in tokens
            if token
        )
    except UNREADABLE:
        return False  # an unreadable URL, body or field: nothing Twilio would have signed


def _named(header: str | None, name: str) -> str:
    """The value of `name=` in a header of comma-separated pairs."""
    for part in (header or "").split(","):
        found, _, value = part.strip().partition("=")
        if found == name:
            return value
    return ""

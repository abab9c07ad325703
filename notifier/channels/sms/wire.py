"""How does a request get to Twilio, and may it have arrived when no answer came?

Stands in for the HTTP client of Twilio's library, whose own has no timeout by default. Connections
are kept open. With `base_url` set (demo, tests) everything goes there instead of *.twilio.com.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2

from notifier.errors import LookFailed

__all__ = [
    "UNREADABLE",
    "TwilioAnswer",
    "TwilioHttp",
    "is_bad_certificate",
    "not_told",
    "was_never_sent",
]

# Raised before the first byte of the request itself is written.
_BEFORE = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)

# What Twilio's library lets through when a success has no JSON, or JSON of another shape.
UNREADABLE = (ValueError, TypeError, AttributeError, KeyError)


@dataclass(slots=True, kw_only=True)
class TwilioAnswer:
    """What Twilio's library reads of an answer."""

    status_code: int
    text: str
    headers: Mapping[str, str]
    cached: bool = False

    @property
    def content(self) -> str:
        return self.text

    @property
    def ok(self) -> bool:
        return self.status_code < 400


class TwilioHttp:
    """The HTTP client that is handed to `twilio.rest.Client`. Times in seconds."""

    is_async = False

    def __init__(self, *, base_url: str, connect_timeout: float, read_timeout: float) -> None:
        # Its INFO line names every URL, and the URL of a list names the number it is about.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        self.last_headers: Mapping[str, str] = {}
        self._base_url = base_url.rstrip("/")
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(read_timeout, connect=connect_timeout),
            trust_env=not base_url,
            follow_redirects=False,
        )

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> TwilioAnswer:
        """One request, tried once. Raises httpx2.TransportError."""
        self.last_headers = {}
        answer = self._client.request(
            method,
            self._rewritten(url),
            params=dict(params) if params else None,
            data=dict(data) if data else None,
            headers=dict(headers or {}),
            auth=auth,
        )
        self.last_headers = answer.headers
        return TwilioAnswer(
            status_code=answer.status_code, text=answer.text, headers=answer.headers
        )

    def close(self) -> None:
        self._client.close()

    def _rewritten(self, url: str) -> str:
        if not self._base_url:
            return url
        parts = urlsplit(url)
        return f"{self._base_url}{parts.path}{'?' if parts.query else ''}{parts.query}"


def was_never_sent(error: httpx2.TransportError) -> bool:
    """Whether the request surely did not reach Twilio. All other failures are ambiguous."""
    return isinstance(error, _BEFORE)


def is_bad_certificate(error: BaseException | None) -> bool:
    """Whether somebody else answers in Twilio's place, or our authorities are out of date."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def not_told(problem: Exception, *, retry_after: timedelta | None = None) -> LookFailed:
    """What went wrong when Twilio was asked something. `code` is `twilio` and its number,
    `no_answer` or `unreadable`."""
    if isinstance(problem, httpx2.RequestError):
        said = f"Twilio does not answer: {type(problem).__name__}: {problem}"
        return LookFailed("no_answer", said[:500])
    # the list calls of Twilio's library put the answer into the second argument
    answer = problem.args[1] if len(problem.args) > 1 else None
    status = getattr(problem, "status", 0) or getattr(answer, "status_code", 0)
    if not status:
        return LookFailed("unreadable", f"Twilio's answer cannot be read: {problem}"[:500])
    code = getattr(problem, "code", 0) or status
    words = getattr(problem, "msg", "") or getattr(problem, "title", "") or problem.args[:1]
    said = f"Twilio answered {status} ({code}): {words}"
    return LookFailed(f"twilio {code}", said[:500], retry_after=retry_after)

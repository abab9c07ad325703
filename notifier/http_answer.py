"""How is an answer from outside read: its body, its headers and dates, its refusal?

The body is counted after unpacking. What is shown to people is one short printable line.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import IO

import httpx2

from notifier.domain.inflate import SizeLimits, inflate
from notifier.errors import LookFailed
from notifier.http_gate import OutboundFailed

EXCERPT = 1024  # octets of an answer that are read to say what is wrong
_LARGEST_UNREAD = 16 * 1024 * 1024  # octets of an answer of which only the excerpt is wanted
_ADVICE = {
    401: "Check user, password or token.",
    403: "Access is refused; ask the shop to let this program in.",
    404: "Check the address.",
    429: "It is asked too often; a longer interval helps.",
}


def plain_headers(response: httpx2.Response) -> dict[str, str]:
    """By lower-case names."""
    return {name.lower(): value for name, value in response.headers.items()}


def read_body(response: httpx2.Response, into: IO[bytes], *, limits: SizeLimits) -> tuple[int, str]:
    """Unpack the body into a file, left at its start; its octets and its SHA-256 in hex."""
    digest = hashlib.sha256()
    size = 0
    for piece in inflate(response.iter_raw(), encoding=_encoding(response), limits=limits):
        digest.update(piece)
        into.write(piece)
        size += len(piece)
    into.seek(0)
    return size, digest.hexdigest()


def read_excerpt(response: httpx2.Response) -> bytes:
    """The first kilobyte of the answer; a broken or packed rest does not matter here."""
    limits = SizeLimits(max_bytes=_LARGEST_UNREAD)
    got = b""
    try:
        for piece in inflate(response.iter_raw(), encoding=_encoding(response), limits=limits):
            got += piece
            if len(got) >= EXCERPT:
                break
    except (httpx2.TransportError, LookFailed) as trouble:
        got += f" [the rest could not be read: {type(trouble).__name__}]".encode()
    return got[:EXCERPT]


def refusal(
    response: httpx2.Response, url: str, *, retry_after: timedelta | None
) -> OutboundFailed:
    """What an answer that is not 2xx means, and what to do."""
    said = printable(read_excerpt(response))
    status = response.status_code
    message = f"{url} answered {status}. {_ADVICE.get(status, '')}".rstrip()
    return OutboundFailed(
        f"http_{status}",
        f"{message} It said: {said}" if said else message,
        retry_after=retry_after,
        sent=True,
        status=status,
    )


def read_retry_after(text: str, *, now: datetime) -> timedelta | None:
    """Retry-After (RFC 9110, 10.2.3): seconds or a date; None when absent or unreadable."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 366 * 86_400))
    at = read_http_date(text)
    return None if at is None else max(at - now, timedelta(0))


def read_http_date(text: str) -> datetime | None:
    """An HTTP date (RFC 9110, 5.6.7) as an aware instant; None when absent or unreadable."""
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def printable(body: bytes, *, limit: int = 200) -> str:
    """The first `limit` printable characters: all that is ever shown of a foreign answer."""
    text = " ".join(body.decode("utf-8", "replace").split())
    return "".join(c for c in text if c.isprintable())[:limit]


def _encoding(response: httpx2.Response) -> str:
    return str(response.headers.get("content-encoding", "")).strip().lower()

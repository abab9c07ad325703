"""How does the program fetch and post to URLs that merchants typed in?

Every connection goes through the gate of http_gate.py, with the original Host and TLS name.
Redirects are followed by hand, each hop checked anew. The whole exchange has one deadline, the
body one limit counted after unpacking. No cookies, no proxies from the environment, no netrc.
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO, cast
from urllib.parse import urljoin

import httpcore2
import httpx2

from notifier import __version__
from notifier.clock import Clock, system_clock
from notifier.domain.inflate import SizeLimits
from notifier.domain.outbound import Target, UrlRules, read_target
from notifier.errors import InvalidInput
from notifier.http_answer import (
    plain_headers,
    printable,
    read_body,
    read_excerpt,
    read_http_date,
    read_retry_after,
    refusal,
)
from notifier.http_gate import Gate, OutboundFailed, Resolve, system_resolve, translated

__all__ = [
    "Fetched",
    "Limits",
    "Outbound",
    "OutboundFailed",
    "Posted",
    "Resolve",
]

USER_AGENT = f"notifier/{__version__} (self-hosted back-in-stock notices)"
_SPOOL = 2 * 1024 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds for the connection and for the whole exchange; bytes of body after unpacking."""

    connect: float = 3.0
    total: float = 20.0
    max_bytes: int = 20 * 1024 * 1024
    max_ratio: int = 100
    max_redirects: int = 3


@dataclass(slots=True, kw_only=True)
class Fetched:
    """A good answer to a GET. `body` is a seekable temporary file at its start; close it.

    `headers` have lower-case names. `not_modified`: the source answered 304, the body is empty.
    `url` is where the answer came from, after redirects. `digest` is SHA-256 of the body, in hex.
    """

    url: str
    status: int
    headers: dict[str, str]
    body: IO[bytes]
    size: int = 0
    digest: str = ""
    not_modified: bool = False

    @property
    def etag(self) -> str:
        return self.headers.get("etag", "")

    @property
    def last_modified(self) -> str:
        return self.headers.get("last-modified", "")

    @property
    def last_modified_at(self) -> datetime | None:
        return read_http_date(self.last_modified)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def __enter__(self) -> Fetched:
        return self

    def __exit__(self, *_: object) -> None:
        self.body.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """Any answer to a POST, good or bad. `body` is at most its first kilobyte."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    retry_after: timedelta | None = None

    @property
    def excerpt(self) -> str:
        return printable(self.body)


class Outbound:
    """Makes outgoing requests under the rules above. May be shared between threads.

    `allow_private` is for development, demo and tests; `allow_http` permits unencrypted URLs.
    `resolve` turns host and port into addresses (tests give their own); `ca_file` adds the
    certificate a self-signed server is pinned to.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        allow_http: bool = False,
        limits: Limits | None = None,
        resolve: Resolve | None = None,
        ca_file: str = "",
        user_agent: str = USER_AGENT,
        clock: Clock = system_clock,
    ) -> None:
        self._rules = UrlRules(allow_private=allow_private, allow_http=allow_http)
        self._limits = limits or Limits()
        self._user_agent = user_agent
        self._clock = clock
        self._gate = Gate(resolve or system_resolve, allow_private=allow_private)
        tls = _tls_context(ca_file)
        self._transport = httpx2.HTTPTransport(verify=tls, trust_env=False)
        # httpx2 has no argument for the network back end; its pool has one.
        self._transport._pool = httpcore2.ConnectionPool(
            ssl_context=tls,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=self._gate,
        )

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        etag: str = "",
        last_modified: str = "",
        limits: Limits | None = None,
    ) -> Fetched:
        """The answer to a GET: a 2xx with its body, or a 304 when `etag`/`last_modified` held.

        `headers` may carry secrets: they are dropped when a redirect leaves the origin.
        Raises OutboundFailed with code `bad_url`, `private_address`, `dns`, `connect`, `tls`,
        `timeout`, `too_big`, `bomb`, `truncated`, `protocol`, `too_many_redirects`, `http_<n>`.
        """
        limits = limits or self._limits
        asked = {"If-None-Match": etag} if etag else {}
        if last_modified:
            asked["If-Modified-Since"] = last_modified
        own = dict(headers or {})
        target = self._target(url)
        with self._gate.deadline(limits.total), translated(url):
            for _ in range(limits.max_redirects + 1):
                response = self._send("GET", target, headers={**asked, **own}, limits=limits)
                with closing(response):
                    if response.status_code not in _REDIRECTS:
                        return self._fetched(response, target, limits)
                    onward = self._target(_next_url(response, target))
                if onward.origin != target.origin:
                    own = {}
                target = onward
        raise OutboundFailed(
            "too_many_redirects",
            f"{url} redirects more than {limits.max_redirects} times. Give the final URL.",
        )

    def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        limits: Limits | None = None,
    ) -> Posted:
        """The answer to one POST, whatever its status. Redirects are not followed.

        Raises OutboundFailed when there was no answer; its `sent` says whether the body may have
        arrived all the same.
        """
        limits = limits or self._limits
        target = self._target(url)
        with self._gate.deadline(limits.total), translated(url):
            response = self._send("POST", target, headers=headers or {}, limits=limits, body=body)
            with closing(response):
                return Posted(
                    status=response.status_code,
                    headers=plain_headers(response),
                    body=read_excerpt(response),
                    retry_after=self._retry_after(response),
                )

    def close(self) -> None:
        """Let go of kept connections."""
        self._transport.close()

    def _target(self, url: str) -> Target:
        try:
            return read_target(url, rules=self._rules)
        except InvalidInput as trouble:
            raise OutboundFailed("bad_url", trouble.problems[0].message) from trouble

    def _send(
        self,
        method: str,
        target: Target,
        *,
        headers: Mapping[str, str],
        limits: Limits,
        body: bytes | None = None,
    ) -> httpx2.Response:
        base = {"User-Agent": self._user_agent, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
        timeout = {"connect": limits.connect, "read": limits.total, "write": limits.total}
        try:
            request = httpx2.Request(
                method,
                target.url,
                headers={**base, **headers},
                content=body,
                extensions={"timeout": {**timeout, "pool": limits.total}},
            )
        except (httpx2.InvalidURL, ValueError) as trouble:
            raise OutboundFailed(
                "bad_url", f"{target.url} cannot be asked: {trouble}."
            ) from trouble
        return self._transport.handle_request(request)

    def _fetched(self, response: httpx2.Response, target: Target, limits: Limits) -> Fetched:
        status, headers = response.status_code, plain_headers(response)
        # Whoever gets the Fetched closes it.
        body = cast("IO[bytes]", tempfile.SpooledTemporaryFile(max_size=_SPOOL))  # noqa: SIM115
        fetched = Fetched(url=target.url, status=status, headers=headers, body=body)
        if status == 304:
            fetched.not_modified = True
            return fetched
        try:
            if not 200 <= status < 300:
                raise refusal(response, target.url, retry_after=self._retry_after(response))
            sizes = SizeLimits(max_bytes=limits.max_bytes, max_ratio=limits.max_ratio)
            fetched.size, fetched.digest = read_body(response, body, limits=sizes)
        except BaseException:
            body.close()
            raise
        return fetched

    def _retry_after(self, response: httpx2.Response) -> timedelta | None:
        return read_retry_after(response.headers.get("retry-after", ""), now=self._clock())


def _tls_context(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as trouble:
        raise OutboundFailed(
            "ca_file", f"The certificates in {ca_file!r} cannot be read: {trouble}."
        ) from trouble


def _next_url(response: httpx2.Response, target: Target) -> str:
    location = response.headers.get("location", "")
    if not location:
        raise OutboundFailed("protocol", f"{target.url} redirects without saying where.", sent=True)
    return urljoin(target.url, location)

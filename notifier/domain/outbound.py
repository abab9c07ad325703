"""Which URLs and addresses may this program call on a merchant's word?

A merchant types feed and webhook URLs, so each is a way to make our server knock on doors inside
its own network (SSRF). The rules follow the OWASP SSRF cheat sheet and ASVS 5.0, 1.3.6 and
15.3.2. `ipaddress.is_global` alone is not enough: it is True for multicast, and for IPv6 forms
that carry a private IPv4 address (NAT64, 6to4, v4-compatible), so those are unwrapped first.
"""

from __future__ import annotations

import ipaddress
import unicodedata
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from notifier.errors import InvalidInput

ALLOWED_PORTS = frozenset({80, 443, 8443})
_DEFAULT_PORT = {"http": 80, "https": 443}
_PRIVATE_SUFFIXES = (
    "localhost", "local", "internal", "intranet", "lan", "corp", "home", "private",
    "home.arpa", "invalid", "onion", "alt",
)  # fmt: skip
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_V4_COMPATIBLE = ipaddress.ip_network("::/96")


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlRules:
    """What an outgoing URL may look like.

    `allow_private` is the switch for development, demo and tests: any port, any address, plain
    http, IP literals. `allow_http` is the shop's wish to read an unencrypted feed.
    """

    allow_private: bool = False
    allow_http: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL that passed the rules, taken apart. `host` is lower-case, without brackets."""

    url: str
    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


def read_target(url: str, *, rules: UrlRules, field: str = "url") -> Target:
    """`url` as a Target, or InvalidInput that says which rule it breaks and what to do."""
    parts = _split(url, field)
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORT:
        raise _bad(field, "bad_scheme", url, "must start with https://")
    if scheme == "http" and not (rules.allow_http or rules.allow_private):
        raise _bad(field, "not_https", url, "must use https; plain http must be allowed first")
    if "@" in parts.netloc:
        raise _bad(field, "userinfo", url, "must not hold a user or password; use the settings")
    if parts.fragment or "#" in url:
        raise _bad(field, "fragment", url, "must not hold a fragment (#…)")
    host = unicodedata.normalize("NFKC", parts.hostname or "").lower().rstrip(".")
    try:
        port = parts.port or _DEFAULT_PORT[scheme]
    except ValueError as trouble:
        raise _bad(field, "bad_port", url, "has a port that is not a number") from trouble
    _check_host(host, url=url, field=field, rules=rules)
    if port not in ALLOWED_PORTS and not rules.allow_private:
        raise _bad(field, "bad_port", url, f"uses port {port}; allowed are 443, 8443 and 80")
    return Target(url=url, scheme=scheme, host=host, port=port)


def why_not_dial(address: str) -> str:
    """Why this IP address must not be connected to; empty when it is a public one."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return f"{address!r} is not an IP address"
    inner = _unwrap(ip)
    public = (
        inner.is_global
        and not inner.is_multicast
        and not inner.is_reserved
        and not inner.is_unspecified
        and not getattr(inner, "is_site_local", False)
    )
    return "" if public else f"{address} is not a public address"


def _split(url: str, field: str) -> SplitResult:
    if not url or len(url) > 2000:
        raise _bad(field, "bad_url", url, "must have between 1 and 2000 characters")
    if "\\" in url or any(ord(c) <= 32 or ord(c) == 127 for c in url):
        raise _bad(field, "bad_url", url, "holds a space, a backslash or a control character")
    try:
        return urlsplit(url)
    except ValueError as trouble:
        raise _bad(field, "bad_url", url, f"cannot be read as a URL ({trouble})") from trouble


def _check_host(host: str, *, url: str, field: str, rules: UrlRules) -> None:
    if not host:
        raise _bad(field, "no_host", url, "names no host")
    literal = _as_literal(host)
    if rules.allow_private:
        return
    if literal is not None:
        reason = why_not_dial(str(literal)) or f"{host} is an IP address"
        raise _bad(field, "ip_address", url, f"must name a host: {reason}")
    last = host.rsplit(".", 1)[-1]
    if last.isdigit() or last.startswith("0x") or "%" in host or ":" in host:
        # getaddrinfo reads 2130706433, 0x7f000001, 0177.0.0.1 and 127.1 as loopback.
        raise _bad(field, "ip_address", url, f"must name a host, {host!r} reads as an address")
    if "." not in host or any(host == s or host.endswith("." + s) for s in _PRIVATE_SUFFIXES):
        raise _bad(field, "private_host", url, f"must name a public host, {host!r} is not one")


def _as_literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _unwrap(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip in _NAT64 or (ip in _V4_COMPATIBLE and int(ip) > 1):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def _bad(field: str, code: str, url: str, message: str) -> InvalidInput:
    shown = "".join(c if c.isprintable() else "?" for c in url[:200])
    return InvalidInput.of(field, code, f"The URL {shown!r} {message}.")

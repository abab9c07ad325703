"""Which mailbox is meant, and how is it written so that no mail server misreads it?

Only ASCII mailboxes (no SMTPUTF8). A domain with other letters is written as IDNA A-labels, in the
envelope and in headers alike: an encoded-word inside an address is invalid (RFC 2047 5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import idna

__all__ = ["BadAddress", "Mailbox", "parse_mailbox", "to_ascii_address", "to_ascii_domain"]

# RFC 5321 4.1.2 Dot-string. Quoted local parts are refused at sign-up already.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NAMED = re.compile(r"\s*(?P<name>.*?)\s*<\s*(?P<address>[^<>]*?)\s*>\s*", re.DOTALL)


class BadAddress(ValueError):
    """This text is no address that a letter could be sent to. The message says why."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name for people (any letters, may be empty) and an ASCII address."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@lru_cache(maxsize=256)
def parse_mailbox(text: str) -> Mailbox:
    """Read `Kettle & Co <hello@kettle.example>` or a bare address. Raises BadAddress."""
    match = _NAMED.fullmatch(text)
    if match is None:
        return Mailbox("", to_ascii_address(text.strip(" ")))
    name = match["name"]
    if len(name) >= 2 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return Mailbox(name, to_ascii_address(match["address"]))


def to_ascii_address(address: str) -> str:
    """The address with its domain as A-labels, its local part untouched. Raises BadAddress."""
    local, at, domain = address.rpartition("@")
    if not at:
        raise BadAddress(f"{address[:100]!r} has no @. Write name@domain.example.")
    if not local.isascii():
        raise BadAddress(
            f"{address[:100]!r} has letters other than ASCII before the @, which is not supported."
        )
    if len(local) > 64 or not _LOCAL.fullmatch(local):
        raise BadAddress(
            f"{address[:100]!r} is not an address we can write to; check before the @."
        )
    ascii_address = f"{local}@{to_ascii_domain(domain)}"
    if len(ascii_address) > 254:
        raise BadAddress(f"{address[:100]!r}… is longer than 254 characters.")
    return ascii_address


@lru_cache(maxsize=4096)
def to_ascii_domain(domain: str) -> str:
    """The domain in lower case and as A-labels (IDNA 2008 after UTS 46). Raises BadAddress."""
    lower = domain.lower()
    if not lower.isascii():
        try:
            lower = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise BadAddress(f"{domain[:100]!r} is not a domain: {error}") from error
    labels = lower.split(".")
    if len(lower) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadAddress(f"{domain[:100]!r} is not a domain. Write shop.example.")
    return lower

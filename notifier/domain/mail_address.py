"""Is this a mail address we can write to, and in which one form do we keep it?

Two spellings of one mailbox (case, outer blanks, full-width letters, Unicode domain) give one
`address`, so that a person is one person in the lists, the limits and the erase command.
No DNS is asked: a shop's sign-up form must answer at once and tell strangers nothing.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from notifier.errors import InvalidInput

__all__ = ["MailAddress", "is_role_account", "mask_email", "normalise_email"]

LONGEST = 254  # RFC 5321 4.5.3.1.3: a path is 256 octets with its angle brackets
LONGEST_TYPED = 1000  # beyond this nothing is parsed at all

# Read by the people who run a domain (RFC 2142) or by nobody. Never a shopper's own mailbox.
_ROLES = """
abuse admin administrator bounce bounces daemon dmarc dns do-not-reply donotreply ftp hostmaster
mailer-daemon mailerdaemon news no-reply noc noreply postmaster registrar root security spam
ssladmin sysadmin usenet uucp webmaster www
"""
ROLE_ACCOUNTS = frozenset(_ROLES.split())

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAddress:
    """One mailbox.

    `address` is ASCII and in lower case, its domain in IDNA A-labels: store it, compare it, write
    to it. `domain` is the part after the @. `display` is for people: as typed, Unicode domain.
    """

    address: str
    domain: str
    display: str


def normalise_email(text: object) -> MailAddress:
    """Read what somebody typed as a mail address.

    Raises errors.InvalidInput with field `email` and one of the codes `required`, `not_text`,
    `too_long`, `characters`, `one_only`, `not_supported`, `invalid`. Plain outer blanks are
    dropped; line breaks and control characters never are, since they are an attack or damage.
    """
    typed = _readable(text)
    try:
        found = validate_email(typed, check_deliverability=False, strict=True)
    except EmailNotValidError as problem:
        raise _invalid(
            "invalid", f"{_quoted(typed)} is not a mail address. {problem}", typed=_short(typed)
        ) from problem
    if found.ascii_email is None:
        raise _invalid(
            "not_supported",
            f"Letters other than a–z before the @ are not supported yet ({_quoted(typed)}). "
            "Please use another address.",
            typed=_short(typed),
        )
    if len(found.ascii_domain.rpartition(".")[2]) < 2:
        raise _invalid(
            "invalid",
            f"{_quoted(typed)} has a one-letter ending. Please check it.",
            typed=_short(typed),
        )
    if len(found.ascii_email) > LONGEST:
        raise _too_long()
    return MailAddress(
        address=found.ascii_email.lower(),
        domain=found.ascii_domain.lower(),
        display=found.normalized,
    )


def is_role_account(address: str) -> bool:
    """Whether this mailbox belongs to a function such as postmaster. It is accepted, never mailed.

    A tag after `+` does not hide the function.
    """
    local = address.partition("@")[0].partition("+")[0]
    return local.lower() in ROLE_ACCOUNTS


def mask_email(address: str) -> str:
    """The address so that its owner knows it and a log reader does not: `a•••@kettle.example`."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}•••{at}{domain}" if at else "•••"


def _readable(text: object) -> str:
    """The text without outer blanks, or the refusal of what no address can be in."""
    if text is None or text == "":
        raise _invalid("required", "Please give a mail address.")
    if not isinstance(text, str):
        raise _invalid("not_text", "The mail address must be one text, not a list or an object.")
    if len(text) > LONGEST_TYPED:
        raise _too_long()
    typed = text.strip(" ").translate(_FULL_WIDTH)
    if not typed:
        raise _invalid("required", "Please give a mail address.")
    if any(unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for one in typed):
        raise _invalid(
            "characters",
            "The mail address holds a line break, an invisible or a broken character. "
            "Please type it again.",
        )
    if typed.count("@") > 1 and any(one in typed for one in ",; "):
        raise _invalid("one_only", "Please give one mail address, not several.")
    return typed


def _quoted(typed: str) -> str:
    return f"“{_short(typed)}”"


def _short(typed: str) -> str:
    return f"{typed[:60]}…" if len(typed) > 60 else typed


def _too_long() -> InvalidInput:
    return _invalid("too_long", f"A mail address has at most {LONGEST} characters.", most=LONGEST)


def _invalid(code: str, sentence: str, **values: object) -> InvalidInput:
    return InvalidInput.of("email", code, sentence, **values)

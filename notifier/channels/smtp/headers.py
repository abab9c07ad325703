"""How is a value written into a mail header so that it can neither break nor be broken?

Control, bidirectional and line-separator characters become blanks, so no value can start a second
header (trust L18, EM-12). Letters outside ASCII become encoded-words (RFC 2047). Nothing else is
folded: some readers of List-Unsubscribe take a folded or encoded URL for none at all (trust L1).
"""

from __future__ import annotations

import re
from base64 import b64encode

from notifier.channels.smtp.addresses import Mailbox

__all__ = ["clean", "encode_text", "header_line", "write_mailbox"]

LONGEST_LINE = 998  # RFC 5322 2.1.1, without CR LF
LONGEST_NAME = 120

# C0, DEL and C1; line and paragraph separators; bidi marks, embeddings, overrides and isolates;
# lone surrogates, which have no UTF-8 form.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"
)
_NAME = re.compile(r"[!-9;-~]{1,76}")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_WORD_OCTETS = 36  # 48 of base64 and 12 round it: with "Subject: " within 76 (RFC 2047 2)


def clean(value: str) -> str:
    """The value on one line, without characters that break or disguise a header."""
    return _UNSAFE.sub(" ", value).strip()


def header_line(name: str, value: str) -> str:
    """`Name: value`, ready for the wire except for the line end.

    Raises ValueError when the name is no header name or a line would exceed 998 octets.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is not a header name.")
    line = f"{name}: {value}"
    if any(len(part) > LONGEST_LINE for part in line.split("\r\n ")):
        raise ValueError(f"The header {name} is longer than {LONGEST_LINE} characters.")
    return line


def encode_text(value: str) -> str:
    """Unstructured text: as it is when ASCII, else as encoded-words of at most 60 characters."""
    value = clean(value)
    if value.isascii() and "=?" not in value:
        return value
    return "\r\n ".join(_encoded_words(value))


def write_mailbox(mailbox: Mailbox) -> str:
    """`Name <address>`; the name quoted or encoded as it needs."""
    name = clean(mailbox.name)[:LONGEST_NAME].strip()
    if not name:
        return mailbox.address
    if not name.isascii() or "=?" in name:
        return f"{encode_text(name)} <{mailbox.address}>"
    if not _ATOMS.fullmatch(name):
        name = '"' + re.sub(r'([\\"])', r"\\\1", name) + '"'
    return f"{name} <{mailbox.address}>"


def _encoded_words(value: str) -> list[str]:
    """Whole characters only in each word: a reader decodes every word by itself."""
    words: list[str] = []
    chunk = b""
    for character in value:
        octets = character.encode("utf-8")
        if len(chunk) + len(octets) > _WORD_OCTETS:
            words.append(_encoded_word(chunk))
            chunk = b""
        chunk += octets
    words.append(_encoded_word(chunk))
    return words


def _encoded_word(octets: bytes) -> str:
    return f"=?utf-8?b?{b64encode(octets).decode('ascii')}?="

"""In which characters is a file written, and is it what the merchant thinks it is?"""

from __future__ import annotations

import codecs
import re
from enum import StrEnum
from typing import IO

from notifier.errors import LookFailed

_HEAD = 64 * 1024
_CHUNK = 1024 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOGIN = re.compile(
    r"type=[\"']?password|captcha|are you (?:a )?(?:human|robot)|log ?in|sign ?in|anmelden"
    r"|access denied|just a moment|challenge",
    re.IGNORECASE,
)


class Shape(StrEnum):
    """What the first bytes of a file say it is."""

    XML = "xml"
    JSON = "json"
    TABLE = "table"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    ZIP = "zip"


def sniff_shape(body: IO[bytes], *, encoding: str = "") -> Shape:
    """What `body` is, by its content and not by its name. Leaves it at its start.

    Raises LookFailed `empty`, `login_page`, `html_page` or `not_text`.
    """
    body.seek(0)
    head = body.read(_HEAD)
    body.seek(0)
    for magic, shape in ((b"\x1f\x8b", Shape.GZIP), (b"BZh", Shape.BZIP2), (b"PK", Shape.ZIP)):
        if head.startswith(magic) and (len(magic) == 3 or not head[2:4].isalnum()):
            return shape
    text = head.decode(encoding or _by_bom(head) or wide_encoding(head) or "utf-8", "replace")
    text = text.lstrip("\ufeff\x00 \t\r\n")
    if not text:
        raise LookFailed("empty", "The feed is empty. Nothing was changed.")
    _refuse_html(text)
    if text.startswith("<"):
        return Shape.XML
    if text[0] in "{[":
        return Shape.JSON
    if head.startswith((b"\x89PNG", b"%PDF", b"\xff\xd8", b"MZ", b"\xd0\xcf\x11\xe0")):
        raise LookFailed("not_text", "The file is a picture, a document or a program, not a feed.")
    return Shape.TABLE


def find_encoding(body: IO[bytes]) -> tuple[str, str]:
    """The encoding that fits all of `body`, and how to treat what does not fit.

    UTF-8 where it fits or nearly fits, else Windows-1252, which contains Latin-1's letters.
    """
    body.seek(0)
    head = body.read(_HEAD)
    body.seek(0)
    known = _by_bom(head) or wide_encoding(head)
    if known:
        return known, "replace"
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        while chunk := body.read(_CHUNK):
            decoder.decode(chunk)
    except UnicodeDecodeError:
        body.seek(0)
        sample = body.read(4 * _CHUNK).decode("utf-8", "replace")
        return "utf-8" if is_damaged_utf8(sample) else "cp1252", "replace"
    finally:
        body.seek(0)
    return "utf-8", "replace"


def is_damaged_utf8(read: str) -> bool:
    """Whether text read as UTF-8 with replacements is UTF-8 with a few broken bytes.

    Otherwise it is of an eight-bit encoding, where nearly every foreign letter breaks.
    """
    foreign = sum(1 for c in read if c > "\x7f" and c != "\ufffd")
    return foreign > 10 * read.count("\ufffd")


def _by_bom(head: bytes) -> str:
    return next((name for bom, name in _BOMS if head.startswith(bom)), "")


def wide_encoding(head: bytes) -> str:
    """UTF-16 without a mark: every other byte of plain text is zero."""
    sample = head[:400]
    if len(sample) >= 4 and sample[1::2].count(0) > len(sample) // 3:
        return "utf-16-le"
    if len(sample) >= 4 and sample[::2].count(0) > len(sample) // 3:
        return "utf-16-be"
    return ""


def _refuse_html(text: str) -> None:
    start = re.sub(r"^(?:<\?xml.*?\?>|<!--.*?-->|\s)+", "", text[:4000], flags=re.DOTALL).lower()
    if not re.match(r"<!doctype html|<(?:html|head|body|script|meta)\b", start):
        return
    if _LOGIN.search(text):
        raise LookFailed(
            "login_page",
            "The source answers with a page that asks to log in or to prove one is no robot, "
            "not with a feed. Nothing was changed.",
        )
    raise LookFailed(
        "html_page", "The source answers with a web page, not with a feed. Check its address."
    )

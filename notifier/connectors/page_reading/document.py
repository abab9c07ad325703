"""How do the bytes of a page become a tree, and which address does the page give itself?"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from notifier.connectors.reading.text import is_damaged_utf8, wide_encoding
from notifier.errors import LookFailed

MAX_BYTES = 5 * 1024 * 1024
MAX_ELEMENTS = 200_000
MAX_ATTRIBUTES = 2_000

# libxml2's HTML parser is C and unknown to mypy; its elements are typed Any on purpose.
Element = Any

_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Latin-1 means Windows-1252 (WHATWG encoding labels); who says UTF-8 and is wrong means it too.
_EIGHT_BIT = {
    "ascii": "cp1252", "cp1252": "cp1252", "iso8859-1": "cp1252", "iso8859-15": "iso8859-15",
    "utf-8": "cp1252",
}  # fmt: skip
_GOES_ON = re.compile(r"</html\s*+>\s*+<", re.IGNORECASE)
_LAST_TAGS = re.compile(r"</(?:html|body)\s*+>", re.IGNORECASE)
_BLANK = r"[\t\n\f\r ]"
_ATTRIBUTE = (
    rf"(?:(?:{_BLANK}|/)*+[^\t\n\f\r />][^\t\n\f\r />=]*+"
    rf"(?:{_BLANK}*+={_BLANK}*+(?:\"[^\"]*+\"|'[^']*+'|[^\t\n\f\r >\"'][^\t\n\f\r >]*+)?+)?+)"
)
_ONE_ATTRIBUTE = re.compile(_ATTRIBUTE)
_TAG = re.compile(rf"<[a-zA-Z][^\t\n\f\r />]*+{_ATTRIBUTE}*+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed page. `url` is where it was found (empty: unknown), `canonical` what it says.

    `ends_with_tag` is False for a page that stops in the middle of a tag or of a text.
    """

    root: Element
    url: str = ""
    canonical: str = ""
    title: str = ""
    headings: tuple[str, ...] = ()
    size: int = 0
    ends_with_tag: bool = True

    @property
    def base(self) -> str:
        return self.url or self.canonical

    def resolve(self, address: str) -> str:
        """`address` made absolute; empty when it is no web address."""
        return web_address(address, base=self.base)


def read_document(body: bytes, *, url: str = "", content_type: str = "") -> Document:
    """Parse `body` as HTML, whatever state it is in. Raises LookFailed `empty` or `too_big`."""
    if len(body) > MAX_BYTES:
        raise LookFailed(
            "too_big",
            f"the page at {url or 'this address'} has {len(body):,} bytes; at most {MAX_BYTES:,} "
            "are read. Point the source at the product's own page.",
        )
    text = decode_page(body, content_type=content_type).replace("\x00", "")
    _refuse_overloaded_tags(text, url=url)
    root = _parse(text)
    if root is None:
        raise LookFailed("empty", f"the page at {url or 'this address'} is empty; nothing to read.")
    if sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise LookFailed(
            "too_big",
            f"the page at {url or 'this address'} has more than {MAX_ELEMENTS:,} elements. "
            "Point the source at the product's own page.",
        )
    return Document(
        root=root,
        url=url,
        canonical=_canonical(root, url=url),
        title=_first_text(root, "//title"),
        headings=tuple(squeeze(text_of(h)) for h in root.xpath("//h1")[:5]),
        size=len(body),
        ends_with_tag=text.rstrip().endswith(">") or "</html" in text[-4_000:].casefold(),
    )


def _refuse_overloaded_tags(text: str, *, url: str) -> None:
    """libxml2 compares each attribute of a tag with all others; 200,000 take it minutes."""
    for tag in _TAG.finditer(text):
        if tag.end() - tag.start() < 2 * MAX_ATTRIBUTES:
            continue
        if sum(1 for _ in _ONE_ATTRIBUTE.finditer(tag.group())) > MAX_ATTRIBUTES:
            raise LookFailed(
                "too_big",
                f"the page at {url or 'this address'} has a tag with more than "
                f"{MAX_ATTRIBUTES:,} attributes; no web page needs that, so it was not read.",
            )


def decode_page(body: bytes, *, content_type: str = "") -> str:
    """The text of a page: byte order mark, Content-Type, <meta charset>, UTF-8, then Windows-1252.

    A page that is UTF-8 throughout is UTF-8, also where header or meta names a Western encoding,
    and one that is not is read as Windows-1252 where they say UTF-8: shops copy such lines.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body.decode(name, errors="replace")
    if wide := wide_encoding(body):
        return body.decode(wide, errors="replace")
    named = _HEADER_CHARSET.search(content_type)
    in_meta = _META_CHARSET.search(body[:4096])
    if named:
        return _decode(body, named.group(1))
    if in_meta:
        return _decode(body, in_meta.group(1).decode("ascii", errors="replace"))
    return _decode_eight_bit(body, name="cp1252")


def _decode_eight_bit(body: bytes, *, name: str) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("utf-8", errors="replace")
    return text if is_damaged_utf8(text) else body.decode(name, errors="replace")


def _decode(body: bytes, name: str) -> str:
    try:
        codec = codecs.lookup(name)
    except LookupError:
        return body.decode("utf-8", errors="replace")
    if codec.name.startswith(("utf-16", "utf-32")) or not codec._is_text_encoding:
        # The name was readable as ASCII, so the page is not UTF-16, and `hex` is no charset.
        return body.decode("utf-8", errors="replace")
    if codec.name in _EIGHT_BIT:
        return _decode_eight_bit(body, name=_EIGHT_BIT[codec.name])
    return body.decode(codec.name, errors="replace")


def _parse(text: str) -> Element:
    if _GOES_ON.search(text):
        text = _LAST_TAGS.sub("", text)  # what stands behind them counts, as in a browser
    # huge_tree lifts the depth from 256 to 2048; the size is bounded above.
    parser = etree.HTMLParser(
        encoding="utf-8",
        recover=True,
        huge_tree=True,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode("utf-8", errors="replace"), parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None
    if root is None or not isinstance(root.tag, str):
        return None
    return root


def _canonical(root: Element, *, url: str) -> str:
    for path in (
        "//link[translate(@rel,'CANONICAL','canonical')='canonical']/@href",
        "//meta[@property='og:url']/@content",
    ):
        for href in root.xpath(path)[:3]:
            found = web_address(str(href), base=url)
            if found:
                return found
    return ""


def _first_text(root: Element, path: str) -> str:
    found = root.xpath(path)
    return squeeze(text_of(found[0])) if found else ""


def web_address(address: str, *, base: str = "") -> str:
    """`address` absolute against `base`; empty when the result is not http or https."""
    cleaned = "".join(address.split())
    if not cleaned:
        return ""
    try:
        full = urljoin(base, cleaned)
        parts = urlsplit(full)
    except ValueError:
        return ""
    return full if parts.scheme in ("http", "https") and parts.netloc else ""


def text_of(element: Element) -> str:
    """All text inside an element, shown or not."""
    return "".join(element.itertext())


def squeeze(text: str) -> str:
    """Runs of white space become one space."""
    return " ".join(text.split())

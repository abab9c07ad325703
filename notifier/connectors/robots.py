"""May this program fetch that page, by the shop's robots.txt?

Follows RFC 9309: the groups for our name or else for `*`, the longest rule wins, "allow" wins a
tie, `*` and `$` in paths. A file that is missing (4xx) allows everything, one that cannot be
reached (5xx, network) forbids everything. `Crawl-delay` is no part of the RFC and is obeyed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from urllib.parse import quote, unquote_to_bytes, urlsplit

MAX_BYTES = 500 * 1024  # RFC 9309, 2.5: at least this much must be read
MAX_RULES = 5_000
MAX_DELAY = 60.0

_PRODUCT = "notifier"
_KEPT = "/:@!$&'()*+,;=-._~?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Robots:
    """What a robots.txt says to us: (allowed?, path pattern) pairs, seconds between visits."""

    rules: tuple[tuple[bool, str], ...] = ()
    delay: float = 0.0

    def why_not(self, url: str) -> str:
        """Why `url` must not be fetched; empty when it may be."""
        path = _path_of(url)
        best = (-1, True, "")
        for allowed, pattern in self.rules:
            # Longest first; at the same length "allow" is the greater.
            if (len(pattern), allowed) > best[:2] and _fits(pattern, path):
                best = (len(pattern), allowed, pattern)
        return "" if best[1] else f"its robots.txt says `Disallow: {best[2]}`"


ALLOW_ALL = Robots()


def read_robots(body: bytes, *, agent: str = _PRODUCT) -> Robots:
    """The part of a robots.txt that is meant for `agent`. Never raises."""
    groups: dict[str, list[tuple[str, str]]] = {}
    names: list[str] = []
    in_rules = False
    for key, value in _lines(body):
        if key == "user-agent":
            if in_rules:
                names, in_rules = [], False
            names.append(_product_token(value))
            groups.setdefault(names[-1], [])
        elif key in ("allow", "disallow", "crawl-delay"):
            in_rules = True
            for name in names:
                groups[name].append((key, value))
    lines = groups.get(agent.casefold(), groups.get("*", []))
    rules = [(k == "allow", _normal(v)) for k, v in lines if k != "crawl-delay" and v]
    return Robots(
        rules=tuple(rules[:MAX_RULES]), delay=max((_delay(k, v) for k, v in lines), default=0.0)
    )


def robots_url(page_url: str) -> str:
    """Where the robots.txt for a page is."""
    parts = urlsplit(page_url)
    return f"{parts.scheme}://{parts.netloc}/robots.txt"


def _lines(body: bytes) -> list[tuple[str, str]]:
    text = body[:MAX_BYTES].decode("utf-8-sig", errors="replace")
    pairs: list[tuple[str, str]] = []
    for line in re.split(r"[\r\n]+", text):
        key, colon, value = line.partition("#")[0].partition(":")
        if colon:
            pairs.append((key.strip().casefold(), value.strip()))
    return pairs


def _product_token(value: str) -> str:
    """`Notifier/1.0 (…)` names `notifier`; RFC 9309, 2.2.1 knows letters, `_` and `-`."""
    if value.strip() == "*":
        return "*"
    found = re.match(r"[A-Za-z_-]+", value.strip())
    return found.group().casefold() if found else ""


def _delay(key: str, value: str) -> float:
    if key != "crawl-delay" or not re.fullmatch(r"\d{1,6}(?:\.\d{1,6})?", value):
        return 0.0
    return min(float(value), MAX_DELAY)


def _path_of(url: str) -> str:
    parts = urlsplit(url)
    return _normal((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def _normal(path: str) -> str:
    """Percent-encoding made uniform: `/a b`, `/a%20b` and `/%61%20b` are one path."""
    parts = re.split(r"(%2[fF]|%25|%2[aA]|%24)", path)
    plain = [quote(unquote_to_bytes(part), safe=_KEPT) for part in parts[::2]]
    return "".join(a + b for a, b in zip_longest(plain, map(str.upper, parts[1::2]), fillvalue=""))


def _fits(pattern: str, path: str) -> bool:
    """RFC 9309, 2.2.3: a prefix, with `*` for anything and `$` at the end for the end."""
    ends = pattern.endswith("$")
    pieces = (pattern[:-1] if ends else pattern).split("*")
    if not path.startswith(pieces[0]):
        return False
    at = len(pieces[0])
    for piece in pieces[1:-1]:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    if len(pieces) == 1:
        return at == len(path) if ends else True
    last = pieces[-1]
    if ends:
        return len(path) - len(last) >= at and path.endswith(last)
    return path.find(last, at) >= 0

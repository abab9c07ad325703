"""Which pages does one look visit, for whom, and what did the page show the last time?

The cursor of a look keeps, for each page that gave an ETag or Last-Modified, that mark and the
facts read then: an answer of 304 repeats them, so that an unchanged page counts as fresh.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urldefrag

from notifier.connectors.base import WatchedVariant
from notifier.domain.availability import Availability
from notifier.domain.eta import Eta, EtaPrecision
from notifier.domain.observation import Observation

MAX_REMEMBERED = 2_000
_PAGE = "page:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One page and the variants it is visited for (none: everything it offers)."""

    url: str
    wanted: tuple[WatchedVariant, ...] = ()

    @property
    def asked(self) -> str:
        """The page, and what it is visited for."""
        return "\n".join([self.url, *sorted(f"{w.key}\t{w.sku}" for w in self.wanted)])

    @property
    def name(self) -> str:
        """Short and stable; another when somebody else is waiting for this page."""
        asked = self.asked.encode("utf-8", "replace")
        return _PAGE + hashlib.blake2b(asked, digest_size=9).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What a page showed when it last changed."""

    etag: str = ""
    last_modified: str = ""
    observations: tuple[Observation, ...] = ()


NOTHING = Remembered()


@dataclass(slots=True, kw_only=True)
class Notebook:
    """The cursor of a source, opened. `fingerprint` stands for the settings it was written under:
    after a change of rule every page is read anew."""

    fingerprint: str
    entries: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, cursor: Mapping[str, str], *, fingerprint: str) -> Notebook:
        if cursor.get("settings") != fingerprint:
            return cls(fingerprint=fingerprint)
        return cls(fingerprint=fingerprint, entries=dict(cursor))

    def recall(self, visit: Visit) -> Remembered:
        return _unpack(self.entries.get(visit.name, ""))

    def note(self, visit: Visit, remembered: Remembered) -> None:
        """Keep what a page showed; forget it when there is no mark to ask with the next time."""
        self.entries.pop(visit.name, None)
        if (remembered.etag or remembered.last_modified) and remembered.observations:
            self.entries[visit.name] = _pack(remembered)

    def close(self) -> dict[str, str]:
        """The cursor for the next look; the pages not visited for longest drop out."""
        pages = [name for name in self.entries if name.startswith(_PAGE)]
        for name in pages[: max(0, len(pages) - MAX_REMEMBERED)]:
            del self.entries[name]
        return {**self.entries, "settings": self.fingerprint}


def plan_visits(
    *,
    pages: Mapping[str, str],
    urls: Sequence[str],
    only: Sequence[WatchedVariant],
) -> list[Visit]:
    """Every page once. `pages` maps a variant's key to its page, `urls` are read for all they hold.

    With `only`, the pages of those variants; `urls` as well when one of them has no page.
    """
    watched = list(only) or [WatchedVariant(key=key, url=url) for key, url in pages.items()]
    placed: dict[str, list[WatchedVariant]] = {}
    homeless = not only
    for variant in watched:
        url = urldefrag(variant.url or pages.get(variant.key, "")).url.strip()
        if url:
            placed.setdefault(url, []).append(
                WatchedVariant(key=variant.key, sku=variant.sku, url=url)
            )
        else:
            homeless = True
    visits = [Visit(url=url, wanted=tuple(wanted)) for url, wanted in placed.items()]
    if homeless:
        plain = (urldefrag(url).url.strip() for url in urls)
        visits.extend(Visit(url=url) for url in dict.fromkeys(plain) if url and url not in placed)
    return visits


def take_turns(visits: Sequence[Visit], *, after: str, count: int) -> list[Visit]:
    """At most `count` visits, beginning behind what was `asked` last, round and round.

    Where not all have their turn, in the order of their addresses: which is wanted most changes
    from look to look, and in such an order a page could be passed over for ever.
    """
    if len(visits) <= count:
        return list(visits)
    in_order = sorted(visits, key=lambda visit: visit.asked)
    start = bisect_right([visit.asked for visit in in_order], after)
    return [*in_order[start:], *in_order[:start]][:count]


def give_keys(
    observations: Sequence[Observation], *, watched: Sequence[WatchedVariant]
) -> list[Observation]:
    """Observations under the keys of the watched variants, matched by key or else by sku."""
    keys = {w.key for w in watched}
    by_sku = {w.sku: w.key for w in watched if w.sku}
    return [o if o.key in keys else replace(o, key=by_sku.get(o.sku, o.key)) for o in observations]


def _pack(remembered: Remembered) -> str:
    facts = [
        [
            o.key,
            o.sku,
            o.availability.value,
            o.quantity,
            None if o.price is None else str(o.price),
            o.currency,
            _pack_eta(o.eta),
        ]
        for o in remembered.observations
    ]
    marks = [remembered.etag, remembered.last_modified]
    return json.dumps([*marks, facts], ensure_ascii=False, separators=(",", ":"))


def _unpack(text: str) -> Remembered:
    """A damaged entry is no memory: the page is then read in full."""
    try:
        etag, last_modified, facts = json.loads(text)
        observations = tuple(_unpack_facts(*row) for row in facts)
    except (ValueError, TypeError, ArithmeticError):
        return NOTHING
    return Remembered(etag=etag, last_modified=last_modified, observations=observations)


def _unpack_facts(
    key: str,
    sku: str,
    word: str,
    quantity: int | None,
    price: str | None,
    currency: str,
    eta: Any,
) -> Observation:
    return Observation(
        key=key,
        sku=sku,
        availability=Availability(word),
        quantity=quantity,
        price=None if price is None else Decimal(price),
        currency=currency,
        eta=_unpack_eta(eta),
    )


def _pack_eta(eta: Eta | None) -> list[str] | None:
    if eta is None or eta.earliest is None or eta.latest is None:
        return None
    return [eta.earliest.isoformat(), eta.latest.isoformat(), eta.precision.value, eta.text]


def _unpack_eta(packed: list[str] | None) -> Eta | None:
    if packed is None:
        return None
    earliest, latest, precision, text = packed
    return Eta(
        earliest=date.fromisoformat(earliest),
        latest=date.fromisoformat(latest),
        precision=EtaPrecision(precision),
        text=text,
    )

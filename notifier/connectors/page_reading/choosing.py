"""Which of the products named on a page is the page about, and which the wanted variant?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from notifier.connectors.base import WatchedVariant
from notifier.connectors.page_reading.document import Document
from notifier.connectors.page_reading.offered import Offered
from notifier.domain.availability import Availability

_TRACKING = ("utm_", "gclid", "fbclid", "srsltid", "msclkid", "_ga", "mc_cid", "mc_eid", "ref")
_ENDINGS = frozenset(["html", "htm", "php", "aspx"])
_GONE = (Availability.OUT_OF_STOCK, Availability.DISCONTINUED)


def choose_family(
    candidates: Sequence[Offered], *, page: Document
) -> tuple[list[Offered], list[str]]:
    """The product the page is about, with all its variants; and warnings.

    By what the page calls its main entity, by its own address, by being the only one with an offer,
    then by its name in the heading. Empty when one cannot know which of several products is meant.
    """
    merged, warnings = merge_twins([c for c in candidates if c.has_offer] or candidates)
    families = _without_sums(_families(merged))
    if len(families) <= 1:
        return (families[0] if families else []), warnings
    for fits in (_is_main, _same_address, _same_path, _same_title):
        fitting = [f for f in families if any(fits(o, page) for o in f)]
        if len(fitting) == 1:
            return fitting[0], warnings
    names = ", ".join(repr((f[0].title or f[0].sku)[:40]) for f in families[:4])
    warnings.append(f"several products found and none is clearly the page's own: {names}")
    return [], warnings


def choose_wanted(
    candidates: Sequence[Offered], *, wanted: WatchedVariant, page: Document, alone: bool
) -> tuple[Offered | None, list[str]]:
    """The candidate that is the wanted variant, or None with the reason.

    `alone`: no other wanted variant has this page; then a page that names one product without any
    number is about it.
    """
    by_number = _by_number([c for c in candidates if c.has_offer], wanted=wanted) or _by_number(
        candidates, wanted=wanted
    )
    if by_number:
        return by_number[0], []
    family, warnings = choose_family(candidates, page=page)
    variants = [o for o in family if o.urls and _same_address(o, _seen_from(page, wanted.url))]
    if len(variants) == 1 and len(family) > 1:
        return variants[0], warnings
    if len(family) > 1:
        found = ", ".join(o.sku or o.title for o in family[:5])
        return None, [*warnings, f"none of the page's variants is {_name(wanted)}; it has {found}"]
    if not family:
        return None, warnings
    only = family[0]
    if only.summed and only.availability in _GONE:
        return only, warnings  # when none of the variants can be bought, neither can this one
    if only.summed or not alone:
        return None, [
            *warnings,
            f"the page answers for all variants at once; that is no answer for {_name(wanted)}",
        ]
    if wanted.sku and only.ids:
        return None, [*warnings, f"the page is about {only.sku!r}, not about {_name(wanted)}"]
    if _lives_elsewhere(only, page) and not _same_path(only, _seen_from(page, wanted.url)):
        return None, [
            *warnings,
            f"the only product named on the page is {only.title[:40]!r}, of another address",
        ]
    if was_led_away(wanted.url, to=page.url):
        return None, [
            *warnings,
            f"{wanted.url} leads to {page.url}, perhaps another product; give its new address",
        ]
    return only, warnings


def _name(wanted: WatchedVariant) -> str:
    return repr(wanted.sku or wanted.key)


def _by_number(candidates: Sequence[Offered], *, wanted: WatchedVariant) -> list[Offered]:
    for number in (wanted.sku, wanted.key):
        if number:
            exact = [c for c in candidates if number in c.ids]
            folded = number.strip().casefold()
            loose = [c for c in candidates if folded in {i.casefold() for i in c.ids}]
            merged, _ = merge_twins(exact or loose)
            if len(merged) == 1:
                return merged
    return []


def merge_twins(candidates: Sequence[Offered]) -> tuple[list[Offered], list[str]]:
    """One for each product that several blocks describe. Where they disagree it is unknown."""
    merged: list[Offered] = []
    warnings: list[str] = []
    for candidate in candidates:
        twin = next((i for i, o in enumerate(merged) if _is_twin(o, candidate)), None)
        if twin is None:
            merged.append(candidate)
            continue
        first = merged[twin]
        if first.stated and candidate.stated and first.availability != candidate.availability:
            warnings.append(
                f"two blocks of the page disagree about {first.sku or first.title!r}: "
                f"{first.availability} and {candidate.availability}"
            )
            merged[twin] = replace(first, availability=Availability.UNKNOWN)
        else:
            merged[twin] = fill_gaps(first, other=candidate)
    return merged, warnings


def fill_gaps(first: Offered, *, other: Offered) -> Offered:
    """`first`, and from `other` what `first` does not say."""
    speaks = first if first.stated or not other.stated else other
    priced = first if first.price is not None else other
    return replace(
        first,
        sku=first.sku or other.sku,
        ids=first.ids | other.ids,
        group=first.group or other.group,
        title=first.title or other.title,
        urls=first.urls or other.urls,
        image_url=first.image_url or other.image_url,
        availability=speaks.availability,
        stated=speaks.stated,
        summed=speaks.summed,
        quantity=speaks.quantity,
        eta=speaks.eta or first.eta,
        has_offer=first.has_offer or other.has_offer,
        is_main=first.is_main or other.is_main,
        price=priced.price,
        currency=priced.currency,
        regular_price=priced.regular_price,
        warnings=tuple(dict.fromkeys((*first.warnings, *other.warnings))),
    )


def _is_twin(one: Offered, other: Offered) -> bool:
    if one.sku and other.sku:
        return one.sku == other.sku
    if one.ids and other.ids:
        return bool(one.ids & other.ids)
    if one.family or other.family:
        return False
    return bool(one.title) and one.title == other.title


def _families(candidates: Sequence[Offered]) -> list[list[Offered]]:
    """Variants of one product together: by their group, else by one name at one address."""
    families: dict[str, list[Offered]] = {}
    for number, candidate in enumerate(candidates):
        address = comparable(candidate.urls[0], query=False) if candidate.urls else ""
        named = f"{candidate.title}\0{address}" if candidate.title else f"\0{number}"
        families.setdefault(candidate.family or candidate.group or named, []).append(candidate)
    return list(families.values())


def _without_sums(families: list[list[Offered]]) -> list[list[Offered]]:
    """Without a product that only sums up what another block lists one by one, by its name."""
    listed = [o.title.casefold() for family in families if len(family) > 1 for o in family]

    def is_sum(family: list[Offered]) -> bool:
        name = family[0].title.casefold()
        alone = len(family) == 1 and family[0].summed
        return alone and bool(name) and any(title.startswith(name) for title in listed)

    return [family for family in families if not is_sum(family)]


def _is_main(offered: Offered, page: Document) -> bool:
    return offered.is_main


def _same_address(offered: Offered, page: Document) -> bool:
    own = {comparable(a) for a in (page.url, page.canonical) if a}
    return any(comparable(u) in own for u in offered.urls)


def _same_path(offered: Offered, page: Document) -> bool:
    own = {comparable(a, query=False) for a in (page.url, page.canonical) if a}
    return any(comparable(u, query=False) in own for u in offered.urls)


def _same_title(offered: Offered, page: Document) -> bool:
    title = offered.title.casefold()
    heads = [h.casefold() for h in page.headings if h]
    return bool(title) and (title in heads or page.title.casefold().startswith(title))


def _lives_elsewhere(offered: Offered, page: Document) -> bool:
    """Another address than the page's, and nothing of its name in the page's heading or title.

    A page of something that is gone may name a single product: one to buy instead.
    """
    if not offered.urls or not page.base or _same_path(offered, page):
        return False
    name = _words_of(offered.title)
    heads = [words for h in (*page.headings, page.title) if (words := _words_of(h))]
    return bool(name and heads) and not any(
        2 * len(name & head) >= min(len(name), len(head)) for head in heads
    )


def was_led_away(asked: str, *, to: str) -> bool:
    """Whether a redirect led to an address in which the asked one cannot be seen again.

    Shops lead from what is gone to what comes near it; a new spelling keeps the words or the
    number.
    """
    before, after = comparable(asked, query=False), comparable(to, query=False)
    if not asked or not to or before == after:
        return False
    old, new = (_words_of(address.rpartition("/")[2]) for address in (before, after))
    in_new = all(word in comparable(to).casefold() for word in old - _ENDINGS)
    in_old = all(word in comparable(asked).casefold() for word in new - _ENDINGS)
    return not in_new and not in_old


def _words_of(text: str) -> set[str]:
    return {word for word in re.split(r"[\W_]+", text.casefold()) if word}


def _seen_from(page: Document, url: str) -> Document:
    """The page as seen from the address that was asked for."""
    return replace(page, url=url, canonical="") if url else page


def comparable(address: str, *, query: bool = True) -> str:
    """An address without scheme, www, fragment, tracking and a last slash."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").removeprefix("www.")
        pairs = parse_qsl(parts.query, keep_blank_values=True) if query else []
    except ValueError:
        return address
    kept = sorted((k, v) for k, v in pairs if not k.casefold().startswith(_TRACKING))
    port = f":{parts.netloc.rsplit(':', 1)[-1]}" if parts.netloc[-1:].isdigit() else ""
    tail = f"?{urlencode(kept)}" if kept else ""
    return f"{host}{port if ':' in parts.netloc else ''}{parts.path.rstrip('/')}{tail}"

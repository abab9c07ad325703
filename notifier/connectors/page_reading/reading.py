"""What does one product page show? Its markup of four kinds, then the merchant's rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from notifier.connectors.base import WatchedVariant
from notifier.connectors.page_reading.choosing import (
    choose_family,
    choose_wanted,
    fill_gaps,
    was_led_away,
)
from notifier.connectors.page_reading.document import Document, read_document
from notifier.connectors.page_reading.hints import hint_at_lies
from notifier.connectors.page_reading.jsonld import read_jsonld
from notifier.connectors.page_reading.microdata import read_microdata
from notifier.connectors.page_reading.offered import Offered
from notifier.connectors.page_reading.opengraph import page_image, page_title, read_opengraph
from notifier.connectors.page_reading.rdfa import read_rdfa
from notifier.connectors.page_reading.rule import Rule
from notifier.connectors.page_reading.rule_reading import (
    RuleAnswer,
    has_own_part,
    read_rule,
)
from notifier.connectors.page_reading.schema_products import read_products
from notifier.connectors.page_reading.walls import refuse_wall
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation

NO_RULE = Rule()
MAX_WARNINGS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReading:
    """What a page shows.

    `markup` and `rule` are the two answers before they were weighed (None: says nothing), for
    `notifier check`. `products` counts the products and variants that the markup offers.
    """

    observations: tuple[Observation, ...] = ()
    warnings: tuple[str, ...] = ()
    markup: Availability | None = None
    rule: Availability | None = None
    products: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Markup:
    """Everything the markup offers, by kind of markup, the most telling kind first."""

    kinds: tuple[tuple[Offered, ...], ...]
    warnings: tuple[str, ...]


def read_page(
    body: bytes,
    *,
    url: str = "",
    content_type: str = "",
    wanted: Sequence[WatchedVariant] = (),
    rule: Rule = NO_RULE,
    trust_markup: bool = True,
    currency: str = "",
    today: date | None = None,
) -> PageReading:
    """What the page in `body` shows for the `wanted` variants, or for all it offers.

    `url` is where the page came from. A wanted variant the page gives no answer for has no
    observation, and a warning says why. `currency` fills in where a price names none. Raises
    LookFailed for what is no product page: `bot_wall`, `login_page`, `throttled`, `maintenance`,
    `not_found_page`, `empty`, `too_big`. Damage inside a page only makes warnings.
    """
    page = read_document(body, url=url, content_type=content_type)
    markup = _read_markup(page, today=today)
    is_product = any(o.has_offer for kind in markup.kinds for o in kind)
    refuse_wall(page, has_product=is_product or has_own_part(rule, page=page))
    said = read_rule(rule, page=page, currency=currency)
    chosen, warnings = _choose(markup, page=page, wanted=wanted, said=said)
    warnings = [*markup.warnings, *said.warnings, *warnings]
    observations: list[Observation] = []
    for variant, offered in chosen:
        alone = len(chosen) == 1 or bool(said.sku and said.sku in offered.ids)
        answer = _weigh(offered, said=said if alone else RuleAnswer(), trust_markup=trust_markup)
        if said.answered and not alone:
            warnings.append(f"the rule cannot tell the variants apart; {offered.sku!r} without it")
        if offered.stated and not said.answered:
            warnings.extend(hint_at_lies(page, markup=offered.availability))
        observations.append(_observe(answer, variant=variant, page=page, currency=currency))
    kinds = [o for kind in markup.kinds for o in kind if o.stated]
    first = next((o for _, o in chosen if o.stated), kinds[0] if kinds else None)
    return PageReading(
        observations=tuple(observations),
        warnings=tuple(dict.fromkeys(warnings))[:MAX_WARNINGS],
        markup=first.availability if first else None,
        rule=said.availability if said.answered else None,
        products=max((len(kind) for kind in markup.kinds), default=0),
    )


def _read_markup(page: Document, *, today: date | None) -> _Markup:
    nodes, warnings = read_jsonld(page)
    from_jsonld = read_products(nodes, page=page, source="jsonld", today=today)
    items = read_microdata(page)
    from_microdata = read_products(items, page=page, source="microdata", today=today)
    from_rdfa = read_products(read_rdfa(page), page=page, source="rdfa", today=today)
    head = read_opengraph(page, today=today)
    kinds = (
        tuple(from_jsonld), tuple(from_microdata), tuple(from_rdfa), (head,) if head else (),
    )  # fmt: skip
    return _Markup(kinds=kinds, warnings=tuple(warnings))


def _choose(
    markup: _Markup, *, page: Document, wanted: Sequence[WatchedVariant], said: RuleAnswer
) -> tuple[list[tuple[WatchedVariant | None, Offered]], list[str]]:
    """Pairs of a wanted variant (None: nobody asked) and what the page offers for it."""
    if not wanted:
        family, warnings = _choose_all(markup, page=page)
        if not family and _says_something(said):
            family = [_from_rule(said, page=page)]
        return [(None, offered) for offered in family], warnings
    chosen: list[tuple[WatchedVariant | None, Offered]] = []
    warnings = []
    for variant in wanted:
        offered, reasons = _choose_one(markup, page=page, wanted=variant, alone=len(wanted) == 1)
        strayed = not said.sku and was_led_away(variant.url, to=page.url)
        mine = not strayed and _speaks_for(said, variant=variant, alone=len(wanted) == 1)
        if offered is None and mine:
            offered, reasons = _from_rule(said, page=page), []
        if offered is not None:
            chosen.append((variant, offered))
        elif not reasons:
            reasons = [f"nothing on the page says anything about {variant.sku or variant.key!r}"]
        warnings.extend(reasons)
    return chosen, warnings


def _choose_all(markup: _Markup, *, page: Document) -> tuple[list[Offered], list[str]]:
    best: list[Offered] = []
    warnings: list[str] = []
    for kind in markup.kinds:
        family, reasons = choose_family(kind, page=page)
        warnings.extend(reasons)
        if not best or (len(best) == 1 and not best[0].has_offer and family):
            best = [fill_gaps(family[0], other=best[0])] if best and len(family) == 1 else family
        elif len(best) == len(family) == 1:
            best, more = _complete(best[0], other=family[0])
            warnings.extend(more)
    return best, warnings


def _choose_one(
    markup: _Markup, *, page: Document, wanted: WatchedVariant, alone: bool
) -> tuple[Offered | None, list[str]]:
    best: Offered | None = None
    warnings: list[str] = []
    for kind in markup.kinds:
        if not kind:
            continue
        found, reasons = choose_wanted(kind, wanted=wanted, page=page, alone=alone)
        if found is None:
            warnings.extend(reasons)
        elif best is None:
            best = found
        else:
            (best,), more = _complete(best, other=found)
            warnings.extend(more)
    return best, [] if best is not None and best.stated else warnings


def _complete(first: Offered, *, other: Offered) -> tuple[list[Offered], list[str]]:
    """`first` with the gaps filled from the next kind of markup, if it is the same product."""
    if first.ids and other.ids and not first.ids & other.ids:
        return [first], []
    if first.stated and other.stated and first.availability is not other.availability:
        return [first], [
            f"{first.source} says {first.availability}, {other.source} says {other.availability}"
        ]
    return [fill_gaps(first, other=other)], []


def _says_something(said: RuleAnswer) -> bool:
    return said.answered or said.price is not None or bool(said.sku) or said.eta is not None


def _speaks_for(said: RuleAnswer, *, variant: WatchedVariant, alone: bool) -> bool:
    """Does the rule's answer belong to this variant? By its number, else by being the only one."""
    if not _says_something(said):
        return False
    if said.sku:
        return said.sku.casefold() in (variant.sku.casefold(), variant.key.casefold()) or (
            alone and not variant.sku
        )
    return alone


def _from_rule(said: RuleAnswer, *, page: Document) -> Offered:
    return Offered(
        source="rule",
        sku=said.sku,
        ids=frozenset({said.sku} - {""}),
        title=page_title(page),
        urls=(page.canonical or page.url,) if page.base else (),
        image_url=page_image(page),
    )


def _weigh(offered: Offered, *, said: RuleAnswer, trust_markup: bool) -> Offered:
    """The rule's answer over the markup's; without either it is unknown."""
    availability = offered.availability
    if said.answered:
        availability = said.availability
    elif not trust_markup:
        availability = Availability.UNKNOWN
    keeps_count = availability is offered.availability
    return replace(
        offered,
        availability=availability,
        quantity=offered.quantity if keeps_count else None,
        eta=said.eta or offered.eta,
        price=said.price if said.price is not None else offered.price,
        currency=said.currency if said.price is not None else offered.currency,
        regular_price=None if said.price is not None else offered.regular_price,
        sku=offered.sku or said.sku,
    )


def _observe(
    offered: Offered, *, variant: WatchedVariant | None, page: Document, currency: str
) -> Observation:
    url = offered.urls[0] if offered.urls else page.canonical or page.url
    asked_url = variant.url if variant else ""
    return Observation(
        key=variant.key if variant else offered.sku or url or "page",
        sku=offered.sku or (variant.sku if variant else ""),
        product_key=offered.group,
        availability=offered.availability,
        quantity=offered.quantity,
        eta=offered.eta,
        price=offered.price,
        currency=(offered.currency or currency) if offered.price is not None else "",
        regular_price=offered.regular_price,
        title=offered.title,
        variant_title=offered.variant_title,
        url=asked_url or url,
        image_url=offered.image_url,
        options=offered.options,
        warnings=offered.warnings,
    )

"""What does a merchant's rule say about one page?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from notifier.connectors.page_reading.document import Document, Element, squeeze, text_of
from notifier.connectors.page_reading.page_values import read_day, read_price_text
from notifier.connectors.page_reading.rule import SIGNALS, Probe, Rule, compile_rule
from notifier.connectors.page_reading.timed_regex import Search, search_all
from notifier.connectors.page_reading.visible import (
    MAX_TEXT,
    is_enabled,
    is_visible,
    visible_text,
)
from notifier.domain.availability import Availability
from notifier.domain.eta import Eta
from notifier.errors import LookFailed

MAX_HITS = 200

_GONE = ("out_of_stock", "discontinued")
_MEANING = {name: Availability(name) for name in SIGNALS}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAnswer:
    """What a rule found. `answered` is False when it says nothing: then the markup may speak.

    A rule that contradicts itself or could not be run has answered: `unknown`.
    """

    answered: bool = False
    availability: Availability = Availability.UNKNOWN
    eta: Eta | None = None
    price: Decimal | None = None
    currency: str = ""
    sku: str = ""
    warnings: tuple[str, ...] = field(default=())


def has_own_part(rule: Rule, *, page: Document) -> bool:
    """Does the page hold what the rule's `within` names?"""
    within = compile_rule(rule).within
    return within is not None and bool(within(page.root))


def read_rule(rule: Rule, *, page: Document, currency: str = "") -> RuleAnswer:
    """Apply `rule` to `page`. `currency` is used where the price text names none."""
    compiled = compile_rule(rule)
    top = page.root
    if compiled.within is not None:
        found = compiled.within(page.root)
        if not found:
            return RuleAnswer(
                warnings=(f"the rule's part {rule.within!r} is not on the page; it says nothing",)
            )
        top = found[0]
    try:
        hits, texts = _search(rule, top=top)
    except LookFailed as trouble:
        return RuleAnswer(answered=True, warnings=(str(trouble),))
    availability, answered, warnings = _conclude(rule, hits=hits, is_whole=page.ends_with_tag)
    price, named, problem = read_price_text(texts.get("price", ""), currency=currency)
    if problem and "price" in texts:
        warnings.append(problem)
    eta = read_day(texts.get("eta", ""))
    if texts.get("eta") and eta is None:
        warnings.append(f"the rule's eta text {texts['eta'][:60]!r} holds no single date")
    return RuleAnswer(
        answered=answered,
        availability=availability,
        eta=eta,
        price=price,
        currency=named,
        sku=texts.get("sku", ""),
        warnings=tuple(warnings),
    )


def _conclude(
    rule: Rule, *, hits: set[str], is_whole: bool
) -> tuple[Availability, bool, list[str]]:
    gone = [n for n in _GONE if n in hits]
    there = [n for n in SIGNALS if n in hits and n not in _GONE]
    if gone and there:
        return (
            Availability.UNKNOWN,
            True,
            [f"the rule finds both {gone[0]} and {there[0]} on the page; make it more exact"],
        )
    if "discontinued" in gone:
        return Availability.DISCONTINUED, True, []
    if gone or there:
        return _MEANING[(gone or there)[0]], True, []
    if rule.otherwise and not is_whole:
        return Availability.UNKNOWN, True, ["the page is cut off, so `otherwise` does not hold"]
    if rule.otherwise:
        return Availability(rule.otherwise), True, []
    return Availability.UNKNOWN, False, []


def _search(rule: Rule, *, top: Element) -> tuple[set[str], dict[str, str]]:
    """The names of the signals that hit, and the texts of the values. Raises LookFailed."""
    compiled = compile_rule(rule)
    hits: set[str] = set()
    texts: dict[str, str] = {}
    searches: list[tuple[str, Search]] = []
    for name, probes in compiled.signals:
        for probe in probes:
            for text in _texts(probe, top=top, usable=name not in _GONE):
                if probe.pattern:
                    searches.append((name, Search(pattern=probe.pattern, text=text)))
                elif squeeze(probe.words).casefold() in text.casefold():
                    hits.add(name)
    for name, probe in compiled.values:
        for text in _texts(probe, top=top, usable=False):
            if probe.pattern:
                searches.append((name, Search(pattern=probe.pattern, text=text)))
            elif text and squeeze(probe.words).casefold() in text.casefold():
                texts.setdefault(name, text)
    found = search_all([search for _, search in searches])
    for (name, _), value in zip(searches, found, strict=True):
        if value is not None and name in _MEANING:
            hits.add(name)
        elif value:
            texts.setdefault(name, squeeze(value))
    return hits, texts


def _texts(probe: Probe, *, top: Element, usable: bool) -> Iterator[str]:
    """The texts a probe looks at: one for each element that counts.

    A greyed-out "Sold out" button is a sign of being sold out, so only the signals for buying ask
    for a control that can be used. An attribute is read whether or not its
    element is shown, and so is a script that the selector names: shops keep their stock in one.
    """
    if probe.path is None:
        yield visible_text(top)
        return
    for element in probe.path(top)[:MAX_HITS]:
        if probe.attribute:
            value = element.get(probe.attribute)
            if value is not None:
                yield squeeze(value)
        elif element.tag == "script":
            yield text_of(element)[:MAX_TEXT]
        elif is_visible(element) and (not usable or is_enabled(element)):
            yield visible_text(element)

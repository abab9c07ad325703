"""What does `notifier check` say about one product page?"""

from __future__ import annotations

from collections.abc import Callable

from notifier.connectors.base import Finding
from notifier.connectors.page_reading.reading import PageReading
from notifier.connectors.page_reading.visits import Visit
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.errors import LookFailed

MAX_WARNINGS = 5

Fetch = Callable[[Visit], PageReading]


def check_visit(visit: Visit, *, fetch: Fetch, trust_markup: bool) -> list[Finding]:
    """Read one page by `fetch` and judge it. Never raises."""
    try:
        reading = fetch(visit)
    except LookFailed as trouble:
        return [
            Finding(level="bad", about=visit.url, message=str(trouble), advice=_advice(trouble))
        ]
    findings = [_about_answer(visit, reading)]
    if disagreement := _disagreement(visit, reading, trust_markup=trust_markup):
        findings.append(disagreement)
    findings += [
        Finding(level="warn", about=visit.url, message=warning)
        for warning in reading.warnings[:MAX_WARNINGS]
    ]
    return findings


def _about_answer(visit: Visit, reading: PageReading) -> Finding:
    if not reading.observations:
        several = reading.products > 1
        return Finding(
            level="bad",
            about=visit.url,
            message=f"{reading.products} products were found and none can be chosen."
            if several
            else "No product was found on the page.",
            advice="Give the variant's sku, or a rule that reads the part of the page that counts."
            if several
            else "Check the address, or add a rule (`in_stock`, `out_of_stock`) for this shop.",
        )
    shown = "; ".join(_in_words(o) for o in reading.observations[:5])
    unknown = [o for o in reading.observations if o.availability is Availability.UNKNOWN]
    if unknown:
        return Finding(
            level="bad" if len(unknown) == len(reading.observations) else "warn",
            about=visit.url,
            message=f"The page does not say whether it is in stock: {shown}.",
            advice="Add a rule (`in_stock`, `out_of_stock`) for what shoppers see.",
        )
    return Finding(level="ok", about=visit.url, message=f"The page shows {shown}.")


def _disagreement(visit: Visit, reading: PageReading, *, trust_markup: bool) -> Finding | None:
    if reading.markup is None or reading.rule is None or reading.markup is reading.rule:
        return None
    return Finding(
        level="warn",
        about=visit.url,
        message=f"The markup says {reading.markup}, the rule says {reading.rule}. The rule counts.",
        advice="If the rule is right, set trust_markup = false. If not, correct the rule."
        if trust_markup
        else "",
    )


def _advice(trouble: LookFailed) -> str:
    if trouble.code == "robots":
        return "robots.txt forbids it: read a feed instead, or allow `notifier` in robots.txt."
    if trouble.code == "bot_wall":
        return "Read a feed or the shop's API instead, or have this program let in."
    return ""


def _in_words(seen: Observation) -> str:
    price = f", {seen.price} {seen.currency}".rstrip() if seen.price is not None else ""
    eta = f", expected {seen.eta.iso()}" if seen.eta and seen.eta.iso() else ""
    return f"{seen.sku or seen.title[:40] or seen.key} {seen.availability}{price}{eta}"

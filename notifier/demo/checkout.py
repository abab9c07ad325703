"""How does the storefront sell what is not there yet? It hands the order to the notifier's API.

The shop's part of it is small: a number, what was bought, where it goes to, and the date that its
page showed, since that is what the shopper was promised.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from notifier.demo.goods import Good, Kind, find_kind
from notifier.demo.push import ask_taking, call_api
from notifier.demo.shop import Shelf
from notifier.demo.stage import Stage
from notifier.demo.words import expected_words
from notifier.domain.availability import Availability
from notifier.domain.dates import read_eta
from notifier.errors import InvalidInput, NotFound

__all__ = ["COUNTRIES", "SOLD_AHEAD", "SOMEBODY", "place_order", "taking"]

COUNTRIES = ("US", "DE", "GB")
SOLD_AHEAD = {Availability.BACKORDER: "backorder", Availability.PREORDER: "preorder"}
SOMEBODY = "ann@example.com"


def taking(on_stage: Stage, key: str, shelf: Shelf) -> str:
    """Whether it can be ordered before it is there: `accept`, `stop`, or empty.

    The shop sells it so, and the notifier, which knows of dates that are over and of promises that
    were broken, does not say stop.
    """
    if shelf.availability not in SOLD_AHEAD:
        return ""
    base, public = on_stage.places.notifier, on_stage.keys.public
    return "stop" if ask_taking(base, key, public_key=public) == "stop" else "accept"


def place_order(on_stage: Stage, key: str, *, email: str, country: str, locale: str) -> str:
    """Sell one; the order's number. Raises errors.NotFound, and InvalidInput with what the API
    said."""
    shelf = on_stage.shop.shelf(key)
    found = find_kind(key)
    if found is None:
        raise NotFound(f"Kettle & Co sells no {key[:40]!r}.")
    if taking(on_stage, key, shelf) != "accept":
        raise InvalidInput.of("variant", "not_ahead", "This cannot be ordered ahead at present.")
    if country not in COUNTRIES:
        raise InvalidInput.of("country", "unknown", "Kettle & Co ships to the US, DE and GB.")
    now = on_stage.clock()
    ref = f"K-{on_stage.shop.next_order()}"
    order = {
        "ref": ref,
        "email": email,
        "locale": locale,
        "country": country,
        "completed_at": now.isoformat(),
        "lines": [_line(*found, shelf, locale=locale, now=now)],
    }
    answer = call_api(
        f"{on_stage.places.notifier}/api/v1/orders", {"orders": [order]}, key=on_stage.keys.api
    )
    if not answer.ok:
        raise InvalidInput.of("order", "refused", answer.problem or "The order was not taken.")
    on_stage.note("order", f"Order {ref} was placed, to be shipped to {country}.", variant=key)
    return ref


def _line(good: Good, kind: Kind, shelf: Shelf, *, locale: str, now: datetime) -> dict[str, Any]:
    label = kind.label[locale] if len(good.kinds) > 1 else ""
    line: dict[str, Any] = {
        "ref": "1",
        "variant": kind.key,
        "title": f"{good.name[locale]}, {label}" if label else good.name[locale],
        "quantity": 1,
        "price": str(kind.price),
        "currency": "EUR",
        "sold_as": SOLD_AHEAD[shelf.availability],
    }
    eta = read_eta(shelf.eta) if shelf.eta else None
    if eta is not None and eta.latest is not None and not eta.is_past(now.date()):
        words = expected_words(eta, locale=locale, today=now.date())
        line["promise"] = {"by": eta.latest.isoformat(), "text": words}
    return line

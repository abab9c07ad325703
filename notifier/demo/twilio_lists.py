"""Which messages does the network list, in which order, and how are its pages turned?

As https://www.twilio.com/docs/usage/twilios-response#pagination says: the next page is named by a
URI with a token, and nobody makes up one of his own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from notifier.demo.twilio_wire import Asked, SentText

__all__ = ["newest_first", "only_page", "paged"]


def newest_first(texts: Iterable[SentText], query: Mapping[str, str]) -> list[SentText]:
    """Those the query asks for. Of two of the same moment the later one in `texts` comes first."""
    found = [
        text
        for text in texts
        if query.get("To", text.to) == text.to
        and query.get("From", text.sender) == text.sender
        and _sent_within(text, query)
    ]
    return sorted(found, key=_made_at)[::-1]


def paged(rows: Sequence[dict[str, Any]], key: str, asked: Asked) -> dict[str, Any]:
    """The page of a 2010-04-01 list that was asked for, at most 1000 rows long.

    A token names the last row of the page before: whatever is added at the front while somebody
    turns the pages shifts none of them.
    """
    size = max(1, min(int(asked.query.get("PageSize", "50")), 1000))
    page = max(0, int(asked.query.get("Page", "0")))
    behind = asked.query.get("PageToken", "").removeprefix("PA")
    first = next((n for n, row in enumerate(rows, 1) if behind and row.get("sid") == behind), 0)
    shown = list(rows[first : first + size])
    own = ("Page", "PageSize", "PageToken")
    kept = {name: value for name, value in asked.query.items() if name not in own}

    def at(number: int, token: str = "") -> str:
        query = {**kept, "PageSize": size, "Page": number}
        return f"{asked.path}?{urlencode(query | ({'PageToken': token} if token else {}))}"

    has_more = len(rows) > first + size
    return {
        "end": page * size + max(len(shown) - 1, 0),
        "first_page_uri": at(0),
        "next_page_uri": at(page + 1, f"PA{shown[-1]['sid']}") if has_more else None,
        "page": page,
        "page_size": size,
        "previous_page_uri": at(page - 1, f"PB{shown[0]['sid']}") if page and shown else None,
        key: shown,
        "start": page * size,
        "uri": at(page),
    }


def only_page(rows: list[dict[str, Any]], key: str) -> dict[str, Any]:
    """A whole list of one of the newer APIs."""
    return {"meta": {"key": key, "page": 0, "page_size": 50, "next_page_url": None}, key: rows}


def _made_at(text: SentText) -> datetime:
    return text.created_at


def _sent_within(text: SentText, query: Mapping[str, str]) -> bool:
    bounds = {sign: query.get(f"DateSent{sign}", "") for sign in ("<", ">", "")}
    if not any(bounds.values()):
        return True
    if text.sent_at is None:
        return False
    day = text.sent_at.astimezone(UTC).date().isoformat()
    after, before, on = bounds[">"][:10], bounds["<"][:10], bounds[""][:10]
    return (not after or day >= after) and (not before or day <= before) and (not on or day == on)

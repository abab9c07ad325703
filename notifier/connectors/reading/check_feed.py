"""What should a merchant know about his feed before he relies on it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from notifier.connectors.base import Finding
from notifier.connectors.reading.records import Notes
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.errors import LookFailed

_ADVICE = {
    "http_401": "Set user and password, or bearer.",
    "http_403": "Ask the shop or its host to let this program's address and User-Agent in.",
    "http_404": "Open the address in a browser; take the one that shows the feed.",
    "login_page": "The feed must be readable without a browser: use a feed address with a token.",
    "html_page": "Take the address of the feed itself, not of a page about it.",
    "dns": "Check the host name for a slip of the keyboard.",
    "connect": "Check that the server is up and lets this machine in.",
    "tls": "Renew the certificate, or set ca_file to the one that signs it.",
    "timeout": "Raise timeout, or ask for a smaller feed.",
    "private_address": "Only public addresses are asked; see allow_private_addresses for trials.",
    "too_many_bad_rows": "Look at the first rows named; most often a column is mapped wrongly.",
    "no_items": "Set record to the tag or path of one item.",
    "no_header": "Map your column names in columns.",
    "no_id_column": 'Map the column with the variant\'s id: columns = {key = "…"}.',
    "truncated": "The file was still being written, or the server breaks off. Try again.",
    "too_many_pages": "Ask for more items a page, or raise max_pages.",
    "empty": "Check that the export runs and has products in it.",
}


def check_feed(
    read: Callable[[Notes], Iterator[Observation]], *, full: bool, has_words: bool
) -> list[Finding]:
    """Findings about one reading of the feed, the gravest first. Never raises."""
    notes = Notes()
    tally = _Tally()
    try:
        for observation in read(notes):
            tally.add(observation)
    except LookFailed as trouble:
        columns = f" Columns seen: {', '.join(notes.columns[:30])}." if notes.columns else ""
        advice = _ADVICE.get(trouble.code, "")
        message = f"The feed cannot be used ({trouble.code}): {trouble}"
        return [Finding(level="bad", about="feed", message=message, advice=advice + columns)]
    found = [
        Finding(level="ok", about="feed", message=f"Readable as {notes.format}. {tally.sentence()}")
    ]
    found += _about_words(notes, has_words)
    found += tally.findings(notes)
    if notes.follows:
        found.append(
            Finding(
                level="ok",
                about="pages",
                message=f"The answer comes page by page; this check read {notes.turned} of them. "
                "A look reads all, up to max_pages.",
            )
        )
    if full and not notes.complete:
        found.append(
            Finding(
                level="warn",
                about="completeness",
                message="The feed is damaged or only a part of the whole, so items missing from "
                "it cannot count as sold out.",
                advice="Have the whole feed in one well-formed answer; the warnings tell more.",
            )
        )
    found += [
        Finding(level="warn", about="rows", message=f"Row {p.row}: {p.message}")
        for p in notes.problems[:5]
    ]
    found += [Finding(level="warn", about="values", message=s) for s in notes.sentences()[:10]]
    return sorted(found, key=lambda f: ("bad", "warn", "ok").index(f.level))


class _Tally:
    """Counts over all observations."""

    def __init__(self) -> None:
        self.count = 0
        self.states: Counter[str] = Counter()
        self.without: Counter[str] = Counter()

    def add(self, observation: Observation) -> None:
        self.count += 1
        self.states[observation.availability.value] += 1
        self.without["quantity"] += observation.quantity is None
        self.without["url"] += not observation.url
        self.without["title"] += not observation.title
        self.without["currency"] += observation.price is not None and not observation.currency

    def sentence(self) -> str:
        states = ", ".join(f"{n} {state}" for state, n in self.states.most_common())
        return f"{self.count} items: {states or 'none'}."

    def findings(self, notes: Notes) -> Iterator[Finding]:
        unknown = self.states[Availability.UNKNOWN.value]
        if self.count and unknown == self.count:
            yield Finding(
                level="bad",
                about="availability",
                message="No item says whether it can be bought, so nobody would ever be told.",
                advice='Map the column in columns: availability = "…" or quantity = "…". '
                f"Columns seen: {', '.join(notes.columns[:30])}.",
            )
        elif unknown:
            yield Finding(
                level="warn",
                about="availability",
                message=f"{unknown} of {self.count} items do not say whether they can be bought.",
                advice="Their last known state is kept.",
            )
        if self.without["currency"]:
            yield Finding(
                level="warn",
                about="currency",
                message=f"{self.without['currency']} prices name no currency.",
                advice='Set default_currency, for example "EUR".',
            )
        if self.count and self.without["url"] == self.count:
            yield Finding(
                level="warn",
                about="url",
                message="No item has the address of its page, so messages cannot link to it.",
                advice='Map it: columns = {url = "…"}.',
            )
        if self.count and self.without["quantity"] == self.count:
            yield Finding(
                level="ok",
                about="quantity",
                message="The feed gives no quantities; waves go by time and not by units.",
            )


def _about_words(notes: Notes, has_words: bool) -> Iterator[Finding]:
    if not notes.unknown_words:
        return
    listed = ", ".join(f"{word!r} ({n})" for word, n in notes.unknown_words.most_common(10))
    suggestion = ", ".join(f'"{word}" = "in_stock"' for word in list(notes.unknown_words)[:3])
    yield Finding(
        level="warn",
        about="availability words",
        message=f"Words that {'your map does' if has_words else 'we do'} not know: {listed}.",
        advice=f"Say what each means, for example words = {{{suggestion}}}.",
    )

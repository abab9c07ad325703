"""What does a shop's text about the shipping time promise?

"Ships in 3–5 business days" promises the fifth of them: a range promises its upper bound (trust
A4). A text that names no number and no date is no promise one can reckon with, and is refused; the
law's own time must not take its place unseen.
"""

from __future__ import annotations

import re

from notifier.domain.dates import read_eta
from notifier.domain.order_delay.line import MOST_DAYS, Promise
from notifier.domain.time_span import TimeSpan, Unit, find_spans
from notifier.errors import InvalidInput

_LEAD = re.compile(
    r"^(?:usually\s+)?(?:ships?|shipping|dispatch(?:ed|es)?|available|expected|versand|lieferbar"
    r"|env[ií]o|disponible)?\s*(?:by|on|in|until|bis|am|ab|el|antes\s+del|hasta\s+el)?\s*:?\s+",
    re.IGNORECASE,
)


def read_promise(text: str, *, order: str = "") -> Promise | None:
    """The promise in `text`; None when the text is empty.

    Understands spans of hours, days, weeks and business days in English, German and Spanish, and
    every date that `read_eta` reads (`order`: `dmy` or `mdy`), with or without "ships by" before
    it. Raises InvalidInput for other texts, and for two different spans in one text.
    """
    text = " ".join(text.split())
    if not text:
        return None
    spans = find_spans(text)
    if len(spans) > 1:
        raise _unreadable(text)
    if spans:
        return _promise_of(spans[0], text)
    try:
        eta = read_eta(_LEAD.sub("", text, count=1), order=order, field="promise")
    except InvalidInput as error:
        raise _unreadable(text) from error
    if eta is None or eta.latest is None:
        raise _unreadable(text)
    return Promise(text=text, by=eta.latest)


def _promise_of(span: TimeSpan, text: str) -> Promise:
    if span.unit is Unit.BUSINESS:
        return Promise(text=text, business_days=span.most)
    if span.unit is Unit.WEEKS:
        return Promise(text=text, days=min(7 * span.most, MOST_DAYS + 1))
    if span.unit is Unit.HOURS:
        return Promise(text=text, days=-(-span.most // 24))
    return Promise(text=text, days=span.most)


def _unreadable(text: str) -> InvalidInput:
    return InvalidInput.of(
        "promise",
        "not_a_promise",
        f"{text[:80]!r} names no shipping time. Write it like 'ships in 3-5 business days' or "
        "'ships by 2027-02-14'.",
    )

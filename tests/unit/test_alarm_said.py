"""Does an alarm say lengths, days, shares and single things as its reader writes them?"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from notifier.i18n import available_locales, section
from notifier.services.alarm_said import read, say, share

STALE = say(
    "source_stale", source="feed", age=timedelta(hours=26, minutes=3), limit=timedelta(days=1)
)
LATE = say("order_refund_overdue", refund_by=date(2026, 4, 30))
BACK = say("came_back", count=1250, of=5000, share=share(0.25), limit=share(0.055))


@pytest.mark.parametrize(
    ("said", "locale", "words"),
    [
        (STALE, "en", "is 1 day, 2 hours old; the limit is 1 day."),
        (STALE, "de", "sind 1 Tag, 2 Stunden alt; erlaubt ist: 1 Tag."),
        (STALE, "es", "tienen 1 día, 2 horas; el límite es 1 día."),
        (LATE, "en", "by 30 April 2026."),
        (LATE, "de", "bis 30. April 2026"),
        (BACK, "en", "1,250 of the last 5,000 alerts by mail came back (25%, the limit is 5.5%)."),
        (BACK, "de", "1.250 der letzten 5.000 Meldungen per Mail kamen zurück (25 %, die Grenze"),
    ],
)
def test_values_are_said_as_the_reader_writes_them(said: Any, locale: str, words: str) -> None:
    stored = json.loads(json.dumps(said.facts))
    assert words in read(stored, locale, stored="")


@pytest.mark.parametrize(
    ("locale", "words"), [("en", "An event (7)"), ("de", "Ein Ereignis (7)"), ("es", "Un suceso")]
)
def test_one_thing_is_not_called_many(locale: str, words: str) -> None:
    advice = say("stuck_advice")
    one = say("stuck_events", count=1, id="7", since="2026-04-30 10:00 UTC", advice=advice)
    assert read(one.facts, locale, stored="").startswith(words)


def test_what_an_older_version_stored_is_said_as_it_was() -> None:
    kept = {"said": {"key": "source_stale", "values": {"source": "feed", "hours": 26.1}}}
    assert read(kept, "de", stored="26.1 hours old") == "26.1 hours old"


@pytest.mark.parametrize("locale", available_locales())
def test_every_phrase_that_counts_has_one_for_one(locale: str) -> None:
    phrases = section(locale, "alarm")
    counting = {name for name, phrase in phrases.items() if "{count}" in phrase}
    # never of one: a hold is of many, a job has failed at least three times
    assert {name for name in counting if f"{name}_one" not in phrases} == {"held", "job"}

"""What is Twilio asked for a letter, and which letter need not be asked for at all?"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from notifier.channels.base import Blame, Letter, Outcome, Result
from notifier.channels.sms.callbacks import status_callback_url
from notifier.channels.sms.settings import Settings

LEAST_VALIDITY = timedelta(seconds=10)

_E164 = re.compile(r"\+[1-9]\d{6,14}")


def refusal(letter: Letter, *, segments: int, settings: Settings, now: datetime) -> Result | None:
    """Why it is not asked for; `segments` is how many SMS its text takes."""
    if not _E164.fullmatch(letter.address):
        return _refused(Blame.ADDRESS, "not_e164", "The address is not a number with + ….")
    if not segments:
        return _refused(Blame.OURS, "empty", "The letter has no SMS text.")
    if segments > settings.max_segments:
        said = f"The text takes {segments} SMS, {settings.max_segments} are allowed."
        return _refused(Blame.CONTENT, "too_long", said)
    if letter.not_after is not None and letter.not_after - now < LEAST_VALIDITY:
        return _refused(Blame.NOBODY, "stale", "Its time ran out before it could be sent.")
    return None


def write_form(letter: Letter, text: str, *, settings: Settings, now: datetime) -> dict[str, Any]:
    """The fields of the request, by the names of Twilio's library."""
    validity = timedelta(seconds=settings.longest_validity)
    if letter.not_after is not None:
        validity = min(validity, letter.not_after - now)
    form: dict[str, Any] = {
        "to": letter.address,
        "body": text,
        "validity_period": max(1, int(validity.total_seconds())),
    }
    if settings.messaging_service_sid:
        form["messaging_service_sid"] = settings.messaging_service_sid
    if settings.from_number:
        form["from_"] = settings.from_number
    callback = status_callback_url(settings.status_callback_base, letter.uid)
    return {**form, "status_callback": callback} if callback else form


def _refused(blame: Blame, code: str, said: str) -> Result:
    return Result(outcome=Outcome.REFUSED, blame=blame, code=code, detail=said)

"""How does an SMS reach a phone through Twilio, and what do we make of its answers?

Twilio has no idempotency key for messages. So a try without an answer is reported as unknown, and
the next try first looks through Twilio's list for our text; only what is not there after a minute
(`settling`) is sent again (at least once, at most two copies). Since the look says that no earlier
try was taken, an outage of hours costs no message.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx2

from notifier.channels.base import (
    Blame,
    Finding,
    Letter,
    NotePhase,
    Outcome,
    Phase,
    Receipt,
    Result,
)
from notifier.channels.sms.account import Account
from notifier.channels.sms.asking import (
    ASKS_PER_SECOND,
    fetch_report,
    find_earlier_try,
    list_texts,
)
from notifier.channels.sms.callbacks import (
    IncomingText,
    read_inbound,
    read_status_callback,
    status_callback_url,
)
from notifier.channels.sms.checkup import check_setup
from notifier.channels.sms.errors import judge_answer
from notifier.channels.sms.pace import PAUSE, Pace
from notifier.channels.sms.request import refusal, write_form
from notifier.channels.sms.settings import Settings as TwilioSettings
from notifier.channels.sms.signature import verify_signature
from notifier.channels.sms.spending import Spending, Tally
from notifier.channels.sms.wire import UNREADABLE, is_bad_certificate, was_never_sent
from notifier.clock import Clock, system_clock
from notifier.domain.sms_text import count_segments, smarten
from notifier.errors import LookFailed

__all__ = [
    "Channel",
    "IncomingText",
    "Settings",
    "read_inbound",
    "read_status_callback",
    "status_callback_url",
    "verify_signature",
]

SKEW = timedelta(minutes=2)  # between our clock and Twilio's
REMEMBERED = 10_000
NOT_THERE = "twilio 20404"

Settings = TwilioSettings


class Channel:
    """Sends SMS. Used by one thread at a time; keeps its connection and its pace between calls.

    `secret`, which every channel is given, is not needed here. `tally` counts what all senders
    sent today, `tally_of_shop` gives the same for one shop. `wait` and `monotonic` are for tests
    that have no time to lose.
    """

    Settings: ClassVar[type[Any]] = TwilioSettings

    def __init__(
        self,
        settings: TwilioSettings,
        *,
        clock: Clock = system_clock,
        secret: bytes = b"",
        tally: Tally | None = None,
        tally_of_shop: Callable[[str], Tally] | None = None,
        wait: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._pace = Pace(
            rate_per_second=settings.rate_per_second, clock=clock, wait=wait, monotonic=monotonic
        )
        self._asking = Pace(
            rate_per_second=ASKS_PER_SECOND, clock=clock, wait=wait, monotonic=monotonic
        )
        self._account = Account(settings, clock=clock)
        self._spending = Spending(
            settings,
            clock=clock,
            tally=tally,
            tally_of_shop=tally_of_shop,
            ask=self._counted_by_twilio,
        )
        self._uid_of: dict[str, str] = {}

    is_paced = True

    def share_rate(self, among: int) -> None:
        """So many senders, this one included, use the account now. From any thread."""
        self._pace.among = among

    def send(
        self, letters: Sequence[Letter], *, note: NotePhase
    ) -> Iterator[tuple[Letter, Result]]:
        """Try each letter once, no faster than the set rate. See channels.base.

        When Twilio asks for a pause, cannot be reached or refuses our set-up, the rest of the
        letters come back at once as try_later, without a request.
        """
        refused_setup: Result | None = None
        for letter in letters:
            result = refused_setup or self._pace.pause() or self._try(letter, note)
            if result.outcome is Outcome.TRY_LATER and result.blame is Blame.CONFIG:
                refused_setup = result
            yield letter, result

    def pause_left(self) -> timedelta:
        """For how long Twilio is left alone yet, because it asked for that or failed."""
        paused = self._pace.pause()
        return (paused.retry_after if paused else None) or timedelta(0)

    def check(self) -> list[Finding]:
        """Look at account, sender and callbacks without sending. Never raises."""
        return check_setup(self._account.client, self._settings)

    def ask_about(self, provider_id: str, *, uid: str) -> Receipt | None:
        """How a message fares. See channels.base."""
        self._asking.wait_turn()
        try:
            with self._account.understood():
                return fetch_report(self._account.client, provider_id, uid=uid, at=self._clock())
        except LookFailed as problem:
            if problem.code != NOT_THERE:
                raise
            return None

    def texts_since(self, since: datetime) -> Iterator[IncomingText]:
        """What people texted us, and maybe we never heard. See channels.base."""
        with self._account.understood():
            yield from list_texts(
                self._account.client, self._settings, since=since, turn=self._asking.wait_turn
            )

    def close(self) -> None:
        self._account.close()

    def _try(self, letter: Letter, note: NotePhase) -> Result:
        text = smarten(letter.short).strip()
        segments = count_segments(text)
        refused = refusal(letter, segments=segments, settings=self._settings, now=self._clock())
        if refused is not None:
            return refused
        if letter.is_retry_of_unknown:
            settled = self._settle(letter, text)
            if settled is not None:
                return settled
        broke = self._spending.take(letter.shop, segments=segments)
        if broke is not None:
            return broke
        result = Result(outcome=Outcome.TRY_LATER)
        try:
            self._pace.wait_turn()
            again = letter.is_retry_of_unknown
            note(letter.message_id, Phase.HANDED_OVER_ANEW if again else Phase.HANDED_OVER)
            result = self._post(letter, text)
        finally:
            if result.outcome not in (Outcome.ACCEPTED, Outcome.UNKNOWN):
                self._spending.give_back(letter.shop, segments=segments)
        result = self._remember(letter, result)
        if result.outcome is Outcome.UNKNOWN:  # by then the list tells whether it was taken
            settling = timedelta(seconds=self._settings.settling)
            result = replace(result, retry_after=max(result.retry_after or settling, settling))
        return replace(result, earlier_not_taken=letter.is_retry_of_unknown)

    def _post(self, letter: Letter, text: str) -> Result:
        from twilio.base.exceptions import TwilioRestException, TwilioServiceException

        form = write_form(letter, text, settings=self._settings, now=self._clock())
        try:
            taken = self._account.client.messages.create(**form)
        except (TwilioRestException, TwilioServiceException) as problem:
            said = getattr(problem, "msg", "") or getattr(problem, "title", "")
            return self._judged(problem.status, problem.code, str(said))
        except httpx2.RequestError as problem:
            return _unanswered(problem)
        except UNREADABLE as problem:
            said = f"Twilio's answer cannot be read: {problem}"
            return Result(outcome=Outcome.UNKNOWN, code="unreadable", detail=said[:1000])
        if not taken.sid:
            return Result(outcome=Outcome.UNKNOWN, code="unreadable", detail="No SID in it.")
        return Result(outcome=Outcome.ACCEPTED, code=str(taken.status), provider_id=taken.sid)

    def _judged(self, status: int, code: int | None, said: str) -> Result:
        verdict = judge_answer(status, None if code == status else code)
        return Result(
            outcome=verdict.outcome,
            blame=verdict.blame,
            code=f"twilio {code or status}",
            detail=f"{verdict.meaning}: {said}"[:1000],
            retry_after=self._account.asked_to_wait() or verdict.retry_after,
        )

    def _settle(self, letter: Letter, text: str) -> Result | None:
        """Look for an earlier try in Twilio's list. None: it is not there, send it again."""
        now = self._clock()
        first = letter.first_tried_at or now
        try:
            with self._account.understood():
                sid = find_earlier_try(
                    self._account.client,
                    to=letter.address,
                    text=text,
                    since=first - SKEW,
                    is_ours=lambda sid: self._uid_of.get(sid, letter.uid) == letter.uid,
                )
        except LookFailed as problem:
            said = f"Could not look whether an earlier try arrived: {problem}"
            return self._remember(letter, _later("cannot_look", said, wait=PAUSE))
        if sid:
            result = Result(outcome=Outcome.ACCEPTED, code="found", provider_id=sid)
            return self._remember(letter, result)
        age = max(now - first, timedelta(0))
        settling = timedelta(seconds=self._settings.settling)
        if age < settling:
            said = "An earlier try may still turn up in Twilio's list."
            return _later("settling", said, wait=settling - age)
        return None

    def _counted_by_twilio(self) -> int | None:
        try:
            with self._account.understood():
                records = self._account.client.usage.records.today.list(
                    category="sms-outbound", limit=1
                )
                return sum(int(record.count or 0) for record in records)
        except LookFailed:
            return None  # our own count goes on; the next look comes in five minutes

    def _remember(self, letter: Letter, result: Result) -> Result:
        """Learn from a result: whose message it was, and whether to leave Twilio alone a while."""
        if result.provider_id:
            self._uid_of[result.provider_id] = letter.uid
            if len(self._uid_of) > REMEMBERED:
                del self._uid_of[next(iter(self._uid_of))]
        self._pace.learn(result)
        return result


def _unanswered(problem: httpx2.RequestError) -> Result:
    said = f"{type(problem).__name__}: {problem}"[:1000]
    if not (isinstance(problem, httpx2.TransportError) and was_never_sent(problem)):
        return Result(outcome=Outcome.UNKNOWN, blame=Blame.TRANSPORT, code="no_answer", detail=said)
    blame = Blame.CONFIG if is_bad_certificate(problem) else Blame.TRANSPORT
    return Result(outcome=Outcome.TRY_LATER, blame=blame, code="not_reached", detail=said)


def _later(code: str, said: str, *, wait: timedelta) -> Result:
    return Result(
        outcome=Outcome.TRY_LATER,
        blame=Blame.TRANSPORT,
        code=code,
        detail=said[:1000],
        retry_after=wait,
    )

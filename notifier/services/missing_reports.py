"""How did the texts end of which the provider never said so?

Its callbacks are lost while our address is wrong or we are away, and it tells each once. So a text
without an end is asked about after a day, and for the last time after three: what is known then is
booked as the callback would have booked it, and what is not is closed as not known (trust RL-31).
That a carrier gives no receipts is usual in some countries: such a text stays `sent` for ever.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta

from notifier.channels.base import AskableChannel, Receipt, ReceiptKind
from notifier.errors import LookFailed, StoreBusy
from notifier.log import log
from notifier.metrics import TEXTS_ASKED
from notifier.services.alarm_said import Said, say
from notifier.services.alarms import clear_alarm, raise_alarm
from notifier.services.askable import open_askable, shop_behind, text_channels
from notifier.services.daily_tally import daily_tally
from notifier.services.env import Env
from notifier.services.receive import receive
from notifier.signing import Purpose
from notifier.store.session import Transaction
from notifier.store.unreported import (
    NEVER,
    NOT_ASKED,
    NOT_YET,
    UnreportedRow,
    still_unreported,
    unreported,
)

FIRST, LAST = timedelta(hours=24), timedelta(hours=72)
PATIENCE = timedelta(hours=6)  # a provider that cannot be asked for longer is told of
BATCH = 100
AT_MOST = 60.0  # seconds; the next run goes on
FAILURES = 3  # of a channel in a row, then the rest waits for the next run
MANY = 3  # reports that were missing in one day: one or two are lost by any restart
LEFT = "sent"  # the provider's word for what went to a carrier, which has said no more

MISSING, ENDLESS, UNASKED = "sms.reports_missing", "sms.no_end", "sms.cannot_ask"


def find_missing_reports(env: Env, *, at_most: float = AT_MOST) -> int:
    """One pass; how many texts were asked about or closed."""
    until = time.monotonic() + at_most
    with ExitStack() as stack:
        asking = _Asking(env, stack)
        for reason, age in ((NOT_YET, LAST), (NOT_ASKED, FIRST)):
            while time.monotonic() < until and asking.ask_some(reason, age=age):
                continue
    for name in text_channels(env):
        _tell(env, name, asking)
    if asking.settled:
        log.info("texts asked about", count=len(asking.settled), failed=len(asking.failed))
    return len(asking.settled)


class _Asking:
    """One pass, and what it has come to."""

    def __init__(self, env: Env, stack: ExitStack) -> None:
        self._env = env
        self._stack = stack
        self._channels: dict[str, AskableChannel | None] = {}
        self._in_a_row: Counter[str] = Counter()
        self.settled: set[int] = set()
        self.failed: dict[int, UnreportedRow] = {}
        self.why: dict[str, LookFailed] = {}  # by channel
        self.missing: Counter[str] = Counter()
        self.endless: Counter[str] = Counter()

    def ask_some(self, reason: str, *, age: timedelta) -> bool:
        """Ask about the next ones; False when there are no more."""
        env = self._env
        silent = [name for name, count in self._in_a_row.items() if count >= FAILURES]
        with env.db.read() as tx:
            rows = unreported(
                tx, reason=reason, before=env.now() - age, besides=silent, limit=BATCH
            )
        news = [row for row in rows if row.id not in self.settled and row.id not in self.failed]
        for row in news:
            if self._in_a_row[row.channel] < FAILURES:
                self._ask(row)
        return bool(news)

    def _ask(self, row: UnreportedRow) -> None:
        channel = self._channel(row.channel)
        if channel is None:
            self._close(row, reason=NEVER, code="", result="nobody_to_ask")
            return
        uid = self._env.signer.make(Purpose.MESSAGE, row.id)
        try:
            receipt = channel.ask_about(row.provider_id, uid=uid)
        except LookFailed as error:
            self._in_a_row[row.channel] += 1
            self.failed[row.id] = row
            self.why[row.channel] = error
            TEXTS_ASKED.labels(channel=row.channel, result="failed").inc()
            log.warning("text not asked about", message=row.id, why=str(error))
            return
        self._in_a_row[row.channel] = 0
        try:
            self._book(row, receipt)
        except StoreBusy:
            raise
        except Exception:  # noqa: BLE001  one text must not keep the others from their end
            log.exception("report not booked", message=row.id)
            self.failed[row.id] = row
            TEXTS_ASKED.labels(channel=row.channel, result="failed").inc()

    def _book(self, row: UnreportedRow, receipt: Receipt | None) -> None:
        is_last = self._env.now() - row.finished_at >= LAST
        if receipt is None:
            self.endless[row.channel] += 1
            self._close(row, reason=NEVER, code="", result="gone")
            return
        news = receive(self._env, receipt)
        if receipt.kind is not ReceiptKind.ACCEPTED:
            self.missing[row.channel] += news
            # moved by now, unless there was nothing that it could move: then no more is to come
            self._close(row, reason=NEVER, code=receipt.code, result=receipt.kind.value)
            return
        self.endless[row.channel] += is_last and receipt.code != LEFT
        reason = NEVER if is_last else NOT_YET
        self._close(row, reason=reason, code=receipt.code, result="no_end" if is_last else "open")

    def _close(self, row: UnreportedRow, *, reason: str, code: str, result: str) -> None:
        self._env.db.retry(lambda tx: still_unreported(tx, [row.id], reason=reason, code=code))
        self.settled.add(row.id)
        TEXTS_ASKED.labels(channel=row.channel, result=result).inc()

    def _channel(self, name: str) -> AskableChannel | None:
        if name not in self._channels:
            channel = open_askable(self._env, name)
            if channel is not None:
                self._stack.callback(channel.close)
            self._channels[name] = channel
        return self._channels[name]


def _tell(env: Env, name: str, asking: _Asking) -> None:
    """Raise what is wrong with a channel's reports; clear what was, and is no more since midnight
    (UTC)."""
    missing = daily_tally(env, f"{name} reports missing")(asking.missing[name])
    endless = daily_tally(env, f"{name} without an end")(asking.endless[name])
    oldest = min(
        (row.finished_at for row in asking.failed.values() if row.channel == name), default=None
    )

    def work(tx: Transaction) -> None:
        url = env.config.service.public_url
        _set(
            env,
            tx,
            MISSING,
            name,
            message=say("reports_missing", count=missing, channel=name, url=url),
            is_on=missing >= MANY and asking.missing[name] > 0,
            is_over=not missing,
        )
        _set(
            env,
            tx,
            ENDLESS,
            name,
            message=say("never_left", count=endless, channel=name),
            is_on=asking.endless[name] > 0,
            is_over=not endless,
        )
        _set(
            env,
            tx,
            UNASKED,
            name,
            message=say("ends_unasked", channel=name, error=asking.why.get(name, "see the log.")),
            is_on=oldest is not None and _is_late(oldest, now=env.now()),
            is_over=oldest is None,
        )

    env.db.retry(work)


def _is_late(taken_at: datetime, *, now: datetime) -> bool:
    return now - taken_at > FIRST + PATIENCE


def _set(
    env: Env, tx: Transaction, code: str, name: str, *, message: Said, is_on: bool, is_over: bool
) -> None:
    if is_on:
        raise_alarm(env, tx, code=code, about=name, message=message, shop=shop_behind(env, name))
    elif is_over:
        clear_alarm(env, tx, code=code, about=name)

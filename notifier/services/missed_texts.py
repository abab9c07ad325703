"""What did people text that we never heard: did somebody say STOP?

A provider calls our hook once or twice and then no more. It obeys a STOP itself, but lists nobody's
opt-outs; what people texted it does list. So each day is gone through once it is over, and what we
did not hear is acted on as if it had just come, in its order (trust SM-10, decision 0050).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from notifier.channels.base import TextHeard
from notifier.domain.message import Medium
from notifier.domain.sms_keywords import Wish
from notifier.errors import LookFailed, StoreBusy
from notifier.log import log
from notifier.metrics import TEXTS_MISSED
from notifier.services.alarm_said import say
from notifier.services.alarms import clear_alarm, raise_alarm
from notifier.services.askable import open_askable, shop_behind, text_channels
from notifier.services.env import Env
from notifier.services.hear_text import ASKED_FOR, PROVIDER, hear_text, note_heard
from notifier.store import receipts, shut_addresses
from notifier.store.limits import is_spent, spend
from notifier.store.session import Transaction

DONE = "texts_compared"
KEPT = timedelta(days=60)  # that a day was gone through
LOOK_BACK = 7  # days, when the service was away or the provider could not be asked
GRACE = timedelta(hours=1)  # until then the hook may still hear of it, and answer
PATIENCE = timedelta(hours=6)  # a day that cannot be gone through for longer is told of
UNHEARD, UNASKED = "sms.texts_missed", "sms.texts_not_compared"
CHUNK = 500
_DECIDES = (Wish.STOP, Wish.START)


def find_missed_texts(env: Env) -> int:
    """Go through the days that are over and were not gone through; how many texts were missed."""
    missed = 0
    for name in text_channels(env):
        days = _days_to_do(env, name)
        if days:
            missed += _compare(env, name, days)
    return missed


def _days_to_do(env: Env, name: str) -> list[date]:
    """From the first that was not gone through to the last that is over. What is older than our
    own memory of what we heard cannot be compared."""
    end = (env.now() - GRACE).astimezone(UTC).date()
    kept = env.config.retention.receipts
    back = min(LOOK_BACK, max(kept.days - 1, 1)) if kept else LOOK_BACK
    days = [end - timedelta(days=n) for n in range(back, 0, -1)]
    with env.db.read() as tx:
        done = [is_spent(tx, DONE, _key(name, day)) for day in days]
    return [] if all(done) else days[done.index(False) :]


def _key(name: str, day: date) -> str:
    return f"{day.isoformat()}:{name}"


def _compare(env: Env, name: str, days: Sequence[date]) -> int:
    channel = open_askable(env, name)
    if channel is None:
        return 0
    since = datetime.combine(days[0], time(), tzinfo=UTC)
    try:
        texts = list(channel.texts_since(since))
    except LookFailed as error:
        _cannot(env, name, error, over_at=since + timedelta(days=1))
        return 0
    finally:
        channel.close()
    unheard = list(_unheard(env, texts))
    booked = sum(_book(env, name, text, is_over=is_over) for text, is_over in unheard)
    log.info("texts compared", channel=name, since=str(days[0]), count=len(texts), missed=booked)
    if booked < len(unheard):
        failed = LookFailed("not_booked", "Some cannot be booked; the log says which.")
        _cannot(env, name, failed, over_at=since + timedelta(days=1))
    else:
        env.db.retry(lambda tx: _done(env, tx, name, days, missed=booked, of=len(texts)))
    return booked


def _book(env: Env, name: str, text: TextHeard, *, is_over: bool) -> bool:
    try:
        if is_over:
            _overtaken(env, text)
        else:
            hear_text(env, text, way=ASKED_FOR)
    except StoreBusy:
        raise
    except Exception:  # noqa: BLE001  one text must not keep the others from being obeyed
        log.exception("text not booked", text=text.event_id)
        return False
    TEXTS_MISSED.labels(channel=name, wish=text.wish.value).inc()
    return True


def _unheard(env: Env, texts: Sequence[TextHeard]) -> Iterator[tuple[TextHeard, bool]]:
    """What we did not hear, the oldest first, and whether what came later has overtaken it."""
    keys = [text.event_id for text in texts]
    heard: set[str] = set()
    with env.db.read() as tx:
        for start in range(0, len(keys), CHUNK):
            some = keys[start : start + CHUNK]
            heard |= receipts.known_events(tx, provider=PROVIDER, event_keys=some)
    decided: dict[str, datetime] = {}  # when the last word that we heard of a number came
    for text in texts:
        if text.event_id in heard and text.wish in _DECIDES:
            decided[text.address] = max(_at(text), decided.get(text.address, _at(text)))
    before = env.now() - GRACE
    by_number: defaultdict[str, list[TextHeard]] = defaultdict(list)
    for text in texts:
        if text.event_id not in heard and _at(text) <= before:
            by_number[text.address].append(text)
    for number, unheard in by_number.items():
        shut = _shut_since(env, number) if any(one.wish is Wish.START for one in unheard) else None
        for text in sorted(unheard, key=_at):
            is_over = _at(text) < decided.get(number, _at(text))
            if text.wish is Wish.START and shut is not None and _at(text) < shut:
                is_over = True  # the number was shut after it
            yield text, is_over


def _at(text: TextHeard) -> datetime:
    return text.at or datetime.min.replace(tzinfo=UTC)


def _shut_since(env: Env, number: str) -> datetime | None:
    hash_ = env.signer.hash_address(Medium.SMS, number)
    with env.db.read() as tx:
        return shut_addresses.shut_since(tx, hash_, reason="stopped")


def _overtaken(env: Env, text: TextHeard) -> None:
    env.db.retry(lambda tx: note_heard(env, tx, text, code="overtaken"))


def _done(
    env: Env, tx: Transaction, name: str, days: Sequence[date], *, missed: int, of: int
) -> None:
    for day in days:
        spend(tx, DONE, _key(name, day), expires_at=env.now() + KEPT)
    clear_alarm(env, tx, code=UNASKED, about=name)
    if not missed:
        clear_alarm(env, tx, code=UNHEARD, about=name)
        return
    url = env.config.service.public_url
    raise_alarm(
        env,
        tx,
        code=UNHEARD,
        about=name,
        message=say("unheard", missed=missed, of=of, channel=name, day=days[0], url=url),
        shop=shop_behind(env, name),
    )


def _cannot(env: Env, name: str, error: LookFailed, *, over_at: datetime) -> None:
    log.warning("texts not compared", channel=name, code=error.code, why=str(error))
    if env.now() - over_at < PATIENCE:
        return
    env.db.retry(
        lambda tx: raise_alarm(
            env,
            tx,
            code=UNASKED,
            about=name,
            message=say("stop_unasked", channel=name, day=over_at.date(), error=str(error)),
            shop=shop_behind(env, name),
        )
    )

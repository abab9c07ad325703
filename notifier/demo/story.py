"""What has the notifier done so far, step by step, and what does it believe? Read from its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from notifier.demo.desk_words import MESSAGES
from notifier.demo.goods import GOODS, find_kind
from notifier.demo.settings import SHOP
from notifier.demo.stage import GUEST_DOMAIN, Stage
from notifier.domain.stock import Level, Stock
from notifier.i18n import age_words
from notifier.store import alarms, catalogue, sources, timeline
from notifier.store import stock as stock_store

__all__ = ["Beat", "Progress", "beliefs", "progress", "source_state", "story"]

FEED = "feed"
LENGTH = 80
_KINDS = {
    "back_in_stock": "Back in stock",
    "eta_revised": "New expected date",
    "discontinued": "No longer made",
    "confirm": "“Please confirm”",
    "waiting": "“You are on the list”",
    "reminder": "Reminder",
    "still_waiting": "“Still interested?”",
    "manage_link": "Link to all notices",
    "source_trouble": "Alarm for Olga",
    **MESSAGES,
}
_STATES = {
    "due": "is due",
    "sending": "is being sent",
    "accepted": "was accepted",
    "delivered": "was delivered",
    "bounced": "bounced",
    "refused": "was refused",
    "skipped": "was skipped",
    "failed": "failed",
    "unknown": "got no answer; it is tried again",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One line of the story. `step`: shop, push, look, event, wave, message, alarm, switch."""

    at: datetime
    order: int
    step: str
    variant: str
    text: str
    state: str = ""

    def as_json(self, now: datetime) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(timespec="milliseconds"),
            "ago": age_seconds(self.at, now),
            "step": self.step,
            "variant": self.variant,
            "about": name_of(self.variant),
            "text": self.text,
            "state": self.state,
        }


def age_seconds(at: datetime, now: datetime) -> float:
    return round(max(0.0, (now - at).total_seconds()), 1)


def name_of(variant: str) -> str:
    """`Morning teapot, Rust`; the key itself for what the storefront does not know."""
    found = find_kind(variant)
    if found is None:
        return variant
    good, kind = found
    return good.name["en"] if len(good.kinds) == 1 else f"{good.name['en']}, {kind.label['en']}"


def story(stage: Stage, *, variant: str = "", limit: int = LENGTH) -> list[Beat]:
    """Newest first; of one variant when it is given."""
    beats = [
        Beat(at=n.at, order=0, step=n.kind, variant=n.variant, text=n.text) for n in stage.notes
    ]
    beats += _from_rows(stage)
    chosen = [one for one in beats if not variant or one.variant == variant]
    return sorted(chosen, key=lambda one: (one.at, one.order), reverse=True)[:limit]


def _from_rows(stage: Stage) -> Iterator[Beat]:
    shop_id, since = stage.ref.id, stage.since
    with stage.env.db.read() as tx:
        seen = timeline.seen_since(tx, shop_id, since=since)
        events = timeline.events_since(tx, shop_id, since=since)
        waves = timeline.waves_since(tx, shop_id, since=since)
        messages = timeline.messages_since(tx, shop_id, since=since)
        trouble = alarms.open_alarms(tx)
    for look in seen:
        how = "A look at the feed showed" if look.source == FEED else "The push said"
        units = "" if look.quantity is None else f", {look.quantity} left"
        text = f"{how}: {look.availability.replace('_', ' ')}{units}."
        yield Beat(at=look.at, order=1, step="look", variant=look.variant, text=text)
    for event in events:
        yield Beat(
            at=event.at, order=2, step="event", variant=event.variant,
            text=_event_words(event), state=event.release_state or event.state,
        )  # fmt: skip
    for wave in waves:
        people = (
            "nobody" if not wave.told else "one person" if wave.told == 1 else f"{wave.told} people"
        )
        text = f"Wave {wave.number}, {people} told: {wave.reason}"
        yield Beat(at=wave.at, order=3, step="wave", variant=wave.variant, text=text)
    for alike in _together(messages):
        sent = alike[0]
        yield Beat(
            at=sent.finished_at or sent.at, order=4, step=sent.medium, variant=sent.variant,
            text=_message_words(sent, people=len(alike)), state=sent.state,
        )  # fmt: skip
    for alarm in trouble:
        yield Beat(at=alarm.raised_at, order=5, step="alarm", variant="", text=alarm.message)


def _event_words(event: timeline.Told) -> str:
    words = f"Event: {_KINDS.get(event.kind, event.kind)}."
    if event.state == "held":
        return f"{words} Held, until Olga says that it is right."
    if event.release_state == "stopped":
        return f"{words} Its release stopped: {event.release_reason.replace('_', ' ')}."
    if event.release_state == "done":
        return f"{words} Its release is done."
    return words


def _together(messages: Sequence[timeline.Sent]) -> list[list[timeline.Sent]]:
    """Each message alone, but those to made-up people about the same thing at once as one."""
    groups: dict[object, list[timeline.Sent]] = {}
    for sent in messages:
        at = (sent.finished_at or sent.at).replace(microsecond=0)
        same = (sent.kind, sent.state, sent.variant, at.replace(second=at.second // 5 * 5))
        is_guest = sent.address.endswith(GUEST_DOMAIN)
        groups.setdefault(same if is_guest else sent.id, []).append(sent)
    return list(groups.values())


def _message_words(sent: timeline.Sent, *, people: int) -> str:
    what = _KINDS.get(sent.kind, sent.kind)
    by = "SMS" if sent.medium == "sms" else "Mail"
    how = _STATES.get(sent.state, sent.state)
    why = f" ({sent.reason.replace('_', ' ')})" if sent.reason else ""
    if sent.state in ("bounced", "refused", "failed") and sent.code:
        why = f" ({sent.code})"
    to = sent.address if people == 1 else f"{people} made-up people"
    return f"{by} to {to}: {what} {how}{why}."


def beliefs(stage: Stage) -> dict[str, dict[str, Any]]:
    """By variant key: what the notifier believes, how old that is, and who waits."""
    now = stage.env.now()
    keys = [kind.key for good in GOODS for kind in good.kinds]
    with stage.env.db.read() as tx:
        rows = catalogue.find_variants_by_key(tx, stage.ref.id, keys)
        ids = [row.id for row in rows.values()]
        stock = stock_store.load_stock(tx, ids)
        ages = stock_store.vouched_at(tx, stage.ref.id, ids)
        waiting = timeline.count_waiting(tx, stage.ref.id)
    found = {}
    for key, row in rows.items():
        people = waiting.get(key, {})
        found[key] = {
            **_belief(stock.get(row.id)),
            "age": age_words(max(now - ages[row.id], timedelta(0)), "en") if row.id in ages else "",
            "waiting": people.get("waiting", 0) + people.get("paused", 0),
            "unconfirmed": people.get("unconfirmed", 0),
            "told": people.get("told", 0),
        }
    return found


def _belief(stock: Stock | None) -> dict[str, Any]:
    if stock is None:
        return {"availability": "unknown", "quantity": None, "eta": "", "cooling": False}
    return {
        "availability": stock.availability.value,
        "quantity": stock.quantity,
        "eta": (stock.eta.iso() or "") if stock.eta else "",
        "cooling": stock.level > Level.NONE and stock.announced_epoch < stock.epoch,
    }


def source_state(stage: Stage) -> dict[str, Any]:
    """How the notifier's own source is doing."""
    now = stage.env.now()
    with stage.env.db.read() as tx:
        row = sources.find_source(tx, stage.ref.id, FEED)
    if row is None:
        return {"state": "new", "age": None, "failures": 0, "trouble": ""}
    known_at = row.vouched_at or row.looked_at
    return {
        "state": row.state,
        "age": age_seconds(known_at, now) if known_at else None,
        "failures": row.failures,
        "trouble": row.trouble,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a newcomer has come. `seconds`: from the first request to the restock message."""

    asked: bool
    confirmed: bool
    restocked: bool
    told: bool
    seconds: float | None


def progress(stage: Stage) -> Progress:
    with stage.env.db.read() as tx:
        shop_id = stage.env.shop(SHOP).id
        messages = timeline.messages_since(tx, shop_id, since=stage.since, limit=500)
        events = timeline.events_since(tx, shop_id, since=stage.since)
    oldest_first = [one for one in reversed(messages) if not one.address.endswith(GUEST_DOMAIN)]
    asked = next((one for one in oldest_first if one.kind == "confirm"), None)
    restocks = [one for one in events if one.kind == "back_in_stock"]
    alert = next(
        (
            one
            for one in oldest_first
            if one.kind == "back_in_stock" and one.state in ("accepted", "delivered")
        ),
        None,
    )
    took = None
    if asked and alert and alert.finished_at:
        took = round((alert.finished_at - asked.at).total_seconds(), 1)
    return Progress(
        asked=asked is not None or alert is not None,
        confirmed=any(one.kind == "waiting" for one in oldest_first) or alert is not None,
        restocked=bool(restocks),
        told=alert is not None,
        seconds=took,
    )

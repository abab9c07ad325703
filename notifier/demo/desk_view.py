"""What lies on the order desk: which lines, and the whole story of one of them?

Read with the product's own services and rows; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from notifier.demo.desk_words import (
    LAWS,
    MESSAGES,
    STATES,
    STEPS,
    TONES,
    WHY,
    countdown,
    deadline_words,
    event_words,
    moment_words,
    short_day,
)
from notifier.demo.goods import find_kind
from notifier.demo.pictures import draw
from notifier.demo.settings import SHOP
from notifier.demo.stage import Stage
from notifier.demo.story import name_of
from notifier.domain.order_delay import NextStep, State, Why
from notifier.domain.order_delay.states import OPEN
from notifier.errors import NotFound
from notifier.services.evidence import gather_evidence
from notifier.services.order_wanted import FROM_STOCK
from notifier.services.see_order import ShownLine, ShownWhole, list_lines, show_order
from notifier.signing import Purpose
from notifier.store import ledger, orders

__all__ = ["clock_state", "line_view", "list_view", "next_deadline", "verified"]

MOST_LINES = 60
ZONES_OF = {"US": "the United States", "DE": "Germany", "GB": "the United Kingdom"}
_ENDS = ("cancelled", "withdrawn", "no_ship")
_ACTS = {"offered": "Sent", "returned": "Came back", "answered": "The customer's answer"}


def list_view(stage: Stage) -> list[dict[str, Any]]:
    """All lines, the next deadline first."""
    now = stage.clock()
    shop = stage.env.shop(SHOP)
    page = list_lines(stage.env, shop, limit=MOST_LINES)
    zones = _zones(stage, [line.order for line in page.lines])
    return [_row(line, zone=zones[line.order], now=now) for line in page.lines]


def next_deadline(stage: Stage) -> tuple[datetime, ShownLine] | None:
    """The next instant at which something lapses or is owed, of all lines."""
    now = stage.clock()
    page = list_lines(stage.env, stage.env.shop(SHOP), limit=MOST_LINES)
    ahead = [(line.deadline, line) for line in page.lines if line.deadline and line.deadline > now]
    return min(ahead, key=lambda one: one[0], default=None)


def clock_state(stage: Stage) -> dict[str, Any]:
    """The demo's own date, how far ahead it is, and what its next deadline is."""
    now = stage.clock()
    found = next_deadline(stage)
    words = ""
    if found is not None:
        at, line = found
        zone = _zones(stage, [line.order])[line.order]
        words = f"{line.order}, {countdown(at, now)}: {deadline_words(at, zone)}"
    days = round(stage.clock.ahead.total_seconds() / 86400, 1)
    return {
        "day": f"{now:%A}, {short_day(now.date())}",
        "time": f"{now:%H:%M} UTC",
        "ahead": f"{days:g} days ahead of your own clock" if days >= 0.05 else "",
        "next": words,
    }


def line_view(stage: Stage, ref: str, line_ref: str) -> dict[str, Any]:
    """One line with its story, its ledger entries and what can be done. Raises errors.NotFound."""
    shop = stage.env.shop(SHOP)
    order = show_order(stage.env, shop, ref)
    line = next((one for one in order.lines if one.ref == line_ref), None)
    if line is None:
        raise NotFound(f"Order {ref[:40]} has no line {line_ref[:40]!r}.")
    now = stage.clock()
    document = gather_evidence(stage.env, shop, ref)
    written = next(one for one in document["lines"] if one["ref"] == line_ref)
    return {
        **_row(line, zone=order.zone, now=now),
        "customer": order.email or order.phone or "(erased)",
        "ships_to": ZONES_OF.get(order.country, order.country or "somewhere"),
        "facts": _facts(line, zone=order.zone, now=now),
        "may": _may(line),
        "page": _customers_page(stage, ref, line_ref),
        "story": _story(stage, line, written, zone=order.zone),
        "ledger": [_link(stage, one, zone=order.zone) for one in document["ledger"]],
    }


def verified(stage: Stage) -> dict[str, Any]:
    """Every chain of the ledger walked from its start, as `notifier audit verify` does."""
    with stage.env.db.read() as tx:
        found = ledger.verify(tx)
    return {"sealed": found.sealed, "unsealed": found.unsealed, "broken": list(found.broken)}


def _row(line: ShownLine, *, zone: str, now: datetime) -> dict[str, Any]:
    state, step = State(line.state), NextStep(line.next_step)
    key = line.variant or ""
    found = find_kind(key)
    return {
        "order": line.order,
        "ref": line.ref,
        "variant": line.variant,
        "title": name_of(key) if found else line.title,
        "picture": draw(*found) if found else "",
        "state": state.value,
        "state_words": STATES[state],
        "tone": TONES.get(state, "warn"),
        "step": STEPS[step],
        "deadline": deadline_words(line.deadline, zone) if line.deadline else "",
        "countdown": countdown(line.deadline, now) if line.deadline else "",
        "zone": zone,
    }


def _facts(line: ShownWhole, *, zone: str, now: datetime) -> list[tuple[str, str, str]]:
    """Name, value and a word beside it, in reading order."""
    expected = line.expected
    until = short_day(expected.ship_by) if expected and expected.ship_by else "Nobody knows"
    source = f"says: {expected.source}" if expected and expected.source else ""
    if expected and expected.scope == FROM_STOCK:
        until, source = "The goods are here", ""
    rows = [
        ("Promised", short_day(line.promised), f"“{line.promise}”" if line.promise else ""),
        ("Expected now", until, source),
    ]
    if line.limit is not None and line.limit != line.promised and line.refund is None:
        what = "leave" if line.rules.startswith("us-") else "arrive"
        rows.append((f"Now it must {what} by", short_day(line.limit), "as things stand"))
    if line.notice is not None and line.notice.by is not None:
        rows.append(("Customer told by", deadline_words(line.notice.by, zone), "at the latest"))
    refund = line.refund
    if refund is not None:
        sent = moment_words(refund.sent_at, zone) if refund.sent_at else ""
        words = f"sent {sent}" if sent else f"owed since {short_day(refund.vested_on)}"
        rows.append(("Refund", f"by {short_day(refund.refund_by)}", words))
    elif line.deadline is not None:
        when = countdown(line.deadline, now)
        rows.append(("Next deadline", deadline_words(line.deadline, zone), when))
    rows.append(("Next step", STEPS[NextStep(line.next_step)], ""))
    name = line.rules.partition("@")[0]
    rows.append(("Law", LAWS.get(name, name), ""))
    return rows


def _may(line: ShownWhole) -> dict[str, bool]:
    state = State(line.state)
    is_open = state in OPEN
    by_delivery = not line.rules.startswith("us-")
    return {
        "date": is_open and line.variant is not None,
        "ship": is_open,
        "decline": is_open,
        "deliver": state is State.SHIPPED and by_delivery,
        "refund": state is State.REFUND_DUE,
    }


def _zones(stage: Stage, refs: Sequence[str]) -> dict[str, str]:
    """Where the days of each order are counted."""
    shop_id = stage.env.shop(SHOP).id
    with stage.env.db.read() as tx:
        found = {ref: orders.find_order(tx, shop_id=shop_id, ref=ref) for ref in set(refs)}
    return {ref: order.zone for ref, order in found.items() if order is not None}


def _customers_page(stage: Stage, ref: str, line_ref: str) -> str:
    env = stage.env
    with env.db.read() as tx:
        order = orders.find_order(tx, shop_id=env.shop(SHOP).id, ref=ref)
        lines = orders.lines_of_order(tx, order.id) if order else []
    line = next(one for one in lines if one.ref == line_ref)
    return env.token_link("o", Purpose.ORDER, line.id)


def _story(
    stage: Stage, line: ShownWhole, written: Mapping[str, Any], *, zone: str
) -> list[dict[str, Any]]:
    """Newest first: what happened, and between it what the rules made of that."""
    beats = [
        {
            "at": event["at"],
            "step": _step(event["kind"]),
            "text": event_words(event["kind"], event["facts"], by=event["by"]),
            "mail": _mail_number(stage, event["facts"].get("message")),
            "law": "",
        }
        for event in written["history"]
    ]
    beats += [
        {
            "at": reason.at.isoformat(),
            "step": "law",
            "text": WHY[Why(reason.why)],
            "mail": 0,
            "law": reason.paragraph,
        }
        for reason in line.reasons
        if reason.why in WHY
    ]
    beats += [
        {
            "at": one["made_at"],
            "step": "mail",
            "text": f"{MESSAGES.get(one['kind'], one['kind'])}: {_fate(one)}.",
            "mail": 0,
            "law": "",
        }
        for one in written["messages"]
        if one["state"] not in ("accepted", "delivered")
    ]
    beats.sort(key=_place)
    return [
        {**beat, "when": moment_words(datetime.fromisoformat(beat["at"]), zone)}
        for beat in reversed(beats)
    ]


_RANKS = {"date": 1, "shop": 2, "answer": 2, "mail": 4, "law": 5}
_LAW_RANKS = {
    WHY[Why.TIME_STATED]: 0,
    WHY[Why.TIME_NOT_STATED]: 0,
    WHY[Why.DELAY_KNOWN]: 3,
}


def _place(beat: Mapping[str, Any]) -> tuple[datetime, int]:
    """By the second, as the rules count; within one, a cause stands before its effect."""
    rank = _LAW_RANKS.get(beat["text"], _RANKS.get(beat["step"], 6))
    return datetime.fromisoformat(beat["at"]).replace(microsecond=0), rank


def _step(kind: str) -> str:
    if kind == "estimate":
        return "date"
    if kind in ("notice", "told", "returned"):
        return "mail"
    if kind in ("kept", "period", "changed", *_ENDS):
        return "shop" if kind == "no_ship" else "answer"
    if kind in ("alarm", "hook"):
        return kind
    return "shop"


def _fate(message: Mapping[str, Any]) -> str:
    why = f" ({message['reason'].replace('_', ' ')})" if message["reason"] else ""
    words = {"due": "is due", "sending": "is being sent", "skipped": "not sent"}
    return f"{words.get(message['state'], message['state'])}{why}"


def _mail_number(stage: Stage, message_id: int | None) -> int:
    """The mail in the inbox that carries this message; 0 for none."""
    if not message_id:
        return 0
    mark = f"<{stage.env.signer.make(Purpose.MESSAGE, message_id)}@".encode()
    head = (mail.number for mail in stage.mailbox.newest() if mark in mail.raw[:4096])
    return next(head, 0)


def _link(stage: Stage, link: Mapping[str, Any], *, zone: str) -> dict[str, Any]:
    facts = link["facts"]
    kind = str(facts.get("kind") or facts.get("what") or "")
    what = MESSAGES.get(kind, kind.replace("_", " "))
    return {
        "sequence": link["sequence"],
        "when": moment_words(datetime.fromisoformat(link["at"]), zone),
        "act": _ACTS.get(link["act"], link["act"]),
        "what": what,
        "hash": link["hash"] or "",
        "previous": link["previous"] or "",
        "digest": facts.get("digest", ""),
        "mail": _mail_number(stage, facts.get("message")),
    }


def in_days(now: datetime, days: int, *, after: date | None = None) -> date:
    """So many days after a day, or after today."""
    start = max(after or now.date(), now.date())
    return date.fromordinal(start.toordinal() + days)

"""How do the SMS look on the phones that got them, and what happens when somebody answers?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from notifier.demo.inbox import linked
from notifier.demo.stage import TextBack
from notifier.demo.storefront import stage
from notifier.domain.sms_keywords import Wish, read_wish
from notifier.errors import InvalidInput

__all__ = ["blueprint"]

LONGEST = 320
# What Twilio answers by itself, https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
NETWORK_SAYS = {
    Wish.STOP: "You have successfully been unsubscribed. You will not receive any more messages "
    "from this number. Reply START to resubscribe.",
    Wish.START: "You have successfully been re-subscribed to messages from this number. Reply "
    "HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    Wish.HELP: "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}

blueprint = Blueprint("phone", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    """One text in a thread. `side`: shop, person or network."""

    number: str
    at: datetime
    side: str
    text: str
    status: str = ""


@blueprint.get("/phone")
def phone_page() -> str:
    threads = _threads()
    chosen = request.args.get("number", "").replace(" ", "+")
    number = chosen if chosen in threads else next(iter(threads), "")
    return render_template(
        "demo/phone.html",
        threads=[_thread_row(one, bubbles) for one, bubbles in threads.items()],
        number=number,
        bubbles=[_as_json(one) for one in threads.get(number, [])],
        said=request.args.get("said", ""),
        linked=linked,
    )


@blueprint.get("/phone.json")
def phone_state() -> Response:
    threads = _threads()
    number = request.args.get("number", "") or next(iter(threads), "")
    return jsonify(
        {
            "count": sum(len(bubbles) for bubbles in threads.values()),
            "number": number,
            "threads": [_thread_row(one, bubbles) for one, bubbles in threads.items()],
            "bubbles": [_as_json(one) for one in threads.get(number, [])],
        }
    )


@blueprint.post("/phone")
def answer() -> AnyResponse:
    """Text back: the network posts it, signed, to /hooks/twilio/inbound."""
    number = request.form.get("number", "")
    text = request.form.get("text", "").strip()
    if number not in _threads():
        raise InvalidInput.of("number", "unknown", f"No text was ever sent to {number[:20]!r}.")
    if not 0 < len(text) <= LONGEST:
        raise InvalidInput.of("text", "length", f"Write 1 to {LONGEST} characters.")
    _keep(number, side="person", text=text)
    phones = stage().phones
    status = phones.text_back(number, text)
    wish = read_wish(text) if len(text.split()) == 1 else Wish.OTHER
    reply = NETWORK_SAYS.get(wish)
    if reply:
        _keep(number, side="network", text=reply)
    stage().note("sms", f"{number} texted “{text[:40]}”; the hook answered {status}.")
    return redirect(url_for("phone.phone_page", number=number), code=303)


def _keep(number: str, *, side: str, text: str) -> None:
    back = TextBack(number=number, at=stage().clock(), side=side, text=text)
    stage().texts_back.append(back)


def _threads() -> dict[str, list[Bubble]]:
    """By phone number, the one with the latest text first; each thread oldest first."""
    phones = stage().phones
    with phones.lock:
        bubbles = [
            Bubble(
                number=text.to, at=text.created_at, side="shop", text=text.body, status=text.status
            )
            for text in phones.messages
        ]
    bubbles += [
        Bubble(number=one.number, at=one.at, side=one.side, text=one.text)
        for one in list(stage().texts_back)
    ]
    found: dict[str, list[Bubble]] = {}
    for one in sorted(bubbles, key=lambda bubble: bubble.at):
        found.setdefault(one.number, []).append(one)
    latest = sorted(found.items(), key=lambda item: item[1][-1].at, reverse=True)
    return dict(latest)


def _thread_row(number: str, bubbles: list[Bubble]) -> dict[str, Any]:
    return {"number": number, "last": bubbles[-1].text[:60], "count": len(bubbles)}


def _as_json(bubble: Bubble) -> dict[str, Any]:
    return {
        "at": bubble.at.isoformat(timespec="milliseconds"),
        "side": bubble.side,
        "text": bubble.text,
        "status": bubble.status,
    }

"""What is kept of a message about an order line, and what follows when it arrives or does not?

The exact bytes are stored before they are handed over, so that a crash in between loses no proof.
When a provider has taken them, the line's history says so and the ledger holds their digest; when
they come back, the customer was not told, and another way is tried (trust OD-13, OD-18).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from notifier.channels.base import Letter, Result
from notifier.domain.message import Medium, MessageKind
from notifier.domain.order_delay import assess
from notifier.domain.order_delay.states import CLOSED
from notifier.domain.order_history import Happened, came_back
from notifier.log import log
from notifier.services.env import Env
from notifier.services.order_case import Case, load_case
from notifier.services.order_follow import New, record
from notifier.services.order_tell import is_about_order
from notifier.services.order_wanted import Wanted, has_goods, what_to_tell
from notifier.store import ledger, notices, orders, people
from notifier.store.addressed import Addressee
from notifier.store.notices import NoticeRow
from notifier.store.outbox import MessageRow
from notifier.store.session import Transaction

BOOK = "notice"


def why_not(env: Env, tx: Transaction, message: MessageRow) -> str:
    """Why this message about an order line is not to be sent now; empty when it is.

    Empty too for a line that cannot be reckoned: composing fails then, and it waits till mended.
    """
    if message.order_line_id is None:
        return ""
    case = load_case(tx, message.order_line_id)
    try:
        return why_untrue(message, case, what_to_tell(case, now=env.now()), now=env.now())
    except Exception:  # noqa: BLE001  one broken line must not stop the letters of the others
        log.exception("order line cannot be reckoned", line=message.order_line_id)
        return ""


def why_untrue(message: MessageRow, case: Case, wanted: Wanted | None, *, now: datetime) -> str:
    """The same of a line that was read already, and of what its history asks for at `now`."""
    if message.kind == MessageKind.ORDER_READY:
        is_so = has_goods(case) and assess(case.facts, now).may_ship
        return "" if is_so else "superseded"
    if wanted is None or wanted.signature != (message.facts or {}).get("signature"):
        return "superseded"
    return ""


def keep_letters(
    env: Env,
    letters: Sequence[Letter],
    messages: Mapping[int, MessageRow],
    *,
    wanted: Mapping[int, Wanted | None],
) -> None:
    """Store what is about to be handed over, as it is; one transaction for all.

    `wanted`, by message: the plan that the letter was written from. What the history asks for by
    now may be another one, and the customer reads nothing of that.
    """
    rows = [
        _row(env, letter, messages[letter.message_id], wanted.get(letter.message_id))
        for letter in letters
        if messages[letter.message_id].order_line_id is not None
    ]
    rows.sort(key=lambda row: (row["line_id"], row["message_id"]))  # as locked by all: no deadlock
    if rows:
        env.db.retry(lambda tx: notices.keep(tx, rows))


def _row(env: Env, letter: Letter, message: MessageRow, wanted: Wanted | None) -> dict[str, Any]:
    text = letter.short if message.medium == Medium.SMS else letter.text
    html = "" if message.medium == Medium.SMS else letter.html
    subject = "" if message.medium == Medium.SMS else letter.subject
    return {
        "line_id": message.order_line_id,
        "message_id": message.id,
        "attempt_no": letter.attempt_no,
        "kind": message.kind,
        "medium": message.medium,
        "address": letter.address,
        "locale": letter.locale,
        "template_version": letter.template_version,
        "plan": plan_of(message, wanted),
        "subject": subject,
        "text": text,
        "html": html,
        "digest": notices.digest_of(address=letter.address, subject=subject, text=text, html=html),
        "written_at": env.now(),
    }


def plan_of(message: MessageRow, wanted: Wanted | None) -> dict[str, Any]:
    """The plan behind a message, as plain values; empty where it is not what was wanted: that the
    goods are there is told beside it, and is no notice of any date."""
    if wanted is None or wanted.kind.value != message.kind:
        return {}
    return plan_as_row(wanted)


def plan_as_row(wanted: Wanted) -> dict[str, Any]:
    """What of a plan has to be provable later, as plain values."""
    plan = wanted.plan
    found: dict[str, Any] = {
        "signature": wanted.signature,
        "about": wanted.about,
        "rules": wanted.standing.pack.version,
    }
    if plan is None:
        return found
    return found | {
        "kind": plan.kind.value,
        "revised": _iso(plan.revised),
        "silence": plan.silence.value,
        "answer_by": _iso(plan.answer_by),
        "clauses": sorted(plan.clauses),
        "is_news_of_date": plan.message is not None or wanted.about == "no_news",
        "legal": wanted.is_legal,
    }


def was_accepted(
    env: Env, tx: Transaction, message: MessageRow, attempt_no: int, result: Result
) -> None:
    """A provider took the message: the customer was told, as far as anybody can know."""
    if message.order_line_id is None:
        return
    now = env.now()
    line = orders.find_line(tx, message.order_line_id, for_update=True)
    known = notices.find_notice(tx, message_id=message.id, attempt_no=attempt_no)
    if known is not None and known.offered_at is not None:
        _was_confirmed(env, tx, message, known)
        return
    notice = notices.offered(
        tx,
        message_id=message.id,
        attempt_no=attempt_no,
        at=now,
        provider_id=result.provider_id,
    )
    is_over = line is None or line.state in CLOSED
    at = now if notice is None or is_over else min(now, notice.written_at)
    if notice is not None:
        _prove(env, tx, message, notice, act="offered", at=now)
    record(env, tx, message.order_line_id, _as_event(message, notice, at=at))


def _was_confirmed(env: Env, tx: Transaction, message: MessageRow, notice: NoticeRow) -> None:
    """The provider says again that it took the message, or that it arrived after all."""
    line_id = message.order_line_id
    if line_id is None or message.id not in came_back(load_case(tx, line_id).events):
        return
    now = env.now()
    facts = {**_facts(message), "arrived_after_all": True}
    _prove(env, tx, message, notice, act="arrived", at=now)
    key = f"arrived:{message.id}:{int(now.timestamp())}"
    record(env, tx, line_id, New(kind=Happened.TOLD, at=now, key=key, facts=facts))


def _as_event(message: MessageRow, notice: NoticeRow | None, *, at: datetime) -> New:
    """The news as the delay rules see it; a text message is never the offer the law asks for.

    `at`: when it was written, a moment before it was handed over. When the answer was booked says
    nothing: after a crash that can be a day later, and the day may have been the last one.
    """
    plan = notice.plan if notice else {}
    facts = _facts(message)
    by_sms = message.medium == Medium.SMS
    if not plan.get("is_news_of_date") or (by_sms and plan.get("legal")):
        return New(kind=Happened.TOLD, at=at, key=f"message:{message.id}", facts=facts)
    offer = {"kind": plan["kind"], "revised": plan["revised"], "message_kind": message.kind}
    return New(kind=Happened.NOTICE, at=at, key=f"message:{message.id}", facts={**facts, **offer})


def _facts(message: MessageRow) -> dict[str, Any]:
    return {
        "message": message.id,
        "kind": message.kind,
        "medium": message.medium,
        "signature": (message.facts or {}).get("signature", ""),
    }


def did_not_arrive(env: Env, tx: Transaction, message: MessageRow) -> None:
    """The message was refused, came back, or was never sent: look what is to be done now."""
    if message.order_line_id is None:
        return
    now = env.now()
    case = load_case(tx, message.order_line_id, for_update=True)
    told = [event for event in case.events if event.facts.get("message") == message.id]
    if not told:
        record(env, tx, message.order_line_id)
        return
    notices.returned(tx, message_id=message.id, at=now)
    for notice in notices.notices_of(tx, [message.order_line_id]):
        if notice.message_id == message.id and notice.offered_at is not None:
            _prove(env, tx, message, notice, act="returned", at=now)
    if message.id in came_back(case.events):
        return
    times = sum(event.kind == Happened.RETURNED for event in told)
    back = New(
        kind=Happened.RETURNED,
        at=now,
        key=f"returned:{message.id}:{times}" if times else f"returned:{message.id}",
        facts={"message": message.id},
    )
    record(env, tx, message.order_line_id, back)


def look_again_soon(env: Env, tx: Transaction, messages: Sequence[MessageRow]) -> None:
    """Messages were skipped as they were claimed: let the job see what is to be done."""
    about = {one.order_line_id for one in messages if is_about_order(one.kind)}
    for line_id in sorted(id_ for id_ in about if id_ is not None):
        orders.update_line(tx, line_id, look_at=env.now())


def ledger_hash(env: Env, contact: Addressee) -> str:
    """Under which hash the ledger knows a customer, also one who had the rest of him erased."""
    if not contact.address:
        return contact.address_hash
    return env.signer.hash_address(contact.medium, contact.address)


def _prove(
    env: Env, tx: Transaction, message: MessageRow, notice: NoticeRow, *, act: str, at: datetime
) -> None:
    contact = people.find_contact(tx, contact_id=message.contact_id) if message.contact_id else None
    ledger.append(
        tx,
        book=BOOK,
        act=act,
        at=at,
        shop_id=message.shop_id,
        address_hash=ledger_hash(env, contact) if contact else "",
        facts={
            "line": message.order_line_id,
            "message": message.id,
            "attempt": notice.attempt_no,
            "kind": notice.kind,
            "medium": notice.medium,
            "locale": notice.locale,
            "template_version": notice.template_version,
            "digest": notice.digest,
            "plan": notice.plan,
            "provider_id": notice.provider_id,
        },
    )


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None

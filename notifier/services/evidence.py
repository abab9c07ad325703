"""What can be shown for one order, years later?

One document that holds all: the promise, every date the shop gave and why, each message as it was
sent and what became of it, each answer, where each line stands by which paragraph, and the ledger
entries that chain it (16 CFR 435.2(d), trust OD-13). `evidence_pdf` prints the same document.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from notifier import __version__
from notifier.domain.money import amount_text
from notifier.domain.order_delay import Standing, assess
from notifier.errors import NotFound
from notifier.services.env import Env, ShopRef
from notifier.services.order_case import Case, load_cases
from notifier.services.order_sent import BOOK, ledger_hash
from notifier.store import ledger, notices, order_messages, orders
from notifier.store.addressed import find_addressees
from notifier.store.ledger import Link
from notifier.store.notices import NoticeRow
from notifier.store.orders import EventRow, OrderRow
from notifier.store.session import Transaction

FORMAT = "notifier-order-evidence/1"


def gather_evidence(env: Env, shop: ShopRef, ref: str) -> dict[str, Any]:
    """The whole record of one order, as plain JSON values. Raises errors.NotFound."""
    with env.db.read() as tx:
        order = orders.find_order(tx, shop_id=shop.id, ref=ref)
        if order is None:
            raise NotFound(f"There is no order {ref[:80]!r} in this shop.")
        return _document(env, tx, shop, order)


def _document(env: Env, tx: Transaction, shop: ShopRef, order: OrderRow) -> dict[str, Any]:
    now = env.now()
    line_ids = [line.id for line in orders.lines_of_order(tx, order.id)]
    cases = load_cases(tx, line_ids)
    contacts = find_addressees(
        tx, [id_ for id_ in (order.email_id, order.phone_id) if id_ is not None]
    )
    written = notices.notices_of(tx, line_ids)
    # also under an address that was corrected since
    hashes = {ledger_hash(env, contact) for contact in contacts.values()} | {
        env.signer.hash_address(one.medium, one.address) for one in written if one.address
    }
    chained = [
        link
        for link in ledger.links_about(tx, book=BOOK, address_hashes=sorted(hashes))
        if link.facts.get("line") in line_ids
    ]
    return {
        "format": FORMAT,
        "made_at": _instant(now),
        "made_by": f"notifier {__version__}",
        "shop": {"slug": shop.slug, "name": shop.config.name, "url": shop.config.url},
        "order": {
            "ref": order.ref,
            "completed_at": _instant(order.completed_at),
            "received_at": _instant(order.created_at),
            "received_from": order.source,
            "ship_to": {"country": order.country, "zone": order.zone},
            "locale": order.locale,
            "credit_application": order.credit_application,
            "seller_is_creditor": order.seller_is_creditor,
            "customer": [
                {"medium": one.medium, "address": one.address or "(erased)"}
                for one in contacts.values()
            ],
        },
        "lines": [
            _line(tx, cases[id_], [one for one in written if one.line_id == id_], now=now)
            for id_ in line_ids
        ],
        "ledger": [_link(link) for link in chained],
    }


def _line(
    tx: Transaction, case: Case, written: list[NoticeRow], *, now: datetime
) -> dict[str, Any]:
    line = case.line
    return {
        "ref": line.ref,
        "title": line.title,
        "quantity": line.quantity,
        "price": amount_text(line.price, line.currency),
        "currency": line.currency,
        "sold_as": line.sold_as,
        "promise": line.promise,
        "essential_date": line.date_is_essential,
        "excluded": line.excluded,
        "stands": _standing(assess(case.facts, now)),
        "history": [
            _event(event) for event in sorted(case.events, key=lambda one: (one.at, one.id))
        ],
        "messages": [
            {
                "id": one.id,
                "kind": one.kind,
                "medium": one.medium,
                "state": one.state,
                "reason": one.reason,
                "made_at": _instant(one.created_at),
                "finished_at": _instant(one.finished_at),
            }
            for one in order_messages.messages_of(tx, line.id)
        ],
        "notices": [_notice(one) for one in written],
    }


def _standing(standing: Standing) -> dict[str, Any]:
    refund = standing.refund
    return {
        "state": standing.state.value,
        "next_step": standing.next_step.value,
        "rules": standing.pack.version,
        "sources": list(standing.pack.sources),
        "promised_until": _day(standing.promised),
        "must_be_met_until": _day(standing.limit),
        "next_deadline": _instant(standing.deadline),
        "reasons": [
            {"at": _instant(one.at), "why": one.why.value, "paragraph": one.paragraph}
            for one in standing.reasons
        ],
        "refund": None
        if refund is None
        else {
            "ground": refund.ground.value,
            "vested_on": _day(refund.vest),
            "to_be_sent_by": _day(refund.by),
            "sent_at": _instant(refund.sent_at),
        },
    }


def _event(event: EventRow) -> dict[str, Any]:
    return {
        "at": _instant(event.at),
        "recorded_at": _instant(event.recorded_at),
        "kind": event.kind,
        "by": event.actor,
        "facts": event.facts,
    }


def _notice(one: NoticeRow) -> dict[str, Any]:
    """A notice as it was sent. `intact`: its bytes still give the digest that the ledger holds."""
    digest = notices.digest_of(
        address=one.address, subject=one.subject, text=one.text, html=one.html
    )
    return {
        "message": one.message_id,
        "attempt": one.attempt_no,
        "kind": one.kind,
        "medium": one.medium,
        "to": one.address,
        "locale": one.locale,
        "template_version": one.template_version,
        "plan": one.plan,
        "written_at": _instant(one.written_at),
        "taken_by_provider_at": _instant(one.offered_at),
        "provider_id": one.provider_id,
        "came_back_at": _instant(one.returned_at),
        "subject": one.subject,
        "text": one.text,
        "html": one.html,
        "sha256": one.digest,
        "intact": digest == one.digest,
    }


def _link(link: Link) -> dict[str, Any]:
    return {
        "book": link.book,
        "sequence": link.sequence,
        "at": _instant(link.at),
        "act": link.act,
        "facts": link.facts,
        "personal": link.personal,
        "personal_sha256": link.personal_digest,
        "previous": link.previous,
        "hash": link.hash,
    }


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None

"""Of what came to be between writing a message and sending it: what keeps it back, and why?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from notifier.domain.availability import Availability
from notifier.domain.broadcast import WHOLE
from notifier.domain.eta import Eta
from notifier.domain.message import MessageKind
from notifier.domain.stock import Level, Stock
from notifier.domain.subscription import EtaNews
from notifier.services.compose import Batch
from notifier.services.still_true import why_not_about
from notifier.store.addressed import Wish
from notifier.store.catalogue import VariantRow
from notifier.store.events import EventRow

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
SOON, GONE_BY = Eta.on(date(2026, 12, 1)), Eta.on(date(2026, 11, 1))
BACK, DATE, AHEAD = (
    MessageKind.BACK_IN_STOCK,
    MessageKind.ETA_REVISED,
    MessageKind.PREORDER_OPEN,
)
MADE_NO_MORE, REMINDER, BROADCAST = (
    MessageKind.DISCONTINUED,
    MessageKind.REMINDER,
    MessageKind.BROADCAST,
)
SOLD_OUT, PREORDER = Availability.OUT_OF_STOCK, Availability.PREORDER
OVER = Availability.DISCONTINUED

VARIANT = VariantRow(
    **dict.fromkeys(("key", "sku", "title", "url", "image_url", "currency"), ""),
    **dict.fromkeys(("product_key", "product_title", "product_url", "product_image_url"), ""),
    **dict.fromkeys(("price", "regular_price", "min_quantity", "threshold", "strategy"), None),
    **dict.fromkeys(("alerts", "published", "product_alerts"), True),
    id=7,
    shop_id=1,
    product_id=3,
    titles={},
    product_titles={},
    alternatives=(),
    orders_stopped=False,
)
THERE = Stock(
    availability=Availability.IN_STOCK,
    quantity=5,
    since=NOW,
    seen_at=NOW,
    level=Level.THERE,
    level_since=NOW,
)
BACKORDER = replace(THERE, availability=Availability.BACKORDER, level=Level.ORDERABLE)
NOWHERE = replace(THERE, availability=SOLD_OUT, quantity=0, level=Level.NONE)
WISH = Wish(
    id=1,
    contact_id=1,
    product_id=3,
    variant_id=7,
    quantity=1,
    physical_only=False,
    state="waiting",
    created_at=NOW,
    eta_days=None,
    expires_at=NOW,
)


def why(
    kind: MessageKind,
    stock: Stock | None,
    *,
    variant: dict[str, Any] | None = None,
    facts: dict[str, Any] | None = None,
    event_id: int | None = 5,
    **wish: Any,
) -> str:
    event = EventRow(
        id=5,
        shop_id=1,
        product_id=3,
        variant_id=7,
        kind=kind.value,
        at=NOW,
        epoch=1,
        state="open",
        hold_id=None,
        facts=facts or {},
    )
    one = replace(VARIANT, **(variant or {}))
    batch = Batch(
        events={5: event},
        variants={7: one},
        stock={7: stock} if stock else {},
        by_product={3: [one]},
    )
    return why_not_about(kind, event_id, replace(WISH, **wish), batch, now=NOW)


def dated(eta: Eta | None, **more: Any) -> Stock:
    return replace(NOWHERE, eta=eta, **more)


@pytest.mark.parametrize(
    ("kind", "stock", "more", "reason"),
    [
        (BACK, THERE, {}, ""),
        (BACK, NOWHERE, {}, "stock_gone"),
        (BACK, None, {}, "product_deleted"),
        (BACK, THERE, {"variant_id": None}, ""),
        (BACK, THERE, {"variant_id": 8}, "other_variant"),
        (BACK, THERE, {"variant": {"published": False}}, "unpublished"),
        (BACK, THERE, {"variant": {"alerts": False}}, "unpublished"),
        (BACK, THERE, {"variant": {"product_alerts": False}}, "unpublished"),
        (BACK, BACKORDER, {}, ""),
        (BACK, BACKORDER, {"physical_only": True}, "backorder_only"),
        (BACK, THERE, {"physical_only": True}, ""),
        (BACK, THERE, {"event_id": 6}, "deleted"),
        (BACK, THERE, {"event_id": None}, ""),
        (DATE, dated(SOON), {"facts": {"eta": "2026-12-01"}}, ""),
        (DATE, dated(SOON), {"facts": {"eta": "2026-12-02"}}, "superseded"),
        (DATE, dated(None), {"facts": {"eta": "2026-12-01"}}, "superseded"),
        (DATE, dated(None), {"facts": {"eta": None}}, ""),
        (DATE, dated(GONE_BY), {"facts": {"eta": "2026-11-01"}}, "date_over"),
        (DATE, replace(THERE, eta=SOON), {"facts": {"eta": "2026-12-01"}}, "superseded"),
        (
            DATE,
            dated(SOON),
            {"facts": {"eta": "2026-12-01"}, "eta_days": EtaNews.NEVER},
            "no_dates_wanted",
        ),
        (AHEAD, replace(NOWHERE, availability=PREORDER), {}, ""),
        (
            AHEAD,
            replace(NOWHERE, availability=PREORDER),
            {"variant": {"published": False}},
            "unpublished",
        ),
        (
            AHEAD,
            replace(NOWHERE, availability=PREORDER),
            {"variant": {"orders_stopped": True}},
            "orders_stopped",
        ),
        (AHEAD, NOWHERE, {"variant": {"orders_stopped": True}}, ""),
        (AHEAD, replace(NOWHERE, availability=OVER), {}, "superseded"),
        (AHEAD, THERE, {}, "superseded"),
        (MADE_NO_MORE, replace(NOWHERE, availability=OVER), {}, ""),
        (MADE_NO_MORE, NOWHERE, {}, "superseded"),
        (REMINDER, THERE, {"event_id": None}, ""),
        (REMINDER, NOWHERE, {"event_id": None}, "stock_gone"),
        (REMINDER, None, {"event_id": None}, "stock_gone"),
        (REMINDER, BACKORDER, {"event_id": None}, ""),
        (REMINDER, BACKORDER, {"event_id": None, "physical_only": True}, "stock_gone"),
        (REMINDER, THERE, {"event_id": None, "variant_id": 8}, "stock_gone"),
        (REMINDER, THERE, {"event_id": None, "variant_id": None}, ""),
        (REMINDER, THERE, {"event_id": None, "variant": {"alerts": False}}, "unpublished"),
        (BROADCAST, NOWHERE, {}, ""),
        (BROADCAST, NOWHERE, {"variant_id": 8}, "other_variant"),
        (BROADCAST, NOWHERE, {"variant_id": 8, "facts": {WHOLE: True}}, ""),
        (BACK, THERE, {"variant_id": 8, "facts": {WHOLE: True}}, "other_variant"),
    ],
)
def test_what_is_so_no_more_is_not_told(
    kind: MessageKind, stock: Stock | None, more: dict[str, Any], reason: str
) -> None:
    assert why(kind, stock, **more) == reason

"""What does a shop's own server tell us: stock, by Standard Webhooks?

Nothing is believed before its signature, over the raw body, was checked.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import Unauthorized

from notifier.metrics import HOOKS_REFUSED
from notifier.services import hear_shop
from notifier.web.api.stock import StockPush, take_rows
from notifier.web.guards import Guard, guarded
from notifier.web.here import env
from notifier.web.hook_answers import acted_answer
from notifier.web.read_json import HOOK_LIMIT, as_model, parse_json, raw_body

blueprint = Blueprint("stock_hook", __name__, url_prefix="/hooks")


@blueprint.post("/stock/<slug>")
@guarded(Guard.SIGNATURE)
def stock(slug: str) -> Response:
    """Stock by Standard Webhooks: the same body as POST /api/v1/stock."""
    body = raw_body(limit=HOOK_LIMIT)
    id_ = request.headers.get("webhook-id", "")
    shop = env().shops.get(slug)
    if shop is None or not hear_shop.is_signed(
        env(),
        shop,
        body,
        id_=id_,
        timestamp=request.headers.get("webhook-timestamp", ""),
        signature=request.headers.get("webhook-signature", ""),
    ):
        HOOKS_REFUSED.labels(hook="stock").inc()
        raise Unauthorized("The signature is missing, too old, or not made with a known secret.")
    report: dict[str, Any] = {}

    def act() -> None:
        given = as_model(StockPush, parse_json(body))
        report.update(take_rows(env(), shop, given).model_dump(mode="json"))

    acted = hear_shop.hear_once(env(), shop, id_, body=body, act=act)
    return acted_answer(acted, report)

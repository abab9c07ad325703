"""How does the shop tell the notifier of a change at once, instead of waiting to be asked?

POST /api/v1/stock with a bearer key: the same call that a merchant's own server makes.
"""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from notifier.demo.goods import find_kind
from notifier.demo.shop import Shelf

__all__ = [
    "ApiAnswer",
    "ask_taking",
    "call_api",
    "push_stock",
    "put_products",
    "sign_up_guests",
]

PATIENCE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAnswer:
    """What the notifier answered. Status 0: nobody there."""

    status: int
    body: dict[str, Any]

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def problem(self) -> str:
        error = self.body.get("error")
        return str(error.get("message", "")) if isinstance(error, dict) else ""


def call_api(url: str, payload: Mapping[str, Any], *, key: str, method: str = "POST") -> ApiAnswer:
    """One call of the notifier's API with a bearer key. Never raises for what it answers."""
    asked = urllib.request.Request(
        url,
        data=json.dumps(payload).encode(),
        method=method,
        headers={
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_hex(16),
            "User-Agent": "Kettle & Co storefront (demo)",
        },
    )
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            return ApiAnswer(status=answer.status, body=_json(answer.read()))
    except urllib.error.HTTPError as refused:
        return ApiAnswer(status=refused.code, body=_json(refused.read()))
    except OSError as error:
        return ApiAnswer(status=0, body={"error": {"message": str(error)}})


def ask_taking(base: str, variant: str, *, public_key: str) -> str:
    """Whether orders are taken for what is not there: accept, stop, or empty when nobody says so.

    The public question that the widget asks as well, so no key of ours goes along.
    """
    query = urlencode({"key": public_key, "variant": variant})
    try:
        with urllib.request.urlopen(f"{base}/api/v1/availability?{query}", timeout=2) as answer:
            return str(_json(answer.read()).get("backorder", ""))
    except OSError:
        return ""


def push_stock(base: str, shelves: Mapping[str, Shelf], *, key: str) -> ApiAnswer:
    """Say how these variants stand now."""
    rows = []
    for variant, shelf in shelves.items():
        found = find_kind(variant)
        row: dict[str, Any] = {"variant": variant, "availability": shelf.availability.value}
        if found:
            row["product"] = found[0].key
        if shelf.quantity is not None:
            row["quantity"] = shelf.quantity
        if shelf.eta:
            row["eta"] = shelf.eta
        rows.append(row)
    return call_api(f"{base}/api/v1/stock", {"observations": rows}, key=key)


def put_products(base: str, products: Sequence[Mapping[str, Any]], *, key: str) -> ApiAnswer:
    """Say what the products are called in other languages."""
    return call_api(f"{base}/api/v1/products", {"products": products}, key=key, method="PUT")


def sign_up_guests(
    base: str, variant: str, addresses: Sequence[str], *, key: str
) -> list[ApiAnswer]:
    """Put made-up people in line for a variant; the shop vouches for their consent."""
    return [
        call_api(
            f"{base}/api/v1/subscriptions",
            {
                "variant": variant,
                "email": address,
                "confirmed": True,
                "evidence": "A made-up guest of the demo.",
            },
            key=key,
        )
        for address in addresses
    ]


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {"error": {"message": body[:200].decode("utf-8", "replace")}}
    return value if isinstance(value, dict) else {"value": value}

"""What may a shop's own server do with its API key?"""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """What a key may do; written in `shops.<shop>.keys.<name>.scopes`. `*` there: everything."""

    PRODUCTS_WRITE = "products:write"
    STOCK_WRITE = "stock:write"
    ETA_READ = "eta:read"
    ETA_WRITE = "eta:write"
    SUBSCRIPTIONS_READ = "subscriptions:read"
    SUBSCRIPTIONS_WRITE = "subscriptions:write"
    CONSENT_ASSERT = "consent:assert"
    DEMAND_READ = "demand:read"
    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    RELEASES_READ = "releases:read"
    RELEASES_WRITE = "releases:write"


EVERYTHING = "*"

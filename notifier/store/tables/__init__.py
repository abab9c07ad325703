"""Which tables are there? One file per family; importing this package registers them all."""

from notifier.store.tables import (
    accounts,
    catalogue,
    consent,
    demand,
    operation,
    orders,
    people,
    releasing,
    settings,
    sources,
    telling,
)
from notifier.store.tables.base import metadata

__all__ = [
    "accounts",
    "catalogue",
    "consent",
    "demand",
    "metadata",
    "operation",
    "orders",
    "people",
    "releasing",
    "settings",
    "sources",
    "telling",
]

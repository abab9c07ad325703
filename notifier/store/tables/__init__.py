"""Which tables are there? One file per family; importing this package registers them all."""

from notifier.store.tables import (
    catalogue,
    consent,
    operation,
    orders,
    people,
    sources,
    telling,
)
from notifier.store.tables.base import metadata

__all__ = [
    "catalogue",
    "consent",
    "metadata",
    "operation",
    "orders",
    "people",
    "sources",
    "telling",
]

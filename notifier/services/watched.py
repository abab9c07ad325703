"""Which variants does somebody wait for, should a connector want to ask for them alone?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import overload

from notifier.connectors.base import WatchedVariant
from notifier.services.env import Env, ShopRef
from notifier.store import sources

MOST = 20_000


class Watched(Sequence[WatchedVariant]):
    """The most wanted first. `only`: keys or skus, empty for all.

    The database is asked when the first one is looked at: few connectors do.
    """

    def __init__(self, env: Env, shop: ShopRef, only: Sequence[str]) -> None:
        self._env, self._shop, self._only = env, shop, only

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, place: int) -> WatchedVariant: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[WatchedVariant]: ...
    def __getitem__(self, place: int | slice) -> WatchedVariant | Sequence[WatchedVariant]:
        return self._found[place]

    @cached_property
    def _found(self) -> list[WatchedVariant]:
        only = self._only
        with self._env.db.read() as tx:
            found = sources.watched_variants(tx, self._shop.id, limit=MOST)
        chosen = [w for w in found if w.key in only or w.sku in only] if only else found
        return [WatchedVariant(key=w.key, sku=w.sku, url=w.url) for w in chosen]

"""When is a shop asked again that says that something has changed, but not what?

As soon as its source may be asked at all (`at_most_every`). A source in trouble keeps its pause.
What changes while a look is under way is found by the next one.
"""

from __future__ import annotations

from notifier.config import SourceSection
from notifier.services.env import Env, ShopRef
from notifier.services.poll import PUSHED
from notifier.store import sources
from notifier.store.session import Transaction


def looked_at(shop: ShopRef) -> dict[str, SourceSection]:
    """The shop's sources that can be asked."""
    return {name: one for name, one in shop.config.sources.items() if one.kind != PUSHED}


def look_soon(env: Env, shop: ShopRef) -> int:
    """Have each of them asked soon; how many are asked earlier for it."""
    asked = looked_at(shop)
    if not asked:
        return 0
    now = env.now()

    def work(tx: Transaction) -> int:
        sooner = 0
        for row in sources.list_sources(tx, shop.id):
            section = asked.get(row.name)
            if section is None:
                continue
            last = row.tried_at or row.looked_at
            pause = min(section.at_most_every, section.every)
            to = max(now, last + pause) if last is not None else now
            sooner += sources.bring_forward(tx, row.id, to=to)
        return sooner

    return env.db.retry(work)

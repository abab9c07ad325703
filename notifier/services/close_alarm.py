"""How is trouble ticked off that a person has looked after?

What ends by itself is cleared by what saw it. The rest stays open until somebody says that it is
done; if it comes again, it is raised again.
"""

from __future__ import annotations

from notifier.domain.person import Person
from notifier.errors import NotFound
from notifier.services.audit import note_change
from notifier.services.env import Env, ShopRef
from notifier.store import alarms
from notifier.store.session import Transaction


def close_alarm(env: Env, shop: ShopRef, alarm_id: int, *, by: Person, ip: str = "") -> None:
    """An alarm of this shop is done; for who may enter every shop, also one of the service itself.
    Raises errors.NotFound where there is none that is open."""

    def work(tx: Transaction) -> None:
        closed = alarms.close_alarm(
            tx, alarm_id, shop_id=shop.id, now=env.now(), general=not by.shops
        )
        if closed is None:
            raise NotFound("There is no such alarm in this shop, or it is over.")
        note_change(
            tx, env, "alarm.closed", by=by, shop=shop, ip=ip, code=closed.code, about=closed.about
        )

    env.db.retry(work)

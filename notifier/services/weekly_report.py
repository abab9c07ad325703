"""What happened in the last seven days, told once a week by mail?

Whoever inserts the week's row sends it, so that neither a second process nor a restart sends it
again. A report that nobody could send within a day is left out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from notifier.domain.message import MessageKind
from notifier.domain.stock import EventKind
from notifier.i18n import format_date
from notifier.i18n_figures import format_percent
from notifier.log import log
from notifier.services.env import Env, ShopRef
from notifier.services.read_demand import read_outcomes, read_wanted, sign_ups_by_day
from notifier.services.tell_merchant import mail_to, tell_merchant
from notifier.services.watch import wanted_facts
from notifier.store import crossings
from notifier.store.limits import is_spent, spend
from notifier.store.session import Transaction

WEEK = timedelta(days=7)
LATE = timedelta(days=1)
REPORT = "report"
SHOWN = 5


def send_reports(env: Env) -> int:
    """Write the reports that are due; how many."""
    sent = 0
    for shop in list(env.shops.values()):
        try:
            sent += _send_if_due(env, shop)
        except Exception:  # noqa: BLE001  one shop must not keep the others from theirs
            log.exception("report not written", shop=shop.slug)
    return sent


def last_due(shop: ShopRef, *, now: datetime) -> datetime | None:
    """When the shop's last report was due; None: it wants none."""
    asked = shop.config.alerts.weekly_at
    if asked is None:
        return None
    weekday, hour, minute = asked
    here = now.astimezone(ZoneInfo(shop.config.time_zone))
    day = here.date() - timedelta(days=(here.weekday() - weekday) % 7)
    due = datetime(day.year, day.month, day.day, hour, minute, tzinfo=here.tzinfo)
    if due > here:
        day -= WEEK
        due = datetime(day.year, day.month, day.day, hour, minute, tzinfo=here.tzinfo)
    return due


def _send_if_due(env: Env, shop: ShopRef) -> bool:
    now = env.now()
    due = last_due(shop, now=now)
    if due is None or now - due > LATE or not mail_to(env, shop):
        return False
    key = f"{shop.slug}:{due.date().isoformat()}"
    with env.db.read() as tx:
        if is_spent(tx, REPORT, key):
            return False
    facts = report_facts(env, shop, now=now)

    def work(tx: Transaction) -> bool:
        if not spend(tx, REPORT, key, expires_at=now + 4 * WEEK):
            return False
        tell_merchant(env, tx, shop, MessageKind.REPORT, facts, only_by_mail=True)
        return True

    return env.db.retry(work)


def report_facts(env: Env, shop: ShopRef, *, now: datetime) -> dict[str, Any]:
    """What the report says, its figures as the shop's language writes them."""
    locale, zone = shop.config.locale, ZoneInfo(shop.config.time_zone)
    days = sign_ups_by_day(env, shop, days=14)
    wanted = [one for one in read_wanted(env, shop, limit=SHOWN).rows if one.tally.people]
    longest = read_wanted(env, shop, sort="waiting_since", limit=1).rows
    outcomes = read_outcomes(env, shop, days=WEEK.days)
    with env.db.read() as tx:
        ids = crossings.releases_since(
            tx, shop.id, kind=EventKind.BACK_IN_STOCK.value, since=now - WEEK
        )
        told, clicked = crossings.told_between(tx, ids)
        due = crossings.orders_due(tx, shop.id, before=now + WEEK)
    since = longest[0].tally.waiting_since if longest else None
    share = outcomes.bought_share
    first = (now - WEEK).astimezone(zone).date()
    return {
        "period": {
            "first": format_date(first, locale),
            "last": format_date(now.astimezone(zone).date(), locale),
        },
        "figures": {
            "new": sum(count for _, count in days[-7:]),
            "new_before": sum(count for _, count in days[:7]),
            "released": len(ids),
            "told": told,
            "clicked": clicked,
            "bought_share": format_percent(share, locale) if share is not None else "",
            "waiting_since": format_date(since.astimezone(zone).date(), locale) if since else "",
            "orders_due": due,
        },
        "total": len(wanted),
        "products": [wanted_facts(one) for one in wanted],
    }

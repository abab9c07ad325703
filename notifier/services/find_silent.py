"""Does a shop's system still tell us anything? (trust WS-W2)

WooCommerce switches a webhook off after failed deliveries and Shopify removes it; neither says so.
Silence counts from the last delivery that was taken, and before the first from when the hook was
seen to be set up. Time in which no jobs ran does not count: nobody could tell us anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from notifier.errors import StoreBusy
from notifier.log import log
from notifier.services.alarm_said import Said, say
from notifier.services.alarms import clear_alarm, raise_alarm
from notifier.services.env import Env, ShopRef
from notifier.store import alarms, heard
from notifier.store.heard import HeardRow
from notifier.store.session import Transaction

SILENT = "hook.silent"  # the alarm
SYSTEMS: Mapping[str, str] = {"shopify": "Shopify", "woocommerce": "WooCommerce"}
AWAY = timedelta(minutes=15)  # unwatched for longer: the service was down
SELDOM = timedelta(minutes=1)  # a thousand deliveries in a minute are noted once


def note_delivery(env: Env, shop: ShopRef, system: str) -> None:
    """A signed delivery was taken: its system is not silent. Raises nothing: the delivery had its
    effect, and the next one is noted as well."""
    if system not in _limits(shop):
        return
    now = env.now()
    try:
        with env.db.read() as tx:
            known = heard.find_heard(tx, shop.id, system)
        if known and known.heard_at and timedelta(0) <= now - known.heard_at < SELDOM:
            return

        def work(tx: Transaction) -> None:
            heard.note_delivery(tx, shop.id, system, now=now)
            clear_alarm(env, tx, code=SILENT, about=_about(shop, system))

        env.db.retry(work)
    except StoreBusy as error:
        log.warning("delivery not noted", shop=shop.slug, system=system, why=str(error))


def find_silent(env: Env) -> int:
    """Raise an alarm for each shop system that has told nothing for too long; how many are."""
    with env.db.read() as tx:
        known = {(row.shop_id, row.system): row for row in heard.list_heard(tx)}
    silent = 0
    for shop in env.shops.values():
        limits = _limits(shop)
        for system in SYSTEMS:
            row = known.get((shop.id, system))
            if system in limits:
                watch = partial(_watch, env, shop=shop, system=system, limit=limits[system])
                silent += env.db.retry(watch)
            elif row is not None:
                env.db.retry(partial(_forget, env, row=row, about=_about(shop, system)))
    return silent


def silences(env: Env, tx: Transaction) -> dict[str, float]:
    """For how many seconds each system's silence counts, as `<shop>/<system>`."""
    shops = {shop.id: shop for shop in env.shops.values()}
    return {
        f"{shops[row.shop_id].slug}/{row.system}": (env.now() - row.silent_since).total_seconds()
        for row in heard.list_heard(tx)
        if row.shop_id in shops
    }


def last_heard(env: Env, shop: ShopRef) -> dict[str, datetime | None]:
    """When each system of this shop that is watched told us something last; None: not yet."""
    with env.db.read() as tx:
        rows = {system: heard.find_heard(tx, shop.id, system) for system in _limits(shop)}
    return {system: row.heard_at if row else None for system, row in rows.items()}


def _limits(shop: ShopRef) -> dict[str, timedelta]:
    """For how long each system that is set up may be silent; without those that may for ever."""
    own = shop.config
    found = {}
    if own.shopify_domain and own.shopify_secrets and own.shopify_silence:
        found["shopify"] = own.shopify_silence
    if own.woocommerce_secrets and own.woocommerce_silence:
        found["woocommerce"] = own.woocommerce_silence
    return found


def _watch(env: Env, tx: Transaction, *, shop: ShopRef, system: str, limit: timedelta) -> bool:
    now = env.now()
    about = _about(shop, system)
    row = heard.find_heard(tx, shop.id, system)
    if row is None:
        heard.note_set_up(tx, shop.id, system, now=now)
        return False
    unwatched = now - row.watched_at
    since = min(row.silent_since + (unwatched if unwatched > AWAY else timedelta(0)), now)
    heard.note_watched(tx, row, silent_since=since, now=now)
    # whoever ticked it off knows: told again when it goes on for as long again
    ticked_off = alarms.last_cleared(tx, code=SILENT, about=about)
    if now - max(since, ticked_off or since) < limit:
        clear_alarm(env, tx, code=SILENT, about=about)
        return False
    raise_alarm(
        env,
        tx,
        code=SILENT,
        about=about,
        message=_message(row, system, silence=now - since),
        shop=shop,
        facts={"system": system},
    )
    return True


def _message(row: HeardRow, system: str, *, silence: timedelta) -> Said:
    return say(
        "hook_silent" if row.heard_at else "hook_never_heard",
        system=SYSTEMS[system],
        silence=timedelta(minutes=silence // timedelta(minutes=1)),
        option=f"{system}_silence",
    )


def _forget(env: Env, tx: Transaction, *, row: HeardRow, about: str) -> None:
    """Of a hook that is not set up any more, or that nobody wants watched."""
    heard.forget_heard(tx, row)
    clear_alarm(env, tx, code=SILENT, about=about)


def _about(shop: ShopRef, system: str) -> str:
    return f"{shop.slug}/{system}"

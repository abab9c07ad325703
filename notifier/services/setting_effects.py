"""What else must happen when a channel or a source is set up anew, so that it counts at once?

A channel that stopped itself, because its set-up was wrong or the day's money was spent, is tried
again; a source is looked at again without waiting until its next look is due.
"""

from __future__ import annotations

from collections.abc import Iterable

from notifier.channels.base import SPENT, SPENT_BY_SHOP
from notifier.config import Config
from notifier.config_settings import Path
from notifier.domain.work import Work
from notifier.services.alarms import clear_alarm
from notifier.services.env import Env
from notifier.services.hook_out import webhook_channel
from notifier.services.setting_kinds import CHANNELS, Kind, kind_at
from notifier.services.texts_held import spending_switches, texts_go_on
from notifier.store import sources, spent, switches
from notifier.store.session import Transaction, soon


def take_effect(env: Env, tx: Transaction, config: Config, paths: Iterable[Path]) -> None:
    """`config` is the configuration with what was set at `paths`."""
    kinds = {kind.base: kind for path in paths if (kind := kind_at(config, path))}
    for kind in kinds.values():
        if kind.group == CHANNELS:
            _try_again(env, tx, _channel_name(kind))
        else:
            _look_again(env, tx, kind)


def try_channels_again(env: Env) -> None:
    """After a start: the file may say otherwise now. A channel that stopped itself, or may spend no
    more today, is tried again; where it still cannot work, it stops itself once more."""
    with env.db.read() as tx:
        off = switches.all_off(tx, now=env.now())
    stopped = [
        name
        for name in env.config.channels
        if off.keys() & spending_switches(env, name)
        or ((one := off.get(switches.of_channel(name))) and one.by == switches.ITSELF)
    ]
    for name in stopped:
        env.db.retry(lambda tx, name=name: _try_again(env, tx, name))  # type: ignore[misc]


def _channel_name(kind: Kind) -> str:
    return kind.base[1] if len(kind.base) == 2 else webhook_channel(kind.base[1], kind.base[3])


def _try_again(env: Env, tx: Transaction, name: str) -> None:
    switch = switches.of_channel(name)
    off = switches.all_off(tx, now=env.now()).get(switch)
    if off is not None and off.by == switches.ITSELF:
        switches.turn(tx, switch, off=False, why="set up anew", by="settings", at=env.now())
    clear_alarm(env, tx, code="channel.trouble", about=name)
    for shop in env.shops.values():
        clear_alarm(env, tx, code="channel.trouble", about=f"{name}/{shop.slug}")
    texts_go_on(env, tx, name)
    # what may be spent in a day may be more now
    if spent.wait_no_longer(tx, name, codes=(SPENT, SPENT_BY_SHOP), now=env.now()):
        soon(tx, Work.DELIVER)


def _look_again(env: Env, tx: Transaction, kind: Kind) -> None:
    shop = env.shops.get(kind.base[1])
    if shop is None:
        return
    for row in sources.list_sources(tx, shop.id):
        if row.name == kind.base[3]:
            sources.update_source(tx, row.id, next_look_at=env.now())

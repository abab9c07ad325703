"""Which channels have a provider that can be asked, and whom does trouble with one concern?"""

from __future__ import annotations

from typing import cast

from notifier.channels.base import AskableChannel
from notifier.errors import ConfigError
from notifier.services.channels import make_channel
from notifier.services.env import Env, ShopRef


def text_channels(env: Env) -> list[str]:
    """By which shops send texts now."""
    names = {shop.config.sms_channel for shop in env.shops.values()}
    return sorted(names & set(env.config.channels))


def open_askable(env: Env, name: str) -> AskableChannel | None:
    """The channel, to be closed by the caller; None where it is gone or there is nobody to ask."""
    try:
        channel = make_channel(env, name)
    except ConfigError:
        return None
    if hasattr(channel, "ask_about") and hasattr(channel, "texts_since"):
        return cast(AskableChannel, channel)
    channel.close()
    return None


def shop_behind(env: Env, name: str) -> ShopRef | None:
    """A shop that sends texts by this channel: who is behind it hears of trouble."""
    found = (shop for shop in env.shops.values() if shop.config.sms_channel == name)
    return next(found, None)

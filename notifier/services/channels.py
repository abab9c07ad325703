"""How does a configured channel become something that sends?"""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any

from notifier import plugins
from notifier.channels.base import MessageChannel
from notifier.errors import ConfigError
from notifier.services.daily_tally import daily_tally
from notifier.services.env import Env
from notifier.services.tell_merchant import APPRISE, apprise_channel

GROUP = "notifier.channels"


def make_channel(env: Env, name: str) -> MessageChannel:
    """The channel of that name (`webhook:<shop>:<hook>` for webhooks,
    `apprise:<shop>:<digest>` for where alerts go). Raises ConfigError."""
    kind, written, where = _configured(env, name)
    module = plugins.load(GROUP, kind)
    known = {field.name for field in fields(module.Settings)}
    if "status_callback_base" in known and "status_callback_base" not in written:
        written["status_callback_base"] = env.config.service.public_url
    settings = plugins.read_settings(module, written, where=where)
    offered: dict[str, Any] = {
        "clock": env.clock,
        "secret": env.signer.secret_for("mail"),
        "tally": daily_tally(env, name),
        "tally_of_shop": lambda shop: daily_tally(env, f"{name}/{shop}"),
        "allow_private": env.config.service.allow_private_addresses,
        "allow_http": env.config.service.allow_http,
    }
    taken = inspect.signature(module.Channel).parameters
    channel: MessageChannel = module.Channel(
        settings, **{key: value for key, value in offered.items() if key in taken}
    )
    return channel


def _configured(env: Env, name: str) -> tuple[str, dict[str, Any], str]:
    if name.startswith("webhook:"):
        _, slug, hook_name = name.split(":", 2)
        shop = env.shops.get(slug)
        hook = shop.config.webhooks.get(hook_name) if shop else None
        if hook is None:
            raise ConfigError(f"There is no webhook {hook_name!r} for shop {slug!r} any more.")
        written = {"url": hook.url, **(hook.model_extra or {})}
        return "webhook", written, f"shops.{slug}.webhooks.{hook_name}"
    if name.startswith(f"{APPRISE}:"):
        slug = name.split(":", 2)[1]
        shop = env.shops.get(slug)
        for url in shop.config.alerts.apprise if shop else ():
            if shop is not None and apprise_channel(shop, url) == name:
                return "apprise_alerts", {"url": url}, f"shops.{slug}.alerts.apprise"
        raise ConfigError(f"There is no such address for alerts of shop {slug!r} any more.")
    section = env.config.channels.get(name)
    if section is None:
        raise ConfigError(f"There is no channel {name!r} in the configuration any more.")
    return section.kind, section.settings, f"channels.{name}"

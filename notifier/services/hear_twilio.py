"""Did Twilio really say this, and what does it say?

The signature covers the address that Twilio was given, so it is checked against the public one of
the configuration, never against what a proxy made of it (trust SM-4). Only an account of the
configuration is believed, with its own tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from notifier import plugins
from notifier.channels.base import Receipt, TextHeard
from notifier.services.env import Env

GROUP = "notifier.channels"
KIND = "sms_twilio"


def is_configured(env: Env) -> bool:
    return any(section.kind == KIND for section in env.config.channels.values())


def is_signed(
    env: Env,
    path: str,
    params: Mapping[str, Any],
    *,
    header: str | None,
    settings_header: str | None,
) -> bool:
    """Whether one of our Twilio accounts signed this form. `path` is that of the request, with its
    query."""
    if not header or not is_configured(env):
        return False
    module = _module()
    account = str(params.get("AccountSid", ""))
    for settings in _accounts(env, module):
        if account and account != settings.account_sid:
            continue
        bases = {env.config.service.public_url, settings.status_callback_base.rstrip("/")}
        for base in bases - {""}:
            if module.verify_signature(
                url=f"{base}{path}",
                params=params,
                header=header,
                auth_token=settings.auth_tokens,
                settings_header=settings_header,
                signing_keys=settings.signing_keys,
            ):
                return True
    return False


def read_status(env: Env, params: Mapping[str, str], *, uid: str) -> Receipt:
    """The receipt in a callback whose signature was checked. Raises errors.InvalidInput."""
    receipt: Receipt = _module().read_status_callback(params, uid=uid, at=env.now())
    return receipt


def read_text(params: Mapping[str, str]) -> TextHeard:
    """The SMS in a callback whose signature was checked. Raises errors.InvalidInput."""
    text: TextHeard = _module().read_inbound(params)
    return text


def _module() -> ModuleType:
    return plugins.load(GROUP, KIND)


def _accounts(env: Env, module: ModuleType) -> list[Any]:
    return [
        plugins.read_settings(module, section.settings, where=f"channels.{name}")
        for name, section in env.config.channels.items()
        if section.kind == KIND
    ]

"""How does a whole configuration look? Written from the descriptions in config.py, so that it
cannot say anything else than the program understands."""

from __future__ import annotations

import textwrap
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from notifier.config import (
    ApiKey,
    BackorderSettings,
    DatabaseSection,
    Delivery,
    LimitRules,
    MailboxSection,
    ReleaseRules,
    Retention,
    Service,
    Shop,
    SourceSection,
    StockRules,
    WebhookSection,
)
from notifier.config_alerts import AlertRules
from notifier.config_brake import BrakeRules
from notifier.config_values import write_length

HEAD = """\
# notifier: every setting with its default. A line that begins with # is not in force.
# Any value can also come from the environment, NOTIFIER__SECTION__KEY=…, and a secret from a
# file: NOTIFIER__SECTION__KEY_FILE=/run/secrets/….
# Lengths of time: 90s, 15m, 6h, 30d. After a change run `notifier check`.
"""

_CHANNELS = """\
# ---- channels: ways to reach customers; a shop names them in mail_channel and sms_channel ----

[channels.mail]
kind = "email_smtp"
host = "smtp.kettle.example"
port = 587
security = "starttls"
username = "notifier"
password = "…"                  # better: NOTIFIER__CHANNELS__MAIL__PASSWORD_FILE
from_address = "Kettle & Co <hello@kettle.example>"

# [channels.sms]
# kind = "sms_twilio"
# account_sid = "AC…"
# auth_token = "…"
# messaging_service_sid = "MG…"  # or from_number = "+12125551234"
"""

_SHOP = {
    "name": "Kettle & Co",
    "url": "https://kettle.example",
    "public_key": "pk_kettle",
    "origins": ("https://kettle.example",),
    "time_zone": "Europe/Berlin",
    "country": "DE",
    "currency": "EUR",
    "support_email": "hello@kettle.example",
    "postal_address": "Kettle & Co, Teestraße 1, 10115 Berlin",
    "privacy_url": "https://kettle.example/privacy",
}
_MAILBOX = {
    "host": "imap.kettle.example",
    "username": "bounces@kettle.example",
    "password": "…",
}
_SOURCE = {"kind": "feed"}
_NESTED = {"sources", "keys", "webhooks", "stock", "release", "backorder", "alerts", "brake"}


def example(*, secret: str = "", data_dir: str = "") -> str:
    """The text of config.example.toml; with `secret`, a configuration to start from."""
    service: dict[str, Any] = {"public_url": "https://notify.kettle.example"}
    if secret:
        service = {"secret_keys": (secret,)}
    if data_dir:
        service["data_dir"] = data_dir
    parts = [
        HEAD,
        _section("service", Service, service),
        _section("database", DatabaseSection, {}),
        _section("delivery", Delivery, {}),
        _section("retention", Retention, {}),
        _section("limits", LimitRules, {}),
        _CHANNELS,
        "# ---- mailboxes that bounces come back to, read by themselves every five minutes ----\n",
        _commented(_section("mailboxes.bounces", MailboxSection, _MAILBOX)),
        "# ---- shops ----\n",
        _section("shops.kettle", Shop, _SHOP),
        _section("shops.kettle.stock", StockRules, {}),
        _section("shops.kettle.release", ReleaseRules, {}),
        _section("shops.kettle.backorder", BackorderSettings, {}),
        _section("shops.kettle.alerts", AlertRules, {}),
        _section("shops.kettle.brake", BrakeRules, {}),
        _section("shops.kettle.sources.catalogue", SourceSection, _SOURCE)
        + "# The feed itself; see docs/sources.md for columns, words and other kinds.\n"
        + 'url = "https://kettle.example/feeds/google.xml"\n',
        _commented(
            _section("shops.kettle.keys.backend", ApiKey, {"secret": "at least 20 characters"})
        ),
        _commented(
            _section(
                "shops.kettle.webhooks.erp",
                WebhookSection,
                {"url": "https://erp.kettle.example/hooks", "events": ("*",)},
            )
            + 'secret = "whsec_…"\n'
        ),
    ]
    return "\n".join(parts)


def _section(name: str, model: type[BaseModel], given: dict[str, Any]) -> str:
    lines = [f"[{name}]"]
    for key, field in model.model_fields.items():
        if key in _NESTED and name.count(".") == 1:
            continue
        if field.description:
            lines += [f"# {line}" for line in textwrap.wrap(field.description, 94)]
        lines.append(_line(key, field, given))
    return "\n".join(lines) + "\n"


def _line(key: str, field: FieldInfo, given: dict[str, Any]) -> str:
    if key in given:
        return f"{key} = {_toml(given[key])}"
    default = field.default
    if default is PydanticUndefined:
        return f"# {key} = …"
    return f"# {key} = {_toml(default)}"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, timedelta):
        return f'"{write_length(value)}"'
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    text = value.as_posix() if isinstance(value, Path) else str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _commented(text: str) -> str:
    return "".join(
        f"# {line}" if line.strip() and not line.startswith("#") else line
        for line in text.splitlines(keepends=True)
    )

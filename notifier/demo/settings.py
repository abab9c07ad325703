"""With which configuration does the demo run? A real one, also written down as config.toml.

So `notifier check --config FOLDER/config.toml` works on a running demo as on any service.
"""

from __future__ import annotations

import base64
import json
import secrets
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from notifier.config import Config

__all__ = ["OLGA", "SHOP", "Keys", "Places", "config_tree", "make_config", "read_keys", "to_toml"]

SHOP = "kettle"
OLGA = "olga@kettle.example"
SENDER = "Kettle & Co <hello@kettle.example>"
OUR_NUMBER = "+12125550100"
ACCENT = "#1f5f4a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where everything is. Origins and base URLs without a slash at the end."""

    folder: Path
    notifier: str
    storefront: str
    listen: str
    smtp_port: int
    phone_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Secrets of one demo; kept with --folder, so that links in old mails go on working."""

    links: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    public: str = field(default_factory=lambda: "pk_demo_" + secrets.token_hex(8))
    api: str = field(default_factory=lambda: "sk_demo_" + secrets.token_urlsafe(24))
    account: str = field(default_factory=lambda: "AC" + secrets.token_hex(16))
    service: str = field(default_factory=lambda: "MG" + secrets.token_hex(16))
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    hook: str = field(
        default_factory=lambda: "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    )


def read_keys(folder: Path) -> Keys:
    """Those of an earlier demo in this folder, or fresh ones."""
    file = folder / "config.toml"
    if not file.exists():
        return Keys()
    tree = tomllib.loads(file.read_text(encoding="utf-8"))
    shop, sms = tree["shops"][SHOP], tree["channels"]["sms"]
    hook = shop.get("webhooks", {}).get("orders", {}).get("secret")  # the first demos had none
    return Keys(
        links=tree["service"]["secret_keys"][0],
        public=shop["public_key"],
        api=shop["keys"]["storefront"]["secret"],
        account=sms["account_sid"],
        service=sms["messaging_service_sid"],
        token=sms["auth_token"],
        hook=hook or Keys().hook,
    )


def config_tree(places: Places, keys: Keys, *, keep_all: bool = False) -> dict[str, Any]:
    """The configuration as it stands in the file. `keep_all`: nothing old is tidied away."""
    tree: dict[str, Any] = {
        "service": {
            "public_url": places.notifier,
            "listen": places.listen,
            "data_dir": str(places.folder),
            "secret_keys": [keys.links],
            "operator_email": OLGA,
            "allow_private_addresses": True,
            "allow_http": True,
        },
        # one person plays everybody here, so the limits per network are wide
        "limits": {
            "signups_per_network": 2000,
            "confirmations_per_address": 200,
        },
        "channels": {
            "mail": {
                "kind": "email_smtp",
                "host": "127.0.0.1",
                "port": places.smtp_port,
                "security": "none",
                "from_address": SENDER,
                "hello_name": "notify.kettle.example",
                "connections": 2,
            },
            "sms": {
                "kind": "sms_twilio",
                "account_sid": keys.account,
                "auth_token": keys.token,
                "messaging_service_sid": keys.service,
                "base_url": places.phone_url,
                "rate_per_second": 20,
            },
        },
        "shops": {SHOP: _shop(places, keys)},
    }
    if keep_all:
        never = ("purge_unconfirmed", "ended", "messages", "receipts")
        tree["retention"] = dict.fromkeys(never, "0d")
    return tree


_SCOPES = (
    "products:write",
    "stock:write",
    "subscriptions:read",
    "subscriptions:write",
    "consent:assert",
    "demand:read",
    "releases:read",
    "eta:write",
    "orders:read",
    "orders:write",
)
_HEARS = ("order.consented", "order.changed", "order.cancel_requested", "refund.required")


def _feed(places: Places) -> dict[str, Any]:
    every = "1.8s"
    return {
        "kind": "feed",
        "url": f"{places.storefront}/feeds/google.xml",
        "every": every,
        "at_most_every": every,
        "at_least_every": every,
        "max_age": "10m",
    }


def _webhook(places: Places, keys: Keys) -> dict[str, Any]:
    url = f"{places.storefront}/hooks/orders"
    return {"url": url, "secret": keys.hook, "events": list(_HEARS)}


def _shop(places: Places, keys: Keys) -> dict[str, Any]:
    return {
        "name": "Kettle & Co",
        "url": f"{places.storefront}/shop",
        "public_key": keys.public,
        "origins": [places.storefront],
        "locale": "en",
        "locales": ["en", "de", "es"],
        "time_zone": "Europe/London",
        "country": "US",
        "currency": "EUR",
        "sender": SENDER,
        "support_email": "hello@kettle.example",
        "postal_address": "Kettle & Co, 1 Tea Street, London",
        "privacy_url": f"{places.storefront}/privacy",
        "accent": ACCENT,
        "mail_channel": "mail",
        "sms_channel": "sms",
        "sms_countries": ["US", "CA", "GB", "DE", "AT", "CH", "ES"],
        "sms_hours": "always",
        "sms_a_day": 0,
        "double_opt_in": True,
        "eta_notice_days": 3,
        "eta_notice_every": "5s",
        "sources": {"feed": _feed(places)},
        "keys": {"storefront": {"secret": keys.api, "scopes": list(_SCOPES)}},
        "webhooks": {"orders": _webhook(places, keys)},
        "stock": {"cool_down": "10s", "brake_share": 0.1, "brake_count": 4},
        "release": {"strategy": "per_unit", "rate": 3, "size": 3, "interval": "10s"},
    }


def make_config(tree: Mapping[str, Any]) -> Config:
    """The configuration as the service uses it. Raises pydantic's ValidationError."""
    return Config.model_validate(tree)


def to_toml(tree: Mapping[str, Any]) -> str:
    """The tree as TOML: values of a section first, then the sections in it."""
    head = "# Written by `notifier demo`. Its ports change with every start.\n"
    return head + "\n".join(_section(tree, ())) + "\n"


def _section(tree: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    values = {name: value for name, value in tree.items() if not isinstance(value, Mapping)}
    if path and values:
        yield f"\n[{'.'.join(path)}]"
    for name, value in values.items():
        # a JSON text, number, truth or list of these is the same in TOML
        yield f"{name} = {json.dumps(value, ensure_ascii=False)}"
    for name, inner in tree.items():
        if isinstance(inner, Mapping):
            yield from _section(inner, (*path, name))

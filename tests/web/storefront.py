"""What do the web tests act with: a shop with stock, its customers, and their inbox?"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import text

from notifier.config import Config
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.rendering import shipped_renderer
from notifier.services.announce import announce
from notifier.services.confirm import confirm
from notifier.services.consent import Circumstances
from notifier.services.deliver import Sender
from notifier.services.env import Env, ShopRef
from notifier.services.observe import observe
from notifier.services.subscribe import subscribe
from notifier.services.wanted import SignUp
from notifier.signing import Purpose
from notifier.store import people

PUBLIC_URL = "https://notify.example"
KETTLE = "pk_kettle_01"
CUPS = "pk_cups_0001"
SECRET = "sk_live_0123456789abcdef"
RENDERER = shipped_renderer()
_LINK = re.compile(r"https?://[\w.:]+(/[a-z]/[\w-]{30,})")


def config(
    folder: Path, *, database_url: str = "", kettle: dict[str, Any] | None = None, **changes: Any
) -> Config:
    """Two shops, mail and SMS into a file. `changes` are laid over whole sections, `kettle` over
    the first shop."""
    shop = {
        "name": "Kettle & Co",
        "url": "https://kettle.example",
        "public_key": KETTLE,
        "origins": ["https://kettle.example"],
        "sender": "Kettle & Co <hello@kettle.example>",
        "support_email": "help@kettle.example",
        "postal_address": "1 Harbour Road, Bristol",
        "privacy_url": "https://kettle.example/privacy",
        "accent": "#1f5f4a",
        "country": "DE",
        "sms_channel": "sms",
        "release": {"strategy": "per_unit"},
        "keys": {"server": {"secret": SECRET, "scopes": ["*"]}},
    }
    cups = {"name": "Cups", "public_key": CUPS, "origins": ["https://cups.example"]}
    letters = {"kind": "log_file", "path": str(folder / "letters.jsonl")}
    tree: dict[str, Any] = {
        "service": {
            "public_url": PUBLIC_URL,
            "data_dir": str(folder),
            "secret_keys": ["a secret key for these tests only"],
        },
        "database": {"url": database_url},
        "channels": {"mail": letters, "sms": letters},
        "shops": {
            "kettle": {**shop, **(kettle or {})},
            "cups": {**cups, "sender": "Cups <hello@cups.example>", "postal_address": "Main St 1"},
        },
    }
    for name, values in changes.items():
        tree[name] = {**tree.get(name, {}), **values}
    return Config.model_validate(tree)


@dataclass(kw_only=True)
class Storefront:
    """The kettle shop as its people see it."""

    env: Env
    folder: Path

    @property
    def shop(self) -> ShopRef:
        return self.env.shop("kettle")

    def stock(self, key: str, quantity: int, *, shop: str = "kettle", **said: Any) -> None:
        """The source shows so many units of a variant: S, M and L of a shirt, or a KETTLE."""
        there = Availability.IN_STOCK if quantity else Availability.OUT_OF_STOCK
        shirt = key in ("S", "M", "L")
        values = {
            "product_key": "SHIRT" if shirt else "",
            "title": "Linen shirt" if shirt else f"Copper {key.lower()}",
            "variant_title": key if shirt else "",
            "url": f"https://kettle.example/{'shirt' if shirt else key.lower()}?size={key}",
            "image_url": "https://kettle.example/shirt.jpg",
            "price": Decimal("49.90"),
            "currency": "EUR",
            "availability": there,
            **said,
        }
        observe(self.env, self.env.shop(shop), [Observation(key=key, quantity=quantity, **values)])

    def ask(
        self,
        variant: str,
        email: str | None = "ann@example.com",
        *,
        shop: str = "kettle",
        **said: Any,
    ) -> int:
        """Somebody signs up; the new subscription's id."""
        ask = SignUp(variant=variant, email=email, locale=said.pop("locale", "en"), **said)
        made = subscribe(self.env, self.env.shop(shop), ask)
        assert made is not None
        return made

    def wait(self, variant: str, email: str | None = "ann@example.com", **said: Any) -> int:
        """Somebody signs up and confirms; the subscription's id."""
        made = self.ask(variant, email, **said)
        confirm(self.env, made, circumstances=Circumstances())
        return made

    def send(self) -> list[dict[str, Any]]:
        """Everything that is due leaves; the letters sent by it, oldest first."""
        before = len(self.letters())
        while announce(self.env):
            pass
        sender = Sender(self.env, RENDERER)
        while sender.send_due():
            pass
        sender.close()
        return self.letters()[before:]

    def letters(self) -> list[dict[str, Any]]:
        """All letters so far."""
        file = self.folder / "letters.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def links(self, letter: dict[str, Any]) -> dict[str, str]:
        """The paths of our links in a letter by their first letter: c, u, m, k, r, h."""
        return {path[1]: path for path in _LINK.findall(f"{letter['text']} {letter['short']}")}

    def contact_of(self, subscription_id: int) -> int:
        return int(
            self.one("SELECT contact_id FROM subscriptions WHERE id = :id", id=subscription_id)
        )

    def confirm_path(self, subscription_id: int) -> str:
        expires = self.env.now() + self.env.config.retention.unconfirmed
        token = self.env.signer.make(Purpose.CONFIRM, subscription_id, expires_at=expires)
        return f"/c/{token}"

    def unsubscribe_path(self, subscription_id: int) -> str:
        return f"/u/{self.env.signer.make(Purpose.UNSUBSCRIBE, subscription_id)}"

    def manage_path(self, contact_id: int) -> str:
        expires = self.env.now() + self.env.config.retention.unconfirmed
        return f"/m/{self.env.signer.make(Purpose.MANAGE, contact_id, expires_at=expires)}"

    def move_to_unconfirmed(self, subscription_id: int) -> None:
        """As if it had been asked for and not confirmed yet, by an address that confirmed others:
        what an import can leave."""
        with self.env.db.write() as tx:
            people.move_subscriptions(tx, [subscription_id], state="unconfirmed", confirmed_at=None)

    def state(self, subscription_id: int) -> str:
        return str(self.one("SELECT state FROM subscriptions WHERE id = :id", id=subscription_id))

    def one(self, sql: str, **values: Any) -> Any:
        """The first value of the first row of a query."""
        with self.env.db.read() as tx:
            return tx.execute(text(sql), values).scalar_one()

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        with self.env.db.read() as tx:
            return [dict(row._mapping) for row in tx.execute(text(sql), values)]

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """All rows that a customer's click could change, to see whether one did."""
        tables = ("contacts", "subscriptions", "messages", "ledger", "clicks", "holds", "events")
        return {name: self.rows(f"SELECT * FROM {name} ORDER BY id") for name in tables}

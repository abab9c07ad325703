"""A small world for tests: a shop, a mail server and a phone network that are really there, a
clock one can set, and the cast. Ann waits, Ben waits too, Eve is a stranger, Olga owns the shop.

    world.see("SHIRT-S", 0)                    # one look shows: sold out
    ann = world.waits("ann@waits.example", "SHIRT-S")
    world.see("SHIRT-S", 3)
    world.run()                                # announce and deliver until nothing is due
    [mail] = world.mails("ann@waits.example", "back_in_stock")
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import text

from notifier.config import Config
from notifier.domain.availability import Availability
from notifier.domain.eta import Eta
from notifier.domain.observation import Observation
from notifier.rendering import Renderer, shipped_renderer
from notifier.services.announce import announce
from notifier.services.confirm import confirm
from notifier.services.consent import Circumstances
from notifier.services.deliver import Sender
from notifier.services.env import Env, open_env
from notifier.services.observe import Report, observe
from notifier.services.subscribe import subscribe
from notifier.services.wanted import SignUp
from notifier.store.people import SubscriptionRow, find_subscription
from notifier.store.session import Database
from tests.fakes.smtp_server import SmtpServer, StoredMessage
from tests.fakes.twilio import FakeTwilio
from tests.timing import SettableClock

ANN = "ann@waits.example"
BEN = "ben@waits.example"
EVE = "eve@stranger.example"
OLGA = "olga@kettle.example"
SID = "AC" + "0" * 32
TOKEN = "t" * 32
LINK = re.compile(r"https?://\S+?/(c|u|m|r|k|h)/([A-Za-z0-9_\-]+)")
RENDERER = shipped_renderer()


def configuration(
    *, data_dir: Path, smtp: SmtpServer, twilio: FakeTwilio | None, **shop: Any
) -> Config:
    """A shop as Olga would configure it. `shop` overrides its settings."""
    channels: dict[str, Any] = {
        "mail": {
            "kind": "email_smtp",
            "host": smtp.host,
            "port": smtp.port,
            "security": "none",
            "from_address": "Kettle & Co <hello@kettle.example>",
            "connections": 2,
        }
    }
    if twilio is not None:
        channels["sms"] = {
            "kind": "sms_twilio",
            "account_sid": SID,
            "auth_token": TOKEN,
            "from_number": "+12125550100",
            "base_url": twilio.url,
            "rate_per_second": 1000,
        }
    return Config.model_validate(
        {
            "service": {
                "public_url": "https://notify.kettle.example",
                "data_dir": str(data_dir),
                "secret_keys": ["a key that only tests would ever use"],
                "operator_email": OLGA,
                "allow_private_addresses": True,
                "allow_http": True,
            },
            "channels": channels,
            "shops": {
                "kettle": {
                    "name": "Kettle & Co",
                    "url": "https://kettle.example",
                    "public_key": "pk_kettle",
                    "origins": ["https://kettle.example"],
                    "sender": "Kettle & Co <hello@kettle.example>",
                    "postal_address": "Kettle & Co, 1 Tea Street, London",
                    "time_zone": "Europe/London",
                    "country": "US",
                    "currency": "EUR",
                    "sms_channel": "sms" if twilio is not None else "",
                    "waiting_mail": False,
                    **shop,
                }
            },
        }
    )


class World:
    """See the top of this file."""

    def __init__(
        self,
        *,
        db: Database,
        clock: SettableClock,
        smtp: SmtpServer,
        data_dir: Path,
        twilio: FakeTwilio | None = None,
        shop: Mapping[str, Any] | None = None,
    ) -> None:
        self.clock = clock
        self.smtp = smtp
        self.twilio = twilio
        self.config = configuration(data_dir=data_dir, smtp=smtp, twilio=twilio, **(shop or {}))
        self.env: Env = open_env(self.config, clock=clock, db=db)
        self.db = db
        self.renderer: Renderer = RENDERER
        self.sender = Sender(self.env, self.renderer)

    def close(self) -> None:
        self.sender.close()

    @property
    def shop(self) -> Any:
        return self.env.shop("kettle")

    def reconfigure(self, **shop: Any) -> None:
        """Olga changes settings of the shop and restarts."""
        ref = self.env.shops["kettle"]
        config = ref.config.model_validate({**ref.config.model_dump(), **shop})
        self.env.shops["kettle"] = replace(ref, config=config)

    def deliver_with(self, **delivery: Any) -> None:
        """The operator changes the section `delivery` and restarts."""
        changed = self.config.delivery.model_copy(update=delivery)
        # in the copy: what is not set is one object for all configurations
        self.config.__dict__["delivery"] = changed

    # ---- the shop's side ----

    def see(
        self,
        key: str,
        quantity: int | None = None,
        *,
        availability: Availability | None = None,
        product: str = "SHIRT",
        eta: Eta | None = None,
        step: timedelta = timedelta(minutes=1),
        **more: Any,
    ) -> Report:
        """A minute later, one look shows this for one variant."""
        self.clock.advance(step)
        if availability is None:
            availability = (
                Availability.UNKNOWN
                if quantity is None
                else Availability.IN_STOCK
                if quantity > 0
                else Availability.OUT_OF_STOCK
            )
        values = {
            "title": "Linen shirt",
            "variant_title": key.rpartition("-")[2],
            "url": f"https://kettle.example/p/{key.lower()}",
            "price": Decimal("49.00"),
            "currency": "EUR",
            **more,
        }
        seen = Observation(
            key=key,
            product_key=product,
            availability=availability,
            quantity=quantity,
            eta=eta,
            **values,
        )
        return observe(self.env, self.shop, [seen])

    # ---- the customers' side ----

    def asks(self, address: str, variant: str = "SHIRT-S", **more: Any) -> int | None:
        """Somebody signs up; the subscription's id, None when nothing new was stored."""
        by = {"phone": address} if address.startswith("+") else {"email": address}
        return subscribe(self.env, self.shop, SignUp(variant=variant, **by, **more))

    def waits(self, address: str, variant: str = "SHIRT-S", **more: Any) -> int:
        """Somebody signs up and confirms a second later."""
        asked = self.asks(address, variant, **more)
        assert asked is not None, f"{address} waits for {variant} already"
        self.clock.advance(timedelta(seconds=1))
        confirm(self.env, asked, circumstances=Circumstances())
        return asked

    def subscription(self, subscription_id: int) -> SubscriptionRow:
        with self.db.read() as tx:
            found = find_subscription(tx, subscription_id)
        assert found is not None
        return found

    # ---- the service's side ----

    def announce(self) -> None:
        while announce(self.env):
            continue

    def deliver(self) -> int:
        """Send until nothing is due now; how many tries that took."""
        tried = 0
        while count := self.sender.send_due():
            tried += count
        return tried

    def run(self) -> None:
        """Announce and deliver until nothing is due at this instant."""
        self.announce()
        self.deliver()

    # ---- what can be seen ----

    def mails(self, to: str = "", kind: str = "") -> list[StoredMessage]:
        """Mails the server took, in order."""
        kinds = self._kinds() if kind else {}
        return [
            mail
            for mail in self.smtp.messages
            if (not to or to in mail.rcpt_to) and (not kind or kinds.get(_uid(mail)) == kind)
        ]

    def _kinds(self) -> dict[str, str]:
        from notifier.signing import Purpose

        return {
            self.env.signer.make(Purpose.MESSAGE, row["id"]): row["kind"]
            for row in self.rows("SELECT id, kind FROM messages")
        }

    def links(self, mail: StoredMessage) -> dict[str, str]:
        """Tokens of the links in a mail's text, by path letter."""
        part = mail.parsed.get_body(("plain",))
        return dict(LINK.findall(part.get_content()))

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        with self.db.read() as tx:
            return [dict(row._mapping) for row in tx.execute(text(query), values)]

    def count(self, table: str, where: str = "1 = 1", **values: Any) -> int:
        return int(self.rows(f"SELECT count(*) AS n FROM {table} WHERE {where}", **values)[0]["n"])


def _uid(mail: StoredMessage) -> str:
    return str(mail.parsed["Message-ID"]).strip("<>").partition("@")[0]

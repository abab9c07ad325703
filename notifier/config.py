"""What can be configured, what does each value mean, and is what was written usable?

Here is what the whole service shares; what is set for each shop is in config_shop, and how it all
is read in config_reading. Unknown keys are refused. `config.example.toml` is printed from the
descriptions.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from notifier.config_mailbox import MailboxSection
from notifier.config_release import ReleaseRules
from notifier.config_section import Section
from notifier.config_shop import (
    ApiKey,
    BackorderSettings,
    Shop,
    SourceSection,
    StockRules,
    WebhookSection,
)
from notifier.config_values import (
    LONGEST_NAME,
    Length,
    SomeTime,
    check_name,
    read_length,
)
from notifier.errors import BadValue

__all__ = [
    "ApiKey",
    "BackorderSettings",
    "ChannelSection",
    "Config",
    "DatabaseSection",
    "Delivery",
    "Length",
    "LimitRules",
    "MailboxSection",
    "ReleaseRules",
    "Retention",
    "Section",
    "Service",
    "Shop",
    "SourceSection",
    "StockRules",
    "WebhookSection",
    "read_length",
]


class Service(Section):
    public_url: str = Field(
        "http://127.0.0.1:8025",
        description="Where customers reach this service. Links in messages start with it.",
    )
    secret_keys: tuple[str, ...] = Field(
        (),
        description="Keys that sign links, newest first. `notifier init` makes one. "
        "To rotate, put a new one in front and keep the old ones.",
    )
    data_dir: Path = Field(
        Path("var"), description="Folder for the database and for notes a killed worker leaves."
    )
    listen: str = Field("127.0.0.1:8025", description="Address and port to serve on.")
    admin_listen: str = Field(
        "",
        description="Address and port of its own for the admin, e.g. 127.0.0.1:8026. "
        "Empty: under /admin of `listen`.",
    )
    web_threads: int = Field(32, ge=1, le=256, description="Requests served at the same time.")
    engine: Literal["embedded", "distributed"] = Field(
        "embedded",
        description="Who runs the jobs: embedded (one process at a time) | distributed (a queue "
        "in PostgreSQL, shared by any number of machines; needs the extra `cluster`).",
    )
    server: Literal["waitress", "granian"] = Field(
        "waitress",
        description="What serves `notifier web`: waitress | granian (extra `speed`: many more "
        "requests a second). `notifier run` always takes waitress.",
    )
    web_processes: int = Field(
        1, ge=1, le=64, description="granian: processes at work; on SQLite one is best."
    )
    trusted_proxies: int = Field(
        0, ge=0, le=5, description="How many reverse proxies stand in front and set X-Forwarded-*."
    )
    operator_email: str = Field("", description="Who hears of trouble. Empty: only the log.")
    allow_private_addresses: bool = Field(
        False,
        description="Let sources and webhooks point at this machine or network. For trying out.",
    )
    allow_http: bool = Field(
        False, description="Let sources and webhooks use plain http. For trying out."
    )
    metrics_token: str = Field("", description="Bearer token that /metrics asks for. Empty: none.")
    metrics_listen: str = Field(
        "",
        description="Where `notifier worker` and `notifier scheduler` answer /metrics, e.g. "
        "127.0.0.1:9101. Empty: nowhere.",
    )

    @field_validator("listen", "metrics_listen", "admin_listen")
    @classmethod
    def _is_address_and_port(cls, value: str, asked: ValidationInfo) -> str:
        if not value and asked.field_name != "listen":
            return value  # nowhere
        port = value.rpartition(":")[2]
        if not (":" in value and port.isascii() and port.isdigit() and int(port) < 65536):
            raise ValueError(f"{value!r} is not an address and a port like 127.0.0.1:9101")
        return value

    @field_validator("public_url")
    @classmethod
    def _is_base_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise ValueError(f"{value!r} is not a web address like https://notify.shop.example")
        return value.rstrip("/")


class DatabaseSection(Section):
    url: str = Field(
        "",
        description="sqlite:///path/notifier.db or postgresql://user:password@host/name. "
        "Empty: notifier.db in data_dir.",
    )
    pool_size: int = Field(10, ge=1, le=200, description="Connections kept open by one process.")


class Delivery(Section):
    workers: int = Field(2, ge=1, le=32, description="Senders at work in one process.")
    batch: int = Field(
        500, ge=1, le=5000, description="Messages one sender takes at a time, at most."
    )
    lease: SomeTime = Field(
        timedelta(seconds=90), description="How long a taken message stays with its sender."
    )
    unknown_after: Length = Field(
        timedelta(seconds=60),
        description="Handed over without an answer, a message is tried once more after this.",
    )
    max_failures: int = Field(
        12, ge=1, description="Tries that count before a message is given up; 12 take a day."
    )
    alert_ttl: SomeTime = Field(
        timedelta(hours=24), description="An alert not sent by then is stale and is dropped."
    )


class Retention(Section):
    unconfirmed: SomeTime = Field(timedelta(days=2), description="A confirm link works this long.")
    purge_unconfirmed: Length = Field(
        timedelta(days=30), description="Unconfirmed requests are deleted then. 0d: never."
    )
    ended: Length = Field(timedelta(days=90), description="Told or ended subscriptions. 0d: never.")
    messages: Length = Field(timedelta(days=90), description="Messages sent. 0d: never.")
    receipts: Length = Field(timedelta(days=395), description="What providers said. 0d: never.")
    network: Length = Field(timedelta(days=90), description="IP and browser in consent records.")
    history: Length = Field(
        timedelta(days=365),
        description="Finished releases, their waves and events, holds and alarms. 0d: never.",
    )
    stock_history: Length = Field(
        timedelta(days=1095),
        description="What was believed of stock, and the dates that were promised. 0d: never.",
    )
    orders: Length = Field(
        timedelta(days=2190),
        description="Orders that are over, with all that proves what was told. 0d: never.",
    )


class LimitRules(Section):
    confirmations_per_address: int = Field(
        3, ge=0, description="In any 24 hours, over all shops. 0: no limit."
    )
    signups_per_network: int = Field(20, ge=0, description="An hour, from one /24 or /64.")
    signups_per_product: int = Field(
        300, ge=0, description="A minute; above it proof of work is due."
    )
    confirmations_per_shop: int = Field(5000, ge=0, description="In any 24 hours.")
    max_active: int = Field(100, ge=1, description="Products one address can wait for in a shop.")


class ChannelSection(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str = Field(..., description="email_smtp | sms_twilio | log_file.")

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class Config(Section):
    service: Service = Service()
    database: DatabaseSection = DatabaseSection()
    delivery: Delivery = Delivery()
    retention: Retention = Retention()
    limits: LimitRules = LimitRules()
    channels: dict[str, ChannelSection] = Field({})
    mailboxes: dict[str, MailboxSection] = Field({})
    shops: dict[str, Shop] = Field({})

    _from_environment: frozenset[tuple[str, ...]] = PrivateAttr(default=frozenset())

    @property
    def from_environment(self) -> frozenset[tuple[str, ...]]:
        """Which values the environment has set: nobody else can."""
        return self._from_environment

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """Names that rows can keep, and keys that lead to one shop each."""
        if self.service.engine == "distributed" and self.database_url.startswith("sqlite"):
            raise ValueError(
                'service.engine is "distributed", which needs PostgreSQL; '
                "set database.url to postgresql://…, or leave the engine out"
            )
        for name in self.channels:
            check_name(name, what="channel")
        for name in self.mailboxes:
            check_name(name, what="mailbox")
        seen: dict[str, str] = {}
        for slug, shop in self.shops.items():
            check_name(slug, what="shop")
            for name in shop.sources:
                check_name(name, what="source")
            for name in shop.webhooks:
                check_name(name, what="webhook")
                if len(f"webhook:{slug}:{name}") > LONGEST_NAME:
                    message = f"shop {slug!r} and webhook {name!r} have too long names"
                    raise BadValue("long_names", message, typed=name)
            secrets = {f"keys.{name}": key.secret for name, key in shop.keys.items()}
            for field, value in {"public_key": shop.public_key, **secrets}.items():
                place = f"shops.{slug}.{field}"
                if value in seen:
                    message = f"{place} is the same as {seen[value]}; make another one"
                    raise BadValue("same_key", message, typed=seen[value])
                seen[value] = place
        return self

    @property
    def database_url(self) -> str:
        return self.database.url or f"sqlite:///{self.service.data_dir / 'notifier.db'}"

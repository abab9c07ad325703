"""What can be configured, what does each value mean, and is what was written usable?

One TOML file; every value can be overridden by an environment variable
`NOTIFIER__SECTION__KEY`, and by the content of a file named in `NOTIFIER__SECTION__KEY_FILE`.
Unknown keys are refused. `config.example.toml` is printed from the descriptions here.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from notifier.config_alerts import AlertRules
from notifier.config_brake import BrakeRules
from notifier.config_release import ReleaseRules
from notifier.config_section import Section
from notifier.config_values import (
    LONGEST_NAME,
    Length,
    SomeTime,
    check_name,
    read_colour,
    read_length,
    read_origin,
)
from notifier.domain.scope import EVERYTHING, Scope
from notifier.errors import ConfigError

__all__ = ["Config", "Length", "ReleaseRules", "Section", "load_config", "read_length"]

PREFIX = "NOTIFIER__"
FILE_SETTINGS = frozenset({"ca_file", "dkim_key_file"})  # settings that are names of files


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


class StockRules(Section):
    threshold: int = Field(0, ge=0, description='Units kept back: "your new zero".')
    min_quantity: int = Field(1, ge=1, description="Fewest units a customer can order.")
    confirm_looks: int = Field(
        1, ge=1, le=10, description="Looks in a row that must show stock before it is believed."
    )
    confirm_for: Length = Field(
        timedelta(0), description="How long stock must have been seen before it is believed."
    )
    cool_down: Length = Field(
        timedelta(hours=6), description="A variant announced within this is not announced again."
    )
    backorder_counts: bool = Field(
        False, description="Tell people when a variant can be ordered although it is not there."
    )
    brake_share: float = Field(
        0.10, ge=0, le=1, description="Hold a look that would announce more of the catalogue."
    )
    brake_count: int = Field(20, ge=1, description="… but never hold this many or fewer.")


class BackorderSettings(Section):
    require_eta: bool = Field(False, description="Stop while no expected date is known.")
    max_days: int = Field(365, ge=0, description="… or it is more days off than this. 0: any.")
    stop_when_eta_over: bool = Field(True, description="… or it is past.")
    use_expected_quantity: bool = Field(
        True, description="… or as many units are ordered as are expected, where that is known."
    )
    max_open_units: int = Field(
        0, ge=0, description="… or so many units of a variant wait to be shipped. 0: any."
    )
    max_broken: int = Field(
        3, ge=0, description="… or so many promises of a variant were missed lately. 0: any."
    )
    max_broken_share: float = Field(
        0, ge=0, le=1, description="… or more than this share of the shop's promises. 0: any."
    )
    broken_within: SomeTime = Field(
        timedelta(days=90), description="Promises count that came due within this."
    )
    stop_when_source_stale: bool = Field(
        False, description="Stop while the source's data are older than its max_age."
    )
    stop_when_discontinued: bool = Field(True, description="Stop what is discontinued.")


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


class ApiKey(Section):
    secret: str = Field(..., min_length=20, description="The bearer key itself.")
    scopes: tuple[str, ...] = Field(
        ("stock:write", "products:write", "subscriptions:read", "demand:read"),
        description="What it may do; * for everything.",
    )

    @field_validator("scopes")
    @classmethod
    def _are_scopes(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        known = {EVERYTHING, *(scope.value for scope in Scope)}
        for scope in scopes:
            if scope not in known:
                raise ValueError(f"{scope!r} is not a scope; there are {', '.join(sorted(known))}")
        return scopes


class SourceSection(BaseModel):
    """A source: what is common to all kinds, and the kind's own settings beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str = Field(..., description="feed | page | push.")
    every: SomeTime = Field(timedelta(minutes=15), description="Looked at this often …")
    at_most_every: SomeTime = Field(
        timedelta(minutes=2), description="… and this often where people wait and an ETA is near."
    )
    at_least_every: SomeTime = Field(timedelta(hours=6), description="… and at least this often.")
    max_age: SomeTime = Field(
        timedelta(hours=24), description="Nothing is sent on data older than this."
    )
    missing_means: Literal["out_of_stock", "unknown", "discontinued"] = Field(
        "unknown", description="What a variant's absence from a full look means."
    )
    missing_after: int = Field(
        3, ge=1, description="… for `discontinued`: after so many full looks without it."
    )
    min_share: float = Field(
        0.8, ge=0, le=1, description="A full look with fewer rows than this share is not believed."
    )

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class ChannelSection(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str = Field(..., description="email_smtp | sms_twilio | log_file.")

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class WebhookSection(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    url: str
    events: tuple[str, ...] = Field(("*",), description="Which hooks it gets; * for all.")


class Shop(Section):
    name: str = Field(..., min_length=1, description="As customers know it.")
    url: str = Field("", description="The shop's front page.")
    public_key: str = Field(..., min_length=6, description="Goes into the snippet. Not a secret.")
    origins: tuple[str, ...] = Field(
        (), description="Where the widget may run: scheme://host[:port], no path, no slash."
    )
    locale: str = Field("en", description="Language when the page's is not among `locales`.")
    locales: tuple[str, ...] = Field(("en", "de", "es"), description="Languages offered.")
    time_zone: str = Field("UTC", description="The shop's time zone, e.g. Europe/Berlin.")
    country: str = Field("US", min_length=2, max_length=2, description="For numbers without +.")
    currency: str = Field("", max_length=3, description="When a source names none.")
    sender: str = Field("", description="From of its mail: Kettle & Co <hello@kettle.example>.")
    reply_to: str = Field("", description="Where answers go.")
    support_email: str = Field("", description="Shown to customers.")
    postal_address: str = Field("", description="In every mail; the law wants it.")
    privacy_url: str = Field("", description="Linked from the widget.")
    logo_url: str = Field("", description="https picture at the top of mails.")
    accent: str = Field("", description="Colour of buttons, #rrggbb.")
    mail_channel: str = Field("mail", description="Name of the channel for e-mail.")
    sms_channel: str = Field("", description="Name of the channel for SMS. Empty: no SMS.")
    sms_countries: tuple[str, ...] = Field(
        (), description="Countries SMS goes to. Empty: `country`."
    )
    sms_hours: Literal["safe", "by_state", "always"] = Field(
        "safe",
        description="When alerts may go out by SMS, in the recipient's time zones: safe (10–18, "
        "Sat 10–17, Sun 12–17) | by_state (8–21 and the rules of US states) | always.",
    )
    sms_segment_price: float = Field(
        0.0,
        ge=0,
        description="What one segment of an SMS costs, in `currency`; the template editor shows "
        "it. 0: not known.",
    )
    sms_a_day: int = Field(3, ge=0, description="Most alerts by SMS to one number a day. 0: any.")
    double_opt_in: bool = Field(True, description="Ask for confirmation by link before waiting.")
    waiting_mail: bool = Field(True, description="Say “you are on the list” after confirmation.")
    offers_marketing: bool = Field(
        False, description="Let the widget also ask, unticked, for consent to news and offers."
    )
    discreet: bool = Field(False, description="No product name in subjects and SMS.")
    subscription_lifetime: SomeTime = Field(
        timedelta(days=365), description="Then asked once more."
    )
    eta_notice_days: int = Field(3, ge=0, description="Tell of a new ETA moved by at least this.")
    eta_notice_every: Length = Field(timedelta(days=7), description="… at most this often.")
    show_usual_restock: bool = Field(
        False,
        description="Without an expected date, tell shoppers within how long past outages were "
        "mostly over: “Usually back within 3 weeks”. Only where enough of them say so.",
    )
    proof_of_work: Literal["always", "busy", "never"] = Field(
        "busy",
        description="When a browser must do a sum before signing up: always | busy (only above "
        "the limit for a product; it buys more room at other times) | never.",
    )
    sources: dict[str, SourceSection] = Field({}, description="Where its stock is read.")
    keys: dict[str, ApiKey] = Field({}, description="Keys for its own servers.")
    webhooks: dict[str, WebhookSection] = Field({}, description="Who hears of what happens.")
    push_secrets: tuple[str, ...] = Field((), description="whsec_… for /hooks/stock/<shop>.")
    stock: StockRules = StockRules()
    release: ReleaseRules = ReleaseRules()
    backorder: BackorderSettings = BackorderSettings()
    alerts: AlertRules = AlertRules()
    brake: BrakeRules = BrakeRules()

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(read_origin(origin) for origin in origins)

    @field_validator("accent")
    @classmethod
    def _is_colour(cls, value: str) -> str:
        return read_colour(value)

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is not a time zone; write e.g. Europe/Berlin") from error
        return value


class Config(Section):
    service: Service = Service()
    database: DatabaseSection = DatabaseSection()
    delivery: Delivery = Delivery()
    retention: Retention = Retention()
    limits: LimitRules = LimitRules()
    channels: dict[str, ChannelSection] = Field({})
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
        seen: dict[str, str] = {}
        for slug, shop in self.shops.items():
            check_name(slug, what="shop")
            for name in shop.sources:
                check_name(name, what="source")
            for name in shop.webhooks:
                check_name(name, what="webhook")
                if len(f"webhook:{slug}:{name}") > LONGEST_NAME:
                    raise ValueError(f"shop {slug!r} and webhook {name!r} have too long names")
            secrets = {f"keys.{name}": key.secret for name, key in shop.keys.items()}
            for field, value in {"public_key": shop.public_key, **secrets}.items():
                place = f"shops.{slug}.{field}"
                if value in seen:
                    raise ValueError(f"{place} is the same as {seen[value]}; make another one")
                seen[value] = place
        return self

    @property
    def database_url(self) -> str:
        return self.database.url or f"sqlite:///{self.service.data_dir / 'notifier.db'}"


def load_config(path: Path | None, *, environ: Mapping[str, str] | None = None) -> Config:
    """Read the file and the environment. Raises errors.ConfigError with every problem found."""
    environ = os.environ if environ is None else environ
    tree: dict[str, Any] = {}
    if path is not None:
        try:
            tree = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ConfigError(
                f"There is no configuration at {path}. "
                "Run `notifier init`, or name it with --config."
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is not valid TOML: {error}") from error
    set_outside = _lay_over(tree, environ)
    try:
        config = Config.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_explain(error, where=str(path or "environment"))) from error
    config._from_environment = set_outside
    return config


def _lay_over(tree: dict[str, Any], environ: Mapping[str, str]) -> frozenset[tuple[str, ...]]:
    """Write NOTIFIER__A__B values into the tree; the longest-known path wins case-insensitively.

    The paths that were set.
    """
    done = set()
    for name, value in sorted(environ.items()):
        if not name.startswith(PREFIX):
            continue
        path = name[len(PREFIX) :].lower().split("__")
        if path[-1].endswith("_file") and path[-1] not in FILE_SETTINGS:
            file = Path(value)
            try:
                value = file.read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ConfigError(f"{name} names {file}, which cannot be read: {error}") from error
            path[-1] = path[-1].removesuffix("_file")
        node = tree
        for step in path[:-1]:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                raise ConfigError(f"{name}: {step} is a value, not a section")
        node[path[-1]] = _read_value(value)
        done.add(tuple(path))
    return frozenset(done)


def _read_value(text: str) -> Any:
    """A list is written as TOML; everything else is left to the field's own type."""
    if text.startswith("["):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    return text


def _explain(error: ValidationError, *, where: str) -> str:
    lines = [f"{where} cannot be used:"]
    for problem in error.errors():
        place = ".".join(str(step) for step in problem["loc"])
        words = str(problem["msg"]).removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            words = "is not a setting; check the spelling (`notifier config --example` lists all)"
        elif problem["type"] == "missing":
            words = "is missing"
        lines.append(f"  {place}: {words}" if place else f"  {words}")
    return "\n".join(lines)

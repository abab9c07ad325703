"""What can be set for one shop: how it looks to customers, its stock, sources, keys and limits?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from notifier.config_alerts import AlertRules
from notifier.config_brake import BrakeRules
from notifier.config_release import ReleaseRules
from notifier.config_section import Section
from notifier.config_values import Length, SomeTime, read_colour, read_domain, read_origin
from notifier.domain.scope import EVERYTHING, Scope
from notifier.errors import BadValue


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
                message = f"{scope!r} is not a scope; there are {', '.join(sorted(known))}"
                raise BadValue("scope", message, typed=scope)
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
    shopify_domain: str = Field(
        "", description="kettle.myshopify.com: whose webhooks come to /hooks/shopify/<shop>."
    )
    shopify_secrets: tuple[str, ...] = Field(
        (), description="… and what signs them, the app's client secret; two while it is changed."
    )
    shopify_silence: Length = Field(
        timedelta(days=3),
        description="… and after how long without any of them somebody is alarmed. 0h: never.",
    )
    woocommerce_secrets: tuple[str, ...] = Field(
        (),
        description="What signs WooCommerce's webhooks to /hooks/woocommerce/<shop>; two while "
        "one is changed.",
    )
    woocommerce_silence: Length = Field(
        timedelta(days=3),
        description="After how long without any of them somebody is alarmed. 0h: never.",
    )
    stock: StockRules = StockRules()
    release: ReleaseRules = ReleaseRules()
    backorder: BackorderSettings = BackorderSettings()
    alerts: AlertRules = AlertRules()
    brake: BrakeRules = BrakeRules()

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(read_origin(origin) for origin in origins)

    @field_validator("shopify_domain")
    @classmethod
    def _is_domain(cls, value: str) -> str:
        return read_domain(value)

    @field_validator("shopify_secrets", "woocommerce_secrets")
    @classmethod
    def _are_secrets(cls, secrets: tuple[str, ...]) -> tuple[str, ...]:
        if not all(one.strip() for one in secrets):
            raise BadValue("empty_secret", "one of them is empty: anybody could sign with it")
        return secrets

    @field_validator("shopify_silence", "woocommerce_silence")
    @classmethod
    def _is_long_or_none(cls, value: timedelta) -> timedelta:
        if timedelta(0) < value < timedelta(hours=1):
            message = "a shop is often silent for so long; write 1h or more, or 0h for never"
            raise BadValue("silence", message)
        return value

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
            message = f"{value!r} is not a time zone; write e.g. Europe/Berlin"
            raise BadValue("time_zone", message, typed=value) from error
        return value

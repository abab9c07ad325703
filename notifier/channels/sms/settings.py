"""What can be set for sending SMS by Twilio, and is it usable as it stands?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from notifier.errors import ConfigError

__all__ = ["Settings"]

_SHAPES = {
    "account_sid": (re.compile(r"AC[0-9a-fA-F]{32}"), "AC and 32 hexadecimal digits"),
    "api_key_sid": (re.compile(r"SK[0-9a-fA-F]{32}"), "SK and 32 hexadecimal digits"),
    "messaging_service_sid": (re.compile(r"MG[0-9a-fA-F]{32}"), "MG and 32 hexadecimal digits"),
    "from_number": (
        re.compile(r"\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}"),
        "a number like +12125551234, a short code, or a name of at most 11 letters and digits",
    ),
}


def _help(text: str, *, secret: bool = False) -> dict[str, Any]:
    return {"help": text, "secret": secret}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One Twilio account and the sender of its SMS. Times are in seconds."""

    account_sid: str = field(metadata=_help("Account SID, AC…, from the Twilio console."))
    auth_token: str = field(
        repr=False,
        metadata=_help("Auth token of the account. Callbacks are checked with it.", secret=True),
    )
    previous_auth_token: str = field(
        default="",
        repr=False,
        metadata=_help("The old token while a new one is brought in.", secret=True),
    )
    api_key_sid: str = field(
        default="", metadata=_help("API key, SK…, to send with instead of the auth token.")
    )
    api_key_secret: str = field(
        default="", repr=False, metadata=_help("Secret of the API key.", secret=True)
    )
    signing_keys: tuple[str, ...] = field(
        default=(),
        repr=False,
        metadata=_help("Shared keys of signed callbacks, each as key id=secret.", secret=True),
    )
    messaging_service_sid: str = field(
        default="", metadata=_help("Messaging Service, MG…, that chooses the sender. Preferred.")
    )
    from_number: str = field(
        default="", metadata=_help("The sender when there is no Messaging Service: +12125551234.")
    )
    status_callback_base: str = field(
        default="",
        metadata=_help("Where Twilio reaches this service. Empty: no reports of delivery."),
    )
    rate_per_second: float = field(
        default=1.0, metadata=_help("Messages a second. 1 for a US long code, more by contract.")
    )
    max_segments: int = field(
        default=2, metadata=_help("A text that takes more SMS than this is refused.")
    )
    price_per_segment: float = field(
        default=0.01, metadata=_help("What one SMS costs, to reckon the daily cap.")
    )
    daily_spend_cap: float = field(
        default=50.0, metadata=_help("Most to spend in one day (UTC). 0: no limit.")
    )
    daily_spend_cap_per_shop: float = field(
        default=0.0, metadata=_help("Of it, most to spend for one shop. 0: no limit of its own.")
    )
    currency: str = field(default="USD", metadata=_help("Currency of price and cap."))
    longest_validity: float = field(
        default=14400.0, metadata=_help("Twilio drops what it could not send in this time.")
    )
    settling: float = field(
        default=60.0,
        metadata=_help("After this a message that Twilio took is surely in its list."),
    )
    connect_timeout: float = field(default=3.0, metadata=_help("Patience while connecting."))
    read_timeout: float = field(default=10.0, metadata=_help("Patience for an answer."))
    base_url: str = field(
        default="", metadata=_help("Another server in Twilio's place, for trying out.")
    )

    def __post_init__(self) -> None:
        for name, (shape, what) in _SHAPES.items():
            value = getattr(self, name)
            if (value or name == "account_sid") and not shape.fullmatch(value):
                raise ConfigError.of(name, "shape", f"{value!r} is not {what}.", typed=value)
        if not self.auth_token:
            message = "is missing; it is in the Twilio console."
            raise ConfigError.of("auth_token", "missing", message)
        if bool(self.api_key_sid) != bool(self.api_key_secret):
            missing = "api_key_secret" if self.api_key_sid else "api_key_sid"
            message = f"an API key needs SID and secret. Add the {missing}."
            raise ConfigError.of(missing, "api_key", message)
        if not self.messaging_service_sid and not self.from_number:
            message = "give a Messaging Service, or a from_number."
            raise ConfigError.of("messaging_service_sid", "no_sender", message)
        if any("=" not in key for key in self.signing_keys):
            raise ConfigError.of("signing_keys", "signing_key", "write each as key id=secret.")
        self._check_numbers()
        for name in ("status_callback_base", "base_url"):
            value = getattr(self, name)
            if value and (urlsplit(value).scheme not in ("http", "https") or "?" in value):
                message = f"{value!r} is not a web address like https://…."
                raise ConfigError.of(name, "web_address", message, typed=value)

    @property
    def auth_tokens(self) -> tuple[str, ...]:
        """The tokens a callback may be signed with."""
        return tuple(filter(None, (self.auth_token, self.previous_auth_token)))

    def _check_numbers(self) -> None:
        for name, least, most in (
            ("rate_per_second", 0.01, 1000),
            ("max_segments", 1, 10),
            ("price_per_segment", 0, 10),
            ("daily_spend_cap", 0, 10_000_000),
            ("daily_spend_cap_per_shop", 0, 10_000_000),
            ("longest_validity", 10, 36_000),
            ("settling", 0, 3600),
            ("connect_timeout", 0.05, 60),
            ("read_timeout", 0.05, 120),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                message = f"{value} is outside {least} to {most}."
                raise ConfigError.of(name, "outside", message, typed=value, least=least, most=most)
        has_cap = self.daily_spend_cap or self.daily_spend_cap_per_shop
        if has_cap and not self.price_per_segment:
            message = "a daily cap needs the price of one SMS."
            raise ConfigError.of("price_per_segment", "no_price", message)

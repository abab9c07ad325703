"""What can be set for sending mail by SMTP, and is it usable as it stands?"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from notifier.channels.mail_events.providers import PROVIDERS
from notifier.channels.smtp.addresses import BadAddress, parse_mailbox, to_ascii_domain
from notifier.errors import ConfigError

__all__ = ["Settings"]


def _help(text: str, *, secret: bool = False) -> dict[str, Any]:
    return {"help": text, "secret": secret}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A mail server that takes our mail, and who the mail comes from. Times are in seconds."""

    host: str = field(metadata=_help("Name of the mail server, as its certificate has it."))
    from_address: str = field(
        metadata=_help("From of letters without their own: Kettle & Co <hello@kettle.example>.")
    )
    port: int = field(default=587, metadata=_help("587 with starttls, 465 with tls."))
    security: Literal["starttls", "tls", "none"] = field(
        default="starttls",
        metadata=_help("starttls | tls | none. none is for a server on this machine only."),
    )
    username: str = field(default="", metadata=_help("Login name. Empty: no login."))
    password: str = field(
        default="", repr=False, metadata=_help("Password of the login.", secret=True)
    )
    ca_file: str = field(
        default="", metadata=_help("Authorities to trust, as PEM. Empty: the system's.")
    )
    envelope_from: str = field(
        default="", metadata=_help("Where bounces go. Empty: the address in From.")
    )
    bounce_domain: str = field(
        default="",
        metadata=_help(
            "A domain whose whole mail we read. Each letter gets its own bounce address."
        ),
    )
    unsubscribe_address: str = field(
        default="",
        metadata=_help("Mailbox for unsubscribing by mail, when there is no bounce_domain."),
    )
    provider: Literal["", "ses", "sendgrid", "postmark", "mailgun"] = field(
        default="",
        metadata=_help(
            "Whose relay this is, where it reports by callback: ses | sendgrid | postmark | "
            "mailgun. Its callbacks go to /hooks/<provider>."
        ),
    )
    callback_keys: tuple[str, ...] | str = field(
        default=(),
        repr=False,
        metadata=_help(
            "What these callbacks are known by; all count. ses: ARN of the topic. sendgrid: "
            "verification key. mailgun: HTTP webhook signing key. postmark: name:password, or the "
            "value of the header X-Notifier-Secret.",
            secret=True,
        ),
    )
    hello_name: str = field(
        default="", metadata=_help("How we introduce ourselves (EHLO). Empty: our IP address.")
    )
    connections: int = field(default=16, metadata=_help("Connections used at the same time."))
    rate: float = field(
        default=0.0, metadata=_help("Letters a second at most, of all senders. 0: no limit.")
    )
    provider_rate: float = field(
        default=0.0,
        metadata=_help("Letters a second at most to one mailbox provider. 0: no limit."),
    )
    max_per_connection: int = field(
        default=100, metadata=_help("Letters sent before a connection is replaced.")
    )
    max_connection_seconds: float = field(
        default=60.0, metadata=_help("Age at which a connection is replaced.")
    )
    connect_timeout: float = field(
        default=30.0, metadata=_help("Patience while connecting and for the TLS handshake.")
    )
    command_timeout: float = field(
        default=300.0, metadata=_help("Patience for each answer before the final dot.")
    )
    dot_timeout: float = field(
        default=600.0,
        metadata=_help("Patience after the final dot. Shorter makes double letters (RFC 5321)."),
    )
    dkim_domain: str = field(
        default="", metadata=_help("Sign mail for this domain. Empty: the mail server signs.")
    )
    dkim_selector: str = field(default="", metadata=_help("Selector of the DKIM key."))
    dkim_key_file: str = field(default="", metadata=_help("The private RSA key, as PEM."))

    def __post_init__(self) -> None:
        if not self.host.strip() or any(c.isspace() for c in self.host):
            message = f"{self.host!r} is not a server name. Write smtp.shop.example."
            raise ConfigError.of("host", "server_name", message, typed=self.host)
        if not 0 < self.port < 65536:
            message = f"{self.port} is not a port. Write 587 or 465."
            raise ConfigError.of("port", "port", message, typed=self.port)
        self._check_security()
        self._check_numbers()
        self._check_addresses()
        self._check_dkim()
        self._check_callbacks()

    @property
    def callback_key_list(self) -> tuple[str, ...]:
        """The keys a callback of the provider may be known by."""
        keys = self.callback_keys
        return tuple(filter(None, (keys,) if isinstance(keys, str) else keys))

    def _check_security(self) -> None:
        if self.security not in ("starttls", "tls", "none"):
            message = f"{self.security!r} is not starttls, tls or none."
            raise ConfigError.of("security", "choice", message)
        if self.security == "none" and (self.username or self.password):
            raise ConfigError.of(
                "security",
                "unencrypted",
                'a login is never sent unencrypted, and security is "none". '
                'Write security = "starttls" or "tls", or leave out username and password.',
            )
        if bool(self.username) != bool(self.password):
            missing = "password" if self.username else "username"
            message = f"a login needs username and password. Add the {missing}."
            raise ConfigError.of(missing, "login", message)
        if self.ca_file and not Path(self.ca_file).is_file():
            message = f"there is no file {self.ca_file}. Name a PEM file."
            raise ConfigError.of("ca_file", "no_file", message, typed=self.ca_file)

    def _check_numbers(self) -> None:
        for name, least, most in (
            ("connections", 1, 200),
            ("rate", 0, 100_000),
            ("provider_rate", 0, 100_000),
            ("max_per_connection", 1, 1_000_000),
            ("max_connection_seconds", 0, 86_400),
            ("connect_timeout", 0.05, 600),
            ("command_timeout", 0.05, 3_600),
            ("dot_timeout", 0.05, 3_600),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                message = f"{value} is outside {least} to {most}."
                raise ConfigError.of(name, "outside", message, typed=value, least=least, most=most)

    def _check_addresses(self) -> None:
        for name in ("from_address", "envelope_from", "unsubscribe_address"):
            value = getattr(self, name)
            if not value and name != "from_address":
                continue
            try:
                parse_mailbox(value)
            except BadAddress as error:
                raise ConfigError.of(name, "mailbox", str(error), typed=value) from error
        for name in ("bounce_domain", "dkim_domain"):
            value = getattr(self, name)
            try:
                if value:
                    to_ascii_domain(value)
            except BadAddress as error:
                raise ConfigError.of(name, "mail_domain", str(error), typed=value) from error
        if any(c.isspace() or not c.isprintable() or ord(c) > 126 for c in self.hello_name):
            message = f"{self.hello_name!r} is not a plain host name."
            raise ConfigError.of("hello_name", "server_name", message, typed=self.hello_name)

    def _check_dkim(self) -> None:
        parts = {
            "dkim_domain": self.dkim_domain,
            "dkim_selector": self.dkim_selector,
            "dkim_key_file": self.dkim_key_file,
        }
        missing = [name for name, value in parts.items() if not value]
        if missing and len(missing) < len(parts):
            raise ConfigError.of(
                missing[0],
                "dkim",
                "signing needs dkim_domain, dkim_selector and dkim_key_file. "
                f"Add {' and '.join(missing)}, or leave out all three.",
            )

    def _check_callbacks(self) -> None:
        keys = self.callback_key_list
        if keys and not self.provider:
            message = f"callback_keys are those of a provider. Write {', '.join(PROVIDERS)}."
            raise ConfigError.of("provider", "no_provider", message)
        for number, key in enumerate(keys, 1):
            if why := PROVIDERS[self.provider].why_no_key(key):
                message = f"number {number} of {self.provider}: {why}."
                raise ConfigError.of("callback_keys", "callback_key", message, number=number)

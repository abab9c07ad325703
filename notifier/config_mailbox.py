"""What can be set for a mailbox that mail comes back to?"""

from __future__ import annotations

import ipaddress
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from notifier.config_section import Section

_PORTS = {"tls": 993, "starttls": 143, "none": 143}


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class MailboxSection(Section):
    """One mailbox, on an IMAP server or in a folder of this machine."""

    host: str = Field("", description="Name of the IMAP server, as its certificate has it.")
    path: str = Field("", description="Instead of a server: a Maildir on this machine.")
    port: int = Field(0, ge=0, lt=65536, description="0: 993 with tls, else 143.")
    security: Literal["tls", "starttls", "none"] = Field(
        "tls", description="tls | starttls | none. none is for a server on this machine only."
    )
    username: str = Field("", description="Login name, often the whole address.")
    password: str = Field("", repr=False, description="Password of the login.")
    ca_file: str = Field("", description="Authorities to trust, as PEM. Empty: the system's.")
    folder: str = Field("INBOX", min_length=1, description="Which folder of it is read.")

    @field_validator("host", "username", "password", "folder", "path")
    @classmethod
    def _is_one_line(cls, value: str) -> str:
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
            raise ValueError("holds a line break or another control character")
        return value

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if bool(self.host) == bool(self.path):
            raise ValueError("needs a host, or the path of a Maildir, and not both")
        if self.host and not (self.username and self.password):
            missing = "password" if self.username else "username"
            raise ValueError(f"needs username and password; add the {missing}")
        if any(letter.isspace() or letter in "/:@" for letter in self.host):
            raise ValueError(f"host: {self.host!r} is not a server name; write imap.shop.example")
        if self.host and self.security == "none" and not _is_this_machine(self.host):
            raise ValueError(
                'security: a password is never sent unencrypted to another machine; write "tls" or '
                '"starttls"'
            )
        return self

    @property
    def port_used(self) -> int:
        return self.port or _PORTS[self.security]

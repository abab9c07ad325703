"""Sends letters as mail through an SMTP server, and checks whether one is set up for it.

Each letter travels alone, with its own bounce address where a `bounce_domain` is set. At least
once: a letter is handed over before the server's answer is known, so a killed process or a lost
answer can make a second copy. It has the same Message-ID.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from notifier.channels.base import Finding, Letter, LetterDesk, NotePhase, Result
from notifier.channels.bounces import read_mail
from notifier.channels.mail_events.base import Callback
from notifier.channels.mail_events.providers import PROVIDERS
from notifier.channels.smtp.checkup import check_server
from notifier.channels.smtp.dkim_signature import make_signer
from notifier.channels.smtp.mime import Mail, build_mail
from notifier.channels.smtp.opening import make_tls_context, open_session
from notifier.channels.smtp.pool import Pool
from notifier.channels.smtp.sender_dns import LookupTxt, check_sender_dns
from notifier.channels.smtp.session import Session
from notifier.channels.smtp.settings import Settings as MailSettings
from notifier.clock import Clock
from notifier.errors import ConfigError

__all__ = ["PROVIDERS", "Callback", "Channel", "Settings", "read_mail"]

Settings = MailSettings


class Channel:
    """One mail server. `secret` makes bounce addresses that nobody can forge.

    Raises errors.ConfigError when the settings cannot work: an unreadable certificate or key
    file, or a bounce_domain without a secret.
    """

    Settings: ClassVar[type[MailSettings]] = MailSettings

    def __init__(
        self,
        settings: MailSettings,
        *,
        clock: Clock,
        secret: bytes = b"",
        lookup_txt: LookupTxt | None = None,
    ) -> None:
        if (settings.bounce_domain or settings.unsubscribe_address) and not secret:
            raise ConfigError(
                "bounce_domain and unsubscribe_address need a secret key, so that nobody can "
                "forge what arrives there. Set service.secret_keys."
            )
        self._settings = settings
        self._clock = clock
        self._secret = secret
        self._lookup_txt = lookup_txt
        self._sign = make_signer(settings)
        try:
            self._tls_context = make_tls_context(settings)
        except (ssl.SSLError, OSError) as error:
            raise ConfigError(
                f"ca_file: {settings.ca_file} holds no certificates in PEM: {error}"
            ) from error
        self._pool = Pool(
            open_session=self._open, build=self._build, settings=settings, clock=clock
        )

    def send(
        self, letters: Sequence[Letter], *, note: NotePhase
    ) -> Iterator[tuple[Letter, Result]]:
        """Try each letter once, over several connections. If `note` raises, that letter is not
        handed over."""
        return self._pool.send(letters, note=note)

    def carry(self, desk: LetterDesk) -> Iterator[None]:
        """Carry letters over several connections while more are put on the desk."""
        return self._pool.carry(desk)

    def pause_left(self) -> timedelta:
        """For how long the server is left alone yet."""
        return self._pool.pause_left()

    @property
    def is_paced(self) -> bool:
        """Whether `rate` or `provider_rate` is set."""
        return self._pool.pace.has_rate

    def share_rate(self, among: int) -> None:
        """So many senders, this one included, use the server now. From any thread."""
        self._pool.pace.among = among

    def wake(self) -> None:
        """From any thread: look at the desk."""
        self._pool.wake()

    def check(self) -> list[Finding]:
        """Log in and offer the sender without sending; look at what receivers check in DNS."""
        findings = check_server(self._settings, open_session=self._open, secret=self._secret)
        return findings + check_sender_dns(
            self._settings, sign=self._sign, lookup_txt=self._lookup_txt
        )

    def close(self) -> None:
        self._pool.close()

    def _open(self) -> Session:
        return open_session(self._settings, tls_context=self._tls_context)

    def _build(self, letter: Letter, now: datetime) -> Mail:
        return build_mail(
            letter,
            settings=self._settings,
            secret=self._secret,
            now=now,
            sign=self._sign,
        )

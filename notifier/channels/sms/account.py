"""How is one Twilio account spoken with by Twilio's library, and what does its trouble become?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import Any

import httpx2

from notifier.channels.sms.settings import Settings
from notifier.channels.sms.wire import UNREADABLE, TwilioHttp, not_told
from notifier.clock import Clock
from notifier.http_answer import read_retry_after

__all__ = ["Account"]


class Account:
    """Keeps its connection between calls. Used by one thread at a time."""

    def __init__(self, settings: Settings, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._http = TwilioHttp(
            base_url=settings.base_url,
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
        )

    @cached_property
    def client(self) -> Any:
        """Twilio's library for this account."""
        from twilio.rest import Client  # costs a quarter of a second, so only when used

        settings = self._settings
        return Client(
            username=settings.api_key_sid or settings.account_sid,
            password=settings.api_key_secret or settings.auth_token,
            account_sid=settings.account_sid,
            http_client=self._http,
        )

    def asked_to_wait(self) -> timedelta | None:
        """For how long the last answer asked us to leave it alone."""
        return read_retry_after(self._http.last_headers.get("retry-after", ""), now=self._clock())

    @contextmanager
    def understood(self) -> Iterator[None]:
        """What goes wrong with a question in here becomes one errors.LookFailed."""
        from twilio.base.exceptions import TwilioException

        try:
            yield
        except (TwilioException, httpx2.RequestError, *UNREADABLE) as problem:
            raise not_told(problem, retry_after=self.asked_to_wait()) from problem

    def close(self) -> None:
        self._http.close()

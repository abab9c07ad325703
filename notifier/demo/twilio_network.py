"""What stands in for Twilio and the phones behind it, in the demo and in tests?

A small HTTP server with a memory: it takes messages, keeps and lists them, knows who said STOP,
and posts signed callbacks. Point the channel's `base_url` at `url`. Standard library only.
"""

from __future__ import annotations

import secrets
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from queue import SimpleQueue
from typing import Any, Self
from urllib.parse import urlencode

from notifier.clock import Clock, system_clock
from notifier.demo.http_server import JsonServer
from notifier.demo.twilio_lists import newest_first, only_page, paged
from notifier.demo.twilio_rules import Refusal, check_new_text
from notifier.demo.twilio_wire import (
    API,
    Answer,
    Asked,
    SentText,
    account_json,
    error,
    number_json,
    pool_number_json,
    service_json,
    short_code_json,
    sign,
    text_json,
    usage_json,
)
from notifier.domain.sms_keywords import Wish, read_wish
from notifier.domain.sms_text import count_segments

__all__ = ["PhoneNetwork"]


class PhoneNetwork:
    """One Twilio account. Use as a context manager, or `start` and `stop` it.

    `numbers` and `short_codes` are the account's own, `services` its Messaging Services.
    `inbound_url` gets what people text back. After a message is taken, `statuses` are reported one
    by one to its StatusCallback, from a thread of its own. `on_accept` is called with every
    message taken, before the sender has its answer.
    """

    account_status = "active"
    account_type = "Full"
    registered = True  # of the service, for US 10DLC

    def __init__(
        self,
        *,
        account_sid: str = "AC" + "0" * 32,
        auth_token: str = "phone-network-token",
        api_keys: Mapping[str, str] | None = None,
        numbers: Sequence[str] = ("+15005550006",),
        services: Sequence[str] = ("MG" + "0" * 32,),
        short_codes: Sequence[str] = (),
        inbound_url: str = "",
        statuses: Sequence[str] = ("sent", "delivered"),
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock = system_clock,
        on_accept: Callable[[SentText], None] | None = None,
    ) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.logins = {account_sid: auth_token, **(api_keys or {})}
        self.numbers = tuple(numbers)
        self.services = tuple(services)
        self.short_codes = tuple(short_codes)
        self.inbound_url = inbound_url
        self.statuses = tuple(statuses)
        self.silent_numbers: set[str] = set()  # numbers of ours that cannot do SMS
        self.messages: list[SentText] = []
        self.received: list[SentText] = []
        self.opted_out: set[str] = set()
        self.lock = threading.RLock()
        self._clock = clock
        self._on_accept = on_accept
        self._server = JsonServer(self.answer, host=host, port=port)
        self._reports: SimpleQueue[tuple[SentText, str] | None] = SimpleQueue()
        self._reporter = threading.Thread(target=self._report_all, daemon=True)

    @property
    def url(self) -> str:
        """Where the API is: the channel's `base_url`."""
        return self._server.url

    def start(self) -> Self:
        self._server.start()
        self._reporter.start()
        return self

    def stop(self) -> None:
        self._server.stop()
        self._reports.put(None)
        if self._reporter.is_alive():
            self._reporter.join(timeout=5)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # What the phones do.

    def text_back(self, number: str, body: str, *, to: str = "") -> int:
        """Somebody answers by SMS. Returns the status our inbound hook gave, 0 without a hook.

        A STOP is obeyed by the network itself, as Twilio's default opt-out does.
        """
        wish = read_wish(body) if len(body.split()) == 1 else Wish.OTHER
        with self.lock:
            if wish is Wish.STOP:
                self.opted_out.add(number)
            elif wish is Wish.START:
                self.opted_out.discard(number)
            text = self._received(number, body, to=to or self.numbers[0])
        params = {
            "AccountSid": self.account_sid,
            "ApiVersion": "2010-04-01",
            "Body": body,
            "From": number,
            "MessageSid": text.sid,
            "NumMedia": "0",
            "NumSegments": str(text.segments),
            "SmsStatus": "received",
            "To": text.to,
        }
        params["SmsMessageSid"] = params["SmsSid"] = params["MessageSid"]
        if wish in (Wish.STOP, Wish.START, Wish.HELP) and self.services:
            params |= {"OptOutType": wish.name, "MessagingServiceSid": self.services[0]}
        return self.post(self.inbound_url, params) if self.inbound_url else 0

    def _received(self, number: str, body: str, *, to: str) -> SentText:
        now = self._clock()
        text = SentText(
            sid=new_sid("SM"),
            to=to,
            sender=number,
            body=body,
            status="received",
            direction="inbound",
            created_at=now,
            sent_at=now,
            segments=max(count_segments(body), 1),
        )
        self.received.append(text)
        return text

    def report(self, text: SentText, status: str, *, error_code: int | None = None) -> int:
        """Move a message on and post its status callback. Returns the hook's answer, or 0."""
        with self.lock:
            text.status = status
            text.history.append(status)
            text.error_code = error_code
            if status in ("sent", "delivered"):
                text.sent_at = text.sent_at or self._clock()
        return self.post(text.callback, self.status_params(text, status)) if text.callback else 0

    def status_params(self, text: SentText, status: str) -> dict[str, str]:
        """The form fields of one status callback."""
        params = {
            "AccountSid": self.account_sid,
            "ApiVersion": "2010-04-01",
            "From": text.sender or self.numbers[0],
            "MessageSid": text.sid,
            "MessageStatus": status,
            "SmsSid": text.sid,
            "SmsStatus": status,
            "To": text.to,
        }
        if text.service_sid:
            params["MessagingServiceSid"] = text.service_sid
        if text.error_code:
            params["ErrorCode"] = str(text.error_code)
        return params

    def post(self, url: str, params: Mapping[str, str]) -> int:
        """One signed request to our hooks. 0: nobody there."""
        asked = urllib.request.Request(
            url,
            data=urlencode(params).encode(),
            headers={
                "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
                "X-Twilio-Signature": sign(url, params, token=self.auth_token),
                "User-Agent": "TwilioProxy/1.1",
            },
        )
        try:
            with urllib.request.urlopen(asked, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return 0

    # What the API answers.

    def answer(self, asked: Asked) -> Answer:
        """The API. Tests lay their faults over this method."""
        user, password = asked.login
        if self.logins.get(user) != password or not password:
            return error(401, 20003, "Authenticate", headers={"WWW-Authenticate": "Basic"})
        account = f"{API}/Accounts/{self.account_sid}"
        lists = f"{account}/Messages.json"
        if asked.method == "POST" and asked.path == lists:
            return self._take(asked.form)
        if asked.method == "GET":
            found = self._found(asked, account)
            if found is not None:
                return Answer(status=200, body=found)
        missing = f"The requested resource {asked.path} was not found"
        return error(404, 20404, missing)

    def _take(self, form: Mapping[str, str]) -> Answer:
        with self.lock:
            try:
                wanted = check_new_text(
                    form,
                    numbers=self.numbers,
                    silent=self.silent_numbers,
                    services=self.services,
                    opted_out=self.opted_out,
                )
            except Refusal as refusal:
                return error(400, refusal.code, refusal.message)
            text = SentText(
                sid=new_sid("SM"),
                to=wanted.to,
                sender=wanted.sender,
                body=wanted.body,
                status="accepted" if wanted.service_sid else "queued",
                created_at=self._clock(),
                service_sid=wanted.service_sid,
                segments=count_segments(wanted.body),
                callback=wanted.callback,
                validity=wanted.validity,
            )
            text.history.append(text.status)
            self.messages.append(text)
            if self._on_accept:
                self._on_accept(text)
        for status in self.statuses:
            self._reports.put((text, status))
        return Answer(status=201, body=text_json(text, account=self.account_sid))

    def _found(self, asked: Asked, account: str) -> dict[str, Any] | None:
        path = asked.path
        if path == f"{account}.json":
            return account_json(
                self.account_sid, status=self.account_status, kind=self.account_type
            )
        if path == f"{account}/Messages.json":
            return self._list_texts(asked)
        if path.startswith(f"{account}/Messages/"):
            return self._one_text(path.removeprefix(f"{account}/Messages/").removesuffix(".json"))
        if path == f"{account}/IncomingPhoneNumbers.json":
            wanted = asked.query.get("PhoneNumber", "")
            rows = [self._number(one) for one in self.numbers if wanted in one]
            return paged(rows, "incoming_phone_numbers", asked)
        if path == f"{account}/Usage/Records/Today.json":
            return paged([self._usage()], "usage_records", asked)
        return self._service(path)

    def _list_texts(self, asked: Asked) -> dict[str, Any]:
        """Newest first, as Twilio lists them. A message that was not sent yet has no DateSent."""
        with self.lock:
            texts = newest_first([*self.messages, *self.received], asked.query)
            rows = [text_json(text, account=self.account_sid) for text in texts]
        return paged(rows, "messages", asked)

    def _one_text(self, sid: str) -> dict[str, Any] | None:
        with self.lock:
            for text in (*self.messages, *self.received):
                if text.sid == sid:
                    return text_json(text, account=self.account_sid)
        return None

    def _number(self, number: str) -> dict[str, Any]:
        can_sms = number not in self.silent_numbers
        return number_json(number, sms=can_sms, inbound_url=self.inbound_url)

    def _usage(self) -> dict[str, Any]:
        now = self._clock().astimezone(UTC)
        with self.lock:
            today = [one for one in self.messages if one.created_at.date() == now.date()]
        segments = sum(one.segments for one in today)
        day = now.date().isoformat()
        return usage_json(self.account_sid, segments=segments, price=0.0, day=day)

    def _service(self, path: str) -> dict[str, Any] | None:
        for sid in self.services:
            at = f"/v1/Services/{sid}"
            if path == at:
                return service_json(
                    sid,
                    account=self.account_sid,
                    inbound_url=self.inbound_url,
                    registered=self.registered,
                )
            if path == f"{at}/PhoneNumbers":
                rows = [
                    pool_number_json(one, account=self.account_sid, service=sid)
                    for one in self.numbers
                    if one not in self.silent_numbers
                ]
                return only_page(rows, "phone_numbers")
            if path == f"{at}/ShortCodes":
                codes = [
                    short_code_json(one, account=self.account_sid, service=sid)
                    for one in self.short_codes
                ]
                return only_page(codes, "short_codes")
        return None

    def _report_all(self) -> None:
        while (due := self._reports.get()) is not None:
            self.report(due[0], due[1])


def new_sid(kind: str) -> str:
    return kind + secrets.token_hex(16)

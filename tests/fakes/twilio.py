"""A Twilio for tests that misbehaves on command. Extends the demo's phone network.

    with FakeTwilio() as twilio:
        ...                                     # the channel's base_url is twilio.url
        [text] = twilio.messages                # what was taken, in order
        twilio.requests                         # every request that came in, also refused ones
        twilio.tries                            # those that wanted to send something

    twilio.misbehave(Fault(status=429, code=20429, retry_after="7"))
    twilio.misbehave(Fault(status=500), times=2)
    twilio.misbehave(Fault(takes=True, cut=True))        # took it, never said so
    twilio.misbehave(Fault(cut=True))                    # hangs up without taking it
    twilio.misbehave(Fault(takes=True, delay=5))         # answers too late
    twilio.misbehave(Fault(takes=True, status=500))      # took it and says it failed
    twilio.misbehave(Fault(takes=True, text="<html>"))   # 201, but no JSON
    twilio.misbehave(Fault(on="list", status=503))       # on: create | list | fetch | any
    twilio.behave()

    twilio.report(text, "delivered")            # one signed status callback, now
    twilio.report_in_order(text, ["delivered", "sent", "delivered"])   # any order, with repeats
    twilio.text_back("+12125551234", "STOP")    # somebody answers; obeyed, listed and posted on

`statuses=()` is the default here: callbacks come only when a test posts them.

As a process, for tests that kill their client. Each message taken is a line of JSON in FILE
before the client has its answer:

    python -m tests.fakes.twilio --port 8050 --store FILE [--answer-delay 0.004]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from notifier.demo.twilio_network import PhoneNetwork
from notifier.demo.twilio_wire import Answer, Asked, SentText, error

__all__ = ["FakeTwilio", "Fault"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong with one request. `takes`: the message is taken all the same."""

    on: str = "create"
    status: int = 0
    code: int = 0
    retry_after: str = ""
    takes: bool = False
    cut: bool = False
    delay: float = 0.0
    text: str = ""


class FakeTwilio(PhoneNetwork):
    def __init__(self, *, answer_delay: float = 0.0, **options: Any) -> None:
        super().__init__(**({"statuses": ()} | options))
        self.requests: list[Asked] = []
        self._faults: list[Fault] = []
        self._over = threading.Event()
        self._answer_delay = answer_delay

    @property
    def tries(self) -> list[Asked]:
        """The requests that wanted to send something."""
        with self.lock:
            return [asked for asked in self.requests if _kind_of(asked) == "create"]

    def misbehave(self, fault: Fault, *, times: int = 1) -> None:
        """The next `times` requests of its kind go wrong like this."""
        with self.lock:
            self._faults += [fault] * times

    def behave(self) -> None:
        with self.lock:
            self._faults.clear()

    def stop(self) -> None:
        self._over.set()  # nobody waits for a slow answer any longer
        super().stop()

    def report_in_order(self, text: SentText, statuses: Sequence[str]) -> list[int]:
        """Post these callbacks in this very order; gives our hook's answers."""
        return [self.report(text, status) for status in statuses]

    def answer(self, asked: Asked) -> Answer:
        with self.lock:
            self.requests.append(asked)
            fault = self._fault_for(_kind_of(asked))
        if fault is None:
            answer = super().answer(asked)
            self._over.wait(self._answer_delay)
            return answer
        usual = super().answer(asked) if fault.takes else None
        if fault.delay:
            self._over.wait(fault.delay)
        if fault.cut:
            return Answer(status=0, body=None)
        if fault.text:
            return Answer(status=fault.status or 201, body=fault.text)
        if fault.status:
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            code = fault.code or fault.status
            return error(fault.status, code, f"Scripted {fault.status}", headers=headers)
        return usual or super().answer(asked)

    def _fault_for(self, kind: str) -> Fault | None:
        for number, fault in enumerate(self._faults):
            if fault.on in (kind, "any"):
                return self._faults.pop(number)
        return None


def _kind_of(asked: Asked) -> str:
    if asked.path.endswith("/Messages.json"):
        return "create" if asked.method == "POST" else "list"
    return "fetch" if "/Messages/" in asked.path else "other"


def _write_line(text: SentText, store: IO[str]) -> None:
    line = {
        "sid": text.sid,
        "to": text.to,
        "from": text.sender,
        "body": text.body,
        "callback": text.callback,
        "at": text.created_at.isoformat(),
    }
    store.write(json.dumps(line) + "\n")
    store.flush()
    os.fsync(store.fileno())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--answer-delay", type=float, default=0.0)
    parser.add_argument("--account-sid", default="AC" + "0" * 32)
    parser.add_argument("--auth-token", default="phone-network-token")
    parser.add_argument("--number", action="append", default=[])
    parser.add_argument("--inbound-url", default="")
    parser.add_argument("--statuses", default="", help="reported after each message, by commas")
    wanted = parser.parse_args()
    with wanted.store.open("a", encoding="utf-8") as store:
        network = FakeTwilio(
            port=wanted.port,
            account_sid=wanted.account_sid,
            auth_token=wanted.auth_token,
            numbers=tuple(wanted.number) or ("+15005550006",),
            inbound_url=wanted.inbound_url,
            statuses=tuple(filter(None, wanted.statuses.split(","))),
            answer_delay=wanted.answer_delay,
            on_accept=lambda text: _write_line(text, store),
        )
        with network:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            print(f"listening on {network.url}", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()


if __name__ == "__main__":
    main()

"""How does a benchmark talk to a shop that runs: as its visitors, its server and its owner do?

What has been told is taken back between two restocks by plain SQL, so that the line is as long for
each of them.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench.children.sink import AWAITED
from bench.shop import KEY, ORIGIN, SECRET, VARIANT, configuration, open_shop, show
from notifier.services.subscribe import subscribe
from notifier.services.wanted import SignUp

PATIENCE = 120.0
CONFLICT, BUSY = 409, 503
NEVER_THERE = "MUG"
JOBS_THAT_TAKE_LONG = ("sweep", "tidy", "demand", "learn")
BACK = (
    "DELETE FROM attempts WHERE message_id IN"
    " (SELECT id FROM messages WHERE finished_at IS NULL OR state = 'held')",
    "DELETE FROM messages WHERE finished_at IS NULL OR state = 'held'",
    "UPDATE subscriptions SET state = 'waiting', told_at = NULL WHERE state = 'told'",
)


class BusyShop:
    """`port`: where it answers, once it does. `close` at the end."""

    def __init__(self, url: str, *, folder: Path) -> None:
        self.port = 0
        self._env, self._shop = open_shop(configuration(folder=folder, url=url))
        self._is_running = False

    def close(self) -> None:
        self._env.db.close()

    def add_askers(self, number: int) -> None:
        """So many other products that are sold out, with one person each who waits, and one more
        that nobody waits for yet."""
        show(self._env, self._shop, 0, key=NEVER_THERE)
        for n in range(number):
            show(self._env, self._shop, 0, key=_other(n))
            ask = SignUp(variant=_other(n), email=f"alert-{n}{AWAITED}", confirmed=True)
            assert subscribe(self._env, self._shop, ask) is not None
        self._alerts = iter(range(number))

    def settle(self) -> None:
        """Wait until the jobs that a service does first after its start are done."""
        names = ", ".join(f"'{name}'" for name in JOBS_THAT_TAKE_LONG)
        done = f"SELECT count(*) FROM jobs WHERE name IN ({names}) AND finished_at IS NOT NULL"
        self._wait(lambda: self._one(done) == len(JOBS_THAT_TAKE_LONG))

    def push(self, quantity: int, *, variant: str = VARIANT) -> None:
        """The shop's server says how many are there."""
        rows = {"observations": [{"variant": variant, "quantity": quantity}]}
        answer = self._post("/api/v1/stock", rows)
        assert answer["announced"] == int(quantity > 0), answer
        if variant == VARIANT:
            self._is_running = quantity > 0

    def ask_for_confirm(self, number: int) -> str:
        """Somebody signs up; the address that the mail goes to."""
        address = f"confirm-{number}{AWAITED}"
        ask = {"key": KEY, "variant": NEVER_THERE, "email": address, "page_url": ORIGIN}
        self._post("/api/v1/subscriptions", ask, secret="")
        return address

    def ask_for_notice(self, number: int) -> str:
        """Somebody has bought what will come later than promised; the law wants that said."""
        address = f"notice-{number}{AWAITED}"
        now = datetime.now(UTC)
        line = {
            "ref": "1",
            "title": "Copper kettle",
            "quantity": 1,
            "promise": "ships in 3-5 business days",
            "eta": {
                "date": f"{now + timedelta(days=60):%Y-%m-%d}",
                "source": "supplier",
                "evidence": "PO 7",
            },
        }
        order = {
            "ref": f"#{number}",
            "email": address,
            "country": "US",
            "completed_at": (now - timedelta(hours=1)).isoformat(),
            "lines": [line],
        }
        answer = self._post("/api/v1/orders", {"orders": [order]})
        assert len(answer["accepted"]) == 1, answer
        return address

    def ask_for_alert(self, _number: int) -> str:
        """Another product is there again."""
        n = next(self._alerts)
        self.push(5, variant=_other(n))
        return f"alert-{n}{AWAITED}"

    def end_release(self) -> None:
        """Nobody is told any more, and whoever was waits again."""
        if not self._is_running:
            return
        with self._env.db.read() as tx:
            found = tx.execute(text("SELECT max(id) FROM releases WHERE state = 'running'"))
            release = found.scalar()
        if release is not None:
            self._post(f"/api/v1/releases/{release}/stop", {}, fails=(CONFLICT,))  # it is done
        self.push(0)
        self._wait(lambda: not self._one("SELECT count(*) FROM messages WHERE state = 'sending'"))
        for statement in BACK:
            self._env.db.retry(lambda tx: tx.execute(text(statement)))  # noqa: B023 - used at once

    def _one(self, query: str) -> Any:
        with self._env.db.read() as tx:
            return tx.execute(text(query)).scalar()

    def _post(
        self, path: str, body: Any, *, secret: str = SECRET, fails: tuple[int, ...] = ()
    ) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Origin": ORIGIN},
        )
        if secret:
            request.add_header("Authorization", f"Bearer {secret}")
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code in fails:
                    return {}
                if error.code != BUSY or time.monotonic() > deadline:
                    said = f"{path}: {error.code} {error.read()[:500]!r}"
                    raise AssertionError(said) from error
            time.sleep(0.2)  # as it was asked for

    @staticmethod
    def _wait(is_so: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < deadline, f"It is not so after {PATIENCE:g} s."
            time.sleep(0.05)


def _other(n: int) -> str:
    return f"CUP-{n}"

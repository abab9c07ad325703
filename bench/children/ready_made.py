"""A ready-made mail again and again, over one connection of Python's own smtplib."""

from __future__ import annotations

import smtplib
from pathlib import Path
from typing import Any

from bench.contest import Trial, peak_mb, timed


def work(arguments: dict[str, Any]) -> Trial:
    """Send the mail in `file` to `count` people at `port`."""
    mail = Path(arguments["file"]).read_bytes()
    count = int(arguments["count"])

    def send() -> int:
        with smtplib.SMTP("127.0.0.1", arguments["port"]) as connection:
            for number in range(count):
                to = f"waits-{number:07d}@people.example"
                connection.sendmail("hello@kettle.example", [to], mail)
        return count

    trial = timed(send)
    return Trial(units=count, seconds=trial.seconds, extra={**trial.extra, "peak_mb": peak_mb()})

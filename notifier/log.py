"""What does the service say about its work, and what must it never say?

A fixed sentence plus stable keys, as lines for people or JSON for machines, on standard error.
Addresses are masked and tokens dropped before anything is written.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog

_MAIL = re.compile(r"([A-Za-z0-9])[A-Za-z0-9._%+\-]*@([A-Za-z0-9.\-]+)")
_PHONE = re.compile(r"\+\d{5,15}")
_TOKEN = re.compile(r"/(c|u|m|r|o|k|h|enter)/[A-Za-z0-9_\-]{20,}")

log: structlog.stdlib.BoundLogger = structlog.get_logger("notifier")


def mask(text: str) -> str:
    """The text with addresses, numbers and link tokens made unreadable."""
    text = _MAIL.sub(r"\1…@\2", text)
    text = _PHONE.sub(lambda m: f"{m.group()[:3]}…{m.group()[-2:]}", text)
    return _TOKEN.sub(r"/\1/…", text)


def _mask_all(
    _logger: Any, _name: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in entry.items():
        if isinstance(value, str) and key != "timestamp":
            entry[key] = mask(value)
    return entry


class _Line(logging.Formatter):
    """What a library says in its own way, as a line for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


class _JsonLine(logging.Formatter):
    """The same for machines: one line, with the keys of our own."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, str] = {"event": record.getMessage()}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        entry = {key: mask(value) for key, value in entry.items()}
        at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        return json.dumps(
            entry | {"logger": record.name, "level": record.levelname.lower(), "timestamp": at}
        )


def set_up_logging(
    *, as_json: bool | None = None, level: str = "INFO", to: TextIO | None = None
) -> None:
    """Call once at the start of a process. JSON unless a person is looking at the terminal.

    `to`: an open file instead of standard error.
    """
    to = to or sys.stderr
    as_json = not to.isatty() if as_json is None else as_json
    render: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=to.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask_all,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.PrintLoggerFactory(file=to),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(to)
    handler.setFormatter(_JsonLine() if as_json else _Line())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)

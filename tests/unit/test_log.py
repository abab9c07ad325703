"""What does a line of the log look like, ours or a library's?"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from notifier.log import mask

SAY = """
import logging
from notifier.log import log, set_up_logging
set_up_logging(as_json={as_json})
log.info("mail taken", to="ann@waits.example")
logging.getLogger("psycopg.pool").warning("no way to %s", "ann@waits.example\\nat all")
try:
    raise ValueError("ann@waits.example")
except ValueError:
    logging.getLogger("lib").exception("broke")
    log.exception("broke too")
"""


def said(*, as_json: bool) -> str:
    """On standard error, by a process of its own: how a process logs is set up once."""
    done = subprocess.run(
        [sys.executable, "-c", SAY.format(as_json=as_json)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_for_machines_each_line_is_json_also_what_a_library_says() -> None:
    lines = [json.loads(line) for line in said(as_json=True).splitlines()]
    assert [(one["event"], one["level"]) for one in lines] == [
        ("mail taken", "info"),
        ("no way to a…@waits.example\nat all", "warning"),
        ("broke", "error"),
        ("broke too", "error"),
    ]
    assert all(one["timestamp"].endswith("Z") for one in lines)
    assert lines[1]["logger"] == "psycopg.pool"
    assert lines[2]["exception"].endswith("ValueError: a…@waits.example")
    assert lines[3]["exception"].endswith("ValueError: a…@waits.example")


def test_no_line_shows_an_address_to_people() -> None:
    words = said(as_json=False)
    assert "ann@" not in words
    assert words.count("a…@waits.example") == 4


@pytest.mark.parametrize("page", ["c", "u", "m", "r", "o", "k", "h", "enter"])
def test_who_reads_the_log_cannot_open_a_customers_link(page: str) -> None:
    token = "AbCd_-" * 6
    assert mask(f"GET /{page}/{token}?a=1 500") == f"GET /{page}/…?a=1 500"


def test_who_reads_the_log_cannot_ring_a_customer_up() -> None:
    assert mask("no route to +4915123456789, tried twice") == "no route to +49…89, tried twice"

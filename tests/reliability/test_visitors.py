"""What do people who sign up notice when somebody floods the hooks, or the database takes nothing?

A real web process, asked over HTTP (trust RL-28, FI-17, FI-33, FI-34).
"""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.checker import Rows
from tests.reliability.database_trouble import files_cannot_grow, writers_locked_out
from tests.reliability.fleet import Fleet, Program
from tests.reliability.seeding import VARIANT, see, seed
from tests.reliability.visitor import Visitor, cpu_of, memory_of, start_web
from tests.timing import wait_until

ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])
AVAILABILITY = f"/api/v1/availability?key=pk_kettle&variant={VARIANT}"
LIMITS = "\n[limits]\nsignups_per_network = 0\nsignups_per_product = 0\n"
FLOODERS = 3  # each sends an equal part


@pytest.fixture
def web(
    configure: Callable[..., Path], make_fleet: Callable[[Path], Fleet]
) -> tuple[Program, Visitor]:
    """A web process of a shop whose shirt is sold out, and somebody who visits it."""
    config = configure(twilio_url="http://127.0.0.1:9")
    env = seed(config, mails=0, announced=False)
    see(env, 0)
    env.db.close()
    config.write_text(config.read_text() + LIMITS)
    program, port = start_web(make_fleet(config))
    return program, Visitor(port)


def flood(port: int, count: int, answers: Any) -> None:
    """A process of its own: forged reports, one straight after the other."""
    found: Counter[int] = Counter()
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as line:
        for number in range(count):
            body = f"MessageSid=SM{number:032x}&MessageStatus=delivered&AccountSid=AC{'0' * 32}"
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Twilio-Signature": f"forged-{number}",
            }
            line.request("POST", "/hooks/twilio/status", body, headers)
            answer = line.getresponse()
            answer.read()
            found[answer.status] += 1
    answers.put(dict(found))


@pytest.mark.fault("FI-17")
@pytest.mark.parametrize("count", [300, pytest.param(21_000, marks=pytest.mark.soak)])
@ON_SQLITE
def test_a_flood_of_forged_reports_is_refused_and_visitors_are_served(
    web: tuple[Program, Visitor], database_url: str, count: int, seen: Callable[..., None]
) -> None:
    program, visitor = web
    context = multiprocessing.get_context("forkserver")
    answers = context.Queue()
    work = (visitor.port, count // FLOODERS, answers)
    visitor.get(AVAILABILITY)
    memory, computed, began = memory_of(program.pid), cpu_of(program.pid), time.monotonic()
    flooders = [context.Process(target=flood, args=work, daemon=True) for _ in range(FLOODERS)]
    for one in flooders:
        one.start()
    number = 0
    while any(one.is_alive() for one in flooders):
        number += 1
        assert visitor.get(AVAILABILITY).status == 200
        assert visitor.sign_up(f"p{number}@waits.example", variant=VARIANT).status == 202
        time.sleep(0.02)
    seconds = time.monotonic() - began
    refused = sum((Counter(answers.get(timeout=60)) for _ in flooders), Counter())
    seen(
        forged=sum(refused.values()),
        a_second=round(sum(refused.values()) / seconds),
        visitors=len(visitor.answers),
        visitors_95_in_100_within_seconds=visitor.slowest(0.95),
        computing_for_each_forged_ms=1000 * (cpu_of(program.pid) - computed) / count,
        memory_grew_mb=memory_of(program.pid) - memory,
    )
    assert refused == {403: count}
    assert visitor.slowest(0.95) < (2 if count > 300 else 6)  # of few, one stall is many
    assert memory_of(program.pid) - memory < 60
    with closing(Rows(database_url)) as rows:
        assert rows("SELECT id FROM receipts") == []


@pytest.mark.fault("FI-34")
@pytest.mark.parametrize("seconds", [1, pytest.param(30, marks=pytest.mark.soak)])
def test_while_the_database_is_locked_visitors_hear_503_soon_and_nothing_they_sent_is_lost(
    web: tuple[Program, Visitor], database_url: str, seconds: int, seen: Callable[..., None]
) -> None:
    _, visitor = web
    assert visitor.sign_up("p0@waits.example", variant=VARIANT).status == 202
    visitor.answers.clear()
    with writers_locked_out(database_url):
        number, until = 0, time.monotonic() + seconds
        while not number or time.monotonic() < until:
            number += 1
            refused = visitor.sign_up(f"p{number}@waits.example", variant=VARIANT)
            assert (refused.status, bool(refused.retry_after)) == (503, True)
            assert visitor.get(AVAILABILITY).status == 200
    slowest = visitor.slowest()
    again = [visitor.sign_up(f"p{n}@waits.example", variant=VARIANT) for n in range(1, number + 1)]
    seen(
        locked_seconds=seconds,
        refused=number,
        slowest_answer_seconds=slowest,
        taken_on_the_second_try=sum(one.status == 202 for one in again),
    )
    assert slowest < 12
    assert {one.status for one in again} == {202}
    assert _addresses(database_url) == {f"p{n}@waits.example" for n in range(number + 1)}


@pytest.mark.fault("FI-34")
@ON_SQLITE
def test_a_long_read_keeps_nobody_from_signing_up_and_its_cost_is_shown(
    web: tuple[Program, Visitor], database_url: str, seen: Callable[..., None]
) -> None:
    _, visitor = web
    log = Path(f"{database_url.removeprefix('sqlite:///')}-wal")
    with closing(Rows(database_url)) as reader:
        reader.change("BEGIN", commit=False)
        reader("SELECT count(*) AS n FROM contacts")
        for number in range(60):
            assert visitor.sign_up(f"p{number}@waits.example", variant=VARIANT).status == 202
        grown = log.stat().st_size
    seen(sign_ups=60, log_grew_to_kb=round(grown / 1000), slowest_seconds=visitor.slowest())
    assert grown > 100_000


@pytest.mark.fault("FI-33")
@ON_SQLITE
def test_while_the_disk_is_full_visitors_hear_503_soon_and_are_taken_afterwards(
    web: tuple[Program, Visitor], database_url: str, seen: Callable[..., None]
) -> None:
    program, visitor = web
    assert visitor.sign_up("p0@waits.example", variant=VARIANT).status == 202
    visitor.answers.clear()
    with files_cannot_grow(program.pid):
        refused = [visitor.sign_up(f"p{n}@waits.example", variant=VARIANT) for n in range(1, 6)]
        assert visitor.get(AVAILABILITY).status == 200
        assert visitor.get("/readyz").status == 503
    slowest = visitor.slowest()
    wait_until(lambda: visitor.get("/readyz").status == 200)
    again = [visitor.sign_up(f"p{n}@waits.example", variant=VARIANT) for n in range(1, 6)]
    seen(refused=len(refused), slowest_answer_seconds=slowest)
    assert {(one.status, bool(one.retry_after)) for one in refused} == {(503, True)}
    assert slowest < 12
    assert {one.status for one in again} == {202}
    assert _addresses(database_url) == {f"p{n}@waits.example" for n in range(6)}


def _addresses(url: str) -> set[str]:
    with closing(Rows(url)) as rows:
        return {row["address"] for row in rows("SELECT address FROM contacts")}

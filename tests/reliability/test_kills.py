"""Workers are killed while they send (trust RL-6, FI-1): nothing lost, at most two copies."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.reliability.checker import Verdict, answers_in, check, copies_in, unfinished
from tests.reliability.fleet import Fleet, fake_server
from tests.reliability.seeding import seed, write_config
from tests.timing import wait_until

CONNECTIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How large a run is."""

    mails: int
    texts: int
    kills: int
    workers: int
    senders: int  # in one process
    kill_scheduler: bool = False

    @property
    def in_flight(self) -> int:
        """Messages one process may have handed over without an answer, at most."""
        return self.senders * (CONNECTIONS + 1)


SHORT = Scale(mails=110, texts=40, kills=8, workers=2, senders=1)
LONG = Scale(mails=1600, texts=600, kills=320, workers=3, senders=2, kill_scheduler=True)


@pytest.mark.fault("kills")
def test_workers_killed_in_mid_send_lose_nothing_and_send_nothing_thrice(
    tmp_path: Path,
    database_url: str,
    make_fleet: Callable[[Path], Fleet],
    seen: Callable[..., None],
) -> None:
    verdict, _ = run(SHORT, tmp_path, database_url, make_fleet, seed_number=7)
    seen(**figures(SHORT, verdict))
    assert verdict.problems == []


@pytest.mark.fault("kills")
@pytest.mark.soak
@pytest.mark.lasts(120)
def test_hundreds_of_kills_over_thousands_of_messages(
    tmp_path: Path,
    database_url: str,
    engine_name: str,
    make_fleet: Callable[[Path], Fleet],
    capsys: pytest.CaptureFixture[str],
    seen: Callable[..., None],
) -> None:
    verdict, seconds = run(LONG, tmp_path, database_url, make_fleet, seed_number=11)
    seen(**figures(LONG, verdict))
    with capsys.disabled():
        print_table(engine_name, LONG, verdict, seconds)
    assert verdict.problems == []


def run(
    scale: Scale,
    folder: Path,
    database_url: str,
    make_fleet: Callable[[Path], Fleet],
    *,
    seed_number: int,
) -> tuple[Verdict, float]:
    """Send everything with all those kills; what the checker says, and how long it took."""
    chance = random.Random(seed_number)
    mails, texts = folder / "mails.jsonl", folder / "texts.jsonl"
    began = time.monotonic()
    with ExitStack() as stack:
        smtp = stack.enter_context(fake_server("tests.fakes.smtp_server", mails, "--delay-ms", "4"))
        twilio = stack.enter_context(
            fake_server("tests.fakes.twilio", texts, "--answer-delay", "0.004")
        )
        config = write_config(
            folder,
            database_url=database_url,
            smtp_port=int(smtp.rpartition(":")[2]),
            twilio_url=twilio,
            senders=scale.senders,
            connections=CONNECTIONS,
            unknown_after="0.5s",
        )
        env = seed(config, mails=scale.mails, texts=scale.texts, announced=not scale.kill_scheduler)
        env.db.close()
        fleet = make_fleet(config)
        _send_and_kill(fleet, scale, database_url, (mails, texts), chance)
        for program in fleet.alive:
            assert fleet.stop(program) == 0, program.said[-3000:]
        verdict = check(
            database_url,
            copies_in(mails, texts),
            kills=fleet.kills,
            in_flight=scale.in_flight,
            notes=answers_in(folder / "var" / "journal"),
        )
    assert fleet.kills >= scale.kills
    assert verdict.messages == scale.mails + scale.texts
    return verdict, time.monotonic() - began


def _send_and_kill(
    fleet: Fleet, scale: Scale, url: str, stores: tuple[Path, ...], chance: random.Random
) -> None:
    """Kill somebody each time some more messages have arrived; a new one takes his place."""
    fleet.start("scheduler")
    for _ in range(scale.workers):
        fleet.start("worker")
    step = 0.9 * (scale.mails + scale.texts) / (scale.kills + 1)
    for number in range(1, scale.kills + 1):
        wait_until(lambda number=number: _lines(stores) >= number * step, 60)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.02))  # any moment will do: that is what is tested
        commands = ["worker"] * 9 + ["scheduler"] * scale.kill_scheduler
        victims = [one for one in fleet.alive if one.command == chance.choice(commands)]
        victim = chance.choice(victims or fleet.alive)
        fleet.kill(victim)
        fleet.start(victim.command)
    wait_until(lambda: unfinished(url) == 0, 90, every=0.1)


def _lines(stores: tuple[Path, ...]) -> int:
    return sum(store.read_bytes().count(b"\n") for store in stores if store.exists())


def figures(scale: Scale, verdict: Verdict) -> dict[str, int]:
    """For docs/reliability.md."""
    return {
        "mails": scale.mails,
        "SMS": scale.texts,
        "workers": scale.workers,
        "kills": scale.kills,
        "lost": verdict.lost,
        "doubles": verdict.doubles,
        "allowed": scale.kills * scale.in_flight,
        "most_copies": verdict.most_copies,
        "ended_without_an_answer": verdict.unknown,
    }


def print_table(engine: str, scale: Scale, verdict: Verdict, seconds: float) -> None:
    row = {
        "database": engine,
        "messages": verdict.messages,
        "workers": scale.workers,
        "kills": scale.kills,
        "lost": verdict.lost,
        "doubles": verdict.doubles,
        "most copies": verdict.most_copies,
        "unknown": verdict.unknown,
        "tries": verdict.tries,
        "seconds": round(seconds),
    }
    print()
    print(" | ".join(row))
    print(" | ".join(f"{value!s:>{len(name)}}" for name, value in row.items()))

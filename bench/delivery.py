"""How fast do due messages leave, beside programs that have nothing to do but send?

One sender of the product with its settings as they come: lease, check, personalise, render, send,
book. The floors send one finished mail of the same length again and again: Python's smtplib over
one connection, and postfix's own C client over 16. All talk to the same sink.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bench.announce import fill
from bench.contest import PRODUCT, Contestant, Line, Trial, alternate, compare
from bench.places import Place, settle
from bench.shop import announce_all, configuration, open_shop
from bench.sinks import Sink, find_postfix, open_sink, send_by_c
from bench.sizes import Size
from bench.stage import Benchmark, Stage
from notifier.app import make_renderer
from notifier.channels.smtp.mime import build_mail
from notifier.channels.smtp.settings import Settings
from notifier.services.compose import compose, load_batch
from notifier.services.env import Env
from notifier.store.claims import select_due

SMTPLIB = "smtplib, one connection"
SMTP_SOURCE = "smtp-source -s 16"
MORE = 2  # the quick floor sends so many times as much, or it would be over at once


def run(stage: Stage, size: Size) -> list[Line]:
    lines: list[Line] = []
    if find_postfix("smtp-source") is None:
        stage.say("delivery: no smtp-source here (Debian: package postfix), so without it")
    with open_sink(stage) as sink:
        for place in stage.places:
            stage.say(f"delivery from {place.name} to {sink.name}")
            lines += _run_on(stage, place, sink, size)
    return lines


def _run_on(stage: Stage, place: Place, sink: Sink, size: Size) -> list[Line]:
    seed, mail = _fill(stage, place, size.delivered)
    contestants: dict[str, Contestant] = {
        PRODUCT: partial(_send, stage, place, sink, seed, count=size.delivered),
        SMTPLIB: partial(
            stage.children.measure,
            "ready_made",
            file=str(mail),
            port=sink.port,
            count=size.messages,
        ),
    }
    if find_postfix("smtp-source"):
        length = len(mail.read_bytes())
        contestants[SMTP_SOURCE] = partial(
            send_by_c, sink, length=length, count=size.delivered * MORE
        )
    trials = alternate(contestants, rounds=size.rounds, say=stage.say)
    return compare(
        trials,
        benchmark="delivery",
        subject=f"outbox → {sink.name}",
        database=place.name,
        unit="messages",
    )


def _fill(stage: Stage, place: Place, count: int) -> tuple[str, Path]:
    """So many due messages, and one of them as it goes over the wire."""
    url = fill(stage, place, people=count)
    env, _ = open_shop(configuration(folder=stage.folder, url=url))
    announce_all(env)
    mail = stage.folder / "ready-made.eml"
    mail.write_bytes(finished_mail(env))
    env.db.close()
    settle(url)
    return url, mail


def finished_mail(env: Env) -> bytes:
    """The first due message, as the product would send it."""
    with env.db.read() as tx:
        due = select_due(tx, channel="mail", now=env.now(), limit=1)
        batch = load_batch(env, tx, due)
    letter = compose(env, make_renderer(env), due[0], batch, attempt_no=1)
    settings = Settings(host="127.0.0.1", from_address="hello@kettle.example", security="none")
    return build_mail(letter, settings=settings, secret=b"", now=env.now()).content


def _send(stage: Stage, place: Place, sink: Sink, seed: str, *, count: int) -> Trial:
    with place.copied(seed) as url:
        return stage.children.measure(
            "sender", folder=str(stage.folder), url=url, port=sink.port, count=count
        )


BENCHMARK = Benchmark(name="delivery", question="From the outbox to a mail server", run=run)

"""What is to be reached: which figure of which benchmark, and how much of it?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One figure and what it should be. `subject`, `floor`: what is searched for in a line's.

    `reads`: share · times (1 ÷ share) · rate · cpu_growth · else what the name of an extra is
    searched for. `lesser`: a smaller figure that is a goal too, and in which case.
    """

    key: str
    what: str
    benchmark: str
    need: float
    reads: str = "share"
    subject: str = ""
    floor: str = ""
    unit: str = ""
    at_most: bool = False
    lesser: tuple[float, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """`peer`: which other programs stand beside it, see peers.py."""

    text: str
    parts: tuple[Part, ...]
    peer: str = ""


C_CLIENT = r"^smtp-source -s 16"

GOALS = (
    Goal(
        text="Outbox → mail server, one sender process",
        peer="senders",
        parts=(
            Part(
                key="send",
                what="× smtp-source -s 16, at smtp-sink",
                benchmark="delivery",
                floor=C_CLIENT,
                need=1.3,
                lesser=(1.0, "without uvloop"),
            ),
            Part(key="send-peer", what="× django-oscar", benchmark="oscar", need=100),
            Part(
                key="send-quick",
                what="× smtp-source -s 16, at a quicker sink",
                benchmark="quick-sink",
                floor=C_CLIENT,
                need=0.8,
            ),
        ),
    ),
    Goal(
        text="Memory and cost as a release grows",
        peer="growth",
        parts=(
            Part(
                key="memory",
                what="most memory of the sender",
                benchmark="growth",
                reads="peak_mb",
                unit="MB",
                need=80,
                at_most=True,
            ),
            Part(
                key="cpu",
                what="CPU a message",
                benchmark="growth",
                reads="^cpu_us",
                unit="µs",
                need=90,
                at_most=True,
            ),
            Part(
                key="cpu-growth",
                what="CPU a message, × that of the smallest release",
                benchmark="growth",
                reads="cpu_growth",
                need=1.15,
                at_most=True,
            ),
        ),
    ),
    Goal(
        text="20 ms an answer, 64 connections",
        parts=(
            Part(
                key="slow",
                what="× smtp-source -s 64",
                benchmark="slow-relay",
                floor="^smtp-source -s 64",
                need=0.9,
            ),
            Part(
                key="slow-rate",
                what="messages a second (this or the line above)",
                benchmark="slow-relay",
                reads="rate",
                unit="/s",
                need=2700,
            ),
        ),
    ),
    Goal(
        text="A template that cannot be a skeleton",
        parts=(
            Part(
                key="full",
                what="× the textbook",
                benchmark="rendering",
                subject="in full",
                floor="^textbook",
                need=5,
            ),
        ),
    ),
    Goal(
        text="Restock pushed → first message at the sink, 1,000,000 waiting",
        parts=(
            Part(
                key="first",
                what="95 of 100 within",
                benchmark="first-message",
                subject="^push",
                reads="^p95_ms",
                unit="ms",
                need=1000,
                at_most=True,
            ),
            Part(
                key="others",
                what="confirmations, notices and other products: 95 of 100 within",
                benchmark="first-message",
                subject="during a release",
                reads="^p95_ms",
                unit="ms",
                need=2000,
                at_most=True,
            ),
        ),
    ),
    Goal(
        text="Announcing 1,000,000",
        parts=(
            Part(
                key="announce",
                what="× the bare INSERT … SELECT",
                benchmark="announce",
                floor=r"INSERT . SELECT$",
                need=0.5,
            ),
            Part(
                key="announce-longest",
                what="longest write transaction",
                benchmark="announce",
                reads=r"(longest|transaction|held|hold|write).*_ms",
                unit="ms",
                need=150,
                at_most=True,
            ),
        ),
    ),
    Goal(
        text="Kills at random, several workers",
        peer="kills",
        parts=(
            Part(
                key="lost",
                what="lost, by SIGKILL and SIGTERM",
                benchmark="kills",
                reads="^lost",
                unit="letters",
                need=0,
                at_most=True,
            ),
            Part(
                key="copies",
                what="copies of a letter at most, by SIGKILL",
                benchmark="kills",
                subject="SIGKILL",
                reads="^most_copies",
                unit="copies",
                need=2,
                at_most=True,
            ),
            Part(
                key="doubles",
                what="doubles, of kills × letters on the wire",
                benchmark="kills",
                subject="SIGKILL",
                reads="doubles_share",
                need=1,
                at_most=True,
            ),
            Part(
                key="term",
                what="doubles by SIGTERM",
                benchmark="kills",
                subject="SIGTERM",
                reads="^doubles",
                unit="letters",
                need=0,
                at_most=True,
            ),
        ),
    ),
    Goal(
        text="Sign-ups, 64 visitors at a time",
        parts=(
            Part(
                key="subscribe",
                what="× a bare Flask route doing one raw upsert",
                benchmark="front-door",
                subject="^POST subscription",
                floor="upsert",
                need=0.6,
            ),
            Part(
                key="subscribe-fan-out",
                what="the same during a fan-out",
                benchmark="busy-door",
                floor="upsert",
                need=0.6,
            ),
            Part(
                key="subscribe-p99",
                what="99 of 100 within",
                benchmark="front-door",
                subject="^POST subscription",
                reads="^p99_ms",
                unit="ms",
                need=100,
                at_most=True,
            ),
            Part(
                key="subscribe-fan-out-p99",
                what="99 of 100 within, during a fan-out",
                benchmark="busy-door",
                reads="^p99_ms",
                unit="ms",
                need=100,
                at_most=True,
            ),
            Part(
                key="subscribe-refused",
                what="answers that were not what they should be",
                benchmark="front-door",
                subject="^POST subscription",
                reads="refused",
                unit="answers",
                need=0,
                at_most=True,
            ),
        ),
    ),
    Goal(
        text="widget.js and availability, cached",
        parts=(
            Part(
                key="widget",
                what="widget.js × a Flask route with the same bytes",
                benchmark="front-door",
                subject=r"widget\.js",
                floor="same bytes",
                need=3,
            ),
            Part(
                key="availability",
                what="availability × a Flask route with the same bytes",
                benchmark="front-door",
                subject="availability",
                floor="same bytes",
                need=3,
            ),
        ),
    ),
    Goal(
        text="Poll of a 1,000,000-item feed, 0.1 % changed",
        parts=(
            Part(
                key="poll",
                what="× the time of the bare lxml parse",
                benchmark="poll",
                floor="lxml",
                reads="times",
                need=1.3,
                at_most=True,
            ),
            Part(
                key="poll-memory",
                what="most memory",
                benchmark="poll",
                reads="peak_mb",
                unit="MB",
                need=150,
                at_most=True,
            ),
        ),
    ),
    Goal(
        text="The admin's pages and the demand report, 1,000,000 waiting over 50,000 variants",
        parts=(
            Part(
                key="admin",
                what="the slowest page, at its worst",
                benchmark="admin",
                reads="^worst_ms",
                unit="ms",
                need=200,
                at_most=True,
            ),
        ),
    ),
    Goal(
        text="More machines",
        parts=(
            Part(
                key="machines",
                what="two workers on one PostgreSQL × one",
                benchmark="machines",
                need=1.6,
            ),
        ),
    ),
    Goal(
        text="Adaptive waves, no setting",
        parts=(
            Part(
                key="waves-late",
                what="told too late, in the worst of the worlds",
                benchmark="waves",
                reads="^late",
                unit="‰",
                need=20,
                at_most=True,
            ),
            Part(
                key="waves",
                what="× the quickest fixed rate that keeps to it, in the worst of the worlds",
                benchmark="waves",
                need=1.0,
            ),
        ),
    ),
)

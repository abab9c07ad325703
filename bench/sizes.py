"""How much work is each benchmark given?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Numbers of things in one trial, and how many rounds of trials there are."""

    rounds: int
    sign_ups: int
    waiting: int  # in front of the first message
    messages: int
    items: int  # in the feed; every 1000th changes between two looks
    requests: int
    renders: int
    people: int  # who wait for something, in front of the admin's pages
    restocks: int  # how often the way from a push to its first message is walked
    announced: int = 3  # the people in a line that is announced
    releases: int = 1  # in each world, each way to release
    shared: int = 3  # messages that two workers share
    delivered: int = 3  # by one sender at full speed: so many that its start is a small part
    growth: tuple[int, ...] = (1, 3)  # messages of releases that are compared with the first
    mails: int = 6  # sent while workers are killed
    kills: int = 1
    alerts: int = 0  # sent by the peer, which needs a hundred times as long; 0: without it


SIZES = {
    "small": Size(
        rounds=3,
        sign_ups=200,
        waiting=2_000,
        announced=20_000,
        messages=3_000,
        delivered=20_000,
        shared=400,
        items=100_000,
        requests=400,
        renders=1_000,
        people=3_000,
        restocks=5,
        releases=40,
        growth=(2_000, 10_000),
        alerts=200,
        mails=600,
        kills=10,
    ),
    "normal": Size(
        rounds=3,
        sign_ups=1_000,
        waiting=20_000,
        announced=100_000,
        messages=10_000,
        delivered=50_000,
        shared=2_000,
        items=100_000,
        requests=2_000,
        renders=3_000,
        people=100_000,
        restocks=10,
        releases=40,
        growth=(10_000, 100_000),
        alerts=1_000,
        mails=2_000,
        kills=40,
    ),
    "large": Size(
        rounds=3,
        sign_ups=5_000,
        waiting=200_000,
        announced=1_000_000,
        messages=20_000,
        delivered=100_000,
        shared=4_000,
        items=1_000_000,
        requests=10_000,
        renders=5_000,
        people=1_000_000,
        restocks=40,
        releases=40,
        growth=(10_000, 100_000, 1_000_000),
        alerts=2_000,
        mails=6_000,
        kills=100,
    ),
}

"""Was anything lost, doubled or left half done? An independent look at what really happened.

Reads what the mail server and the phone network took, the database by plain SQL and the senders'
notes as text; uses none of the program's code. Everybody waits at an address of his own and for
one thing, so that copies are counted by address. That a message was taken stands in its own row; a
row for the try is needed for whatever went otherwise.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

TAKEN = {"accepted", "delivered", "bounced"}
FINAL = TAKEN | {"unknown", "refused", "failed", "skipped"}


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What the checker saw. `problems` are sentences; empty is good."""

    messages: int = 0
    taken: int = 0  # copies that arrived
    lost: int = 0
    doubles: int = 0
    most_copies: int = 0
    unknown: int = 0  # ended without an answer
    tries: int = 0
    problems: list[str] = field(default_factory=list)


class Rows:
    """Reads a database as any stranger could."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        if self.is_sqlite:
            self._connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30)
        else:
            plain = re.sub(r"^postgresql(\+\w+)?:", "postgresql:", url)
            self._connection = psycopg.connect(plain, autocommit=True)

    def __call__(self, query: str) -> list[dict[str, Any]]:
        done = self._connection.execute(query)
        names = [column[0] for column in done.description]
        return [dict(zip(names, row, strict=True)) for row in done.fetchall()]

    def change(self, statement: str, *, commit: bool = True) -> None:
        """For tests that make time pass or hold things up; not for checking."""
        self._connection.execute(statement)
        if commit:
            self._connection.commit()

    def close(self) -> None:
        self._connection.close()


def unfinished(url: str) -> int:
    """Messages that are not final yet."""
    with closing(Rows(url)) as rows:
        [found] = rows("SELECT count(*) AS n FROM messages WHERE finished_at IS NULL")
        return int(found["n"])


def copies_in(*stores: Path) -> dict[str, list[str]]:
    """By address: an id of each copy that was taken."""
    found: dict[str, list[str]] = defaultdict(list)
    for store in stores:
        for line in store.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            for address in record.get("rcpt_to") or [record["to"]]:
                found[address].append(record.get("message_id") or record["body"])
    return dict(found)


def answers_in(folder: Path) -> dict[tuple[int, int], str]:
    """What the notes that are left say was answered: the outcome by (message, try)."""
    found: dict[tuple[int, int], str] = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        for line in path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]:
            word, *rest = line.split(" ", 3)
            if word == "A" and len(rest) == 3:
                found[int(rest[0]), int(rest[1])] = json.loads(rest[2])["outcome"]
    return found


def check(
    url: str,
    copies: dict[str, list[str]],
    *,
    kills: int,
    in_flight: int,
    notes: dict[tuple[int, int], str] | None = None,
) -> Verdict:
    """Compare the database with what was taken, and with the `notes` of senders that were killed
    (see `answers_in`)."""
    with closing(Rows(url)) as rows:
        messages = rows(
            "SELECT m.*, c.address AS reached_at, s.state AS subscription, s.told_at "
            "FROM messages m JOIN contacts c ON c.id = m.contact_id "
            "JOIN subscriptions s ON s.id = m.subscription_id ORDER BY m.id"
        )
        tries = rows("SELECT * FROM attempts ORDER BY message_id, attempt_no")
        waiting = rows(
            "SELECT s.id, c.address FROM subscriptions s JOIN contacts c ON c.id = s.contact_id"
        )
        verdict = Verdict(messages=len(messages), tries=sum(row["attempt_no"] for row in messages))
        verdict.problems += _unsound(rows)
    _count_copies(verdict, messages, copies, kills=kills, in_flight=in_flight)
    verdict.problems += _one_each(messages, waiting, copies)
    verdict.problems += _tries_agree(messages, tries)
    verdict.problems += _notes_agree(messages, notes or {})
    verdict.problems += _told_agrees(messages)
    return verdict


def _unsound(rows: Rows) -> Iterable[str]:
    if rows.is_sqlite:
        answers = [next(iter(row.values())) for row in rows("PRAGMA integrity_check")]
        if answers != ["ok"]:
            yield f"the database is damaged: {answers[:3]}"
        if broken := rows("PRAGMA foreign_key_check"):
            yield f"rows point nowhere: {broken[:3]}"
    orphans = rows(
        "SELECT a.id FROM attempts a LEFT JOIN messages m ON m.id = a.message_id WHERE m.id IS NULL"
    )
    if orphans:
        yield f"{len(orphans)} tries without a message"


def _count_copies(
    verdict: Verdict,
    messages: list[dict[str, Any]],
    copies: dict[str, list[str]],
    *,
    kills: int,
    in_flight: int,
) -> None:
    counts = {row["id"]: len(copies.get(row["reached_at"], [])) for row in messages}
    verdict.taken = sum(counts.values())
    verdict.most_copies = max(counts.values(), default=0)
    verdict.doubles = sum(max(0, count - 1) for count in counts.values())
    verdict.unknown = sum(row["state"] == "unknown" for row in messages)
    lost = [row for row in messages if not counts[row["id"]]]
    verdict.lost = len(lost)
    if lost:
        seen = [(row["id"], row["state"], row["reason"]) for row in lost[:5]]
        verdict.problems.append(f"{len(lost)} lost: {seen}")
    if verdict.most_copies > 2:
        verdict.problems.append(f"one message arrived {verdict.most_copies} times")
    if verdict.doubles > kills * in_flight:
        verdict.problems.append(f"{verdict.doubles} doubles in {kills} kills x {in_flight}")
    for row in messages:
        if len(set(copies.get(row["reached_at"], []))) > 1:
            verdict.problems.append(f"copies of message {row['id']} differ")


def _one_each(
    messages: list[dict[str, Any]], waiting: list[dict[str, Any]], copies: dict[str, list[str]]
) -> Iterable[str]:
    per_person = Counter(row["subscription_id"] for row in messages)
    if any(per_person[row["id"]] != 1 for row in waiting):
        yield "not everybody who waits has exactly one message"
    strangers = set(copies) - {row["address"] for row in waiting}
    if strangers:
        yield f"strangers got mail: {sorted(strangers)[:3]}"


def _tries_agree(messages: list[dict[str, Any]], tries: list[dict[str, Any]]) -> Iterable[str]:
    by_message: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for one in tries:
        by_message[one["message_id"]].append(one)
    for row in messages:
        mine = by_message[row["id"]]
        about = f"message {row['id']} ({row['state']})"
        if row["state"] not in FINAL or row["finished_at"] is None:
            yield f"{about} is not finished"
        if row["lease_owner"] or row["lease_until"]:
            yield f"{about} is still leased"
        last = row["attempt_no"]
        numbers = [one["attempt_no"] for one in mine]
        may_lack = {last} if row["state"] in TAKEN else set()
        if set(range(1, last + 1)) - set(numbers) - may_lack or len(numbers) > last:
            yield f"{about} has a gap in its tries: {numbers} of {last}"
        if any(one["finished_at"] is None or not one["outcome"] for one in mine):
            yield f"{about} has a try without an end"
        outcomes = [one["outcome"] for one in mine]
        taken_by = [one["attempt_no"] for one in mine if one["outcome"] == "accepted"]
        if row["state"] in TAKEN and last in numbers and taken_by != [last]:
            yield f"{about} was not accepted by its last try: {outcomes}"
        elif taken_by and taken_by != [last]:
            yield f"{about} was accepted before its last try: {outcomes}"
        if outcomes.count("unknown") != row["unknowns"]:
            yield f"{about} counts {row['unknowns']} unknowns: {outcomes}"


def _notes_agree(
    messages: list[dict[str, Any]], notes: dict[tuple[int, int], str]
) -> Iterable[str]:
    """Whoever took over from a killed sender read its notes: what it had heard is not forgotten."""
    by_id = {row["id"]: row for row in messages}
    for (message, number), outcome in notes.items():
        row = by_id[message]
        if outcome == "accepted" and (row["attempt_no"] != number or row["state"] not in TAKEN):
            yield (
                f"message {message} was accepted by try {number}, as its sender noted, and is "
                f"{row['state']} by try {row['attempt_no']}"
            )


def _told_agrees(messages: list[dict[str, Any]]) -> Iterable[str]:
    """Told is who was sent a message that was taken, or that ended without an answer."""
    for row in messages:
        should_be = "told" if row["state"] in ("accepted", "delivered", "unknown") else "waiting"
        if row["subscription"] != should_be or (should_be == "told") != bool(row["told_at"]):
            yield f"message {row['id']} ended {row['state']}, its person is {row['subscription']}"

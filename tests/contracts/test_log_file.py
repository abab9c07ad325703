"""Does the channel for trying out write what would have been sent?"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from notifier.channels.base import Blame, Outcome, Phase
from notifier.channels.log_file import Channel, Settings
from notifier.errors import ConfigError
from tests.contracts.mail_channel import Notes, a_letter, send
from tests.timing import SettableClock


def channel_to(path: Path, **changes: Any) -> Channel:
    return Channel(Settings(path=str(path), **changes), clock=SettableClock())


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


@pytest.mark.parametrize("fsync", [False, True])
def test_each_letter_is_one_line_with_all_of_it(tmp_path: Path, fsync: bool) -> None:
    path = tmp_path / "letters.jsonl"
    notes = Notes()
    channel = channel_to(path, fsync=fsync)

    results = send(channel, a_letter(1, text="Zwei\nZeilen 👋"), a_letter(2), note=notes)
    channel.close()

    assert {result.outcome for result in results.values()} == {Outcome.ACCEPTED}
    first, second = records(path)
    assert (first["message_id"], first["text"]) == (1, "Zwei\nZeilen 👋")
    assert first["address"] == "ann@waits.example"
    assert first["at"] == "2026-12-01T10:00:00+00:00"
    assert second["message_id"] == 2
    assert notes.handed_over == [1, 2]


def test_the_file_holds_addresses_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "letters.jsonl"

    send(channel_to(path), a_letter(1))

    assert path.stat().st_mode & 0o077 == 0


def test_what_was_written_before_stays(tmp_path: Path) -> None:
    path = tmp_path / "letters.jsonl"
    send(channel_to(path), a_letter(1))

    send(channel_to(path), a_letter(2))

    assert [record["message_id"] for record in records(path)] == [1, 2]


def test_a_line_torn_by_a_crash_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / "letters.jsonl"
    path.write_text('{"message_id": 1, "te')

    send(channel_to(path), a_letter(2))

    assert json.loads(path.read_text().splitlines()[-1])["message_id"] == 2


def test_a_hand_over_is_noted_before_the_line_is_written(tmp_path: Path) -> None:
    path = tmp_path / "letters.jsonl"
    sizes: list[int] = []

    def note(message_id: int, phase: Phase) -> None:
        sizes.append(path.stat().st_size)

    list(channel_to(path).send([a_letter(1)], note=note))

    assert sizes == [0]


def test_a_folder_that_is_not_there_is_a_wrong_set_up_and_burns_nothing(tmp_path: Path) -> None:
    channel = channel_to(tmp_path / "gone" / "letters.jsonl")
    notes = Notes()

    result = send(channel, a_letter(1), note=notes)[1]

    assert (result.outcome, result.blame) == (Outcome.TRY_LATER, Blame.CONFIG)
    assert notes.handed_over == []
    [finding] = channel.check()
    assert finding.level == "bad"
    assert "gone" in finding.message


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_an_outage() -> None:
    result = send(channel_to(Path("/dev/full")), a_letter(1))[1]

    assert (result.outcome, result.blame) == (Outcome.TRY_LATER, Blame.TRANSPORT)
    assert result.code == "file ENOSPC"


def test_a_check_says_that_nobody_is_reached(tmp_path: Path) -> None:
    [finding] = channel_to(tmp_path / "letters.jsonl").check()

    assert finding.level == "warn"
    assert "nobody" in finding.message


def test_an_empty_path_is_refused() -> None:
    with pytest.raises(ConfigError, match="path"):
        Settings(path=" ")

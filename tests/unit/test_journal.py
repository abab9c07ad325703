"""What does a worker's journal tell whoever takes over, also when it was torn or power went?"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from notifier import journal
from notifier.channels.base import Blame, Outcome, Result
from notifier.journal import Journal, LeaseOver, Life, boot_seconds
from notifier.services.settle import note_as_result, result_as_note

MINUTE = timedelta(minutes=1)
ACCEPTED = {"outcome": "accepted"}


@pytest.fixture
def living(tmp_path: Path) -> Iterator[Journal]:
    """A worker with a lease of a minute."""
    own = Journal(tmp_path)
    own.promise(MINUTE, since=boot_seconds())
    yield own
    own.close()


def _kill(own: Journal) -> None:
    """The process is gone: its lock goes, its file stays."""
    os.close(own._file)


def _file(folder: Path) -> Path:
    [path] = folder.iterdir()
    return path


def _steps(folder: Path, own: Journal) -> dict[tuple[int, int], bool]:
    steps = journal.read_notes(folder, own.owner).steps
    return {key: step.answered for key, step in steps.items()}


def test_the_last_step_of_each_try_is_told(living: Journal, tmp_path: Path) -> None:
    living.hand_over(1, 1)
    living.hand_over(2, 3)
    living.answer(1, 1, ACCEPTED)
    assert _steps(tmp_path, living) == {(1, 1): True, (2, 3): False}
    assert journal.read_notes(tmp_path, living.owner).complete


def test_what_the_provider_said_before_a_try_is_told_until_it_is_answered(
    living: Journal, tmp_path: Path
) -> None:
    living.hand_over_all([(1, 2), (2, 2)], earlier_not_taken=True)
    living.hand_over(3, 2)
    living.answer(2, 2, ACCEPTED)
    with _file(tmp_path).open("ab") as file:
        file.write(b"H 4 2 none-tak")
    steps = journal.read_notes(tmp_path, living.owner).steps
    assert {key: step.earlier_not_taken for key, step in steps.items()} == {
        (1, 2): True,
        (2, 2): False,
        (3, 2): False,
    }


def test_a_worker_is_alive_while_its_process_is(tmp_path: Path) -> None:
    own = Journal(tmp_path)
    assert journal.look(tmp_path, own.owner) is Life.ALIVE
    _kill(own)
    assert journal.look(tmp_path, own.owner) is Life.DEAD


def test_a_worker_whose_notes_are_elsewhere_is_not_called_dead(tmp_path: Path) -> None:
    """Another machine of the same name, or another folder: it may be hard at work."""
    own = Journal(tmp_path / "there")
    assert journal.look(tmp_path / "here", own.owner) is Life.UNKNOWN
    assert not journal.read_notes(tmp_path / "here", own.owner).complete
    own.close()


def test_no_file_can_be_seen_before_it_is_locked(tmp_path: Path) -> None:
    own = Journal(tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".journal"]
    own.close()


def test_a_worker_that_is_being_born_is_left_alone_whatever_the_clock_says(tmp_path: Path) -> None:
    """It looks old when the clock was set forward a moment ago."""
    draft = tmp_path / "host-1.draft"
    for age in (0, 120):
        with draft.open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            then = time.time() - age
            os.utime(draft, (then, then))
            journal.throw_away_idle(tmp_path, busy=set())
            assert draft.exists()
    journal.throw_away_idle(tmp_path, busy=set())  # and now it is dead
    assert not draft.exists()


def test_a_line_cut_off_by_the_kill_is_a_step_not_taken(living: Journal, tmp_path: Path) -> None:
    living.hand_over(1, 1)
    with _file(tmp_path).open("ab") as file:
        file.write(b"H 2 1")
    assert _steps(tmp_path, living) == {(1, 1): False}


def test_a_cut_off_answer_leaves_the_outcome_unknown(living: Journal, tmp_path: Path) -> None:
    living.hand_over(1, 1)
    with _file(tmp_path).open("ab") as file:
        file.write(b'A 1 1 {"outco')
    assert _steps(tmp_path, living) == {(1, 1): False}


def test_after_a_full_disk_the_next_line_stands_alone(
    living: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, line: write(file, line[:4]))
        with pytest.raises(OSError, match="cannot be written"):
            living.hand_over(12, 1)
    living.hand_over(13, 1)
    assert _steps(tmp_path, living) == {(13, 1): False}


def test_of_steps_that_the_full_disk_took_in_part_none_is_told(
    living: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of them is handed over, so none may count as perhaps arrived."""
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, lines: write(file, lines[:10]))
        with pytest.raises(OSError, match="cannot be written"):
            living.hand_over_all([(1, 1), (2, 1), (3, 1)])
    assert _steps(tmp_path, living) == {}
    living.hand_over(2, 1)
    assert _steps(tmp_path, living) == {(2, 1): False}


def test_after_a_power_cut_what_is_missing_may_have_been_sent(
    living: Journal, tmp_path: Path
) -> None:
    living.hand_over(1, 1)
    path = _file(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"N ", b"N another-", 1))
    notes = journal.read_notes(tmp_path, living.owner)
    assert not notes.complete
    assert notes.promised_until is None
    assert list(notes.steps) == [(1, 1)]
    path.write_bytes(b"\0" * 100)  # some file systems leave this
    assert not journal.read_notes(tmp_path, living.owner).complete


def test_nothing_is_handed_over_once_the_lease_is_over(tmp_path: Path) -> None:
    own = Journal(tmp_path)
    own.promise(MINUTE, since=boot_seconds() - 61)
    with pytest.raises(LeaseOver):
        own.hand_over(1, 1)
    assert _steps(tmp_path, own) == {}
    own.close()


def test_who_was_taken_over_from_hands_nothing_over(living: Journal, tmp_path: Path) -> None:
    living.hand_over(1, 1)
    notes = journal.seize(tmp_path, living.owner)
    assert list(notes.steps) == [(1, 1)]
    assert living.is_seized
    with pytest.raises(LeaseOver):
        living.hand_over(2, 1)
    assert list(journal.seize(tmp_path, living.owner).steps) == [(1, 1)]  # again: the same
    assert journal.look(tmp_path, living.owner) is Life.ALIVE


def test_notes_go_with_a_clean_end_and_stay_with_an_unclean_one(tmp_path: Path) -> None:
    tidy, hasty = Journal(tmp_path), Journal(tmp_path)
    tidy.close()
    hasty.close(keep=True)
    assert journal.look(tmp_path, tidy.owner) is Life.UNKNOWN
    assert journal.look(tmp_path, hasty.owner) is Life.DEAD


@pytest.mark.parametrize(
    ("age", "is_dead", "is_busy", "stays"),
    [(120, True, False, False), (120, False, False, True), (120, True, True, True), (9, 1, 0, 1)],
    ids=["dead", "alive", "holds messages", "just died"],
)
def test_only_old_notes_of_dead_workers_without_messages_are_thrown_away(
    tmp_path: Path, age: int, is_dead: bool, is_busy: bool, stays: bool
) -> None:
    own = Journal(tmp_path)
    if is_dead:
        _kill(own)
    then = time.time() - age
    os.utime(_file(tmp_path), (then, then))
    journal.throw_away_idle(tmp_path, busy={own.owner} if is_busy else set())
    assert bool(list(tmp_path.iterdir())) is bool(stays)


def test_forgetting_keeps_what_the_file_is(living: Journal, tmp_path: Path) -> None:
    living.hand_over(1, 1)
    living.forget()
    notes = journal.read_notes(tmp_path, living.owner)
    assert notes.complete
    assert notes.steps == {}


def test_an_answer_is_noted_on_a_full_disk_and_nothing_more_is_handed_over(
    living: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is as full as it can be, but for what we let go of ourselves."""
    living.hand_over(1, 1)
    room = living._spare
    usual = os.write

    def write(file: int, octets: bytes) -> int:
        return 0 if room._is_kept else usual(file, octets)

    monkeypatch.setattr(os, "write", write)
    living.answer(1, 1, ACCEPTED)
    assert _steps(tmp_path, living) == {(1, 1): True}
    monkeypatch.setattr(room, "keep", _no_space)
    with pytest.raises(OSError, match="full"):
        living.hand_over(2, 1)


def _no_space(*_: object) -> None:
    raise OSError("full")


@pytest.mark.parametrize("outcome", list(Outcome))
def test_whoever_takes_over_books_the_answer_as_the_provider_gave_it(
    living: Journal, tmp_path: Path, outcome: Outcome
) -> None:
    answer = Result(
        outcome=outcome, blame=Blame.ADDRESS, code="5.1.1", detail="no such user", provider_id="p1"
    )
    living.hand_over_all([(7, 1)])
    living.answer_all([(7, 1, result_as_note(answer))])

    step = journal.read_notes(tmp_path, living.owner).steps[7, 1]

    assert note_as_result(dict(step.answer)) == answer

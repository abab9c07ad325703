"""Does a draft that gets past every rule still end, and leave the program unharmed?"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from notifier.domain.message import MessageKind
from notifier.errors import TemplateProblem
from notifier.rendering import draft_room
from notifier.rendering.draft import Draft
from notifier.rendering.draft_room import DraftRoom

GOOD = Draft(kind=MessageKind.WAITING, locale="en", parts={"email.txt": "{{ product.name }}"})
BEYOND_THE_RULES = """
import sys
from notifier.rendering import child

def try_draft(draft):
{body}

child.try_draft = try_draft
child.main()
"""


@pytest.fixture
def room_whose_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., DraftRoom]]:
    """A room with real children under real limits, in which rendering does what `body` says."""
    opened: list[DraftRoom] = []

    def build(body: str, *, wall: float = 0.8) -> DraftRoom:
        name = f"child_{len(opened)}"
        (tmp_path / f"{name}.py").write_text(BEYOND_THE_RULES.format(body=f"    {body}"))
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setattr(draft_room, "_MODULE", name)
        opened.append(DraftRoom(workers=1, wall=timedelta(seconds=wall)))
        return opened[-1]

    yield build
    for room in opened:
        room.close()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("while True: pass", "longer than 0.8 seconds"),
        ("__import__('time').sleep(60)", "longer than 0.8 seconds"),
        ("return [0] * 10**10", "too much memory"),
        ("return 'x' * 10**9", "too much memory"),
        ("__import__('os').abort()", "more memory or computing time"),
        ("sys.stdout.write('x' * 9_000_000)", "far too long"),
        ("sys.exit(3)", "the check itself failed"),
    ],
)
def test_ws_t3_a_render_without_end_is_ended(
    room_whose_child: Callable[..., DraftRoom], body: str, said: str
) -> None:
    room = room_whose_child(body, wall=0.8 if "longer" in said else 20)
    began = time.monotonic()

    with pytest.raises(TemplateProblem, match=said):
        room.try_draft(GOOD)

    assert time.monotonic() - began < 30  # it would go on for a minute, or for ever


@pytest.mark.fault("FI-37")
def test_ws_t3_the_system_ends_a_render_that_computes_too_long(
    room_whose_child: Callable[..., DraftRoom],
) -> None:
    room = room_whose_child("while True: pass", wall=60)

    with pytest.raises(TemplateProblem, match="needs more computing time"):
        room.try_draft(GOOD)


@pytest.mark.parametrize(("until", "is_told"), [("second", True), ("last", False)])
def test_what_ends_a_child_that_worked_before_is_tried_once_more_in_a_new_one(
    room_whose_child: Callable[..., DraftRoom], tmp_path: Path, until: str, is_told: bool
) -> None:
    """The second draft is ended: only the first time it is tried, or each time."""
    count = tmp_path / "count"
    count.touch()
    ends = "n == 2" if until == "second" else "n >= 2"
    room = room_whose_child(
        f"f = open({str(count)!r}, 'a'); n = f.tell() + 1; f.write('x'); f.close(); "
        f"return __import__('os').abort() if {ends} else ()",
        wall=20,
    )
    assert room.try_draft(GOOD) == ()
    if is_told:
        assert room.try_draft(GOOD) == ()
    else:
        with pytest.raises(TemplateProblem, match="memory or computing time"):
            room.try_draft(GOOD)
    assert count.stat().st_size == 3


def test_a_draft_does_not_see_the_programs_secrets(
    room_whose_child: Callable[..., DraftRoom], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER__SECRETS__KEY", "very secret")
    room = room_whose_child("raise ValueError(str(sorted(__import__('os').environ)))")

    with pytest.raises(TemplateProblem) as caught:
        room.try_draft(GOOD)

    assert "PYTHONPATH" in str(caught.value)
    assert "NOTIFIER" not in str(caught.value)


@pytest.mark.fault("FI-37")
def test_after_a_killed_child_the_next_draft_gets_a_new_one() -> None:
    room = DraftRoom(workers=1)
    try:
        room.try_draft(GOOD)
        room._idle[0]._process.kill()
        room._idle[0]._process.wait()

        assert room.try_draft(GOOD)[0].text.startswith("Stovetop kettle")
    finally:
        room.close()


def test_many_threads_share_a_few_children() -> None:
    room = DraftRoom(workers=2)
    results: list[str] = []

    def once() -> None:
        results.append(room.try_draft(GOOD)[0].text[:8])

    threads = [threading.Thread(target=once) for _ in range(8)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)

        assert results == ["Stovetop"] * 8
        assert len(room._idle) <= 2
    finally:
        room.close()


def test_a_closed_room_leaves_no_child_behind() -> None:
    room = DraftRoom(workers=1)
    room.try_draft(GOOD)
    pid = room._idle[0]._process.pid

    room.close()

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_huge_draft_does_not_even_reach_a_child() -> None:
    room = DraftRoom()

    with pytest.raises(TemplateProblem, match="64000 is the most"):
        room.try_draft(
            Draft(kind=MessageKind.WAITING, locale="en", parts={"email.txt": "x" * 10_000_000})
        )

    assert room._idle == []

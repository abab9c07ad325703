"""Is it shown what differs between two texts, and are two changes of one text put together?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.services.template_history import compare, diff_lines, merge

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "{{ x }}"]), max_size=8).map("\n".join)


def test_a_changed_word_is_marked_within_its_line() -> None:
    gone, new = diff_lines("Go to the product", "Go to the shop")

    assert [(one.text, one.marked) for one in gone.pieces] == [
        ("Go to the ", False),
        ("product", True),
    ]
    assert [(one.text, one.marked) for one in new.pieces][-1] == ("shop", True)
    assert (gone.sort, gone.before, new.sort, new.after) == ("gone", 1, "new", 1)


def test_long_runs_of_equal_lines_are_left_out() -> None:
    before = "\n".join(f"line {n}" for n in range(40))

    sorts = [one.sort for one in diff_lines(before, before.replace("line 20\n", "other\n"))]

    assert sorts == ["gap", *["same"] * 3, "gone", "new", *["same"] * 3, "gap"]


def test_parts_that_say_the_same_are_not_compared() -> None:
    same = {"subject.txt": "a", "email.txt": "b\r\nc\n"}

    assert compare(same, {"subject.txt": "a\n", "email.txt": "b\nc"}) == ()
    assert [one.part for one in compare(same, {**same, "short.txt": "x"})] == ["short.txt"]


THEN = "a\nb\nc\nd\n"


@pytest.mark.parametrize(
    ("own", "now", "merged"),
    [
        ("A\nb\nc\nd\n", "a\nb\nc\nD\n", "A\nb\nc\nD\n"),
        ("a\nc\nd\n", "a\nb\nc\nd\nmore\n", "a\nc\nd\nmore\n"),
        ("A\nb\nc\nd\n", "A\nb\nc\nd\n", "A\nb\nc\nd\n"),  # both changed the same alike
        ("A\nb\nc\nd\n", "X\nb\nc\nd\n", None),
        ("a\nb\nC\nd\n", "a\nb\nc\nD\n", None),  # too near to each other
    ],
)
def test_changes_in_different_places_are_put_together(
    own: str, now: str, merged: str | None
) -> None:
    assert merge(own, THEN, now) == merged


@given(LINES, LINES)
def test_whoever_changed_nothing_gets_the_other(then: str, other: str) -> None:
    kept = other.splitlines()

    assert (merge(other, then, then) or "").splitlines() in (kept, [*kept, ""])
    assert (merge(then, then, other) or "").splitlines() in (kept, [*kept, ""])


@given(LINES, LINES)
def test_a_comparison_holds_every_line_of_both_that_differs(before: str, after: str) -> None:
    lines = diff_lines(before, after)

    shown = {(one.sort, "".join(piece.text for piece in one.pieces)) for one in lines}
    for text in set(before.splitlines()) - set(after.splitlines()):
        assert ("gone", text) in shown
    for text in set(after.splitlines()) - set(before.splitlines()):
        assert ("new", text) in shown

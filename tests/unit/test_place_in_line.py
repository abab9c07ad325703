"""Between which two numbers do so many people in front lie?"""

from __future__ import annotations

import pytest

from notifier.domain.place_in_line import MOST, range_of


@pytest.mark.parametrize(
    ("ahead", "low", "high"),
    [(0, 0, 10), (9, 0, 10), (10, 10, 25), (9_999, 5_000, MOST), (MOST, MOST, None)],
)
def test_a_place_is_said_as_the_range_it_begins_or_lies_in(
    ahead: int, low: int, high: int | None
) -> None:
    assert range_of(ahead) == (low, high)


def test_fewer_people_than_nobody_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="-1 people"):
        range_of(-1)

"""From how many rows on is a look believed, and how many announcements are too many?"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import pytest

from notifier.domain.snapshot import is_abnormal, refuse_shrunken
from notifier.errors import LookFailed


@pytest.mark.parametrize(
    ("rows", "last_rows", "accepted", "refused"),
    [
        (50, 100, None, ""),
        (49, 100, None, "shrunken"),
        (1, None, None, ""),
        (0, None, None, "empty"),
        (0, 100, 1, "empty"),
        (20, 100, 40, ""),  # half of what a person said is right
        (19, 100, 40, "shrunken"),
    ],
)
def test_a_look_is_believed_from_the_share_on_that_was_set(
    rows: int, last_rows: int | None, accepted: int | None, refused: str
) -> None:
    expected: AbstractContextManager[object] = (
        pytest.raises(LookFailed) if refused else nullcontext()
    )
    with expected as caught:
        refuse_shrunken(rows=rows, last_rows=last_rows, min_share=0.5, accepted=accepted)
    assert getattr(getattr(caught, "value", None), "code", "") == refused


@pytest.mark.parametrize(
    ("announcements", "catalogue", "abnormal"),
    [(20, 10, False), (21, 10, True), (21, 1_000, False), (100, 1_000, False), (101, 1_000, True)],
)
def test_a_look_is_abnormal_beyond_the_number_and_the_share(
    announcements: int, catalogue: int, abnormal: bool
) -> None:
    said = is_abnormal(announcements=announcements, catalogue=catalogue, share=0.1, count=20)
    assert said is abnormal

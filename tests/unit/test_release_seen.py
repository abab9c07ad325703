"""When were those of a wave told, of whom only the first and the last moment is known?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from notifier.services.release_seen import _told
from notifier.store.releasing import LookedAt, ToldGroup

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def group(first: int | None, last: int | None, *, wave: int = 1) -> ToldGroup:
    """Ten people; minutes before now."""
    return ToldGroup(
        release_id=1,
        wave=wave,
        medium="email",
        is_open=first is None,
        people=10,
        units=12,
        first=None if first is None else NOW - first * MINUTE,
        last=None if last is None else NOW - last * MINUTE,
    )


def look(sent: int | None, at: int, *, wave: int = 1) -> LookedAt:
    sent_at = None if sent is None else NOW - sent * MINUTE
    return LookedAt(release_id=1, wave=wave, medium="email", sent_at=sent_at, at=NOW - at * MINUTE)


def test_they_were_told_in_the_middle_of_their_wave_and_never_later_than_now() -> None:
    groups = [group(60, 20), group(None, None, wave=2), group(10, -30, wave=3)]
    told = _told(groups, [], now=NOW, every=1)
    assert [one.at for one in told] == [NOW - 40 * MINUTE, NOW, NOW]
    assert {(one.people, one.units, one.looked) for one in told} == {(10, 12, ())}


def test_each_looked_so_long_after_the_own_message_and_never_before_it() -> None:
    looks = [look(50, 20), look(60, 59), look(30, 31), look(None, 5), look(50, 10, wave=2)]
    [first] = _told([group(60, 20)], looks, now=NOW, every=1)
    assert first.looked == (timedelta(0), MINUTE, 30 * MINUTE)
    [early] = _told([group(None, None)], looks, now=NOW, every=1)
    assert early.looked == (timedelta(0),)


def test_one_that_is_read_stands_for_several() -> None:
    [first] = _told([group(60, 20)], [look(50, 20), look(60, 59)], now=NOW, every=3)
    assert first.looked == (*[MINUTE] * 3, *[30 * MINUTE] * 3)

"""How are letters carried that are all known beforehand, with one note and one result at a time?"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence

from notifier.channels.base import Letter, NotePhase, Phase, Result

__all__ = ["OneCall"]


class OneCall:
    """A desk (channels/base.py) with the letters of one `send`."""

    def __init__(self, letters: Sequence[Letter], note: NotePhase) -> None:
        self._letters = deque(letters)
        self._note = note
        self._results: list[tuple[Letter, Result]] = []
        self.is_open = False
        self.is_stopped = False
        self.error: BaseException | None = None

    def waiting(self) -> int:
        return len(self._letters)

    def next_letter(self) -> Letter | None:
        return self._letters.popleft() if self._letters else None

    def hand_over(
        self, letters: Sequence[Letter], *, earlier_not_taken: bool = False
    ) -> Collection[int]:
        phase = Phase.HANDED_OVER_ANEW if earlier_not_taken else Phase.HANDED_OVER
        for place, letter in enumerate(letters):
            try:
                self._note(letter.message_id, phase)
            except BaseException as error:  # noqa: BLE001 - raised again when all is finished
                self.error = error
                self.is_stopped = True  # those noted before it still leave
                return {one.message_id for one in letters[place:]}
        return ()

    def answered(self, results: Sequence[tuple[Letter, Result]]) -> None:
        self._results += results

    def take_results(self) -> list[tuple[Letter, Result]]:
        results, self._results = self._results, []
        return results

    def stop(self) -> None:
        """Hand nothing over any more."""
        self.is_stopped = True

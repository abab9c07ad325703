"""How does a channel that knows nothing of desks carry what lies on one?"""

from __future__ import annotations

import time
from collections.abc import Iterator

from notifier.channels.base import Letter, LetterDesk, MessageChannel, Phase

LOOK_EVERY = 0.005


class NotWanted(Exception):
    """Not handed over, because the person wants it no more. The others may go."""


def carry_by_send(channel: MessageChannel, desk: LetterDesk) -> Iterator[None]:
    """Give the channel what lies there, again and again, until the desk is closed."""
    while desk.is_open or desk.waiting():
        letters: list[Letter] = []
        while (letter := desk.next_letter()) is not None:
            letters.append(letter)
        while letters and not desk.is_stopped:
            letters = _send(channel, letters, desk)
        if desk.is_stopped:
            return
        yield
        if not desk.waiting():
            time.sleep(LOOK_EVERY)


def _send(channel: MessageChannel, letters: list[Letter], desk: LetterDesk) -> list[Letter]:
    """What is left to be sent, after one that nobody wants any more."""
    over: set[int] = set()
    by_id = {letter.message_id: letter for letter in letters}

    def note(message_id: int, phase: Phase) -> None:
        if phase in (Phase.HANDED_OVER, Phase.HANDED_OVER_ANEW):
            anew = phase is Phase.HANDED_OVER_ANEW
            unwanted = desk.hand_over([by_id[message_id]], earlier_not_taken=anew)
            over.add(message_id)
            if unwanted:
                raise NotWanted

    try:
        for letter, result in channel.send(letters, note=note):
            over.add(letter.message_id)
            desk.answered([(letter, result)])
    except NotWanted:
        return [one for one in letters if one.message_id not in over]
    return []

"""What has another process on this machine left to be done since we looked last?

On SQLite only: there the file itself tells that somebody has committed.
"""

from __future__ import annotations

from notifier.domain.work import Work
from notifier.errors import StoreBusy
from notifier.services.env import Env
from notifier.store import events
from notifier.store.other_commits import OtherCommits

NOTHING: frozenset[Work] = frozenset()


class Others:
    """Used by one thread."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._commits = OtherCommits(env.db)

    def work_made(self) -> frozenset[Work]:
        """Which kinds of work there may be now. After any commit there may be messages, whoever
        committed it."""
        if not self._commits.any():
            return NOTHING
        try:
            with self._env.db.read() as tx:
                is_news = events.count_open(tx) > 0
        except StoreBusy:
            is_news = False  # the next tick finds it
        return frozenset(Work) if is_news else frozenset((Work.DELIVER,))

    def close(self) -> None:
        self._commits.close()

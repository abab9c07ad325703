"""How does a test let somebody act in the middle of another's transaction? On PostgreSQL.

    with Meanwhile(world, monkeypatch) as somebody:
        somebody.acts_after(waiting, "expired", lambda: keep(world.env, ann))
        sweep(world.env)
    assert somebody.answer() == Done.TOO_LATE

He acts in a thread of his own, once, at the next call of the function, until he is done or waits
for a lock; then the other one goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

import pytest

from notifier.metrics import DATABASE_BUSY
from tests.timing import wait_until
from tests.world import World

LOCKED = (
    "SELECT count(*) AS n FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


class Meanwhile:
    """Somebody who acts once while another does something."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self._world = world
        self._monkeypatch = monkeypatch
        self._pool = ThreadPoolExecutor(1)
        self._may_act = iter([True])
        self._acts: Future[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def acts_before(self, where: Any, name: str, work: Callable[[], Any]) -> None:
        usual = getattr(where, name)

        def act(*about: Any, **more: Any) -> Any:
            self.acts(work)
            return usual(*about, **more)

        self._monkeypatch.setattr(where, name, act)

    def acts_after(self, where: Any, name: str, work: Callable[[], Any]) -> None:
        usual = getattr(where, name)

        def act(*about: Any, **more: Any) -> Any:
            found = usual(*about, **more)
            self.acts(work)
            return found

        self._monkeypatch.setattr(where, name, act)

    def acts(self, work: Callable[[], Any]) -> None:
        """Now, if he has not yet."""
        if next(self._may_act, False):
            acts = self._acts = self._pool.submit(work)
            wait_until(lambda: acts.done() or self._world.rows(LOCKED)[0]["n"])

    def answer(self) -> Any:
        """What came of it; raises what it raised."""
        assert self._acts is not None, "nobody acted"
        return self._acts.result()


def tried_again() -> float:
    """How often a transaction of this process was begun anew."""
    [family] = DATABASE_BUSY.collect()
    counts = [one for one in family.samples if one.name.endswith("_total")]
    return sum(one.value for one in counts if one.labels["then"] == "tried_again")

"""How does an event loop wait for work that blocks, and still end while the work goes on?"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable


async def in_own_thread(work: Callable[[], object]) -> None:
    """Run `work` in a thread of its own; raises what it raises.

    No pool: its threads would keep the process from ending, and a source may take two minutes to
    answer.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def finish(error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        error: BaseException | None = None
        try:
            work()
        except BaseException as raised:  # noqa: BLE001  it belongs to who waits
            error = raised
        with contextlib.suppress(RuntimeError):  # nobody waits any more
            loop.call_soon_threadsafe(finish, error)

    threading.Thread(target=run, name="job", daemon=True).start()
    await done

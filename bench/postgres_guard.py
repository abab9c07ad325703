"""How does the benchmarks' own PostgreSQL differ from the tests'? It is as safe as in production.

The tests' server forgets everything at a power cut, which makes commits free. Here it runs with
the settings it ships with, so that a commit costs what it costs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from tests import postgres

CHECKOUT = Path(__file__).parents[1]
SETTINGS = {"listen_addresses": "", "max_connections": "100"}


def server_url(folder: Path, *, owner: int) -> str:
    """The URL of a server that lives in `folder` as long as the process `owner`.

    $TEST_POSTGRES_URL when set. Raises postgres.NoPostgres when none can be had.
    """
    log = folder / "postgres.log"
    answer = folder / "postgres.url"
    if "TEST_POSTGRES_URL" not in os.environ and not answer.exists():
        with log.open("w") as output:
            words = [sys.executable, "-m", __name__, "--folder", str(folder), "--owner", str(owner)]
            guard = subprocess.Popen(
                words,
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        (folder / "postgres.guard").write_text(str(guard.pid))
        deadline = time.monotonic() + postgres.START_SECONDS
        while not answer.exists():
            if guard.poll() is not None or time.monotonic() > deadline:
                raise postgres.NoPostgres(f"PostgreSQL did not start: {log.read_text()[-500:]}")
            time.sleep(0.02)
    return postgres.server_url(folder, owner=owner)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--owner", type=int, required=True)
    wanted = parser.parse_args()
    postgres.SETTINGS.clear()
    postgres.SETTINGS.update(SETTINGS)
    return postgres.Guard(wanted.folder, owner=wanted.owner).run()


if __name__ == "__main__":
    sys.exit(main())

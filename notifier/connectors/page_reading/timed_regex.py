"""How does a merchant's regular expression run without ever hanging the program?

Python's `re` cannot be interrupted, and one unlucky pattern takes years on one page. So patterns
run in a small Python process of their own, all of a page's at once, with a limit of CPU time: a
busy machine does not make a good pattern fail. Where the system knows no such limit, and for a
process that does not get to run at all, there is a longer limit by the clock.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from notifier.errors import ConfigError, LookFailed

MAX_PATTERN = 300
MAX_SECONDS = 2
_PATIENCE = 10  # times that by the clock

_CHILD = """
import json, re, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]), int(sys.argv[1]) + 1))
except ImportError:
    resource = None  # no such limit on this system; the parent watches the clock
found = []
for pattern, text in json.load(sys.stdin):
    hit = re.search(pattern, text, re.IGNORECASE)
    if hit is None:
        found.append(None)
    else:
        found.append(next((g for g in hit.groups() if g is not None), hit.group()))
json.dump(found, sys.stdout)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One pattern (without slashes) and the text it is searched in."""

    pattern: str
    text: str


def check_pattern(pattern: str, *, field: str) -> None:
    """Raise ConfigError when `pattern` is no regular expression, or too long for one."""
    if len(pattern) > MAX_PATTERN:
        raise ConfigError(
            f"{field}: the pattern has {len(pattern)} characters; at most {MAX_PATTERN} may be."
        )
    try:
        re.compile(pattern, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as trouble:
        raise ConfigError(
            f"{field}: /{pattern}/ is no regular expression ({trouble})."
        ) from trouble


def search_all(searches: Sequence[Search], *, seconds: int = MAX_SECONDS) -> list[str | None]:
    """For each search its first group (the whole match without groups), or None; ignoring case.

    Raises LookFailed `slow_pattern` when they need more than `seconds` of CPU time together.
    """
    if not searches:
        return []
    asked = json.dumps([[s.pattern, s.text] for s in searches])
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _CHILD, str(seconds)],
            input=asked.encode("ascii"),
            capture_output=True,
            timeout=seconds * _PATIENCE,
            check=True,
        )
    except subprocess.TimeoutExpired as trouble:
        raise _too_slow(searches, seconds=seconds) from trouble
    except subprocess.CalledProcessError as trouble:
        if trouble.returncode < 0:  # ended by the system for using up its time
            raise _too_slow(searches, seconds=seconds) from trouble
        raise LookFailed(
            "pattern_failed", f"the rule's patterns could not be run: {trouble}."
        ) from trouble
    except OSError as trouble:
        raise LookFailed(
            "pattern_failed", f"the rule's patterns could not be run: {trouble}."
        ) from trouble
    found: list[str | None] = json.loads(done.stdout)
    return found


def _too_slow(searches: Sequence[Search], *, seconds: int) -> LookFailed:
    patterns = ", ".join(dict.fromkeys(f"/{s.pattern}/" for s in searches))
    return LookFailed(
        "slow_pattern",
        f"the rule's patterns took more than {seconds} s on this page: {patterns}. "
        "Put a CSS selector in front (`.stock :: /…/`), and avoid repeats inside repeats.",
    )

"""On what was it measured?"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from bench.contest import cores
from bench.places import Place
from bench.sinks import find_postfix
from notifier import __version__


def facts(places: Sequence[Place], *, size: str) -> dict[str, str]:
    """What the numbers depend on, by name."""
    found = find_postfix("smtp-sink")
    return {
        "notifier": __version__,
        "size": size,
        "cores": f"{cores()} of {os.cpu_count()}, {_processor()}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "databases": "; ".join(place.version for place in places),
        "mail sink": "postfix's smtp-sink" if found else "in Python (no smtp-sink here)",
        "busy before": _load(),
    }


def _processor() -> str:
    """The processor's own name, where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _load() -> str:
    """How many others wanted the processors in the last minute; near 0 is a quiet machine."""
    try:
        return f"load {os.getloadavg()[0]:.1f}"
    except OSError:
        return "unknown"

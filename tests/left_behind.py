"""What must a test leave in its process as it found it, for those that run after it?

The log is put back silently: whatever runs the program sets it up. Anything else that is left
changed is put back too, and fails the test that did it.
"""

from __future__ import annotations

import gc
import locale
import logging
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from notifier.channels import bounces
from notifier.channels.smtp import mime, run
from notifier.log import log

LOGGERS = (log, bounces._log, mime._log, run._log)
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR1)
PYTESTS_OWN = "PYTEST_CURRENT_TEST"


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != PYTESTS_OWN}


def _set_environment(to: dict[str, str]) -> None:
    for name in _environment().keys() - to.keys():
        del os.environ[name]
    os.environ.update(to)
    time.tzset()


def _set_signals(to: list[Any]) -> None:
    for number, handler in zip(SIGNALS, to, strict=True):
        signal.signal(number, handler)


def _set_wakeup(to: int) -> None:
    signal.set_wakeup_fd(to, warn_on_full_buffer=False)


def _wakeup() -> int:
    now = signal.set_wakeup_fd(-1)
    if now != -1:
        signal.set_wakeup_fd(now, warn_on_full_buffer=False)
    return now


KEPT: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "os.environ": (_environment, _set_environment),
    "the working folder": (os.getcwd, os.chdir),
    "the locale": (
        lambda: locale.setlocale(locale.LC_ALL),
        lambda to: locale.setlocale(locale.LC_ALL, to),
    ),
    "the time zone": (lambda: time.tzname, lambda _: time.tzset()),
    "signal handlers": (lambda: [signal.getsignal(one) for one in SIGNALS], _set_signals),
    "the wake-up descriptor": (_wakeup, _set_wakeup),
    "the switch interval": (sys.getswitchinterval, sys.setswitchinterval),
    "the collector's thresholds": (gc.get_threshold, lambda to: gc.set_threshold(*to)),
    "whether garbage is collected": (
        gc.isenabled,
        lambda to: gc.enable() if to else gc.disable(),
    ),
    "the recursion limit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "the time a socket waits": (socket.getdefaulttimeout, socket.setdefaulttimeout),
    "the size of files": (
        lambda: resource.getrlimit(resource.RLIMIT_FSIZE),
        lambda to: resource.setrlimit(resource.RLIMIT_FSIZE, to),
    ),
    "the import path": (lambda: list(sys.path), lambda to: sys.path.__setitem__(slice(None), to)),
    "sys.excepthook": (lambda: sys.excepthook, lambda to: setattr(sys, "excepthook", to)),
    "threading.excepthook": (
        lambda: threading.excepthook,
        lambda to: setattr(threading, "excepthook", to),
    ),
}


@contextmanager
def nothing_left_behind() -> Iterator[None]:
    """Raises AssertionError when what is run inside leaves the process changed."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    before = {what: look() for what, (look, _) in KEPT.items()}
    try:
        yield
    finally:
        _forget_log(root, handlers, level)
        changed = {what: now for what, (look, _) in KEPT.items() if (now := look()) != before[what]}
        for what in changed:
            KEPT[what][1](before[what])
    assert not changed, f"left changed for other tests: {', '.join(changed)}"


def _forget_log(root: logging.Logger, handlers: list[logging.Handler], level: int) -> None:
    if structlog.is_configured():
        structlog.reset_defaults()
        for logger in LOGGERS:
            vars(logger).pop("bind", None)  # how it was set up is kept at the first use
    if root.handlers != handlers or root.level != level:
        root.handlers[:] = handlers
        root.setLevel(level)

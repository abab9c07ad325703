"""How does a web server that starts processes of its own serve the public app?

Waitress serves from within our process, where jobs and senders run beside it. Granian wants to be
the main process: it suits `notifier web`, which has nothing beside it (decision 0023).
"""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from notifier.config import Config
from notifier.config_reading import load_config
from notifier.ending import repeat_to_the_main_thread
from notifier.errors import ConfigError
from notifier.interpreter import keep_what_is_there
from notifier.services.env import Env
from notifier.services.settings import FRESH_FOR, keep_fresh

PATIENCE = 25  # seconds for requests under way when it ends


def make_app() -> Any:
    """The app of one process; the configuration is the one the first process read."""
    # Inherited handlers would only tell this process's copy of the first one; nothing is under way.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    repeat_to_the_main_thread()
    from notifier.app import open_service
    from notifier.log import set_up_logging
    from notifier.web.site import create_site

    set_up_logging()
    path = os.environ.get("NOTIFIER_CONFIG")
    env, renderer = open_service(load_config(Path(path) if path else None))
    threading.Thread(target=_follow_settings, args=(env,), name="settings", daemon=True).start()
    site = create_site(env, renderer)
    keep_what_is_there()
    return site


def _follow_settings(env: Env) -> None:
    """Take over what is changed in the admin, also by another process."""
    while True:
        time.sleep(FRESH_FOR)
        keep_fresh(env)


def serve_with_granian(config: Config, *, path: Path | None) -> None:
    """Serve until a signal says stop. Raises errors.ConfigError without the extra `speed`."""
    try:
        from granian import Granian
        from granian.constants import Interfaces
    except ImportError as error:
        raise ConfigError(
            'service.server is "granian", which is not installed. '
            'Install notifier[speed], or set it to "waitress".'
        ) from error
    if config.service.admin_listen:
        raise ConfigError(
            'service.server is "granian", which serves one address only: service.admin_listen '
            f"is {config.service.admin_listen!r}. Leave it empty, or set server to waitress."
        )
    if path is not None:
        os.environ["NOTIFIER_CONFIG"] = str(path.resolve())
    own = config.service
    host, _, port = own.listen.rpartition(":")
    Granian(
        f"{__name__}:make_app",
        factory=True,
        address=host.strip("[]") or "127.0.0.1",
        port=int(port),
        interface=Interfaces.WSGI,
        workers=own.web_processes,
        blocking_threads=own.web_threads,
        backpressure=own.web_threads * 16,  # above it a visitor is not even listened to
        respawn_failed_workers=True,
        workers_kill_timeout=PATIENCE,
        websockets=False,
        log_access=False,
    ).serve()

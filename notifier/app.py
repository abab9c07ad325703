"""How are the parts put together into a running service? The one place that knows them all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import ModuleType
from typing import Any

from notifier.config import Config
from notifier.ending import hearing_the_end
from notifier.engine.base import Engine
from notifier.engine.embedded import EmbeddedEngine
from notifier.engine.jobs import JOBS, Job
from notifier.errors import ConfigError
from notifier.interpreter import keep_what_is_there, short_turns
from notifier.log import log
from notifier.rendering import FileTemplates, Layered, Renderer
from notifier.resources import templates_folder
from notifier.services.env import Env, open_env
from notifier.services.published_templates import PublishedTemplates
from notifier.services.settings import FRESH_FOR, keep_fresh, refresh
from notifier.store.schema import is_current, refuse_newer
from notifier.store.session import Database
from notifier.store.sqlite_file import StoreProblem, check_file

__all__ = ["Service", "make_renderer", "open_service", "run_until_closed"]

GRACE = 25.0  # seconds for what is under way, then the process ends
AT_MOST = 30.0  # seconds after which a process that cannot even end is ended
PAGES_PATIENCE = 5.0  # seconds for pages under way


def open_database(config: Config) -> Database:
    """The database, refused with a sentence when it is damaged, newer or not migrated."""
    config.service.data_dir.mkdir(parents=True, exist_ok=True)
    db = Database(config.database_url, pool_size=config.database.pool_size)
    try:
        check_file(db)
    except StoreProblem as error:
        raise ConfigError(str(error)) from error
    refuse_newer(db)
    return db


def open_service(config: Config) -> tuple[Env, Renderer]:
    """Environment and renderer on a migrated database. Raises errors.ConfigError."""
    db = open_database(config)
    if not is_current(db):
        raise ConfigError("The database is not up to date. Run `notifier migrate`.")
    if config.service.engine == "distributed":
        db.nudge = _distributed().make_nudge()
    env = open_env(config, db=db)
    refresh(env)  # what was set in the admin
    return env, make_renderer(env)


def make_renderer(env: Env) -> Renderer:
    """Published templates from the database first, then those that came with the program."""
    shipped = FileTemplates(templates_folder() / "messages")
    published = PublishedTemplates(env)
    return Renderer(Layered(published, shipped), blocks=published)


def _distributed() -> ModuleType:
    """The engine for many machines. Raises errors.ConfigError where its library is not there."""
    try:
        from notifier.engine import distributed
    except ImportError as error:
        raise ConfigError(
            f'service.engine is "distributed", and that needs the extra `cluster` ({error}). '
            "Install it: pip install 'notifier[cluster]'."
        ) from error
    return distributed


def make_engine(
    env: Env, renderer: Renderer, *, jobs: bool, senders: int, table: Sequence[Job] = JOBS
) -> Engine:
    """The engine that the configuration names. Raises errors.ConfigError."""
    make: Callable[..., Engine] = EmbeddedEngine
    if env.config.service.engine == "distributed":
        make = _distributed().DistributedEngine
    return make(env, renderer, jobs=jobs, senders=senders, table=table)


def run_until_closed(server: Any, closing: threading.Event) -> None:
    """Serve; sockets that are closed under a waiting select are no fault once `closing` is set."""
    try:
        server.run()
    except OSError:
        if not closing.is_set():
            raise


class Service:
    """Web, jobs and senders, any of them, until a signal says stop."""

    def __init__(
        self,
        env: Env,
        renderer: Renderer,
        *,
        web: bool,
        jobs: bool,
        senders: int,
        table: Sequence[Job] = JOBS,
    ) -> None:
        self._env = env
        self._renderer = renderer
        self._web = web
        self._engine = make_engine(env, renderer, jobs=jobs, senders=senders, table=table)
        self._servers: list[Any] = []
        self._stop = threading.Event()
        self._closing = threading.Event()
        self._until_stopped = ExitStack()

    def run(self, *, on_ready: Callable[[], None] | None = None) -> int:
        """Serve until SIGTERM or SIGINT; the exit code."""
        with hearing_the_end(self._stop, at_most=AT_MOST):
            self.start()
            keep_what_is_there()
            if on_ready is not None:
                on_ready()
            self._stop.wait()
            return 0 if self.stop() else 1

    def start(self) -> None:
        self._until_stopped.enter_context(short_turns())
        self._engine.start()
        own = self._env.config.service
        # apps are imported where used: workers as a rule need no web server
        if self._web:
            from notifier.web.site import create_admin_site, create_site

            app = create_site(self._env, self._renderer)
            self._serve(app, at="listen", threads=own.web_threads)
            if own.admin_listen:
                admin = create_admin_site(self._env, self._renderer)
                self._serve(admin, at="admin_listen", threads=4)
        elif own.metrics_listen:
            from notifier.web.vitals import create_vitals

            self._serve(create_vitals(self._env), at="metrics_listen", threads=2)
        threading.Thread(target=self._follow_settings, name="settings", daemon=True).start()
        log.info("service started", web=self._web, url=self._env.config.service.public_url)

    def _serve(self, app: Any, *, at: str, threads: int) -> None:
        """Answer on the address that the setting `at` of the section service names."""
        from notifier.web.waitress_server import make_server

        listen = str(getattr(self._env.config.service, at))
        host, _, port = listen.rpartition(":")
        proxied = bool(self._env.config.service.trusted_proxies)
        try:
            server = make_server(
                app,
                host=host.strip("[]") or "127.0.0.1",
                port=int(port),
                threads=threads,
                channel_timeout=30,
                max_request_header_size=128 * 1024,  # a link of 100 kB is a wrong link
                max_request_body_size=21 * 1024 * 1024,
                clear_untrusted_proxy_headers=not proxied,
                trusted_proxy="*" if proxied else None,
                # the app reads the rest, by the number of proxies
                trusted_proxy_headers={"x-forwarded-proto"} if proxied else set(),
            )
        except OSError as error:
            raise ConfigError(
                f"Cannot listen on {listen}: {error}. "
                f"Another program may use the port; set service.{at}."
            ) from error
        threading.Thread(
            target=run_until_closed, args=(server, self._closing), name="web", daemon=True
        ).start()
        self._servers.append(server)

    def _follow_settings(self) -> None:
        """Take over what is changed in the admin, also by another process."""
        while not self._stop.wait(FRESH_FOR):
            keep_fresh(self._env)

    def stop(self) -> bool:
        """Take nothing new, finish what is under way; True when all of it ended in time."""
        log.info("service stops")
        self._stop.set()
        until = time.monotonic() + GRACE
        for server in self._servers:
            # answer what has been asked before the sockets go
            server.task_dispatcher.shutdown(cancel_pending=True, timeout=PAGES_PATIENCE)
            self._closing.set()
            server.close()
        with self._env.db.for_visitors():  # a database that is gone may not keep us
            finished = self._engine.stop(patience=until - time.monotonic())
        self._env.db.close()
        self._until_stopped.close()
        log.info("service stopped", finished=finished)
        return finished
